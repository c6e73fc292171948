"""What a validator learns from: the votes of a round, kept or not, and before the first round those on questions of its
own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ....core.records import Labelled, Outcome, Question, TaskSpec
from ....core.registries import make_verifier
from ....core.seeding import python_stream
from ....envs.game.domains import held_out
from ...reviews.outcomes import outcomes
from .. import round_log

if TYPE_CHECKING:
    from ..run import SelfPlay


class Vote(NamedTuple):
    """A question as it was asked, and with its label and attempts; known answers are measured by, never learnt."""

    question: Question
    labelled: Labelled


def votes_of(run: SelfPlay, number: int) -> list[Vote]:
    """All votes of a round, whether or not their questions are kept: the filter may be what learns from them.

    Round 0 has no questions; then procedural ones are asked of the present solver, as many as a round has. They are no
    question of the exam, and their answers are not looked at.
    """
    return [*_logged(run, number)] if number else _asked(run)


def _logged(run: SelfPlay, number: int) -> Iterator[Vote]:
    def rows(name: str) -> list[dict[str, Any]]:
        return run.folder.rows_of_round(name, number)

    decided = outcomes(rows("reviews"))
    overruled = {index for index, outcome in decided.items() if outcome.decision != "approve"}
    asked = dict(round_log.asked(rows))
    attempts = {row["index"]: tuple(row["attempts"]) for row in rows("attempts")}
    for row in rows("labels"):
        index = row["index"]
        if row["label"] is not None and index not in overruled:
            yield _vote(asked[index], row["label"], attempts[index], tuple(row["matches"]))


def _asked(run: SelfPlay) -> list[Vote]:
    rng = python_stream(run.config.seed, "votes before training")
    drawn = [run.generator.generate(TaskSpec(rng.random()), rng) for _ in range(run.config.questions.count)]
    questions = [question for question in drawn if not held_out(question)]
    groups = run.attempt(run.game.ask(questions), run.seed("votes before training"))
    found = []
    judged = make_verifier(run.domain.labels["vote"]).judge_many(questions, groups)
    for question, attempts, judgement in zip(questions, groups, judged, strict=True):
        if judgement.label is not None:
            matches = tuple(verdict.outcome is Outcome.CORRECT for verdict in judgement.verdicts)
            found.append(_vote(question, judgement.label, tuple(attempts), matches))
    return found


def _vote(question: Question, label: str, attempts: tuple[str, ...], matches: tuple[bool, ...]) -> Vote:
    return Vote(question, Labelled(round_log.with_label(question, label), attempts, matches))
