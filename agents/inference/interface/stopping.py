"""Stop strings: a completion is over with the token that completes one, and its text ends before it.

The token stays part of the completion, so that a model which is trained learns to end there. Text and tokens are cut
alike wherever they come from: a server stops by itself, the local sampler asks `StopStrings`, and the agent cuts texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

NEXT_QUESTION = (
    *("\nQuestion:", "\nQuestion ", "\nQ:", "\nProblem:", "\nProblem ", "\nExercise:"),
    *("\nUser:", "\nHuman:", "<question>"),
)
"""How a model without a chat template, which goes on writing, begins another question."""
MARGIN = 8
"""Tokens looked at beyond those that a stop string can have: some tokens write nothing."""


def cut(text: str, stops: Sequence[str]) -> str:
    """The text before the first stop string in it."""
    found = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    return text[: min(found)] if found else text


class StopStrings:
    """Finds out which rows of a batch have just come to a stop string.

    Args:
        stops: the strings; never empty ones.
        decode: tokens of completions → their texts.
    """

    def __init__(self, stops: Sequence[str], decode: Callable[[list[list[int]]], list[str]]) -> None:
        self.stops, self.decode = tuple(stops), decode
        # A token writes a byte at least, but for a few.
        self.width = max(len(stop.encode("utf-8", "replace")) for stop in self.stops) + MARGIN

    def reached(self, tokens: Tensor, live: Tensor) -> list[int]:
        """Indices of the rows that have one, among those that are `live` (B,).

        Args:
            tokens: (B, t) of completions so far.
        """
        rows = live.nonzero().flatten().tolist()
        tails = self.decode(tokens[live, -self.width :].tolist())
        near = [row for row, tail in zip(rows, tails, strict=True) if self._has(tail)]
        if not near or tokens.shape[1] <= self.width:
            return near
        # A tail may begin inside a character or a word, and read otherwise than the whole.
        return [row for row, text in zip(near, self.decode(tokens[near].tolist()), strict=True) if self._has(text)]

    def _has(self, text: str) -> bool:
        return any(stop in text for stop in self.stops)
