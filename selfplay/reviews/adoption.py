"""How a run takes over what people decided: every row is checked before it becomes part of the run.

A decision about a round that is not there yet waits, with all that were made after it: a run that went back to an
earlier state so adopts in each round what it had adopted there, and not what came later. Only what a stage writes
itself waits for nothing, and takes along what stands before it: a log counts up to a byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.errors import ConfigError
from ..storage.run_folder import DamageError, RunFolder
from .decisions import Decision, says_nothing
from .review_queue import REVIEWS


def check_reviews(folder: RunFolder) -> None:
    """Have every row of the reviews checked before it is taken over, by whichever stage and commit."""
    path = folder.log_path(REVIEWS)

    def check(row: Mapping[str, Any]) -> None:
        try:
            check_row(row)
        except ConfigError as error:
            raise DamageError(f"{path} has a row that is no decision ({error}): correct it, or take it out") from None

    folder.check_shared(REVIEWS, check)


def check_row(row: Mapping[str, Any]) -> None:
    """Refuse what no stage could read afterwards.

    Raises:
        ConfigError: says why.
    """
    if not says_nothing(row):
        Decision.of(row)
    for name in ("round", "index"):
        if type(row.get(name)) is not int:
            raise ConfigError(f"its {name} is a whole number, got {row.get(name)!r:.80}")


def adopt_decisions(folder: RunFolder, number: int, warn: Callable[[str], None]) -> list[dict[str, Any]]:
    """The rows that were written since the last time; the next commit makes them part of the run.

    Args:
        number: of the round in which the run stands.
        warn: told where decisions wait.

    Raises:
        DamageError: a row is no decision; nothing was taken over.
    """

    def is_early(row: Mapping[str, Any]) -> bool:
        if row["round"] > number:
            warn(
                f"round {number}: a decision about round {row['round']} stands in {folder.log_path(REVIEWS)}; it and "
                "those behind it wait until that round is there"
            )
        return bool(row["round"] > number)

    check_reviews(folder)
    return folder.adopt(REVIEWS, is_early)
