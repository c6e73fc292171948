"""Somebody at the keyboard: what they are asked, and how they leave."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from getpass import getpass

from rich.console import Console
from rich.text import Text

from ...core.extraction import last_boxed

ME = "me"


class Quit(Exception):
    """The person at the keyboard has left."""


class Person:
    """Somebody at a keyboard.

    Args:
        console: where they are asked, and answer.
        name: how they are spoken of.
    """

    def __init__(self, console: Console, name: str = "you") -> None:
        self.console, self.name = console, name

    def ask(self, label: str, *, hidden: bool = False) -> str:
        """A line from the person.

        Args:
            label: what they are asked for.
            hidden: whether it is not to be seen while it is typed; a terminal can do that.

        Raises:
            Quit: there will be no more (end of input).
        """
        secret = hidden and self.console.is_terminal and sys.stdin.isatty()
        while True:
            try:
                if secret:  # it is asked once nothing is shown any more: what was typed before would be seen, and lost
                    return getpass(f"{label}: ").strip()
                return self.console.input(Text(f"{label}: ", "bold")).strip()
            except EOFError:
                raise Quit from None
            except UnicodeDecodeError:
                self.console.print("That could not be read as text; once more, please.")

    def agrees(self, label: str) -> bool:
        """Yes, which Enter alone means too, or no."""
        while True:
            said = self.ask(f"{label} [Y/n]").casefold()
            if said in ("", "y", "yes", "n", "no"):
                return said[:1] != "n"

    def answers(self, prompts: Sequence[str]) -> list[list[str]]:
        """One attempt at each prompt; the question is on the screen already."""
        return [[boxed(self.ask("Your answer"))] for _ in prompts]

    def proposes(self, *, hidden: bool = False) -> str:
        """A question with the answer that it should have, as challengers write it."""
        question = self.ask("Your question")
        return f"<question>{question}</question> {boxed(self.ask('The answer you claim', hidden=hidden))}"


def boxed(text: str) -> str:
    r"""An answer as solvers mark it: `\boxed{…}`, unless it is marked already."""
    return text if last_boxed(text) is not None else rf"\boxed{{{text}}}"
