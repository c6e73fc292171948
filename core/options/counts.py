"""Whole numbers and levels that calls hand over; options of plug-ins are held against the types they state."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from ..errors import ConfigError


def check_whole(name: str, value: Any, least: int = 1, most: int | None = None) -> None:
    """Refuse what is no whole number, less than `least`, or more than `most`; `True` is no number, NumPy's are.

    Raises:
        ConfigError: names the argument `name`, what it may be, and the value.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ConfigError(f"{name} must be an integer >= {least}, got {_shown(value)}")
    if most is not None and int(value) > most:
        raise ConfigError(f"{name} must be <= {most}, got {_shown(value)}")


def check_level(name: str, value: Any) -> None:
    """Refuse what is no difficulty, share or rate.

    Raises:
        ConfigError: it is not a number in [0, 1]; names the argument `name` and the value.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0.0 <= value <= 1.0:
        raise ConfigError(f"{name} must be a number in [0, 1], got {_shown(value)}")


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.80}"
    except ValueError:  # Python refuses to write the largest numbers
        return "a number of thousands of digits"
