"""`length`: how long a question is, min(1, characters / most), in [0, 1]: to be subtracted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ....core.errors import ConfigError
from .term import Asked, Term


class Length(Term):
    """The length of the question in characters.

    Args:
        most: characters from which on it is 1.
    """

    name: ClassVar[str] = "length"

    def __init__(self, most: int = 400) -> None:
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise ConfigError(f"most must be a whole number of characters, at least 1, got {most!r}")
        self.most = most

    def values(self, asked: Sequence[Asked], proposals: int) -> Sequence[float | None]:
        """See `Term`."""
        return [min(1.0, len(one.question.text) / self.most) for one in asked]
