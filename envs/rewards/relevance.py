"""How far a question is a relative of another one: neither a copy of it nor something else.

    relevance(s) = s / near  for s ≤ near,   1  from near to far,   (1 − s) / (1 − far)  from far on

s in [0, 1] is the mean BLEU of both directions, one less the distance that repetition is measured by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...core.errors import ConfigError
from .repetition import similarity


@dataclass(frozen=True, slots=True)
class Relevance:
    """Relevance by similarity.

    Attributes:
        near: the least similarity of full relevance; 0 lets what has nothing in common count.
        far: the greatest one; 1 lets copies count.
    """

    near: float = 0.2
    far: float = 0.7

    def __post_init__(self) -> None:
        if not 0.0 <= self.near <= self.far <= 1.0:
            raise ConfigError(f"relevance needs 0 <= near <= far <= 1, got near={self.near!r}, far={self.far!r}")

    def __call__(self, texts: Sequence[str], shown: Sequence[str]) -> list[float]:
        """The relevance of each text to the one shown at the same place, in [0, 1]."""
        places = {text: place for place, text in enumerate(dict.fromkeys([*texts, *shown]))}
        alike = similarity(list(places))
        return [self.of(float(alike[places[a], places[b]])) for a, b in zip(texts, shown, strict=True)]

    def of(self, similar: float) -> float:
        """The relevance at a similarity in [0, 1]."""
        if similar < self.near:
            return similar / self.near
        return 1.0 if similar <= self.far else max(0.0, (1.0 - similar) / (1.0 - self.far))
