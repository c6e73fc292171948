"""What whoever answers is rewarded for besides a verdict: terms among right answers, and rewards without labels.

    label + 0.2*efficiency + 0.1*consistency

    reward(i) = w · score(i) + [i is right] · Σ_k w_k · t_k(i),     w > 0, w_k > 0, t_k in [0, 1]

The base decides what is right: the label, or any verifier in its place. Terms only add to right answers: a wrong one
that is short never earns more, beside a right one that is long, than it does by the base alone.

    efficiency   σ((mean − L) / std), L the tokens of the answer, mean and std those of the right answers of its group:
                 arXiv 2502.04463, section 4, whose reward 1 − α·σ((L − mean)/std) this is, up to a constant; ½ where
                 all are equally long
    consistency  share of the other right answers of the group that write the same steps, mean over the steps of this
                 one; 0 without steps (`core/working/agreement.py`, after CoVo, arXiv 2506.08745)

Two bases need no label, but the log-probabilities of the samples, under the distribution that they were drawn from:

    confidence   1/T · Σ_t log π(y_t | y_<t): of each token, its expectation is the negative entropy that RENT rewards
                 (arXiv 2505.22660)
    neg-entropy  Σ_t log π(y_t | y_<t), the negative entropy of the sequence as one sample estimates it: EM-RL-sequence
                 of arXiv 2505.15134

The others without labels are verifiers: `random`, `format`, `negative` and `path-consistency`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ...core.errors import ConfigError, UnknownNameError
from ...core.options import write_named
from ...core.protocols import RewardRule, Verifier
from ...core.records import Outcome, Question
from ...core.registries import make_reward, rewards, verifiers
from ...core.sums import Part, Terms, is_sum, read_terms, write_sum
from ...core.working.agreement import agreements
from ...envs.game.engine import solver_reward

if TYPE_CHECKING:
    from ...agents.inference.interface.samples import Samples


class Answers(NamedTuple):
    """Some answers to one question, and how many tokens each has; characters where nobody counts tokens."""

    texts: Sequence[str]
    lengths: Sequence[int]


Term: TypeAlias = Callable[[Answers], Sequence[float]]
"""The right answers of a group → a number in [0, 1] for each."""


def efficiency(right: Answers) -> list[float]:
    """How short each is beside the others."""
    mean, deviation = fmean(right.lengths), pstdev(right.lengths)
    if not deviation:
        return [0.5] * len(right.lengths)
    return [1.0 / (1.0 + math.exp((length - mean) / deviation)) for length in right.lengths]


def consistency(right: Answers) -> list[float]:
    """How far each agrees with the others in the steps it writes."""
    return [value or 0.0 for value in agreements(right.texts)]


TERMS: dict[str, Term] = {"efficiency": efficiency, "consistency": consistency}
SAMPLED: dict[str, Callable[[float, int], float]] = {
    "confidence": lambda logp, length: logp / max(1, length),
    "neg-entropy": lambda logp, length: logp,
}
"""Bases made of a sample's log-probability and its tokens."""


ANSWERING = ("label", *SAMPLED, *TERMS)
"""Names that mean something in the reward of whoever answers, besides verifiers."""


def _parts(terms: Terms, names: Sequence[str]) -> list[Part]:
    try:
        return read_terms(terms, names)
    except UnknownNameError as error:
        if error.name not in rewards.names():
            raise
        remedy = f"{error.name} is for who writes questions: roles.challenger.reward."
        raise UnknownNameError("term of the reward of an answer", error.name, error.known, remedy) from None


def challenger_reward(reward: Any) -> RewardRule:
    """What a challenger's settings name.

    Raises:
        UnknownNameError: a name that is not known; says so where it is one of whoever answers.
    """
    try:
        return make_reward(reward)
    except UnknownNameError as error:
        if error.name not in ANSWERING:
            raise
        remedy = f"{error.name} is for who answers: roles.solver.reward."
        raise UnknownNameError("term of the challenger's reward", error.name, error.known, remedy) from None


def write_reward(reward: str | Mapping[str, Any]) -> str:
    """What the settings of a role name, for people: a list of terms as the sum that it is, anything else by its name
    and options; so is a sum of plug-ins that are not installed here."""
    if not isinstance(reward, Mapping) or reward.get("name") != "sum":
        return write_named(reward)
    try:
        return write_sum(read_terms(reward.get("terms", ()), [*ANSWERING, *verifiers.names(), *rewards.names()]))
    except ConfigError:
        return write_named(reward)


@dataclass(frozen=True)
class AnswerRule:
    """A reward, read.

    Attributes:
        base: the label, a verifier, or one of `SAMPLED`.
        weight: of the base.
        terms: weights of terms, by name.
    """

    base: Any
    weight: float = 1.0
    terms: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, reward: Any) -> AnswerRule:
        """What the settings name.

        Raises:
            UnknownNameError: a name that is not known.
            ConfigError: a sum that cannot be read, with no or several bases, or with weights that are not above 0.
        """
        names = [*ANSWERING, *verifiers.names()]
        if isinstance(reward, Mapping) and reward.get("name") == "sum":
            parts = _parts(reward.get("terms", ()), names)
        elif isinstance(reward, str) and (reward in TERMS or is_sum(reward, names)):
            parts = _parts(reward, names)
        else:
            return cls(reward)
        bases = [part for part in parts if part.term not in TERMS]
        terms = [part for part in parts if part.term in TERMS]
        if len(bases) != 1:
            raise ConfigError(
                f"a reward of answers has one base, such as label, and terms ({', '.join(TERMS)}); "
                f"got {len(bases)} bases in {reward!r:.120}; the verifier 'weighted' adds up several"
            )
        low = [part for part in parts if part.weight < 0]
        if low:
            raise ConfigError(
                f"{low[0].term} has the weight {low[0].weight:g}: what is taken from right answers could make a wrong "
                "one earn more; weights are above 0, and efficiency is the larger, the shorter an answer is"
            )
        base, weights = bases[0], dict.fromkeys((part.term for part in terms), 0.0)
        for part in terms:
            weights[part.term] += part.weight
        rule = cls(base.term, base.weight, weights)
        if weights and rule.sampled:
            raise ConfigError(f"{', '.join(weights)}: terms count among right answers, and {base.term} knows none")
        return rule

    @property
    def sampled(self) -> bool:
        """Whether the base is made of log-probabilities, and no verdict."""
        return isinstance(self.base, str) and self.base in SAMPLED

    @property
    def only_verdicts(self) -> bool:
        """Whether it is the score of a verdict, and nothing else."""
        return self.weight == 1.0 and not self.terms and not self.sampled


class AnswerRewardFn:
    """Rewards whoever answers by a rule that is more than a verdict.

    Args:
        labelled: the questions of the step in the order of its prompts, `reference` holding the label.
        verifier: judges the attempts; `None` where the base needs none.
        rule: the reward.

    Attributes:
        means: of what each part added over the answers of the last call, by name.
    """

    def __init__(self, labelled: Sequence[Question], verifier: Verifier | None, rule: AnswerRule) -> None:
        self.labelled, self.verifier, self.rule = labelled, verifier, rule
        self.means: dict[str, float] = {}

    def __call__(self, prompts: Sequence[str], groups: Sequence[Sequence[str]]) -> list[list[float]]:
        """Rewards of texts alone: lengths are characters.

        Raises:
            ConfigError: the base needs log-probabilities.
        """
        if self.verifier is None:
            raise ConfigError(f"the reward {self.rule.base!r} needs a sampler that gives log-probabilities")
        return self._judged([Answers(group, [len(text) for text in group]) for group in groups], self.verifier)

    def of_samples(self, prompts: Sequence[str], drawn: Samples) -> list[list[float]]:
        """Rewards of samples, see `agents.training.reward_fn.SampleReward`."""
        lengths = drawn.mask.sum(1).long().view(len(prompts), -1).tolist()
        groups = [Answers(texts, own) for texts, own in zip(drawn.texts, lengths, strict=True)]
        if self.verifier is not None:
            return self._judged(groups, self.verifier)
        score = SAMPLED[self.rule.base]
        logps = drawn.logps.double().sum(1).view(len(prompts), -1).tolist()
        rows = [
            [self.rule.weight * score(logp, length) for logp, length in zip(own, group.lengths, strict=True)]
            for own, group in zip(logps, groups, strict=True)
        ]
        self.means = {str(self.rule.base): _mean(rows)}
        return rows

    def _judged(self, groups: Sequence[Answers], verifier: Verifier) -> list[list[float]]:
        judged = verifier.judge_many(self.labelled, [group.texts for group in groups])
        added: dict[str, list[list[float]]] = {
            str(self.rule.base): [[self.rule.weight * solver_reward(one) for one in j.verdicts] for j in judged]
        }
        for name, weight in self.rule.terms.items():
            added[name] = []
            for group, judgement in zip(groups, judged, strict=True):
                right = [one.outcome is Outcome.CORRECT for one in judgement.verdicts]
                added[name].append([weight * value for value in _among(TERMS[name], group, right)])
        self.means = {name: _mean(rows) for name, rows in added.items()}
        return [[math.fsum(values) for values in zip(*rows, strict=True)] for rows in zip(*added.values(), strict=True)]


def _among(term: Term, group: Answers, right: Sequence[bool]) -> list[float]:
    """A term of the right answers of a group, 0 for the others."""
    chosen = [i for i, one in enumerate(right) if one]
    values = [0.0] * len(right)
    if chosen:
        found = term(Answers([group.texts[i] for i in chosen], [group.lengths[i] for i in chosen]))
        for i, value in zip(chosen, found, strict=True):
            values[i] = value
    return values


def _mean(rows: Sequence[Sequence[float]]) -> float:
    values = [value for row in rows for value in row]
    return fmean(values) if values else 0.0
