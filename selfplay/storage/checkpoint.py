"""Checkpoints: weights and optimiser state as safetensors, written whole or not at all, with checksums.

A checkpoint is a folder: the model in Hugging Face format, `optimiser.safetensors` (or files in `optimiser/`, where
several processes each wrote their share), and `manifest.json` with the SHA-256 of every file. It is written beside its
final place, flushed, and renamed; a damaged one is recognised before use. The run's state in turn keeps the SHA-256 of
every manifest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...core.errors import RunError
from .files import DamageError, open_file, read_bytes, read_sealed, remove, sync_folder, write_sealed

if TYPE_CHECKING:
    import torch

MANIFEST = "manifest.json"
OPTIMISER = "optimiser.safetensors"
SHARDS = "optimiser"
"""The folder that holds the optimiser's state instead where several processes each wrote their share."""
SNAPSHOT = "snapshot.json"
"""The run's state as committed with the checkpoint; see `recovery`."""
CARD = "README.md"
"""The model card, written when the exam of the round is known; see `sharing`."""
UNLISTED = {MANIFEST, *(f"{name}{end}" for name in (SNAPSHOT, CARD) for end in ("", ".draft"))}
"""Files of a checkpoint that its manifest does not hold; a killed process may leave the drafts."""


class Saveable(Protocol):
    """Anything that writes itself in Hugging Face format."""

    def save_pretrained(self, folder: Path) -> None: ...


def save_checkpoint(path: Path, agent: Saveable, tensors: Mapping[str, torch.Tensor] | None = None) -> None:
    """Write a checkpoint at `path`, replacing one that is there."""
    from safetensors.torch import save_file

    with checkpoint_draft(path) as draft:
        agent.save_pretrained(draft)
        if tensors:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, draft / OPTIMISER)


def draft_path(path: Path) -> Path:
    """Where the checkpoint `path` is written before it is whole."""
    return path.with_name(path.name + ".draft")


@contextmanager
def checkpoint_draft(path: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place `path` when this ends well."""
    draft = draft_path(path)
    remove(draft)
    draft.mkdir(parents=True)
    yield draft
    (draft / CARD).unlink(missing_ok=True)  # a library's, about nothing
    sums, mode = {}, draft.stat().st_mode & 0o666  # as the umask says; safetensors writes for its owner alone
    for file in sorted(f for f in draft.rglob("*") if f.is_file()):
        file.chmod(mode)
        sums[file.relative_to(draft).as_posix()] = _checksum(file)
        _flush(file)
    write_sealed(draft / MANIFEST, {"sha256": sums})
    remove(path)
    os.replace(draft, path)
    sync_folder(path.parent)


def check_checkpoint(path: Path, manifest: str | None = None) -> None:
    """Raise `DamageError` unless every file of the checkpoint is there, unchanged, and no link.

    A file more is refused as well, by a plain `RunError`: what loads models would read several by their names alone,
    and nothing is lost, so nothing is to be repaired.

    Args:
        manifest: the checksum that `manifest.json` should have; `None` believes what is there.
    """
    if path.is_symlink() or not path.is_dir():
        raise DamageError(f"checkpoint {path} is {'a link' if path.is_symlink() else 'missing'}")
    if manifest is not None and manifest_digest(path) != manifest:
        raise DamageError(f"checkpoint {path} is damaged: {MANIFEST} is not as the run wrote it")
    sums = read_sealed(path / MANIFEST).get("sha256")
    if not isinstance(sums, dict) or not all(isinstance(one, str) for one in sums.values()):
        raise DamageError(f"checkpoint {path} is damaged: {MANIFEST} does not hold checksums")
    found = _files(path)
    for name, expected in sums.items():
        if name not in found:
            raise DamageError(f"checkpoint {path} is damaged: {name} is missing")
        if _checksum(found[name]) != expected:
            raise DamageError(f"checkpoint {path} is damaged: {name} does not match its checksum")
    for name in sorted(found.keys() - sums.keys() - UNLISTED):
        raise RunError(f"checkpoint {path} holds {name}, which the run did not write there: take it out of the folder")


def manifest_digest(path: Path) -> str:
    """The checksum of a checkpoint's manifest, which stands for all its files.

    Raises:
        DamageError: there is none.
    """
    return hashlib.sha256(read_bytes(path / MANIFEST)).hexdigest()


def load_optimiser(path: Path) -> dict[str, torch.Tensor]:
    """The optimiser tensors of a checkpoint; empty when it was saved without."""
    from safetensors.torch import load_file

    return dict(load_file(path / OPTIMISER)) if (path / OPTIMISER).exists() else {}


def _files(path: Path) -> dict[str, Path]:
    """The files of a checkpoint by their names in the manifest.

    Raises:
        DamageError: one of them is a link.
    """
    found = {}
    for folder, inner, names in os.walk(path):
        for name in [*inner, *names]:
            file = Path(folder, name)
            where = file.relative_to(path).as_posix()
            if file.is_symlink():
                raise DamageError(f"checkpoint {path} is damaged: {where} is a link")
            if name in names:
                found[where] = file
    return found


def _checksum(file: Path) -> str:
    with open(open_file(file), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
