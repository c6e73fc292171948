"""The terminal of every command: text is shown as it is, and a reader who has left ends nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

SIZES = ("COLUMNS", "LINES")
"""Variables of the environment that say how large a terminal is."""


class Terminal(Console):
    """A console of `rich` without markup, emoji codes and highlighting: paths and models' texts hold brackets.

    When nobody reads the output any more it falls silent, and what is at work goes on.
    """

    def __init__(self, **options: Any) -> None:
        given = {"_environ": _Environment(os.environ), **options}
        super().__init__(markup=False, emoji=False, highlight=False, **given)

    def on_broken_pipe(self) -> None:
        """What is still in the buffer, and whatever follows, goes nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


class _Environment(Mapping[str, str]):
    """Variables of the environment, without sizes that no terminal has: in 0 columns nothing could be shown."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        value = self._variables[name]
        if name in SIZES and not re.fullmatch("[1-9][0-9]{0,4}", value):
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._variables if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
