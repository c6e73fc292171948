"""Which kinds of perturbation are used: evenly, or by an adversary that is paid for what the solver fails at.

The learned adversary is a bandit: a kind k has a value, Q(k) ← Q(k) + α·(r − Q(k)), where r in [0, 1] is the share of
attempts at a perturbed question that failed, and kinds are drawn by a softmax, P(k) ∝ exp(Q(k)/τ). It cannot earn
anything by spoiling a question, for each has a right answer that is known. It chooses the kind alone, not the question,
and is not told what the solver makes of the question itself: of kinds that apply to unlike questions, those of the
harder ones look better.

It keeps no state: the values are made again from the failures of all earlier rounds, so that a run resumes by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ....core.perturbed import perturbation_of
from ....core.records import Question

EVEN, BANDIT = "even", "bandit"
CHOICES = (EVEN, BANDIT)
START, RATE, TEMPERATURE = 0.5, 0.1, 0.2
"""Value of a kind that was never used, α and τ."""


def kind_weights(kinds: Sequence[str], failures: Sequence[tuple[Question, float]], choose: str = EVEN) -> list[float]:
    """How likely each kind is, up to a common factor; all > 0.

    Args:
        failures: earlier perturbed questions in order, with the share of attempts that failed.
        choose: "even" or "bandit".
    """
    if choose == EVEN:
        return [1.0] * len(kinds)
    values = dict.fromkeys(kinds, START)
    for question, failed in failures:
        kind = (perturbation_of(question) or {}).get("kind")
        if kind in values:
            values[kind] += RATE * (failed - values[kind])
    return [math.exp((values[kind] - 1.0) / TEMPERATURE) for kind in kinds]
