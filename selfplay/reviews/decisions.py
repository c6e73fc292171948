"""A person's decision about one item of a run, the file of all of them, and which of them stand.

    {"id": "label/3/17", "kind": "label", "round": 3, "index": 17, "decision": "edit", "before": "12", "after": "13",
     "reviewer": "anna", "time": 1796000000.0, "note": "", "key": "5f0c…"}

`reviews.jsonl` is append-only and has many writers: a browser, a terminal, the run. Taking a decision back is a further
row. Rows that a stage of somebody else's wrote with `run.log("reviews", …)` hold less; see `Decision.of`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, BinaryIO

from ...core.errors import ConfigError
from ..storage.files import DamageError, json_line, json_object, open_file
from ..storage.known_file import KnownFile
from ..storage.shared_file import append_lines, held_for_writing
from .checks import check_after, check_before, check_key, check_note, check_reviewer, check_time, read_id

UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about an item.

    Attributes:
        id: of the item: "question/3/17", "label/3/17" (kind, round, index), "pair/3/17/0-4" (attempts 0 and 4 at it),
            "attempt/3/17/2".
        kind, round, index: the same, apart.
        decision: approve, edit or reject (questions and labels); prefer or reject (pairs: a reject says that neither is
            better); score (attempts); undo (all).
        before: what the reviewer saw; for undo the key of the decision that is taken back.
        after: the text of an edited label; {"question", "label"} of an edited question, where a label of `None` leaves
            it to the run; the number of the attempt that is preferred; {"completeness", "soundness"}, 0 to 4 each.
            `None` otherwise.
        reviewer: who decided; "" only in rows that a stage wrote.
        time: when, in seconds since 1970.
        note: a remark.
        key: unique, so that a repeated request is one decision; "" only in rows that a stage wrote.
    """

    id: str
    decision: str
    reviewer: str
    time: float
    key: str
    before: Any = None
    after: Any = None
    note: str = ""
    kind: str = field(init=False)
    round: int = field(init=False)
    index: int = field(init=False)

    def __post_init__(self) -> None:
        kind, round_, index, attempts = read_id(self.id)
        for name, value in (("kind", kind), ("round", round_), ("index", index)):
            object.__setattr__(self, name, value)
        if self.reviewer or self.key:  # else a stage wrote it
            check_reviewer(self.reviewer)
            check_key(self.key)
        object.__setattr__(self, "time", check_time(self.time))
        check_note(self.note)
        object.__setattr__(self, "after", check_after(kind, self.decision, self.after, attempts))
        check_before(self.decision, self.before)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Decision:
        """The decision in a row of the log.

        A row that a stage wrote without an id has a round, an index, approve, edit or reject, and the label after an
        edit: that is a decision about a label, of nobody in particular.

        Raises:
            ConfigError: it holds none; says why.
        """
        if "id" in row:
            for name in ("decision", "reviewer", "time", "key"):
                if name not in row:
                    raise ConfigError(f"a decision has a {name!r}, got only {', '.join(map(repr, row))}"[:200])
            made = cls(**{name: row[name] for name in GIVEN if name in row})
            for name in ("kind", "round", "index"):
                if row.get(name, getattr(made, name)) != getattr(made, name):
                    raise ConfigError(f"the {name} of {made.id!r} is {getattr(made, name)!r}, got {row[name]!r:.80}")
            return made
        decision, seen = row.get("decision"), row.get("before")
        return cls(
            f"label/{row.get('round')}/{row.get('index')}",
            decision=str(decision),
            reviewer="",
            time=0.0,
            key="",
            before=seen if isinstance(seen, str) else None,
            after=row.get("after") if decision == "edit" else None,
        )

    def row(self) -> dict[str, Any]:
        """The decision as a row of the log."""
        return asdict(self)


GIVEN = tuple(one.name for one in fields(Decision) if one.init)


class ReviewLog:
    """The decisions about a run, in the order they were made; threads and processes may share the file.

    Args:
        path: `reviews.jsonl` of a run, which has made it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = _Known()
        self._lock = threading.Lock()

    def add(self, decision: Decision) -> Decision:
        """Write a decision down; once this returns it is on the disk.

        Returns:
            the decision as it is in the file: the earlier one, if its key was there already.

        Raises:
            ConfigError: it has no reviewer and key; the key stands for another decision; or an undo of what is not
                there, is somebody else's, or was taken back before.
            DamageError: the file is missing, no plain file, or has a line that is no decision.
            OSError: it could not be written; then it is not there.
        """
        check_reviewer(decision.reviewer)
        with self._lock, held_for_writing(self.path) as file:
            self._known.read(file, self.path)
            written = self._known.by_key.get(decision.key)
            if written is not None:
                if replace(written, time=decision.time) != decision:
                    raise ConfigError(f"the key {decision.key!r} stands for another decision, on {written.id}")
                os.fsync(file.fileno())  # whoever wrote it may have been killed before
                return written
            self._known.check_undo(decision)
            append_lines(file, json_line(decision.row()).encode("utf-8"))
            return decision

    def rows(self, from_byte: int = 0) -> tuple[list[Decision], int]:
        """The decisions from a byte of the file on, and the byte to go on from; a line that is being written waits.

        Raises:
            DamageError: the file is missing, or shorter than that, or a line is no decision.
        """
        with open(open_file(self.path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < from_byte:
                raise DamageError(f"{self.path} has {size} bytes, and {from_byte} were read before; it was changed")
            return read_decisions(file, self.path, from_byte)


def read_decisions(file: BinaryIO, path: Path, from_byte: int) -> tuple[list[Decision], int]:
    """The decisions in whole lines from a byte on, and the byte after them; `path` names the file in errors."""
    file.seek(from_byte)
    found, end = [], from_byte
    for line in file:
        if not line.endswith(b"\n"):
            break
        where = f"the line at byte {end} of {path}"
        row = json_object(line, where)
        try:
            if not says_nothing(row):
                found.append(Decision.of(row))
        except ConfigError as error:
            raise DamageError(f"{where} is no decision ({error}); correct it, or take the line out") from None
        end += len(line)
    return found, end


def says_nothing(row: Mapping[str, Any]) -> bool:
    """Whether a stage wrote a preference without saying for which attempt: legal, and nobody obeys it."""
    return "id" not in row and row.get("decision") == "prefer"


class _Known:
    """What a file is known to hold: as far as it was read, so that a decision costs no look at the whole of it."""

    def __init__(self) -> None:
        self.by_key: dict[str, Decision] = {}
        self.undone: set[str] = set()
        self._known = KnownFile()

    def read(self, file: BinaryIO, path: Path) -> None:
        """Read what was appended since; all of it, if another file stands there by now, or an edited one."""
        begin = self._known.look(file.fileno())
        if not begin:
            self.by_key, self.undone = {}, set()
        decisions, end = read_decisions(file, path, begin)
        self._known.read_to(file.fileno(), end)
        for one in decisions:
            if one.key:
                self.by_key.setdefault(one.key, one)
            if one.decision == UNDO:
                self.undone.add(one.before)

    def check_undo(self, decision: Decision) -> None:
        """Refuse an undo of what cannot be taken back."""
        if decision.decision != UNDO:
            return
        undone = self.by_key.get(decision.before)
        what = f"cannot undo {decision.before!r}: "
        if undone is None:
            raise ConfigError(f"{what}there is no such decision")
        if undone.decision == UNDO or undone.key in self.undone:
            raise ConfigError(f"{what}that was taken back already; decide anew")
        if (undone.reviewer, undone.id) != (decision.reviewer, decision.id):
            raise ConfigError(f"{what}that is a decision of {undone.reviewer} on {undone.id}")


def standing(decisions: Iterable[Decision]) -> dict[str, dict[str, Decision]]:
    """What holds: by item and reviewer the last decision that was not taken back, the latest of an item at its end.

    After an undo the reviewer's decision before it holds again, if there was one.
    """
    made: dict[str, dict[str, list[Decision]]] = {}
    for one in decisions:
        own = made.setdefault(one.id, {})
        if one.decision == UNDO:
            left = [earlier for earlier in own.get(one.reviewer, ()) if earlier.key != one.before]
            own[one.reviewer] = left
        else:
            own[one.reviewer] = [*own.pop(one.reviewer, ()), one]  # behind the others: it is the latest
    found = {item: {who: left[-1] for who, left in own.items() if left} for item, own in made.items()}
    return {item: own for item, own in found.items() if own}
