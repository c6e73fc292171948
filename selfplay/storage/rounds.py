"""Several logs read together, round after round: long runs do not fit into memory, and their rounds do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from .files import DamageError

Row: TypeAlias = dict[str, Any]


def in_rounds(logs: Mapping[str, Iterable[Row]]) -> Iterator[tuple[int, dict[str, list[Row]]]]:
    """(round, its rows by log), in order; a round without rows is left out, a log without rows in it is empty there.

    Args:
        logs: rows by log, each log in the order of its rounds.

    Raises:
        DamageError: one is in another order.
    """
    groups = {name: groupby(rows, itemgetter("round")) for name, rows in logs.items()}
    ahead = {name: found for name, group in groups.items() if (found := next(group, None)) is not None}
    before = -1
    while ahead:
        number = min(found[0] for found in ahead.values())
        if number <= before:
            raise DamageError(f"a log has rows of round {number} behind those of round {before}")
        rows: dict[str, list[Row]] = {name: [] for name in logs}
        for name in [name for name, found in ahead.items() if found[0] == number]:
            rows[name] = list(ahead.pop(name)[1])
            if (found := next(groups[name], None)) is not None:
                ahead[name] = found
        yield number, rows
        before = number
