"""What questions lose by being like those of earlier rounds: R-Zero's repetition penalty, but over rounds.

    r_arch(x) = weight · |{a in archive: 1 − BLEU(x, a) ≤ τ}| / |archive|

A share, as |C|/B is, and not the greatest similarity: where questions are short nearly every one has a close neighbour
among some hundred earlier ones, so the greatest similarity takes the same from all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...core.errors import ConfigError
from .repetition import similarity

Past: TypeAlias = float | Mapping[str, Any]
"""How an archive penalty is written: its weight, or the attributes of an `Archive` by name."""
MOST = 512
"""Questions in an archive: what a batch is compared with."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Earlier questions, and how much it costs to ask their like again.

    Attributes:
        weight: of the penalty, ≥ 0.
        from_round: the first round in which it counts: a short run has nothing to leave behind yet.
        threshold: τ, a BLEU distance in [0, 1].
        texts: the earlier questions, at most `MOST`; none before the first round that counts, and outside of a run.
    """

    weight: float
    from_round: int = 8
    threshold: float = 0.5
    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.weight >= 0.0 or not 0.0 <= self.threshold <= 1.0 or self.from_round < 1:
            raise ConfigError(
                "an archive penalty needs weight >= 0, from_round >= 1 and a threshold in [0, 1], got "
                f"{self.weight!r}, {self.from_round!r} and {self.threshold!r}"
            )
        if len(self.texts) > MOST:
            raise ConfigError(f"an archive holds at most {MOST} questions, got {len(self.texts)}")

    @classmethod
    def of(cls, past: Past) -> Archive | None:
        """The penalty as an option says it; `None` for weight 0."""
        options = dict(past) if isinstance(past, Mapping) else {"weight": past}
        unknown = sorted(set(options) - {"weight", "from_round", "threshold"})
        if unknown or "weight" not in options:
            raise ConfigError(f"archive is a weight, or a table of weight, from_round and threshold; got {past!r}")
        for name, value in options.items():
            if isinstance(value, bool) or not isinstance(value, int if name == "from_round" else int | float):
                raise ConfigError(f"archive: {name} must be a number, got {value!r}")
        return cls(**options) if options["weight"] else None

    def penalties(self, texts: Sequence[str]) -> list[float]:
        """What each text loses, in [0, weight]; 0 with an empty archive."""
        if not self.texts or not texts or self.weight == 0.0:
            return [0.0] * len(texts)
        alike = similarity([*texts, *self.texts])[: len(texts), len(texts) :]  # (B, A)
        near = np.count_nonzero(1.0 - alike <= self.threshold, axis=1)
        return [self.weight * float(count) / len(self.texts) for count in near]
