"""Signals that ask a command to stop: one line instead of a traceback, from the first import to the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence

INTERRUPTED = 130


class Stopped(KeyboardInterrupt):
    """A signal came that asks to stop; it goes through everything that lets a `KeyboardInterrupt` through.

    A type of its own, because the interpreter kills itself after a plain one that passed through `exec`.

    Attributes:
        code: exit code of a process that ends so, 128 and the number of the signal.
        kept: what is done and how to go on, for people; "" where nothing is kept.
    """

    def __init__(self, number: int = signal.SIGINT, kept: str = "") -> None:
        super().__init__()
        self.code, self.kept = 128 + number, kept

    @classmethod
    def keeping(cls, error: KeyboardInterrupt, kept: str) -> Stopped:
        """The same, from whoever knows what is kept."""
        return cls(error.code - 128 if isinstance(error, Stopped) else signal.SIGINT, kept)


def answer_while_importing(arguments: Sequence[str]) -> None:
    """Leave at once, in one line, if this process is our command; anybody else's process is left alone.

    The command replaces this handler as soon as it is there.

    Args:
        arguments: what the interpreter was started with, `sys.orig_argv`.
    """
    if is_command(arguments) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _leave)


def is_command(arguments: Sequence[str]) -> bool:
    """Whether a process that was started so is our command."""
    return "selfplay_gym.cli" in arguments[1:3] or any(
        os.path.basename(word) in ("selfplay-gym", "selfplay-gym.exe") for word in arguments[:2]
    )


def _leave(*_: object) -> None:
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)
