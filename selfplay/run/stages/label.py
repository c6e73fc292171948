"""`label`: attempts become labels, and the questions at the edge of the solver's ability are kept."""

from __future__ import annotations

from ....core.records import Outcome, spec_of
from ....core.registries import register_stage, sources
from ....envs.game.domains import kind_of
from ..conditions import condition_of, follows_curriculum
from ..labels import labels_right, refuted, trains
from ..metrics import label_measures
from ..run import SelfPlay


@register_stage("label")
class Label:
    """Vote or compute the labels, keep the questions in the band, and measure how often labels are right."""

    name = "label"

    def run(self, run: SelfPlay) -> None:
        """Judge the attempts of the round; the curriculum sees how the questions went that it asked for."""
        asked, written = run.asked(), run.rows("questions")
        questions = [question for _, question in asked]
        judgements = run.game.judge(questions, [row["attempts"] for row in run.rows("attempts")])
        right = labels_right(questions, [judgement.label for judgement in judgements])
        following, only = self._following(run), next(iter(run.config.questions.sources))
        rows = []
        for (index, question), judgement, correct in zip(asked, judgements, right, strict=True):
            rows.append(
                {
                    **run.here(),
                    "index": index,
                    "label": judgement.label,
                    "solve_rate": judgement.solve_rate,
                    "valid": judgement.valid,
                    "kept": trains(judgement, run.config.questions),
                    "label_right": correct,
                    "kind": kind_of(question),
                    "check": judgement.evidence.get("check"),
                    "answers": [verdict.answer for verdict in judgement.verdicts],
                    "matches": [verdict.outcome is Outcome.CORRECT for verdict in judgement.verdicts],
                }
            )
            spec = spec_of(question)
            if written[index].get("source", only) in following and spec is not None:
                run.curriculum.observe(spec, 0.0 if refuted(judgement) else judgement.solve_rate)
        run.log("labels", rows)
        run.labelled_as(label_measures(written, rows))

    def _following(self, run: SelfPlay) -> set[str]:
        """The sources that draw their levels from the curriculum, which learns from their questions."""
        flags = ["follows_curriculum", *(["follows_condition"] if follows_curriculum(condition_of(run)) else [])]
        names = run.config.questions.sources
        return {name for name in names if any(getattr(sources.factory(name), flag, False) for flag in flags)}
