"""How sources are mixed: the shares of a round, and what every draw is held to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from ...core.errors import ConfigError, PluginError, SelfPlayError
from ...core.protocols import Draw, QuestionSource
from ...core.records import GIVEN, Question
from ...core.sums import finite_total

Weight: TypeAlias = float | Sequence[float]
"""The weight of a source: a number, or one for each round from the first, of which the last stays."""


def weights_at(weights: Mapping[str, Weight], number: int) -> dict[str, float]:
    """The weights of a round, which count from 1."""
    return {name: weight_at(weight, number) for name, weight in weights.items()}


def weight_at(weight: Weight, number: int) -> float:
    """One weight of a round."""
    return weight[min(max(number, 1), len(weight)) - 1] if isinstance(weight, Sequence) else weight


def drawn(source: QuestionSource, n: int, draw: Draw) -> list[Question]:
    """`source.draw(n, draw)`, held to its contract.

    Raises:
        PluginError: the source raised something that names no remedy, or gave too many or other things than questions.
    """
    name = type(source).__name__
    try:
        questions = source.draw(n, draw)
    except SelfPlayError:
        raise
    except Exception as error:
        raise PluginError(f"the source {name} raised {type(error).__name__}: {error}") from error
    if not isinstance(questions, list) or any(not isinstance(question, Question) for question in questions):
        raise PluginError(f"the source {name} gave {str(questions)[:80]}, expected a list of Questions")
    if len(questions) > n:
        raise PluginError(f"the source {name} gave {len(questions)} questions, at most {n} were asked for")
    if getattr(source, "gives_references", False):
        return [q if q.reference is None else replace(q, meta={**q.meta, GIVEN: True}) for q in questions]
    return questions


def mix(weights: Mapping[str, float], n: int) -> dict[str, int]:
    """How many of `n` questions each source gives: shares by weight, what is left over to the largest remainders.

    Equal remainders are served in the order of the mapping. A weight of 0 gives 0.

    Raises:
        ConfigError: a weight is negative or not a number, all are 0, or `n` is negative.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ConfigError(f"the number of questions must be an integer >= 0, got {n!r}")
    for name, weight in weights.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not weight >= 0 or weight == math.inf:
            raise ConfigError(f"the weight of the source {name!r} must be a finite number >= 0, got {weight!r}")
    total = finite_total(weights.values())
    if total is None:
        raise ConfigError(f"the weights of the sources add up to more than a number holds: {dict(weights)}")
    if total == 0:
        raise ConfigError(f"no source has a weight above 0: {dict(weights) or 'none is given'}")
    shares = {name: n * (weight / total) for name, weight in weights.items()}
    counts = {name: math.floor(share) for name, share in shares.items()}
    missing = n - sum(counts.values())
    for name in sorted(shares, key=lambda one: counts[one] - shares[one])[:missing]:
        counts[name] += 1
    return counts
