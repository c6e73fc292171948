"""`simulated_review`: a reviewer of known error rate decides about what gates picked; see `reviews.simulated`.

It stands where `review` would, and takes nobody's time: to try a schedule, and to measure what decisions are worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from ....core.errors import ConfigError
from ....core.records import Outcome, Question
from ....core.registries import register_stage
from ...reviews.adoption import adopt_decisions
from ...reviews.decisions import Decision
from ...reviews.review_queue import queue_of
from ...reviews.simulated import SimulatedReviewer
from ..labels import known_answers
from ..questions.references import Graded
from ..run import SelfPlay


@register_stage("simulated_review")
class SimulatedReview:
    """Decisions of a reviewer who knows what can be computed, and errs.

    Args:
        error: how often it errs, in [0, 1].
        reviewer: its name; two of different names err at different items.

    Raises:
        ConfigError: an error rate out of range, or no such name.
    """

    def __init__(self, error: float = 0.0, reviewer: str = "simulated") -> None:
        self.name = "simulated_review" if reviewer == "simulated" else f"simulated_review({reviewer})"
        self.reviewer = SimulatedReviewer(error, reviewer, known=known_answers, right=_right)

    def check(self, run: SelfPlay) -> None:
        """Refuse to decide about what nobody picks."""
        if not run.config.review_gates:
            raise ConfigError(f"the stage {self.name} decides about what gates pick: set gates, see docs/review.md")

    def run(self, run: SelfPlay) -> None:
        """Decide about what was picked in this round, and write that down."""
        adopt_decisions(run.folder, run.round, run.warn)  # checked: the commit takes over what stands there
        questions, name = dict(run.asked()), self.reviewer.name
        own = sha256(name.encode()).hexdigest()[:16]  # a key is plain, a name need not be
        rows = []
        for item in queue_of(run.folder).of_round(run.round).open_for(name):
            decided = self.reviewer.decide(item, questions[item.index], run.config.seed)
            if decided is not None:
                key = f"simulated-{own}/{item.id}"
                made = Decision(item.id, decided[0], name, 0.0, key, before=item.seen, after=decided[1])
                rows.append(made.row())  # at no time of day: equal seeds give equal logs
        run.log("reviews", rows)


def _right(question: Question, texts: Sequence[str]) -> list[bool]:
    """By the grader of the question's own domain."""
    return [one.outcome is Outcome.CORRECT for one in Graded().judge(question, list(texts)).verdicts]
