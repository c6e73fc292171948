"""How large an answer may be, and the errors of reading one."""

from __future__ import annotations

MAX_LENGTH = 4000
"""Characters of an answer."""
MAX_TOKENS = 2000
MAX_DEPTH = 40
"""Brackets, powers and groups inside each other; also what keeps the recursion shallow."""
MAX_DIGITS = 10_000
MAX_ITEMS = 1024
"""Items of a list, cells of a matrix."""


class ParseError(ValueError):
    """The text is not an answer in any notation known here."""


class TooLarge(ParseError):
    """A limit (length, tokens, nesting, items) was exceeded: undecided rather than wrong."""
