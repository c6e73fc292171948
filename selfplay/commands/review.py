"""`selfplay-gym review RUN`: decide with the keyboard about what gates picked; leave and go on whenever you like.

On a terminal a key is enough; elsewhere each line of the input is one answer, so a session can be piped in.
"""

from __future__ import annotations

import getpass
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import click
from rich.console import Console

from ...core.errors import ConfigError
from ..pages.wording import counted
from ..reviews.checks import HIGHEST, RUBRIC, check_reviewer
from ..reviews.decisions import UNDO, Decision, ReviewLog
from ..reviews.exchange.files import export_items, import_answers
from ..reviews.items import Item
from ..reviews.review_queue import REVIEWS, Queue, queue_of
from ..storage.run_folder import RunFolder
from .review_screen import draw


class Keyboard(Protocol):
    """Where answers come from; both methods raise `EOFError` when there will be no more."""

    def key(self) -> str:
        """One key, as a letter or digit."""

    def line(self, label: str) -> str:
        """A line of text."""


class Keys:
    """The keys of a terminal, read one by one.

    Args:
        console: where prompts stand.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._waiting = ""

    def key(self) -> str:
        while True:
            typed = self._waiting or click.getchar()  # several at once, if somebody is quick
            if typed.startswith("\x1b"):  # an arrow, or another key without a letter
                self._waiting = ""
                continue
            self._waiting = typed[1:]
            if typed[:1].strip():
                return typed[0]

    def line(self, label: str) -> str:
        self._waiting = ""
        return self.console.input(f"{label}: ", markup=False)


class Lines:
    """The lines of whatever is piped in.

    Args:
        console: where prompts stand.
    """

    def __init__(self, console: Console) -> None:
        self.console = console

    def key(self) -> str:
        while not (found := self.line("Key").strip()):
            pass
        return found[0]

    def line(self, label: str) -> str:
        return self.console.input(f"{label}: ", markup=False)


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
    """

    folder: RunFolder
    reviewer: str
    console: Console
    keyboard: Keyboard
    clock: Callable[[], float] = time.time
    made: list[Decision] = field(default_factory=list)
    _skipped: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._log = ReviewLog(self.folder.log_path(REVIEWS))

    def play(self) -> None:
        """Go through what is open until nothing is, or the reviewer leaves."""
        try:
            while (item := self._next()) is not None and self._decide(item):
                pass
        except EOFError:
            self.console.print()

    def queue(self) -> Queue:
        """The queue as it stands now: the run and others may have added to it."""
        return queue_of(RunFolder.open(self.folder.path))

    def _next(self) -> Item | None:
        left = [item for item in self.queue().open_for(self.reviewer) if item.id not in self._skipped]
        self._left = len(left)
        return left[0] if left else None

    def _decide(self, item: Item) -> bool:
        """Show an item until something is decided about it; whether to go on."""
        draw(self.console, item, f"{counted(self._left, 'item')} left")
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
                draw(self.console, item, f"{counted(self._left, 'item')} left", whole=True)
            else:
                try:
                    if self._add(item, key, note):
                        return True
                except ConfigError as error:
                    self._say(f"not taken: {error}")

    def _add(self, item: Item, key: str, note: str) -> bool:
        """Decide as a key says; whether it said anything."""
        decision, after = self._read(item, key)
        if decision is None:
            return False
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
            wanted = ", ".join(one for one in item.choices if one != "undo")
            self._say(f"{key!r} decides nothing about a {item.kind}; it takes: {wanted}")
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


def review_command(
    run: Path, *, reviewer: str | None, tool: str | None, out: Path | None, answers: Path | None, console: Console
) -> None:
    """What the command does: a session at the keyboard, or items for another tool, or its answers back.

    Raises:
        ConfigError: options that cannot go together.
    """
    if (tool is None) != (out is None):
        raise ConfigError("--export TOOL and --out FILE go together")
    if answers is not None and tool is not None:
        raise ConfigError("--export and --import do not go together: one after the other")
    if tool is not None and out is not None:
        count, files = export_items(RunFolder.open(run), tool, out)
        console.print(f"{counted(count, 'item')} in {' and '.join(map(str, files))}", soft_wrap=True)
    elif answers is not None:
        folder = RunFolder.open(run)
        made = import_answers(folder, answers)
        console.print(
            f"{counted(len(made), 'new decision')} from {answers}; {_state(queue_of(folder))}", soft_wrap=True
        )
    else:
        review_run(run, reviewer=reviewer, console=console)


def review_run(run: Path, *, reviewer: str | None, console: Console, keyboard: Keyboard | None = None) -> Session:
    """Let a person decide about the queue of a run.

    Args:
        reviewer: their name; `None` is the name they are logged in by.
        keyboard: what they type with; `None` is the terminal, or what is piped in.

    Raises:
        RunError: no run there, or it is damaged.
        ConfigError: no reviewer has such a name.
    """
    folder = RunFolder.open(run)
    who = login_name() if reviewer is None else reviewer
    check_reviewer(who)
    keys = keyboard or (Keys(console) if sys.stdin.isatty() and console.is_terminal else Lines(console))
    session = Session(folder, who, console, keys)
    left = session.queue().open_for(who)
    if not left:
        console.print(f"Nothing to review for {who}: {_state(session.queue())}", soft_wrap=True)
        return session
    console.print(
        f"{counted(len(left), 'item')} to review as {who}. Decisions are kept as you make them.", soft_wrap=True
    )
    session.play()
    after = session.queue()
    console.print(f"{counted(len(session.made), 'decision')} made; {_state(after)}", soft_wrap=True)
    if after.open_for(who):
        console.print(f"Go on with: selfplay-gym review {run}", soft_wrap=True)
    return session


def _state(queue: Queue) -> str:
    """How much of a queue is done, for people."""
    disputed = f", {len(queue.disputed)} disputed" if queue.disputed else ""
    return f"{len(queue.items) - len(queue.undecided)} of {counted(len(queue.items), 'item')} decided{disputed}"


def login_name() -> str:
    """The name somebody is logged in by.

    Raises:
        ConfigError: there is none.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise ConfigError("nobody is logged in by a name: give one with --reviewer NAME") from None
