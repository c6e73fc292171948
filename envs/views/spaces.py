"""The text space of all views: any string up to a length.

Gymnasium's own `Text` is a set of characters: it refuses blanks, newlines and Unicode unless each is listed, and "".
Here membership is type and length only; samples are short printable ASCII, enough for checkers and random agents.
"""

from __future__ import annotations

import string
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import create_shared_memory

from ...core.errors import ConfigError

MAX_PROMPT = 16_384
"""Longest observation, in characters."""

MAX_COMPLETION = 262_144
"""Longest action, in characters."""

_PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " \n"
_SAMPLE_LENGTH = 48


class Text(gym.spaces.Text):
    """Strings of at most `max_length` characters, "" included.

    Args:
        max_length: in characters, ≥ 1.
        seed: of the sampler.
    """

    def __init__(self, max_length: int = MAX_COMPLETION, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(max_length, min_length=0, charset=_PRINTABLE, seed=seed)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Up to 48 printable ASCII characters; masks are for character sets and must be `None`."""
        if mask is not None or probability is not None:
            raise ConfigError("a text space takes no mask and no probability: it has no character set")
        length = int(self.np_random.integers(0, min(self.max_length, _SAMPLE_LENGTH) + 1))
        picked = self.np_random.integers(0, len(_PRINTABLE), size=length)
        return "".join(_PRINTABLE[index] for index in picked)

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and len(x) <= self.max_length

    @property
    def is_np_flattenable(self) -> bool:
        """`False`: free text has no fixed alphabet to turn into integers."""
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and other.max_length == self.max_length

    def __hash__(self) -> int:
        return hash((Text, self.max_length))

    def __repr__(self) -> str:
        return f"Text({self.max_length})"


@create_shared_memory.register(Text)
def _refuse_shared_memory(space: Text, n: int = 1, ctx: Any = None) -> Any:
    """Gymnasium 1.4 would return one stale string for every observation; nobody should train on that unaware."""
    raise ConfigError(
        f"{space} cannot go through shared memory: AsyncVectorEnv would return stale strings. "
        "Pass shared_memory=False (make_vec(..., vectorization_mode='async', vector_kwargs={'shared_memory': False}))."
    )
