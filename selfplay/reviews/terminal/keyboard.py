"""What a reviewer types: single keys on a terminal, lines elsewhere."""

from __future__ import annotations

import codecs
import os
import re
import sys
from typing import Any, Protocol, Self

import click
from rich.console import Console

try:
    import termios
    import tty
except ImportError:  # Windows
    termios = tty = None  # type: ignore[assignment]

_WITHOUT_LETTER = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|)")
"""What arrows and other keys without a letter send."""
END = "\x04"
"""What Ctrl-D sends to a terminal that hands over single keys."""


class Keyboard(Protocol):
    """Where answers come from; both methods raise `EOFError` when there will be no more. Used as a context."""

    def key(self) -> str:
        """One key, as a letter or digit."""

    def line(self, label: str) -> str:
        """A line of text."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Keys:
    """The keys of a terminal, one by one. It hands them over singly from begin to end, so that none is lost in between.

    Args:
        console: where prompts stand.
        descriptor: of the terminal.
    """

    def __init__(self, console: Console, descriptor: int | None = None) -> None:
        self.console = console
        self._terminal = sys.stdin.fileno() if descriptor is None else descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting = ""
        self._before: Any = None

    def __enter__(self) -> Self:
        if termios is not None:
            self._before = termios.tcgetattr(self._terminal)
            self._single()
        return self

    def __exit__(self, *_: object) -> None:
        self._whole_lines()

    def key(self) -> str:
        while True:
            typed = _WITHOUT_LETTER.sub("", self._waiting or self._read())
            self._waiting = typed[1:]
            if typed[:1] == END:
                raise EOFError
            if typed[:1].strip():
                return typed[0]

    def line(self, label: str) -> str:
        self._waiting = ""
        self._whole_lines()
        try:
            return self.console.input(f"{label}: ", markup=False)
        finally:
            self._single()

    def _read(self) -> str:
        if termios is None:
            return str(click.getchar())
        typed = os.read(self._terminal, 64)
        if not typed:
            raise EOFError
        return self._decoder.decode(typed)

    def _single(self) -> None:
        if self._before is not None:
            tty.setcbreak(self._terminal, termios.TCSADRAIN)

    def _whole_lines(self) -> None:
        if self._before is not None:
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)


class Lines:
    """The lines of whatever is piped in; the first letter of one is a key.

    Args:
        console: where prompts stand.
    """

    def __init__(self, console: Console) -> None:
        self.console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was changed."""

    def key(self) -> str:
        while not (found := self.line("Key").strip()):
            pass
        return found[0]

    def line(self, label: str) -> str:
        return self.console.input(f"{label}: ", markup=False)
