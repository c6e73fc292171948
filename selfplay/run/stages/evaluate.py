"""`evaluate` and `gate`: the exam, a validation for whoever watches the run, and which solver is the best so far."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ....core.errors import asked_by
from ....core.registries import register_stage
from ...evaluation import ExamResult
from ...exams.suites import load_suites
from ..machine.state_machine import Run
from ..run import SelfPlay
from ..turns.run import TurnPlay


@register_stage("evaluate")
class Evaluate:
    """Hold the exam, and a smaller one on other held-out questions; hooks may ask to go back after it."""

    name = "evaluate"
    before_training = True

    def check(self, run: Run) -> None:
        """Refuse suites that nobody knows or that cannot be read."""
        if run.config.exam.suites:
            with asked_by("exam.suites", list(run.config.exam.suites)):
                load_suites(run.config.exam.suites, limit=1)

    def run(self, run: SelfPlay | TurnPlay) -> None:
        """Log exam and validation of the round."""
        if isinstance(run, TurnPlay):
            run.log("metrics", [row for row in [run.evaluation()] if row])
            return
        exams = self._exams(run)
        score, _ = run.validate()
        run.log("metrics", [{**exams, "validation_accuracy": score}])

    def _exams(self, run: SelfPlay) -> dict[str, Any]:
        config = run.config.exam
        if run.round % config.every and run.round < run.config.rounds:
            return {}
        found: dict[str, Any] = {"exam": timeless(run.examine(run.exam, samples=config.samples))}
        if config.pass_k and run.round in (0, run.config.rounds):
            asked = run.exam[: config.pass_questions]
            many = run.examine(asked, samples=config.pass_k, greedy=False, vote=None)
            found["pass_exam"] = timeless(many)
        for suite in load_suites(config.suites) if config.suites else ():
            result = run.examine(suite.questions, samples=config.samples, verifier=suite.verifier, vote=suite.vote)
            found.setdefault("suites", {})[suite.name] = timeless(result)
        return found


def timeless(result: ExamResult) -> dict[str, Any]:
    """A result as it is logged: the metrics of equal seeds are equal."""
    return replace(result, seconds=0.0).as_dict()


@register_stage("gate")
class Gate:
    """Say which solver is the best so far."""

    name = "gate"
    before_training = True

    def run(self, run: Run) -> None:
        """Log the round of the best validation."""
        run.log("metrics", [{"best_round": run.best["round"] if run.best else run.round}])
