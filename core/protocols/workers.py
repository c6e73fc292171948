"""Processes, here or on other machines, that do work in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


@runtime_checkable
class Workers(Protocol):
    """Several processes that apply one function to many chunks.

    Attributes:
        size: how many there are, at least 1. What they give does not depend on it.
    """

    size: int

    def map(self, function: Callable[[Chunk], Result], chunks: Iterable[Chunk]) -> Iterator[Result]:
        """`function` of every chunk, in the order of the chunks, each exactly once.

        The chunks of a worker that ended are done again, so the function must give the same for the same chunk. A few
        chunks per worker are taken ahead of what has been asked for, and no more.

        Args:
            function: pickles; a worker keeps it from one chunk to the next.
            chunks: pickle, as do the results.

        Raises:
            RunError: a chunk ends every worker that tries it.
            Exception: whatever the function raises, of the first chunk in order for which it does.
        """
        ...

    def close(self) -> None:
        """End the processes that were started for this; may be called twice."""
        ...
