r"""How reliable each member of a coalition is, measured from their answers alone: Dawid–Skene for open answers.

Dawid and Skene (1979) take the right answer to each question as hidden, estimate by EM how often each observer gives
it, and weigh the observers by that. They know the possible answers beforehand; here nobody does. So a wrong answer is
either a new one, or repeats a wrong one to the same question, the more frequent the likelier (a Chinese restaurant
process with concentration θ, as in LazySusan, arXiv 1210.4870). With v_jc the voice of member j for answer c, r_j its
reliability, n_c = Σ_j v_jc, and v_j = Σ_c v_jc:

    P(answers, c is right)     ∝ Π_j r_j^v_jc (1 − r_j)^(v_j − v_jc) · E(all classes but c)
    P(answers, none is right)  ∝ Π_j (1 − r_j)^v_j · E(all classes)
    E(classes)                 = θ^K Γ(θ) / Γ(θ + Σ n_c) · Π_c Γ(n_c)          (Ewens' sampling formula, K classes)

E step: the posterior of each class, and of none. M step, each with a weak prior, so that few questions move it little:

    r_j           the expected share of questions on which j is right, two right and one wrong beforehand
    1/(1 + θ)     how often two wrong answers of different members are the same, once in five beforehand

**That a model agrees with itself is no evidence.** Questions differ in how hard they are, so that a model repeats right
answers to easy ones and wrong answers to hard ones, far more than chance. Taken as so many independent answers, the
popular right answers are best explained as wrong ones that repeat, and EM ends with labels of which 1 % are right
(docs/log.md). So EM looks at the answer that each member gives most often, once; r_j is the reliability of that one.
The probabilities of a question's answers then follow from one voice per member, shared among its answers.

**Two members that agree are at least as often right as wrong**: Σ_{i<j} r_i r_j ≥ Σ_{i<j} (1 − r_i)(1 − r_j)/(1 + θ)
bounds θ, for the same reason. Without this no vote says anything.

EM finds the nearest of several optima: it begins with members who are all alike, and with each being far better than
the rest. Another optimum than the first must be e² times as probable, and the only one that is.

What differs from the original besides: one number per member in place of a confusion matrix, and questions whose every
answer may be wrong. Non-answers are no evidence. What nobody can know from answers alone: whether members that err
alike, question by question, are right. Where wrong answers meet often, agreement says nothing (`Reliability.tells`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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
MOST_CHANCE = 0.4
"""How often two wrong answers may be the same until their agreement is taken for skill."""
NEAREST = 1e-9
"""The nearest to 0 and to 1 that a probability comes."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """What EM found.

    Attributes:
        members: of each member the probability that the answer it gives most often is right, in (0, 1); what the prior
            says for one that never has such an answer.
        chance: how often two such answers are the same if they are wrong, in (0, 1): 1/(1 + θ).
    """

    members: tuple[float, ...]
    chance: float

    @property
    def tells(self) -> bool:
        """Whether agreement is evidence of skill: not where wrong answers are so often the same that whoever shares the
        popular ones would seem the best."""
        return self.chance < MOST_CHANCE


PRIOR = PRIOR_RIGHT / (PRIOR_RIGHT + PRIOR_WRONG)


class _Parameters(NamedTuple):
    """r (k,) and 1/(1 + θ)."""

    reliability: Floats
    meeting: float


def measure_reliability(questions: Sequence[Counts], members: int) -> Reliability:
    """The reliability of each member by EM; equal votes, whatever their order, give equal numbers.

    Args:
        questions: the votes on each, all of `members` columns; no class without a vote. Questions without any say
            nothing.
        members: how many there are.

    Raises:
        ConfigError: votes of another number of members, or a class without votes.
    """
    counts, bounds = _table(questions, members)
    votes = _Voices(*_most_often(counts, bounds))
    starts = [np.full(members, PRIOR), *(REST + (BETTER - REST) * np.eye(members) if members > 1 else ())]
    tried = [_climbed(votes, _Parameters(start, PRIOR_MEETING), TRIAL_STEPS) for start in starts]
    found = _climbed(votes, _best(votes, tried), STEPS)
    return Reliability(tuple(map(float, found.reliability)), found.meeting)


def probabilities(questions: Sequence[Counts], found: Reliability) -> list[list[float]]:
    """For each question the probability of each class to be right, in order; what is missing to 1 is that none is.

    Args:
        questions: as for `measure_reliability`.
        found: of their members.
    """
    counts, bounds = _table(questions, len(found.members))
    votes = _Voices(counts / np.maximum(_given(counts, bounds), 1.0)[_places(bounds)], bounds)
    right = votes.right(_Parameters(np.asarray(found.members), found.chance))
    return [list(map(float, right[start:stop])) for start, stop in pairwise(bounds)]


def _climbed(votes: _Voices, at: _Parameters, steps: int) -> _Parameters:
    """The parameters after at most so many steps of EM."""
    for _ in range(steps):
        new = votes.updated(votes.right(at))
        moved = np.append(new.reliability - at.reliability, new.meeting - at.meeting)
        at = new
        if np.abs(moved).max() < SETTLED:
            break
    return at


def _best(votes: _Voices, tried: Sequence[_Parameters]) -> _Parameters:
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


def _places(bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The question of each row (R,)."""
    return np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))


def _given(counts: Floats, bounds: NDArray[np.int64]) -> Floats:
    """What each member has in each question (Q, k)."""
    given = np.zeros((len(bounds) - 1, counts.shape[1]))
    np.add.at(given, _places(bounds), counts)
    return given


def _most_often(counts: Floats, bounds: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """The answer that each member gives most often, once, like a table; a member with several such answers to a
    question has none."""
    question = _places(bounds)
    most = np.zeros((len(bounds) - 1, counts.shape[1]))
    np.maximum.at(most, question, counts)
    is_most = ((counts == most[question]) & (counts > 0)).astype(np.float64)
    only = is_most * (_given(is_most, bounds) == 1)[question]
    rows = only.any(1)
    return only[rows], np.concatenate([[0], np.cumsum(np.bincount(question[rows], minlength=len(bounds) - 1))])


class _Voices:
    """The voices on all questions: a row per class, R in all, over Q questions and k members, none of which has more
    than one in a question."""

    def __init__(self, counts: Floats, bounds: NDArray[np.int64]) -> None:
        self.counts, self.questions = counts, len(bounds) - 1
        self.question = _places(bounds)  # (R,)
        self.sizes = counts.sum(1)  # (R,)
        self.masses = self._by_question(self.sizes)  # (Q,)
        answered = _given(counts, bounds)  # (Q, k)
        # pairs of different members: that agree on a class (R,), in all (Q,), and that are wrong if it is right (R,)
        self.same = _pairs(counts)
        self.all_same = self._by_question(self.same)
        self.both = _pairs(answered)
        self.both_wrong = _pairs(answered[self.question] - counts)

    # --- E step ---

    def right(self, at: _Parameters) -> Floats:
        """The probability of each class to be right (R,)."""
        weights, total, _ = self._odds(at)
        return np.asarray(weights / total[self.question])

    def density(self, at: _Parameters) -> float:
        """The logarithm of the probability of the votes and of the parameters, up to a constant."""
        _, total, top = self._odds(at)
        theta = _theta(at.meeting)
        wrong = self.counts @ np.log1p(-at.reliability) + _log_gamma(self.sizes) + np.log(theta)
        none = wrong.sum() + (_log_gamma(np.full(1, theta)) - _log_gamma(theta + self.masses)).sum()
        prior = PRIOR_RIGHT * np.log(at.reliability) + PRIOR_WRONG * np.log1p(-at.reliability)
        meeting = PRIOR_MEETING * np.log(at.meeting) + (1.0 - PRIOR_MEETING) * np.log1p(-at.meeting)
        return float(none + (top + np.log(total)).sum() + prior.sum() + meeting)

    def _odds(self, at: _Parameters) -> tuple[Floats, Floats, Floats]:
        """Weight of each class (R,), with what they and "none is right" add up to (Q,), and the logarithm of the unit
        of both (Q,), against "none is right" at 1."""
        theta, masses = _theta(at.meeting), self.masses[self.question]
        logits = np.log(at.reliability) - np.log1p(-at.reliability)
        odds = self.counts @ logits - np.log(theta) - _log_gamma(self.sizes)
        odds += _log_gamma(theta + masses) - _log_gamma(theta + masses - self.sizes)
        top = np.zeros(self.questions)
        np.maximum.at(top, self.question, odds)
        weights = np.exp(odds - top[self.question])
        return weights, np.exp(-top) + self._by_question(weights), top

    # --- M step ---

    def updated(self, right: Floats) -> _Parameters:
        """The parameters for given probabilities of the classes (R,)."""
        share = (right @ self.counts + PRIOR_RIGHT) / (self.counts.sum(0) + PRIOR_RIGHT + PRIOR_WRONG)
        reliability = np.clip(share, NEAREST, 1.0 - NEAREST)
        meeting = min(self._meeting(right), _most_meeting(reliability))
        return _Parameters(reliability, float(np.clip(meeting, NEAREST, 1.0 - NEAREST)))

    def _meeting(self, right: Floats) -> float:
        """1/(1 + θ), from pairs of different members."""
        none = 1.0 - self._by_question(right)
        same = none @ self.all_same + right @ (self.all_same[self.question] - self.same)
        both = none @ self.both + right @ self.both_wrong
        return float((same + PRIOR_MEETING) / (both + 1.0))

    def _by_question(self, values: Floats) -> Floats:
        return np.bincount(self.question, values, self.questions).astype(np.float64)


def _pairs(shares: Floats) -> Floats:
    """Σ_{i<j} s_i s_j over the last axis."""
    return np.asarray((shares.sum(-1) ** 2 - (shares**2).sum(-1)) / 2.0)


def _most_meeting(reliability: Floats) -> float:
    """How often two wrong answers may be the same, if two that agree are at least as often right as wrong."""
    wrong = _pairs(1.0 - reliability)
    return float(_pairs(reliability) / wrong) if wrong > 0 else 1.0


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
