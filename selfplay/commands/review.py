"""`selfplay-gym review RUN`: decide with the keyboard about what gates picked; or hand items to another tool and back.

On a terminal a key is enough; elsewhere each line of the input is one answer, so a session can be piped in.
"""

from __future__ import annotations

import getpass
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from ...core.errors import ConfigError
from ..pages.wording import counted
from ..reviews.checks import check_reviewer
from ..reviews.decisions import Decision
from ..reviews.exchange.files import export_items, import_answers
from ..reviews.review_queue import Queue, queue_of
from ..reviews.terminal.keyboard import Keyboard, Keys, Lines
from ..reviews.terminal.session import Session
from ..storage.run_folder import RunFolder

MOST_NAMED = 5
"""Answers that are named where they were not counted."""


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
        found = import_answers(folder, answers)
        new = counted(len(found.written), "new decision")
        console.print(f"{new} from {answers}; {_state(queue_of(folder))}", soft_wrap=True)
        for line in _late(found.late):
            console.print(line, soft_wrap=True, markup=False, highlight=False)
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
    left = session.open()
    if not left:
        why = f". {session.closed}" if session.closed else ""
        console.print(f"Nothing to review for {who}: {_state(session.queue())}{why}", soft_wrap=True)
        return session
    console.print(
        f"{counted(len(left), 'item')} to review as {who}. Decisions are kept as you make them.", soft_wrap=True
    )
    session.play()
    after = session.queue()
    console.print(f"{counted(len(session.made), 'decision')} made; {_state(after)}", soft_wrap=True)
    if session.open():
        console.print(f"Go on with: selfplay-gym review {shlex.quote(str(run))}", soft_wrap=True)
    return session


def _late(late: Sequence[tuple[Decision, str]]) -> Iterator[str]:
    """A line for each reason why answers were not counted."""
    by_reason: dict[str, list[str]] = {}
    for decision, why in late:
        by_reason.setdefault(why, []).append(f"{decision.reviewer} on {decision.id}")
    for why, named in by_reason.items():
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        yield f"Not counted: {counted(len(named), 'answer')} ({', '.join(named[:MOST_NAMED])}{more}). {why}"


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
