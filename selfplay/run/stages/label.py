"""`label`: attempts become labels, and the questions at the edge of the solver's ability are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.records import Judgement, Outcome, Question, spec_of
from ....core.registries import register_stage, sources
from ....envs.game.domains import kind_of
from ....envs.game.screening import RULINGS
from ....envs.sources.league import OPPONENT
from ...league.opponents import games_row, judged_record
from ...league.ratings.bradley_terry import Record
from ...settings.config import CHALLENGER, SOLVER
from ..labels import labels_right, refuted, trains
from ..metrics import coalition_measures, label_measures
from ..questions.conditions import condition_of, follows_curriculum
from ..questions.pool import POOL, judgement_of, pooled
from ..questions.references import Graded, owns_label
from ..run import SelfPlay


@register_stage("label")
class Label:
    """Vote or compute the labels, keep the questions in the band, and measure how often labels are right."""

    name = "label"

    def run(self, run: SelfPlay) -> None:
        """Judge the attempts of the round; the curriculum sees how the questions went that it asked for. Where the run
        goes back because of the labels, none of them is valid."""
        asked, written = run.asked(), run.rows("questions")
        questions = [question for _, question in asked]
        judgements = self._judged(run, asked)
        right = labels_right(questions, [judgement.label for judgement in judgements])
        following, only = self._following(run), next(iter(run.config.questions.sources))
        rows = []
        for (index, question), judgement, correct in zip(asked, judgements, right, strict=True):
            rows.append(
                {
                    **run.here(),
                    "index": index,
                    "label": judgement.label,
                    "label_source": judgement.label_source,
                    "solve_rate": judgement.solve_rate,
                    "valid": judgement.valid,
                    "kept": trains(judgement, run.config.questions),
                    "label_right": correct,
                    "kind": kind_of(question),
                    "check": judgement.evidence.get("check"),
                    **_solution(judgement),
                    **_refused(judgement),
                    "answers": [verdict.answer for verdict in judgement.verdicts],
                    "matches": [verdict.outcome is Outcome.CORRECT for verdict in judgement.verdicts],
                }
            )
            spec = spec_of(question)
            if written[index].get("source", only) in following and spec is not None:
                run.curriculum.observe(spec, 0.0 if refuted(judgement.evidence.get("check")) else judgement.solve_rate)
        measures = {**label_measures(written, rows), **coalition_measures(judgements)}
        back = run.labelled_as({**measures, **_games(run, questions, judgements)})
        run.log("labels", [{**row, "kept": False, "valid": False} for row in rows] if back else rows)

    def _judged(self, run: SelfPlay, asked: Sequence[tuple[int, Question]]) -> list[Judgement]:
        """The judgements on all questions; what the challenger's training had judged is not judged, or paid, twice."""
        judged = {index: judgement_of(row["judgement"]) for index, row in pooled(run.rows, asked).items()}
        attempts = {row["index"]: row["attempts"] for row in run.rows("attempts")}
        known: list[tuple[int, Question]] = []
        voted: list[tuple[int, Question]] = []
        for index, question in asked:
            if index not in judged:
                (known if owns_label(question, run.config.labels.references) else voted).append((index, question))
        for part, game in ((known, run.game.judged_by(Graded())), (voted, run.game)):
            found = game.judge([question for _, question in part], [attempts[index] for index, _ in part])
            judged |= {index: judgement for (index, _), judgement in zip(part, found, strict=True)}
        return [judged[index] for index, _ in asked]

    def _following(self, run: SelfPlay) -> set[str]:
        """The sources that draw their levels from the curriculum, which learns from their questions."""
        flags = ["follows_curriculum", *(["follows_condition"] if follows_curriculum(condition_of(run)) else [])]
        names = run.config.questions.sources
        found = {name for name in names if any(getattr(sources.factory(name), flag, False) for flag in flags)}
        return found | {POOL} if CHALLENGER in found else found


def _games(run: SelfPlay, questions: Sequence[Question], judgements: Sequence[Judgement]) -> dict[str, Any]:
    """The games of the solver with challengers of the league; nothing without a league."""
    if SOLVER not in run.league.settings:
        return {}
    found: dict[str, Record] = {}
    for question, judgement in zip(questions, judgements, strict=True):
        if OPPONENT in question.meta:
            name = question.meta[OPPONENT]
            found[name] = found.get(name, Record()) + judged_record(judgement, run.config.labels.attempts)
    return games_row(found)


def _refused(judgement: Judgement) -> dict[str, Any]:
    """Why attempts were refused, `None` for those that were not; only where one was."""
    return {RULINGS: judgement.evidence[RULINGS]} if RULINGS in judgement.evidence else {}


def _solution(judgement: Judgement) -> dict[str, Any]:
    """The worked solution that a labeller put together, where there is one, and the parts it is made of."""
    solution = judgement.evidence.get("solution")
    if not judgement.valid or not isinstance(solution, str):
        return {}
    return {"solution": solution, "parts": list(judgement.evidence.get("parts", ()))}
