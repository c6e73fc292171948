"""Adaptation: how accurate an agent is on a new family of questions after 0, 4, 16, 64 updates on a few examples of it.

The updates are taken on a copy: afterwards the weights are as they were. Equal seeds give the same examples, the same
batches and the same questions, so that agents can be compared in pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError
from ..pages.wording import counted, percent
from ..stats import Estimate
from .result import ExamResult

if TYPE_CHECKING:
    from ...agents.training.meta.inner_loop import InnerLoop, Parameters, Task

UPDATES = (0, 4, 16, 64)


def checked_updates(updates: Sequence[int]) -> tuple[int, ...]:
    """Numbers of updates to measure after, as a tuple.

    Raises:
        ConfigError: none, or they do not rise.
    """
    found = tuple(updates) if isinstance(updates, Sequence) and not isinstance(updates, str) else ()
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in found)
    if not found or not whole or found[0] < 0 or any(a >= b for a, b in pairwise(found)):
        raise ConfigError(f"updates must be rising whole numbers >= 0, such as [0, 4, 16, 64], got {updates!r}")
    return found


def measure_adaptation(
    parameters: Parameters, task: Task, inner: InnerLoop, updates: Sequence[int], examine: Callable[[], ExamResult]
) -> dict[int, ExamResult]:
    """Adapt to a task, with an exam after each of so many updates, and undo it.

    Args:
        parameters: the weights that are adapted.
        task: batches of the examples.
        updates: as from `checked_updates`.
        examine: holds the exam with the present weights.
    """
    from ...agents.training.meta.inner_loop import restored

    found: dict[int, ExamResult] = {}
    with restored(parameters):
        taken, steps = 0, inner.steps(parameters, task)
        for wanted in updates:
            for _ in range(wanted - taken):
                next(steps)
            taken, found[wanted] = wanted, examine()
    return found


def adaptation_row(found: Mapping[int, ExamResult], **known: Any) -> dict[str, Any]:
    """JSON values, as a run logs them.

    Args:
        known: what else belongs to the measurement.
    """
    one = next(iter(found.values()))
    by_updates = {
        str(updates): {"accuracy": exam.accuracy.as_dict(), "correct": exam.correct} for updates, exam in found.items()
    }
    return {**known, "questions": len(one.keys), "samples": one.samples, "by_updates": by_updates}


def adaptation_rows(rounds: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of what a run logged, one row per round; accuracies in per cent."""
    columns = sorted({int(updates) for _, row in rounds for updates in row["by_updates"]})
    cells = [
        [
            "base" if number == 0 else str(number),
            str(row["method"]) if number else "–",
            str(row["held_out"]),
            str(row["questions"]),
            *(_accuracy(row["by_updates"].get(str(updates))) for updates in columns),
        ]
        for number, row in rounds
    ]
    return ["round", "method", "held-out family", "questions", *(counted(n, "update") for n in columns)], cells


def _accuracy(measured: Mapping[str, Any] | None) -> str:
    return percent(None if measured is None else Estimate(**measured["accuracy"]))
