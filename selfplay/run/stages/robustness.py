"""`robustness`: every so many rounds, how much accuracy the solver loses when exam questions are perturbed."""

from __future__ import annotations

from collections.abc import Sequence

from ....core.registries import register_stage
from ....envs.game.perturbations.perturb import KINDS, checked_kinds
from ...exams.robustness import measure_robustness
from ..run import SelfPlay
from ..stage import check_counts


@register_stage("robustness")
class MeasureRobustness:
    """Ask the solver exam questions as they are and perturbed; it learns nothing from them.

    Args:
        every: k, measures after every k-th round, before the first one and after the last, ≥ 1.
        questions: the first so many of the exam, ≥ 1.
        kinds: the perturbations, as [injected, changed].
    """

    name = "robustness"
    before_training = True

    def __init__(self, every: int = 1, questions: int = 64, kinds: str | Sequence[str] = KINDS) -> None:
        check_counts(self.name, every=every, questions=questions)
        self.every, self.questions, self.kinds = every, questions, checked_kinds(kinds)

    def run(self, run: SelfPlay) -> None:
        """Log the accuracies of the round per kind; the questions are the same in every round."""
        if run.round % self.every and run.round < run.config.rounds:
            return
        samples = run.config.exam.samples
        found = measure_robustness(
            run.exam[: self.questions],
            self.kinds,
            lambda questions: run.examine(questions, samples=samples, greedy=False, vote=None),
            run.config.seed,
        )
        run.log("metrics", [{"robustness": {kind: one.as_dict() for kind, one in found.items()}}])
