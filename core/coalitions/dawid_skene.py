r"""How reliable each member of a coalition is, measured from their answers alone: Dawid–Skene for open answers.

Dawid and Skene (1979) take the right answer to each question as hidden, estimate by EM how often each observer gives
it, and weigh the observers by that. They know the possible answers beforehand; here nobody does. So a wrong answer is
either a new one, or repeats a wrong one to the same question, the more frequent the likelier (a Chinese restaurant
process with concentration θ, as in LazySusan, arXiv 1210.4870). With n answers to a question, n_c of them c, given by
member j x_jc times, and r_j the reliability of member j:

    P(answers, c is right)     ∝ Π_j r_j^x_jc (1 − r_j)^(n_j − x_jc) · E(all classes but c)
    P(answers, none is right)  ∝ Π_j (1 − r_j)^n_j · E(all classes)
    E(classes)                 = θ^K Γ(θ) / Γ(θ + Σ n_k) · Π_k Γ(n_k)          (Ewens' sampling formula, K classes)

E step: the posterior of each class, and of none. M step: r_j is the expected share of its answers that are right, θ the
root of E[K] = Σ_i θ/(θ + i) over the expected wrong answers. Both have a weak prior, so that few questions move them
little: r_j counts as if two right and one wrong answer had been seen, θ as if two wrong answers had met once in five.

What differs from the original: one number per member in place of a confusion matrix, and questions whose every answer
may be wrong. Two wrong answers are the same with probability 1/(1 + θ): that is `chance`. Non-answers are no evidence.
What EM cannot know: whether a majority that errs alike, question by question, is right; nobody can, from answers alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = Sequence[Sequence[int]]
"""Of one question: a row per class of answers, with how often each member gave it."""

PRIOR_RIGHT, PRIOR_WRONG = 2.0, 1.0
PRIOR_MEETING = 0.2
"""How often two wrong answers are the same, before any are seen."""
STEPS, SETTLED = 1000, 1e-9
"""Most steps of EM, and the change of any parameter below which it has converged."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """What EM found.

    Attributes:
        members: of each member the probability that an answer of it is right, in (0, 1); what the prior says for one
            that never answered.
        theta: concentration of wrong answers, > 0: the larger, the more they scatter.
    """

    members: tuple[float, ...]
    theta: float

    @property
    def chance(self) -> float:
        """How often two wrong answers to a question are the same, in (0, 1)."""
        return 1.0 / (1.0 + self.theta)


PRIOR = PRIOR_RIGHT / (PRIOR_RIGHT + PRIOR_WRONG)


def measure_reliability(questions: Sequence[Counts], members: int) -> Reliability:
    """The reliability of each member by EM; equal votes, whatever their order, give equal numbers.

    Args:
        questions: the votes on each, all of `members` columns; no class without a vote. Questions without any say
            nothing.
        members: how many there are.

    Raises:
        ConfigError: votes of another number of members, or a class without votes.
    """
    votes = _Votes(questions, members)
    reliability, theta = np.full(members, PRIOR), 1.0 / PRIOR_MEETING - 1.0
    for _ in range(STEPS):
        right = votes.posterior(reliability, theta)
        new, concentration = votes.reliability(right), votes.concentration(right)
        moved = max(float(np.abs(new - reliability).max(initial=0.0)), abs(np.log(concentration / theta)))
        reliability, theta = new, concentration
        if moved < SETTLED:
            break
    return Reliability(tuple(map(float, reliability)), theta)


def probabilities(questions: Sequence[Counts], found: Reliability) -> list[list[float]]:
    """For each question the probability of each class to be right, in order; what is missing to 1 is that none is.

    Args:
        questions: as for `measure_reliability`.
        found: of their members.
    """
    votes = _Votes(questions, len(found.members))
    right = votes.posterior(np.asarray(found.members), found.theta)
    return [list(map(float, right[start:stop])) for start, stop in zip(votes.bounds, votes.bounds[1:], strict=False)]


class _Votes:
    """The votes on all questions as arrays: a row per class, R in all, over Q questions and k members."""

    def __init__(self, questions: Sequence[Counts], members: int) -> None:
        rows = [row for classes in questions for row in classes]
        if any(len(row) != members or sum(row) < 1 or min(row) < 0 for row in rows):
            raise ConfigError(f"each class of answers needs a vote, counted for each of {members} members")
        self.counts = np.array(rows, dtype=np.int64).reshape(len(rows), members)  # (R, k)
        self.bounds = np.cumsum([0, *(len(classes) for classes in questions)])  # (Q + 1,)
        self.question = np.repeat(np.arange(len(questions)), np.diff(self.bounds))  # (R,)
        self.sizes = self.counts.sum(1)  # (R,): votes for a class
        self.totals = np.bincount(self.question, self.sizes, len(questions)).astype(np.int64)  # (Q,)
        self.classes = np.diff(self.bounds)  # (Q,)
        self.given = self.counts.sum(0)  # (k,): answers of a member
        self.others = self.totals[self.question] - self.sizes  # (R,): votes for other classes
        most = int(self.totals.max(initial=0))
        # log Γ(n) of n = 1 … most, at n
        self.log_gamma = np.concatenate([[0.0, 0.0], np.cumsum(np.log(np.arange(1, max(1, most))))])

    def posterior(self, reliability: Floats, theta: float) -> Floats:
        """The probability of each class to be right (R,)."""
        rising = np.concatenate([[0.0], np.cumsum(np.log(theta + np.arange(self.totals.max(initial=0))))])
        # against the hypothesis that no answer is right, which has log-odds 0
        odds = self.counts @ (np.log(reliability) - np.log1p(-reliability))
        odds += rising[self.totals[self.question]] - rising[self.others] - np.log(theta) - self.log_gamma[self.sizes]
        top = np.zeros(len(self.totals))
        np.maximum.at(top, self.question, odds)
        weights = np.exp(odds - top[self.question])
        total = np.exp(-top) + np.bincount(self.question, weights, len(self.totals))
        return np.asarray(weights / total[self.question])

    def reliability(self, right: Floats) -> Floats:
        """The M step of each member (k,)."""
        return np.asarray((right @ self.counts + PRIOR_RIGHT) / (self.given + PRIOR_RIGHT + PRIOR_WRONG))

    def concentration(self, right: Floats) -> float:
        """The M step of θ, by bisection of its logarithm."""
        none = 1.0 - np.bincount(self.question, right, len(self.totals))
        expected = float(none @ self.classes + right @ (self.classes[self.question] - 1)) + 2.0 - PRIOR_MEETING
        # weight of the events in which a question has exactly n wrong answers, then of more than i of them
        wrong = np.bincount(self.totals, none, len(self.log_gamma) + 1)
        wrong += np.bincount(self.others, right, len(self.log_gamma) + 1)
        wrong[2] += 1.0
        above = np.cumsum(wrong[::-1])[::-1][1:]
        places = np.arange(len(above))
        low, high = -10.0, 20.0
        for _ in range(80):
            middle = 0.5 * (low + high)
            theta = float(np.exp(middle))
            low, high = (middle, high) if float(above @ (theta / (theta + places))) < expected else (low, middle)
        return float(np.exp(0.5 * (low + high)))
