"""How numbers of things are written."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """ "1 line", "3 lines": a number with its noun, which takes an s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
