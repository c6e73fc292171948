"""Numbers that are finite: JSON has no others, and neither has a log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def all_finite(value: Any) -> bool:
    """Whether no number in a value, its lists and its tables is NaN or infinite.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(all_finite, value.values()))
    return not isinstance(value, list | tuple) or all(map(all_finite, value))
