"""Checkpoints: weights and optimiser state as safetensors, written whole or not at all, with checksums.

A checkpoint is a folder: the model in Hugging Face format, `optimiser.safetensors`, and `manifest.json` with the
SHA-256 of every file. It is written beside its final place, flushed, and renamed; a damaged one is recognised before
use.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...core.errors import RunError
from .run_folder import read_json, sync_folder, write_json

if TYPE_CHECKING:
    import torch

MANIFEST = "manifest.json"
OPTIMISER = "optimiser.safetensors"


class Saveable(Protocol):
    """Anything that writes itself in Hugging Face format."""

    def save_pretrained(self, folder: Path) -> None: ...


def save_checkpoint(path: Path, agent: Saveable, tensors: Mapping[str, torch.Tensor] | None = None) -> None:
    """Write a checkpoint at `path`, replacing one that is there."""
    from safetensors.torch import save_file

    draft = path.with_name(path.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    agent.save_pretrained(draft)
    if tensors:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, draft / OPTIMISER)
    sums = {}
    for file in sorted(f for f in draft.rglob("*") if f.is_file()):
        sums[file.relative_to(draft).as_posix()] = _checksum(file)
        _flush(file)
    write_json(draft / MANIFEST, {"sha256": sums})
    shutil.rmtree(path, ignore_errors=True)
    os.replace(draft, path)
    sync_folder(path.parent)


def check_checkpoint(path: Path) -> None:
    """Raise `RunError` unless every file of the checkpoint is there and unchanged."""
    if not path.is_dir():
        raise RunError(f"checkpoint {path} is missing")
    for name, expected in read_json(path / MANIFEST)["sha256"].items():
        file = path / name
        if not file.is_file():
            raise RunError(f"checkpoint {path} is damaged: {name} is missing")
        if _checksum(file) != expected:
            raise RunError(f"checkpoint {path} is damaged: {name} does not match its checksum")


def load_optimiser(path: Path) -> dict[str, torch.Tensor]:
    """The optimiser tensors of a checkpoint; empty when it was saved without."""
    from safetensors.torch import load_file

    return dict(load_file(path / OPTIMISER)) if (path / OPTIMISER).exists() else {}


def _checksum(file: Path) -> str:
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
