"""JSON that people write, read strictly: what `json.loads` takes without a word is refused by name."""

from __future__ import annotations

import json
import re
from typing import Any

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


def strict_value(text: str) -> Any:
    """The value of JSON text without keys that stand there twice and without halves of surrogate pairs.

    Raises:
        ValueError: it is not such a text; says why.
        RecursionError: it is nested too deeply.
    """
    value = json.loads(text, object_pairs_hook=different_keys)
    written = json.dumps(value, ensure_ascii=False) if "\\u" in text else ""
    half = HALF.search(written)
    if half is not None:
        around = ascii(written[max(0, half.start() - 20) : half.end() + 20])
        raise ValueError(f"half a surrogate pair, {half[0]!a} in {around}, is no character; leave it out")
    return value
