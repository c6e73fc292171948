r"""How reliable each member of a coalition is, measured from their answers alone: Dawid–Skene for open answers.

Dawid and Skene (1979) take the right answer to each question as hidden, estimate by EM how often each observer gives
it, and weigh the observers by that. They know the possible answers beforehand; here nobody does. So a wrong answer is
either a new one, or repeats a wrong one to the same question, the more frequent the likelier (a Chinese restaurant
process with concentration θ, as in LazySusan, arXiv 1210.4870). With x_jc answers c of member j, r_j its reliability,
n_c = Σ_j τ_j x_jc, and the sums over its n_j answers:

    P(answers, c is right)     ∝ Π_j r_j^(τ_j x_jc) (1 − r_j)^(τ_j (n_j − x_jc)) · E(all classes but c)
    P(answers, none is right)  ∝ Π_j (1 − r_j)^(τ_j n_j) · E(all classes)
    E(classes)                 = θ^K Γ(θ) / Γ(θ + Σ n_c) · Π_c Γ(n_c)          (Ewens' sampling formula, K classes)

E step: the posterior of each class, and of none. M step, each with a weak prior, so that few questions move it little:

    r_j   the expected share of right answers among those of j, two right and one wrong beforehand
    1/(1 + θ)   how often two wrong answers of different members are the same, once in five beforehand
    ρ_j   how far answers of j to one question agree beyond r_j² + (1 − r_j)²/(1 + θ), which independent ones would:
          0 for that, 1 for a member that always repeats itself
    τ_j = 1/(1 + (n_j − 1)ρ_j), Kish's design effect: n_j answers are worth τ_j n_j independent ones

That a model agrees with itself is no evidence: without τ, whoever repeats one wrong answer would be believed for it. EM
finds the nearest of several optima, so it first looks at agreement between members alone: at the answer that each gives
most often, once, with τ = 1; from members who are all alike, and from each being far better than the rest. Another
optimum than the first must be e² times as probable, and the only one that is. Only then all answers count.

What differs from the original besides: one number per member in place of a confusion matrix, and questions whose every
answer may be wrong. Non-answers are no evidence. What nobody can know from answers alone: whether members that err
alike, question by question, are right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = Sequence[Sequence[int]]
"""Of one question: a row per class of answers, with how often each member gave it."""

PRIOR_RIGHT, PRIOR_WRONG = 2.0, 1.0
PRIOR_MEETING = 0.2
"""How often two wrong answers are the same, before any are seen."""
STEPS, SETTLED = 1000, 1e-8
"""Most steps of EM, and the change of any parameter below which it has converged."""
TRIAL_STEPS, BETTER, REST, MARGIN = 30, 0.9, 0.5, 2.0
"""Steps from each start, where a member that is better than the rest and the rest begin, and by how many nats it must
win."""
NEAREST = 1e-9
"""The nearest to 0 and to 1 that a probability comes."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """What EM found.

    Attributes:
        members: of each member the probability that an answer of it is right, in (0, 1); what the prior says for one
            that never answered.
        chance: how often two wrong answers to a question are the same, in (0, 1): 1/(1 + θ).
        repeats: of each member how far it repeats itself, in [0, 1]: ρ.
    """

    members: tuple[float, ...]
    chance: float
    repeats: tuple[float, ...]


PRIOR = PRIOR_RIGHT / (PRIOR_RIGHT + PRIOR_WRONG)


class _Parameters(NamedTuple):
    """r (k,), 1/(1 + θ) and ρ (k,)."""

    reliability: Floats
    meeting: float
    repeats: Floats


def measure_reliability(questions: Sequence[Counts], members: int) -> Reliability:
    """The reliability of each member by EM; equal votes, whatever their order, give equal numbers.

    Args:
        questions: the votes on each, all of `members` columns; no class without a vote. Questions without any say
            nothing.
        members: how many there are.

    Raises:
        ConfigError: votes of another number of members, or a class without votes.
    """
    votes = _Votes(*_table(questions, members))
    first, rows = votes.first_answers()
    starts = [np.full(members, PRIOR), *(REST + (BETTER - REST) * np.eye(members) if members > 1 else ())]
    at = [_Parameters(start, PRIOR_MEETING, np.zeros(members)) for start in starts]
    found = _climbed(first, _best(first, [_climbed(first, one, TRIAL_STEPS) for one in at]), STEPS)
    if votes.has_pairs.any():
        right = np.zeros(len(votes.counts))
        right[rows] = first.right(found)
        found = _climbed(votes, votes.updated(right, found.repeats), STEPS)
    return Reliability(tuple(map(float, found.reliability)), found.meeting, tuple(map(float, found.repeats)))


def probabilities(questions: Sequence[Counts], found: Reliability) -> list[list[float]]:
    """For each question the probability of each class to be right, in order; what is missing to 1 is that none is.

    Args:
        questions: as for `measure_reliability`.
        found: of their members.
    """
    votes = _Votes(*_table(questions, len(found.members)))
    right = votes.right(_Parameters(np.asarray(found.members), found.chance, np.asarray(found.repeats)))
    return [list(map(float, right[start:stop])) for start, stop in zip(votes.bounds, votes.bounds[1:], strict=False)]


def _climbed(votes: _Votes, at: _Parameters, steps: int) -> _Parameters:
    """The parameters after at most so many steps of EM."""
    for _ in range(steps):
        new = votes.updated(votes.right(at), at.repeats)
        moved = np.concatenate([new.reliability - at.reliability, [new.meeting - at.meeting], new.repeats - at.repeats])
        at = new
        if np.abs(moved).max() < SETTLED:
            break
    return at


def _best(votes: _Votes, tried: Sequence[_Parameters]) -> _Parameters:
    """The most probable parameters; the first where others are hardly more so, or where several are as much so, which
    only the order of the members could tell apart."""
    densities = [votes.density(one) for one in tried]
    top = max(densities)
    if top < densities[0] + MARGIN:
        return tried[0]
    rivals = [one for one, density in zip(tried, densities, strict=True) if density > top - 1e-6]
    alike = all(np.abs(one.reliability - rivals[0].reliability).max() < 1e-2 for one in rivals)
    return rivals[0] if alike else tried[0]


def _table(questions: Sequence[Counts], members: int) -> tuple[Floats, NDArray[np.int64]]:
    """The rows of all questions (R, k), and where those of each begin, with their number at the end (Q + 1,)."""
    rows = [row for classes in questions for row in classes]
    if any(len(row) != members or sum(row) < 1 or min(row) < 0 for row in rows):
        raise ConfigError(f"each class of answers needs a vote, counted for each of {members} members")
    counts = np.array(rows, dtype=np.float64).reshape(len(rows), members)
    return counts, np.cumsum([0, *(len(classes) for classes in questions)])


class _Votes:
    """The votes on all questions: a row per class, R in all, over Q questions and k members."""

    def __init__(self, counts: Floats, bounds: NDArray[np.int64]) -> None:
        self.counts, self.bounds = counts, bounds
        self.question = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))  # (R,)
        self.given = np.zeros((len(bounds) - 1, counts.shape[1]))  # answers of a member to a question
        np.add.at(self.given, self.question, counts)
        answered = self.given > 0
        self.shares = counts / np.maximum(self.given, 1.0)[self.question]  # (R, k)
        # pairs of different members: that agree on a class (R,), in all (Q,), and that are wrong if it is right (R,)
        self.same = _pairs(self.shares)
        self.all_same = self._by_question(self.same)
        self.both = _pairs(answered.astype(np.float64))
        self.both_wrong = _pairs(answered[self.question] - self.shares)
        pairs_of_own = (self.given * (self.given - 1.0)).sum(0)
        self.own_agreement = (counts * (counts - 1.0)).sum(0) / np.maximum(pairs_of_own, 1.0)  # (k,)
        self.has_pairs = pairs_of_own > 0

    def first_answers(self) -> tuple[_Votes, NDArray[np.bool_]]:
        """The answer that each member gives most often, once, and the rows (R,) that have any; a member with several
        such answers to a question has none."""
        most = np.zeros_like(self.given)
        np.maximum.at(most, self.question, self.counts)
        is_most = (self.counts == most[self.question]) & (self.counts > 0)
        several = np.zeros_like(self.given)
        np.add.at(several, self.question, is_most)
        only = is_most & (several[self.question] == 1)
        rows = only.any(1)
        kept = np.bincount(self.question[rows], minlength=len(self.given))
        return _Votes(only[rows].astype(np.float64), np.concatenate([[0], np.cumsum(kept)])), rows

    # --- E step ---

    def right(self, at: _Parameters) -> Floats:
        """The probability of each class to be right (R,)."""
        weights, total, _ = self._odds(at)
        return np.asarray(weights / total[self.question])

    def density(self, at: _Parameters) -> float:
        """The logarithm of the probability of the votes and of the parameters, up to a constant."""
        _, total, top = self._odds(at)
        counts, theta = self._effective(at.repeats), _theta(at.meeting)
        wrong = counts @ np.log1p(-at.reliability) + _log_gamma(counts.sum(1)) + np.log(theta)
        masses = self._by_question(counts.sum(1))
        none = wrong.sum() + (_log_gamma(np.full(1, theta)) - _log_gamma(theta + masses)).sum()
        prior = PRIOR_RIGHT * np.log(at.reliability) + PRIOR_WRONG * np.log1p(-at.reliability)
        meeting = PRIOR_MEETING * np.log(at.meeting) + (1.0 - PRIOR_MEETING) * np.log1p(-at.meeting)
        return float(none + (top + np.log(total)).sum() + prior.sum() + meeting)

    def _odds(self, at: _Parameters) -> tuple[Floats, Floats, Floats]:
        """Weight of each class (R,), with what they and "none is right" add up to (Q,), and the logarithm of the unit
        of both (Q,), against "none is right" at 1."""
        counts, theta = self._effective(at.repeats), _theta(at.meeting)
        sizes = counts.sum(1)
        masses = self._by_question(sizes)[self.question]
        odds = counts @ (np.log(at.reliability) - np.log1p(-at.reliability)) - np.log(theta) - _log_gamma(sizes)
        odds += _log_gamma(theta + masses) - _log_gamma(theta + masses - sizes)
        top = np.zeros(len(self.given))
        np.maximum.at(top, self.question, odds)
        weights = np.exp(odds - top[self.question])
        return weights, np.exp(-top) + self._by_question(weights), top

    def _effective(self, repeats: Floats) -> Floats:
        """The counts, as so many independent answers (R, k)."""
        worth = 1.0 / (1.0 + np.maximum(self.given - 1.0, 0.0) * repeats)
        return np.asarray(self.counts * worth[self.question])

    # --- M step ---

    def updated(self, right: Floats, repeats: Floats) -> _Parameters:
        """The parameters for given probabilities of the classes (R,); `repeats` weighs the answers."""
        counts = self._effective(repeats)
        share = (right @ counts + PRIOR_RIGHT) / (counts.sum(0) + PRIOR_RIGHT + PRIOR_WRONG)
        reliability, meeting = np.clip(share, NEAREST, 1.0 - NEAREST), self._meeting(right)
        independent = reliability**2 + (1.0 - reliability) ** 2 * meeting
        beyond = np.clip((self.own_agreement - independent) / (1.0 - independent), 0.0, 1.0)
        return _Parameters(reliability, meeting, np.where(self.has_pairs, beyond, 0.0))

    def _meeting(self, right: Floats) -> float:
        """1/(1 + θ), from pairs of different members."""
        none = 1.0 - self._by_question(right)
        same = none @ self.all_same + right @ (self.all_same[self.question] - self.same)
        both = none @ self.both + right @ self.both_wrong
        return float(np.clip((same + PRIOR_MEETING) / (both + 1.0), NEAREST, 1.0 - NEAREST))

    def _by_question(self, values: Floats) -> Floats:
        return np.bincount(self.question, values, len(self.given)).astype(np.float64)


def _pairs(shares: Floats) -> Floats:
    """Σ_{i<j} s_i s_j of each row."""
    return np.asarray((shares.sum(1) ** 2 - (shares**2).sum(1)) / 2.0)


def _theta(meeting: float) -> float:
    return 1.0 / meeting - 1.0


def _log_gamma(x: Floats) -> Floats:
    """log Γ of positive numbers by Stirling's series at x + 8, which is right to 1e-11; NumPy has none."""
    shifted = x + 8.0
    product = x.copy()
    for i in range(1, 8):
        product *= x + i
    series = 1 / (12 * shifted) - 1 / (360 * shifted**3) + 1 / (1260 * shifted**5)
    return np.asarray((shifted - 0.5) * np.log(shifted) - shifted + 0.5 * np.log(2 * np.pi) + series - np.log(product))
