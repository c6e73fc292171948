"""Whom a player meets next: weights over its opponents, in proportion to which one is drawn.

    uniform               all alike
    latest                only the newest
    pfsp(hard | var)      prioritised fictitious self-play (AlphaStar, Vinyals et al. 2019, Nature 575, methods):
                          f_hard = (1 − x)², f_var = x(1 − x), x the chance that the learner beats the opponent
    0.8*pfsp + 0.2*latest a mixture: each part's weights are made to add up to 1 first

Where all weights are 0, as of f_hard against opponents that are always beaten, all opponents are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Protocol, runtime_checkable

from ....core.errors import ConfigError
from ....core.protocols import Rng
from ....core.registry import Registry
from ....core.sums import read_terms
from ...settings.checks import one_of


@dataclass(frozen=True, slots=True)
class Opponent:
    """Somebody who can be met.

    Attributes:
        name: unique among the opponents.
        joined: grows with the time of joining.
        chance: that the learner beats it, in [0, 1].
    """

    name: str
    joined: int
    chance: float


@runtime_checkable
class Matchmaking(Protocol):
    """Decides whom a player meets."""

    def weights(self, opponents: Sequence[Opponent]) -> Sequence[float]:
        """One weight >= 0 for each opponent."""
        ...


matchmakings: Registry[Matchmaking] = Registry("matchmaking", "selfplay_gym.matchmakings", Matchmaking, sums="mixture")
make_matchmaking = matchmakings.make


@matchmakings.register("uniform")
class Uniform:
    """All opponents alike."""

    def weights(self, opponents: Sequence[Opponent]) -> list[float]:
        return [1.0] * len(opponents)


@matchmakings.register("latest")
class Latest:
    """The newest opponent."""

    def weights(self, opponents: Sequence[Opponent]) -> list[float]:
        newest = max((one.joined for one in opponents), default=0)
        return [float(one.joined == newest) for one in opponents]


WEIGHTINGS: dict[str, Callable[[float], float]] = {"hard": lambda x: (1.0 - x) ** 2, "var": lambda x: x * (1.0 - x)}


@matchmakings.register("pfsp")
class PFSP:
    """Prioritised fictitious self-play.

    Args:
        weighting: "hard", opponents that beat the learner, or "var", those that are its equals.
    """

    def __init__(self, weighting: str = "hard") -> None:
        one_of("weighting", weighting, WEIGHTINGS)
        self.weighting = weighting

    def weights(self, opponents: Sequence[Opponent]) -> list[float]:
        return [WEIGHTINGS[self.weighting](one.chance) for one in opponents]


@matchmakings.register("mixture")
class Mixture:
    """Several kinds of matchmaking, each with its share.

    Args:
        terms: as `0.8*pfsp + 0.2*latest`, or as a list.
    """

    def __init__(self, terms: Any) -> None:
        parts = read_terms(terms, [name for name in matchmakings.names() if name != "mixture"])
        if any(part.weight < 0 for part in parts):
            raise ConfigError(f"a mixture of matchmaking has shares above 0, got {terms!r:.120}")
        self.parts = [(part.weight, make_matchmaking(part.term)) for part in parts]

    def weights(self, opponents: Sequence[Opponent]) -> list[float]:
        each = [(share, normalised(part.weights(opponents))) for share, part in self.parts]
        return [fsum(share * own[i] for share, own in each) for i in range(len(opponents))]


def normalised(weights: Sequence[float]) -> list[float]:
    """Weights that add up to 1; equal ones where all are 0."""
    total = fsum(weights)
    return [weight / total for weight in weights] if total > 0 else [1.0 / len(weights) for _ in weights]


def draw_opponent(matchmaking: Matchmaking, opponents: Sequence[Opponent], rng: Rng) -> Opponent:
    """One of the opponents; equal states of `rng` draw the same one.

    Raises:
        ConfigError: there are none.
    """
    if not opponents:
        raise ConfigError("there is no opponent to draw; a league needs a player on either side")
    mark, weights = rng.random(), normalised(matchmaking.weights(opponents))
    for opponent, weight in zip(opponents, weights, strict=True):
        mark -= weight
        if mark < 0 < weight:
            return opponent
    return next(one for one, weight in zip(reversed(opponents), reversed(weights), strict=True) if weight > 0)
