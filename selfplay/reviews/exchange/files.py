"""Items written for a tool, and its file read back; each file is written whole or not at all."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from ....core.errors import ConfigError
from ...storage.files import read_given, write_text
from ...storage.run_folder import RunFolder
from ..closing import Closed
from ..decisions import Decision, ReviewLog
from ..review_queue import REVIEWS, items_of, queue_of
from . import argilla, label_studio
from .answers import decisions_of

TOOLS = ("label-studio", "argilla")


def export_items(folder: RunFolder, tool: str, out: Path) -> tuple[int, list[Path]]:
    """Write what not enough people have decided yet for a tool: `out`, and beside it what sets the tool up.

    Returns how many items, and the files.

    Raises:
        ConfigError: `out` cannot be written.
    """
    if out.is_dir() or not out.parent.is_dir():
        raise ConfigError(f"--out names a file in a folder that is there, got {str(out)!r}")
    items = queue_of(folder).undecided
    if tool == "label-studio":
        files = {out: _json(label_studio.tasks(items)), out.with_suffix(".xml"): label_studio.CONFIG}
    else:
        set_up = out.with_name(f"{out.stem}.settings.json")
        files = {
            out: _json(argilla.records(items)),
            set_up: _json(argilla.settings(max((item.reviewers for item in items), default=1))),
        }
    if len(files) < 2:
        raise ConfigError(f"--out names the file of the items, which ends in .json, got {str(out)!r}")
    for path, text in files.items():
        write_text(path, text)
    return len(items), list(files)


class Imported(NamedTuple):
    """What became of the answers in a file.

    Attributes:
        written: the decisions that are new, and stand in the log now.
        late: those that were not written, with the reason why they can count no longer.
    """

    written: list[Decision]
    late: list[tuple[Decision, str]]


def import_answers(folder: RunFolder, file: Path, now: float | None = None) -> Imported:
    """Make decisions of the answers in a file of either tool; if one of them is no decision, nothing is written.

    Args:
        folder: of the run, just opened.
        now: the time of answers that have none, in seconds since 1970; `None` asks the clock.

    Raises:
        ConfigError: the file is of neither tool, or an answer is no decision.
    """
    try:
        exported = json.loads(read_given(file))
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, ConfigError) else ConfigError(f"{str(file)!r} is no JSON: {error}") from None
    if not isinstance(exported, list):
        raise ConfigError(f"{str(file)!r} holds no list: neither an export of Label Studio nor records of Argilla")
    is_tasks = any(isinstance(one, dict) and "data" in one for one in exported)
    found = (label_studio if is_tasks else argilla).answers(exported)
    items, log = {item.id: item for item in items_of(folder)}, ReviewLog(folder.log_path(REVIEWS))
    made = decisions_of(found, items, log.rows()[0], time.time() if now is None else now)
    closed = Closed(folder)
    late = [(one, why) for one in made if (why := closed.why(items[one.id], one.reviewer)) is not None]
    too_late = {one.key for one, _ in late}
    return Imported([one for one in made if one.key not in too_late and log.add(one) is one], late)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1)  # ASCII: a model may write what is no Unicode
