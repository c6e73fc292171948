"""JSON that people write, read strictly: what `json.loads` takes without a word is refused by name."""

from __future__ import annotations

import json
import re
from typing import Any

from .finite import all_finite

HALF = re.compile("[\ud800-\udfff]")
"""Half a surrogate pair: JSON can name one, `"\\ud800"`, and no file in UTF-8 can hold it."""


def different_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object for `json.loads(…, object_pairs_hook=different_keys)`.

    Raises:
        ValueError: a key stands there twice; which of the values is meant, nobody knows.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands there twice; leave one")
    return found


def half_character(text: str) -> tuple[int, str] | None:
    """Where a text has half a surrogate pair, and what stands around it, in ASCII; `None` where it has none."""
    found = HALF.search(text)
    return None if found is None else (found.start(), ascii(text[max(0, found.start() - 20) : found.end() + 19]))


def is_csv(text: str) -> bool:
    """Whether text that is no JSON looks like a line of a table: values between commas, semicolons or tabs."""
    return text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[") and any(mark in text.strip() for mark in ",;\t")


def strict_value(text: str) -> Any:
    """The value of JSON text as questions are read: see `json_value` and `check_characters`.

    Raises:
        ValueError: it is not such a text; says why.
        RecursionError: it is nested too deeply.
    """
    value = json_value(text)
    if "\\u" in text:
        check_characters(value)
    return value


def json_value(text: str) -> Any:
    """The value of JSON text without keys that stand there twice and without numbers that are not finite.

    Raises:
        ValueError: it is not such a text; says why.
        RecursionError: it is nested too deeply.
    """
    value = json.loads(text, object_pairs_hook=different_keys)
    if not all_finite(value):
        raise ValueError("NaN, Infinity and numbers too large for a float are no JSON")
    return value


def check_characters(value: Any) -> None:
    """Refuse a JSON value with half a surrogate pair in one of its texts or keys.

    Raises:
        ValueError: says where it is.
    """
    written = json.dumps(value, ensure_ascii=False)
    half = half_character(written)
    if half is not None:
        at, around = half
        raise ValueError(f"half a surrogate pair, {written[at]!a} in {around}, is no character; leave it out")
