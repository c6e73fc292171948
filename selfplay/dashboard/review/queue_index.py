"""What a run has queued for people, what they decided, and what of that the run has adopted, followed as it grows.

Of the queue only where each item stands is kept in memory: the texts of an item are read when it is looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from ....core.errors import ConfigError
from ...reviews.checks import read_id
from ...reviews.closing import adopted_by
from ...reviews.decisions import UNDO, Decision, ReviewLog, read_decisions, standing
from ...reviews.gates import QUEUE
from ...reviews.items import Item
from ...reviews.outcomes import has_enough
from ...reviews.review_queue import REVIEWS
from ...run.stage import DONE
from ...storage.files import DamageError, json_object, open_file
from ...storage.known_file import KnownFile
from ...storage.run_folder import STATE, read_state

SHORT = 160
"""Characters of a question that a list shows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the queue, without its texts.

    Attributes:
        id, kind, round, gate: as the run wrote them.
        question: how it begins.
        begin, length: the bytes of its line.
        reviewers: how many people are asked.
    """

    id: str
    kind: str
    round: int
    gate: str
    question: str
    begin: int
    length: int
    reviewers: int = 1


@dataclass(frozen=True, slots=True)
class Look:
    """A queue at one moment.

    Attributes:
        entries: items by id, in the order in which they were picked.
        decisions: all that were ever made, in order.
        stands: what holds of them, by item and reviewer.
        adopted: by item the reviewers whose decisions about it the run has adopted.
        finished: whether the run is over.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    decisions: Sequence[Decision] = ()
    stands: Mapping[str, Mapping[str, Decision]] = field(default_factory=dict)
    adopted: Mapping[str, Collection[str]] = field(default_factory=dict)
    finished: bool = False

    def of(self, entry: Entry) -> Mapping[str, Decision]:
        """What stands about an item, by reviewer."""
        return self.stands.get(entry.id, {})

    def has_enough(self, entry: Entry) -> bool:
        """Whether as many have decided about an item as were asked."""
        return has_enough(self.of(entry), entry.reviewers)

    def last_of(self, reviewer: str) -> Decision | None:
        """The last decision of a reviewer that still stands and that the run has not adopted."""
        for one in reversed(self.decisions):
            own = self.stands.get(one.id, {}).get(reviewer)
            if one.decision != UNDO and own is one and reviewer not in self.adopted.get(one.id, ()):
                return one
        return None


class QueueIndex:
    """The queue of one run. Threads may share it.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: Path) -> None:
        self.queue, self.state = folder / f"{QUEUE}.jsonl", folder / STATE
        self.log = ReviewLog(folder / f"{REVIEWS}.jsonl")
        self._look = Look()
        self._known = {QUEUE: KnownFile(), REVIEWS: KnownFile()}
        self._adopted_bytes, self._state_seen = 0, (0, 0, 0)
        self._lock = threading.Lock()

    def look(self) -> Look:
        """The queue as it stands on the disk.

        Raises:
            DamageError: a file is not as a run or a reviewer writes it.
        """
        with self._lock:
            self._follow_queue()
            self._follow_decisions()
            self._follow_state()
            return self._look

    def waiting(self, number: int, stage: str = "") -> int:
        """How many items of a round still need a decision, whatever the state of the run says.

        Args:
            stage: after which they were picked; "" counts all.

        Raises:
            DamageError: a file is not as a run or a reviewer writes it.
        """
        with self._lock:
            self._follow_queue()
            self._follow_decisions()
            look, picked_at = self._look, f"{stage}: " if stage else ""
        own = (one for one in look.entries.values() if one.round == number and one.gate.startswith(picked_at))
        return sum(not look.has_enough(one) for one in own)

    def item(self, entry: Entry) -> Item:
        """An item with its texts.

        Raises:
            DamageError: it is not as a run writes it.
        """
        where = f"the line at byte {entry.begin} of {self.queue}"
        with open(open_file(self.queue), "rb") as file:
            file.seek(entry.begin)
            row = json_object(file.read(entry.length), where)
        try:
            found = Item.of(row)
        except ConfigError as error:
            raise DamageError(f"{where}: {error}; the run folder is damaged") from None
        if found.id != entry.id:
            raise DamageError(f"{where} is another item by now, {found.id}; the file was replaced, so look again")
        return found

    def _follow_queue(self) -> None:
        if not self.queue.exists():
            self._known[QUEUE], self._look = KnownFile(), replace(self._look, entries={})
            return
        found: dict[str, Entry] = {}
        with open(open_file(self.queue), "rb") as file:
            end = self._known[QUEUE].look(file.fileno())
            entries = self._look.entries if end else {}
            file.seek(end)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                entry = _entry(json_object(line, f"the line at byte {end} of {self.queue}"), end, len(line))
                if entry is not None:
                    found[entry.id] = entry
                end += len(line)
            self._known[QUEUE].read_to(file.fileno(), end)
        if found or entries is not self._look.entries:
            self._look = replace(self._look, entries={**entries, **found})

    def _follow_decisions(self) -> None:
        if not self.log.path.exists():
            self._forget_decisions()
            return
        with open(open_file(self.log.path), "rb") as file:
            end = self._known[REVIEWS].look(file.fileno())
            earlier = self._look.decisions if end else ()
            if not end:
                self._forget_decisions()
            more, end = read_decisions(file, self.log.path, end)
            self._known[REVIEWS].read_to(file.fileno(), end)
        if more or earlier is not self._look.decisions:
            decisions = [*earlier, *more]
            self._look = replace(self._look, decisions=decisions, stands=standing(decisions))

    def _forget_decisions(self) -> None:
        """Another file stands there, or none: what the run has adopted of it is not known either."""
        self._known[REVIEWS], self._adopted_bytes, self._state_seen = KnownFile(), 0, (0, 0, 0)
        self._look = replace(self._look, decisions=(), stands={}, adopted={})

    def _follow_state(self) -> None:
        if not self.state.exists():
            self._state_seen, self._look = (0, 0, 0), replace(self._look, finished=False)
            return
        stat = self.state.stat()
        seen = stat.st_ino, stat.st_size, stat.st_mtime_ns
        if seen == self._state_seen:
            return
        state = read_state(self.state)
        length = min(state["logs"].get(REVIEWS, 0), self._known[REVIEWS].end)
        adopted = self._look.adopted
        if length != self._adopted_bytes:
            with open(open_file(self.log.path), "rb") as file:
                rows, _ = read_decisions(BytesIO(file.read(length)), self.log.path, 0)
            adopted = adopted_by((one.id, one.reviewer) for one in rows)
        self._look = replace(self._look, adopted=adopted, finished=state.get("phase") == DONE)
        self._adopted_bytes, self._state_seen = length, seen


def _entry(row: Mapping[str, Any], begin: int, length: int) -> Entry | None:
    """An item of the queue; `None` for a line of another kind, which a later version may write."""
    try:
        kind, round_, _, _ = read_id(row.get("id"))
    except ConfigError:
        return None
    asked = row.get("reviewers", 1)
    reviewers = asked if type(asked) is int and asked > 1 else 1
    return Entry(
        row["id"], kind, round_, str(row.get("gate")), str(row.get("question"))[:SHORT], begin, length, reviewers
    )
