"""The terminal of every command: text is shown as it is, and a reader who has left ends nothing."""

from __future__ import annotations

import os
from typing import Any

from rich.console import Console


class Terminal(Console):
    """A console of `rich` without markup, emoji codes and highlighting: paths and models' texts hold brackets.

    When nobody reads the output any more it falls silent, and what is at work goes on.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def on_broken_pipe(self) -> None:
        """Write no more; what is still in the buffer goes nowhere."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)
