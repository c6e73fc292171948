"""A session of one reviewer at the queue of one run: item after item, until nothing is open or they leave."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from ....core.errors import ConfigError
from ...pages.wording import counted
from ...storage.run_folder import RunFolder
from ..checks import HIGHEST, RUBRIC
from ..closing import Closed
from ..decisions import UNDO, Decision, ReviewLog
from ..items import Item
from ..outcomes import people
from ..review_queue import REVIEWS, Queue, asked_of, queue_of
from .keyboard import Keyboard
from .screen import ALWAYS, KEYS, draw


@dataclass
class Session:
    """One reviewer at the queue of one run.

    Args:
        folder: of the run.
        reviewer: who decides.
        console, keyboard: what is shown and typed.
        clock: seconds since 1970.

    Attributes:
        made: decisions of this session, the last one at the end; taken back ones are gone.
        closed: why nothing can be decided about some of what is left; "" if it can.
    """

    folder: RunFolder
    reviewer: str
    console: Console
    keyboard: Keyboard
    clock: Callable[[], float] = time.time
    made: list[Decision] = field(default_factory=list)
    closed: str = ""
    _skipped: set[str] = field(default_factory=set)
    _others: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._log = ReviewLog(self.folder.log_path(REVIEWS))

    def play(self) -> None:
        """Go through what is open until nothing is, or the reviewer leaves."""
        with self.keyboard:
            try:
                while (item := self._next()) is not None and self._decide(item):
                    pass
            except EOFError:
                self.console.print()

    def queue(self) -> Queue:
        """The queue as it stands now: the run and others may have added to it."""
        return queue_of(RunFolder.open(self.folder.path))

    def open(self) -> list[Item]:
        """What is open for the reviewer and can still count."""
        folder = RunFolder.open(self.folder.path)
        closed = Closed(folder)
        queue = queue_of(folder)
        self._others = {item.id: len(people(queue.decided_by(item))) for item in queue.items.values()}
        left = [(item, closed.why(item, self.reviewer)) for item in queue.open_for(self.reviewer)]
        self.closed = next((why for _, why in left if why is not None), "")
        return [item for item, why in left if why is None]

    def _next(self) -> Item | None:
        left = [item for item in self.open() if item.id not in self._skipped]
        self._left = len(left)
        return left[0] if left else None

    def _decide(self, item: Item) -> bool:
        """Show an item until something is decided about it; whether to go on."""
        draw(self.console, item, self._place(item))
        note = ""
        while True:
            key = self.keyboard.key().lower()
            if key == "q":
                return False
            if key == "s":
                self._skipped.add(item.id)
                return True
            if key == "u":
                if self._undo():
                    return True
            elif key == "n":
                note = self.keyboard.line("Note")
            elif key == "m":
                draw(self.console, item, self._place(item), whole=True)
            elif key == "?":
                self._say(f"{KEYS[item.kind]} · {ALWAYS}")
            else:
                try:
                    if self._add(item, key, note):
                        return True
                except ConfigError as error:
                    self._say(f"not taken: {error}")

    def _place(self, item: Item) -> str:
        asked = f" · {asked_of(item.reviewers, self._others[item.id])}" if item.reviewers > 1 else ""
        return f"{counted(self._left, 'item')} left{asked}"

    def _add(self, item: Item, key: str, note: str) -> bool:
        """Decide as a key says; whether it said anything."""
        decision, after = self._read(item, key)
        if decision is None:
            return False
        late = Closed(RunFolder.open(self.folder.path)).why(item, self.reviewer)
        if late is not None:
            self._say(f"not taken: {late}")
            return True
        made = Decision(
            item.id, decision, self.reviewer, self.clock(), uuid.uuid4().hex, before=item.seen, after=after, note=note
        )
        self.made.append(self._log.add(made))
        self._say(f"{decision}: {item.id}")
        return True

    def _read(self, item: Item, key: str) -> tuple[str | None, Any]:
        """What a key decides, and what is there after it; `None` if it decides nothing."""
        if item.kind == "attempt" and key.isdecimal():
            return "score", self._scores(key)
        if item.kind == "pair" and key in ("1", "2", "p"):
            which = self._choice() if key == "p" else key
            return ("prefer", item.attempts[int(which) - 1].number) if which in ("1", "2") else (None, None)
        decision = {"a": "approve", "e": "edit", "r": "reject"}.get(key)
        if decision not in item.choices:
            if decision == "approve" and item.kind == "label":
                self._say("there is no label that could be approved: edit it, or reject")
            else:
                self._say(f"{key!r} decides nothing here; it takes: {KEYS[item.kind]}")
            return None, None
        return decision, self._edited(item) if decision == "edit" else None

    def _choice(self) -> str:
        self._say("which one is better, 1 or 2?")
        return self.keyboard.key()

    def _scores(self, first: str) -> dict[str, int]:
        self._say(f"{RUBRIC[0]} {first}; {RUBRIC[1]}, 0–{HIGHEST}?")
        second = self.keyboard.key()
        if not second.isdecimal():
            raise ConfigError(f"{RUBRIC[1]} is a whole number from 0 to {HIGHEST}, got {second!r}")
        return {RUBRIC[0]: int(first), RUBRIC[1]: int(second)}

    def _edited(self, item: Item) -> Any:
        if item.kind == "label":
            return self.keyboard.line("Label").strip()
        text = self.keyboard.line("Question (nothing keeps it)").strip()
        label = self.keyboard.line("Its answer (nothing leaves it to the run)").strip()
        return {"question": text or item.question, "label": label or None}

    def _undo(self) -> bool:
        """Take the reviewer's last decision back, of this session or another; whether there was one."""
        last = self._last()
        if last is None:
            self._say("nothing to undo")
            return False
        if self.reviewer in Closed(RunFolder.open(self.folder.path)).adopted.get(last.id, ()):
            self._say(f"not taken back: the run has adopted {last.id}, and has gone on with it")
            return False
        undo = Decision(last.id, "undo", self.reviewer, self.clock(), uuid.uuid4().hex, before=last.key)
        self._log.add(undo)
        self.made = [one for one in self.made if one.key != last.key]
        self._skipped.discard(last.id)
        self._say(f"taken back: {last.id}")
        return True

    def _last(self) -> Decision | None:
        left: dict[str, Decision] = {}
        for one in self._log.rows()[0]:
            if one.decision == UNDO:
                left.pop(one.before, None)
            elif one.reviewer == self.reviewer:
                left[one.key] = one
        return list(left.values())[-1] if left else None

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)
