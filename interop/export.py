"""Questions written to a folder for another tool: `selfplay-gym export mixed --format lm-eval --out FOLDER`.

A format is a class whose options are its constructor's; it is loaded when it is asked for. Others are added by
`formats.register("name", "module:Class")`, or by an entry point of the group `selfplay_gym.formats`. A folder is
written beside its place and renamed, so that it is there whole or not at all.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ..core.errors import ConfigError
from ..core.options import write_named
from ..core.options.paths import path_of
from ..core.registry import Registry
from ..selfplay.counting import Count, uncounted
from ..selfplay.pages.wording import counted
from ..selfplay.storage.files import DamageError, check_writable, read_json, remove, write_json
from .question_sets import SPLITS, QuestionSet, question_set

__all__ = ["SPLITS", "ExportFormat", "export", "formats"]

NOTES = 10
"""What must be known of questions, sentences at most."""
MANIFEST = "selfplay_export.json"
"""Says what an export holds; a folder without it is never replaced."""


@runtime_checkable
class ExportFormat(Protocol):
    """How questions are written for a tool.

    Attributes:
        splits: those that the tool needs, of `SPLITS`; what is exported where nobody asks for others.
    """

    splits: Sequence[str]

    def write(self, questions: QuestionSet, folder: Path) -> str:
        """Write files into an empty folder, which is renamed to its place afterwards.

        Returns:
            how the export is used, for people; "{folder}" stands for its place as a word of a shell, "{folder!r}" for
            the text of it in Python.
        """
        ...


formats: Registry[ExportFormat] = Registry("export format", "selfplay_gym.formats", ExportFormat)

for _name, _target in {
    "datasets": "data_set:DataSetFormat",
    "lm-eval": "lm_eval:LmEvalFormat",
    "verl": "verl:VerlFormat",
}.items():
    formats.register(_name, f"selfplay_gym.interop.{_target}")


def export(
    source: str,
    format: str | Mapping[str, Any] | ExportFormat,
    out: str | Path,
    *,
    splits: Sequence[str] | None = None,
    limit: int | None = None,
    seed: int = 0,
    levels: Sequence[float] = (),
    force: bool = False,
    progress: Count = uncounted,
) -> str:
    """Write the questions of a source for a tool.

    Args:
        source, limit, seed, levels, progress: see `question_sets.question_set`.
        format: by name, with options as `name(key=value)`, or live.
        out: the folder; made, with those above it.
        splits: "train", "held_out" or both; `None` for those that the format needs.
        force: replace the export that is there.

    Returns:
        what was written, what must be known of it, and how it is used, in lines.

    Raises:
        ConfigError: `out` is no path, or holds something that may not be replaced, or see `question_set`.
    """
    writer, out = formats.make(format), path_of("out", out, "questions")
    check_place(out, force)
    check_writable(out)
    questions = question_set(source, splits or writer.splits, limit=limit, seed=seed, levels=levels, progress=progress)
    counts = {split: len(found) for split, found in questions.splits.items()}
    draft = out.with_name(f".{out.name}.{os.getpid()}.draft")
    remove(draft)
    try:
        draft.mkdir(parents=True)
        usage = writer.write(questions, draft)
        named = write_named(format) if isinstance(format, str | Mapping) else type(writer).__name__
        write_json(draft / MANIFEST, {"format": named, "source": questions.source, "questions": counts})
        check_place(out, force)
        remove(out)
        draft.rename(out)
    finally:
        remove(draft)
    said = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    shown = [f"! {note}" for note in questions.notes[:NOTES]]
    more = len(questions.notes) - NOTES
    shown += [f"! and {counted(more, 'note')} more"] if more > 0 else []
    return "\n".join([f"Questions of {questions.source}: {said}, in {out}", *shown, usage.format(folder=_Place(out))])


class _Place(str):
    """A path in a command line: formatted, it is one word of a shell."""

    def __format__(self, form: str) -> str:
        return shlex.quote(str(self))


def check_place(out: Path, force: bool) -> None:
    """Whether an export may be written there.

    Raises:
        ConfigError: something else is there; says what to do.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ConfigError(f"{out} is a file or a link; --out must name a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        ours = "format" in read_json(out / MANIFEST)
    except DamageError:
        ours = False
    if not ours:
        raise ConfigError(f"{out} holds other files, which an export never replaces; choose another --out")
    if not force:
        raise ConfigError(f"{out} already holds an export; choose another --out, or replace it with --force")
