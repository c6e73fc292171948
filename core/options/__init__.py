"""One way to write options behind the name of any plug-in: on the command line, in TOML, in keyword arguments.

    sympy(timeout_s=2)      r-zero(repetition=0)      train(challenger)      openai:gpt@https://host/v1(temperature=0)

A value is JSON (`2`, `true`, `[1, 2]`, `"text"`), a list of values (`[rg:gcd, irrelevant(numbers=false)]`), or else the
text itself, so that words and addresses need no quotes.
A value without a key is handed over first, in order. `{"name": "sympy", "timeout_s": 2}` says the same as a mapping.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import ConfigError, short
from .finite import all_finite

QUOTES = "\"'"
QUOTED = 'as in path="a,b.jsonl"'
"""How a value with commas is written, for messages."""
_OPENING, _CLOSING = "([{", ")]}"


class Named(NamedTuple):
    """A name with its options: `leading` in order, `options` by key."""

    name: str
    leading: tuple[Any, ...]
    options: dict[str, Any]


def parse_named(text: str) -> Named:
    """Read `name(value, key=value)`; text without a closing parenthesis at its end is a name and nothing else.

    Raises:
        ConfigError: the parentheses hold something that is not `value` or `key=value`.
    """
    text = text.strip()
    opening = _last_group(text)
    if opening is None or not text[:opening].strip():
        return Named(text, (), {})
    name, inside = text[:opening].strip(), text[opening + 1 : -1]
    leading: list[Any] = []
    options: dict[str, Any] = {}
    for piece in _pieces(inside):
        key, equals, value = piece.partition("=")
        key = key.strip()
        if not equals and not options:
            leading.append(_value(piece))
        elif key in options:
            raise ConfigError(f"the option {key!r} is given twice in {short(text)}")
        elif not key.isidentifier():
            raise ConfigError(
                f"options are written name(key=value, key=value), got {short(piece)} in {short(text)}; a value with "
                f"commas stands in quotes, {QUOTED}"
            )
        else:
            options[key] = _value(value)
    return Named(name, tuple(leading), options)


def split_list(text: str) -> list[str]:
    """What stands between commas: names with options, such as `train(solver), mine(a=1, b=2)`.

    Raises:
        ConfigError: a quote is not closed.
    """
    return list(_pieces(text))


def write_named(what: str | Mapping[str, Any]) -> str:
    """A plug-in's name, with its options if it is a mapping, as one line of text."""
    if isinstance(what, str):
        return what
    options = ", ".join(f"{key}={json.dumps(value)}" for key, value in what.items() if key != "name")
    return f"{what.get('name', '')}({options})" if options else str(what.get("name", ""))


def _last_group(text: str) -> int | None:
    """Where the parenthesis opens that closes with the text; `None` if none does."""
    if not text.endswith(")"):
        return None
    opening = None
    for index, character, depth in _closed(text):
        if character == "(" and depth == 1:
            opening = index
        if depth < 0:
            return None
        if character == ")" and depth == 0 and index == len(text) - 1:
            return opening
    return None


def _pieces(text: str) -> Iterator[str]:
    """What stands between commas that are in no quotes and no brackets; nothing for nothing."""
    start = 0
    for index, character, depth in _closed(text):
        if character == "," and depth == 0:
            yield text[start:index].strip()
            start = index + 1
    if text[start:].strip():
        yield text[start:].strip()


def unquoted(text: str) -> str:
    """A text without the quotes in which it stands, if it does."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in QUOTES else text


def _closed(text: str) -> Iterator[tuple[int, str, int]]:
    """As `outside_quotes`, for a text in which each quote must be closed."""
    quote = yield from outside_quotes(text)
    if quote:
        raise ConfigError(f"the quote {quote} is not closed in {short(text)}; close it behind the value, {QUOTED}")


def outside_quotes(text: str) -> Generator[tuple[int, str, int], None, str]:
    """Each character outside of quotes with its index and the depth of brackets behind it.

    A quote opens only where a value may begin, so that an apostrophe inside a word is a letter.

    Returns:
        the quote that is not closed, "" if all are.
    """
    depth, quote, escaped, before = 0, "", False, "("
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote and not escaped else quote
            escaped = character == "\\" and not escaped
            continue
        if character in QUOTES and before in "=,([{:":
            quote = character
            continue
        depth += (character in _OPENING) - (character in _CLOSING)
        yield index, character, depth
        before = before if character.isspace() else character
    return quote


def _value(text: str) -> Any:
    text = text.strip()
    try:
        value = json.loads(text, parse_constant=_no_constant)
        finite = all_finite(value)
    except RecursionError:
        raise ConfigError(f"an option is nested too deeply: {text[:40]}…") from None
    except ValueError:
        if text.startswith("[") and text.endswith("]"):
            return [_value(piece) for piece in _pieces(text[1:-1])]
        return unquoted(text)
    if not finite:
        raise ConfigError(f"{text:.80} is too large for a number; give a finite one")
    return value


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a number")
