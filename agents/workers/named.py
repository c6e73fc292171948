"""Workers as people name them: a number of processes, or a kind with options, as in `ray(8, address=auto)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any

from ...core.protocols.workers import Chunk, Result, Workers
from ...core.registries import make_workers


class Here:
    """See `core.protocols.Workers`: this process does it all."""

    size = 1

    def map(self, function: Callable[[Chunk], Result], chunks: Iterable[Chunk]) -> Iterator[Result]:
        """See `core.protocols.Workers`."""
        return map(function, chunks)

    def close(self) -> None:
        """See `core.protocols.Workers`; there is nothing to end."""


def workers_of(what: int | str | Mapping[str, Any] | Workers) -> Workers:
    """The workers that a setting or an option names.

    Args:
        what: a number, of which 1 means this process and more mean as many processes; or a registered kind.

    Raises:
        ConfigError: no such kind, options that it does not take, or a number below 1.
    """
    if isinstance(what, str) and what.strip().lstrip("+-").isdigit():
        what = int(what)
    if isinstance(what, int):
        return Here() if what == 1 else make_workers("processes", workers=what)
    return make_workers(what)


def ending(helping: Workers, given: int | str | Mapping[str, Any] | Workers) -> AbstractContextManager[Any]:
    """Ends the workers that `workers_of(given)` made; live ones that were given are their owner's."""
    return nullcontext() if helping is given else closing(helping)
