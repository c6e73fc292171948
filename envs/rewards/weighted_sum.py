"""A reward that is a weighted sum of others, `uncertainty + 0.2*novelty - 0.1*length`, and the names of its terms.

    value = max(0, Σ_k w_k · r_k)     0 where the question is not valid, min(0, Σ_k w_k · r_k) for a malformed proposal

Every reward can be a term: those named here are one number each (`terms/`), a preset is what it earns as a whole, its
own floor included, and so is a reward of a plug-in. The floor of the sum is R-Zero's (arXiv 2508.05004, section 3.1):
without it a well-formed question could earn less than a malformed one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import ConfigError
from ...core.options import parse_named
from ...core.protocols import RewardRule
from ...core.records import Judgement, Question, Reward
from ...core.registries import make_reward, register_reward, rewards
from ...core.sums import Terms, read_terms, write_sum
from .past import Past, knowing
from .terms.term import Term

for _name in ("repetition", "novelty", "topics", "consistency", "methods", "belief", "panel", "length"):
    register_reward(_name, f"{__package__}.terms.{_name}:{_name.capitalize()}")


@dataclass(frozen=True, slots=True)
class Weighted:
    """One part of a sum.

    Attributes:
        weight: finite, not 0.
        name: of what it earns in `Reward.terms`; parts of one name are added up.
        rule: what is weighted.
    """

    weight: float
    name: str
    rule: RewardRule

    def earned(self, reward: Reward) -> float | None:
        """What the part adds for a well-formed question; `None` where it says nothing."""
        silent = isinstance(self.rule, Term) and self.rule.name not in reward.terms
        return None if silent else self.weight * reward.value


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """The sum of some parts, in their order."""

    parts: tuple[Weighted, ...]

    def __call__(
        self,
        questions: Sequence[Question | None],
        judgements: Sequence[Judgement | None],
        attempts: Sequence[Sequence[str]],
    ) -> list[Reward]:
        """Score one batch; see `core.protocols.RewardRule`."""
        columns = [part.rule(questions, judgements, attempts) for part in self.parts]
        return [
            self._one(question, judgement, [column[i] for column in columns])
            for i, (question, judgement) in enumerate(zip(questions, judgements, strict=True))
        ]

    def _one(self, question: Question | None, judgement: Judgement | None, given: Sequence[Reward]) -> Reward:
        if question is None or judgement is None:
            loss = sum(part.weight * reward.value for part, reward in zip(self.parts, given, strict=True))
            return Reward(min(0.0, loss), {"format": 0.0})
        terms: dict[str, float] = {}
        for part, reward in zip(self.parts, given, strict=True):
            earned = part.earned(reward)
            if earned is not None:
                terms[part.name] = terms.get(part.name, 0.0) + earned
        if not judgement.valid:
            return Reward(0.0, {"format": 1.0, **terms, "valid": 0.0})
        return Reward(max(0.0, math.fsum(terms.values())), {"format": 1.0, **terms})

    def knowing(self, past: Past) -> WeightedSum:
        """See `Remembering`."""
        return self.with_rules(lambda rule: knowing(rule, past))

    def with_rules(self, changed: Callable[[RewardRule], RewardRule]) -> WeightedSum:
        """The same sum of other rules."""
        return WeightedSum(tuple(Weighted(part.weight, part.name, changed(part.rule)) for part in self.parts))


@register_reward("sum")
def weighted_sum(terms: Terms) -> WeightedSum:
    """A weighted sum of rewards, which is also written without its name: `uncertainty + 0.2*novelty`.

    Args:
        terms: one text, or a list of texts and of tables with term and weight.

    Raises:
        ConfigError: no such sum, or one that only subtracts.
    """
    parts = read_terms(terms, rewards.names())
    if all(weight < 0 for weight, _ in parts):
        raise ConfigError(
            f"the reward {write_sum(parts)!r} only subtracts, so nothing would ever earn: add what is to be earned, "
            "as in uncertainty - 0.5*repetition"
        )
    return WeightedSum(tuple(_weighted(weight, term) for weight, term in parts))


def _weighted(weight: float, term: str) -> Weighted:
    rule: Any = make_reward(term)
    known = term in rewards.names()
    return Weighted(weight, term if known else parse_named(term).name, rule)
