"""What questions lose by being like one that was asked in an earlier round.

    r_arch(x) = weight · max over a in the archive of BLEU(x, a)

BLEU is the mean of both directions, as in `repetition`. The share of near ones, as R-Zero's |C|/B has it in a batch,
would say nothing: of 128 questions of the generator `mixed` against 512 others half have no neighbour within τ = 0.5,
and 95 % at most four, while the greatest similarity lies between .20 and .76 (5 and 95 %).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

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
        texts: the earlier questions, at most `MOST`; none before the first round that counts, and outside of a run.
    """

    weight: float
    from_round: int = 8
    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight < math.inf or self.from_round < 1:
            raise ConfigError(
                f"an archive penalty needs weight >= 0 and from_round >= 1, got {self.weight!r} and {self.from_round!r}"
            )
        if len(self.texts) > MOST:
            raise ConfigError(f"an archive holds at most {MOST} questions, got {len(self.texts)}")

    @classmethod
    def of(cls, past: Past) -> Archive | None:
        """The penalty as an option says it; `None` for weight 0."""
        options = dict(past) if isinstance(past, Mapping) else {"weight": past}
        unknown = sorted(set(options) - {"weight", "from_round"})
        if unknown or "weight" not in options:
            raise ConfigError(f"archive is a weight, or a table of weight and from_round; got {past!r}")
        for name, value in options.items():
            if isinstance(value, bool) or not isinstance(value, int if name == "from_round" else int | float):
                raise ConfigError(f"archive: {name} must be a number, got {value!r}")
        return cls(**options) if options["weight"] else None

    def penalties(self, texts: Sequence[str]) -> list[float]:
        """What each text loses, in [0, weight]; 0 with an empty archive."""
        if not self.texts or not texts:
            return [0.0] * len(texts)
        alike = similarity([*texts, *self.texts])[: len(texts), len(texts) :]  # (B, A)
        return [self.weight * float(nearest) for nearest in alike.max(axis=1)]
