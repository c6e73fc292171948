"""The pool of a round: the questions that the challenger asked while it was trained, with attempts and judgement.

The solver is frozen in that stage, so these are attempts of the very solver that the round labels with. A row of
`pool.jsonl` belongs to a question; it is committed with the training step that asked it, so a killed run repeats both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ....core.records import Judgement, Outcome, Question, Verdict
from ....envs.game.engine import Episode
from ...settings.config import SOLVER
from ..question_log import question_row
from ..round_log import Rows

if TYPE_CHECKING:
    from ..run import SelfPlay

POOL = "pool"
"""The log, and what `questions.jsonl` has as the source of its questions."""


def pool_rows(episodes: Sequence[Episode], solver: str | None) -> list[dict[str, Any]]:
    """What is kept of one step: every question that was asked.

    Args:
        solver: the checkpoint of who answered; `None` for the base.
    """
    return [
        {
            **question_row(played.proposal.question),
            "attempts": list(played.attempts),
            "judgement": judgement_row(played.judgement),
            "solver": solver,
        }
        for played in episodes
        if played.proposal.question is not None and played.judgement is not None
    ]


def usable(run: SelfPlay) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of the round with their numbers, the most recent step first: it was asked by the best challenger.

    After a rollback another solver stands there, and what its predecessor answered is not used.
    """
    rows = [*enumerate(run.rows(POOL))]
    for number, row in sorted(rows, key=lambda one: (-one[1]["step"], one[0])):
        if row["solver"] == run.checkpoints.get(SOLVER):
            yield number, row


def pooled(rows: Rows, asked: Sequence[tuple[int, Question]]) -> dict[int, dict[str, Any]]:
    """The pool's rows among the questions of a round, by the index of the question.

    Args:
        asked: the questions with their index; one that a person edited since is no longer that of the pool.
    """
    numbers = {row["index"]: row[POOL] for row in rows("questions") if POOL in row}
    if not numbers:
        return {}
    pool, texts = rows(POOL), {index: question.text for index, question in asked}
    return {index: pool[number] for index, number in numbers.items() if texts.get(index) == pool[number]["text"]}


def judgement_row(judgement: Judgement) -> dict[str, Any]:
    """A judgement as JSON has it."""
    verdicts = [{**asdict(verdict), "outcome": verdict.outcome.value} for verdict in judgement.verdicts]
    return {
        "verdicts": verdicts,
        "label": judgement.label,
        "solve_rate": judgement.solve_rate,
        "valid": judgement.valid,
        "label_source": judgement.label_source,
        "evidence": dict(judgement.evidence),
    }


def judgement_of(row: Mapping[str, Any]) -> Judgement:
    """The inverse of `judgement_row`; tuples in the evidence come back as lists."""
    verdicts = tuple(Verdict(**{**one, "outcome": Outcome(one["outcome"])}) for one in row["verdicts"])
    return Judgement(**{**row, "verdicts": verdicts})
