"""Chains: `What is 3+4-5?`, sums and differences of single digits from one operation to many, and nothing else.

The length is the only thing that makes a chain hard, so ability can be read off it: the accuracy at every length is an
exam, and the longest length that is still answered is a frontier.

A level in [0, 1] is a length. Each length n has a bin of [0, 1], in order; with `decay` d the bin of n + 1 is d times
as wide as that of n. Levels drawn evenly thus give lengths that fall off geometrically, as those of a challenger do
that nobody has trained; without `decay` all bins are equally wide:

    longest 16   length 1   [0, 1/16)     length 2   [1/16, 2/16)   …   length 16   [15/16, 1]
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from ...core.errors import ConfigError
from ...core.math_language import parse_expression
from ...core.protocols import Rng
from ...core.records import Question, TaskSpec
from .arithmetic import WORDINGS
from .draws import integer, pick

LONGEST = 16
"""Operations of the longest chain, unless a generator says otherwise."""
MOST = 64
"""More operations than this do not fit into a question that `core.math_language` reads."""


class ChainGenerator:
    """Writes sums and differences of the digits 1 to 9, with as many operations as the level says.

    Args:
        longest: most operations, 1 to 64.
        decay: how many times as frequent each length is as the one before, in (0, 1]; 1 makes all equally frequent.

    Attributes:
        levels: one level per length, 1 to `longest`: the middle of its bin. Exams ask as many questions of each.

    Raises:
        ConfigError: an argument outside its range, or a decay so steep that the longest chains would never be asked.
    """

    def __init__(self, longest: int = LONGEST, decay: float = 1.0) -> None:
        if not 1 <= longest <= MOST or not 0.0 < decay <= 1.0:
            raise ConfigError(
                f"chains need 1 <= longest <= {MOST} and 0 < decay <= 1, got longest={longest!r}, decay={decay!r}"
            )
        weights = [decay**i for i in range(longest)]
        total = sum(weights)
        ends = [end / total for end in accumulate(weights)]
        self._starts = [0.0, *ends[:-1]]
        self.levels = tuple((low + high) / 2 for low, high in zip(self._starts, [*ends[:-1], 1.0], strict=True))

        if list(map(self.length, self.levels)) != list(range(1, longest + 1)):
            raise ConfigError(f"decay={decay!r} leaves no room for chains of {longest} operations: take fewer")

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        expression = chain(self.length(spec.level), rng)
        text = pick(WORDINGS, rng).format(expression)
        return Question(text, str(parse_expression(expression).b), "math", spec.level, "chains")

    def length(self, level: float) -> int:
        """How many operations a level in [0, 1] asks for."""
        return bisect_right(self._starts, level)


def chain(operations: int, rng: Rng, starts: tuple[int, int] = (1, 9)) -> str:
    """An expression with so many operations, without spaces.

    Args:
        starts: least and greatest first number; it may be negative.
    """
    rest = (f"{'+' if rng.random() < 0.5 else '-'}{integer(1, 9, rng)}" for _ in range(operations))
    return f"{integer(*starts, rng)}{''.join(rest)}"
