"""Weighted sums of plug-ins, as rewards are written: `uncertainty + 0.2*novelty - 0.1*length(most=200)`.

    sum   = [sign] part (sign part)*
    part  = [number "*"] name [options]       sign = "+" | "-"

A name is one of those that are known, the longest that fits, so that it may hold signs and brackets itself (`r-zero`,
`4p(1-p)`), or an address `module:attribute`. Options stand as everywhere (`core.options`). The same sum is a list:

    ["uncertainty", {"term": "novelty", "weight": 0.2}, "-0.1*length(most=200)"]
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from .errors import ConfigError, UnknownNameError
from .options import outside_quotes, write_named

Terms: TypeAlias = str | Sequence[str | Mapping[str, Any]]
"""A sum as a text, or as a list of its terms."""
MOST_PARTS, LARGEST = 64, 1e6
_NUMBER = re.compile(r"([0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)\s*\*\s*")
_ADDRESS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_WORD = re.compile(r"[^\s(*+,]+")
_NAME_GOES_ON = re.compile(r"[\w.:]")


class Part(NamedTuple):
    """One part of a sum: a weight in [-1e6, 1e6] that is not 0, and a name with or without options."""

    weight: float
    term: str


def is_sum(text: str, names: Iterable[str]) -> bool:
    """Whether a text is a sum, right or wrong, and not one name with its options."""
    try:
        parts = parse_sum(text, names)
    except ConfigError:
        outside = "".join(character for _, character, depth in outside_quotes(text) if not depth)
        return "*" in outside or " + " in outside or " - " in outside
    return len(parts) > 1 or parts[0].term != text.strip()


def read_terms(terms: Terms, names: Iterable[str]) -> list[Part]:
    """The parts of a sum in either form.

    Args:
        names: the known ones.

    Raises:
        UnknownNameError: a name that is not known.
        ConfigError: says which value, where it stands and what was expected.
    """
    known = list(names)
    if isinstance(terms, str):
        return parse_sum(terms, known)
    if not isinstance(terms, Sequence) or not terms:
        raise ConfigError(f"a sum is a text such as 'a + 0.2*b', or a list of its terms, got {terms!r:.80}")
    if len(terms) > MOST_PARTS:
        raise ConfigError(f"a sum has at most {MOST_PARTS} terms, got {len(terms)}")
    return _checked([part for term in terms for part in _read_term(term, known)], terms)


def parse_sum(text: str, names: Iterable[str]) -> list[Part]:
    """The parts of a sum that is written as one text; errors as of `read_terms`."""
    known = sorted(names, key=len, reverse=True)
    parts: list[Part] = []
    at = _blank(text, 0)
    while at < len(text) or not parts:
        sign, at = _sign(text, at, first=not parts)
        number = _NUMBER.match(text, at)
        at = at if number is None else number.end()
        end = _term_end(text, at, known)
        weight = sign * float(number[1] if number is not None else 1.0)
        parts.append(Part(weight, text[at:end]))
        if len(parts) > MOST_PARTS:
            raise ConfigError(f"a sum has at most {MOST_PARTS} terms, got more in {text!r:.120}")
        at = _blank(text, end)
    return _checked(parts, text)


def finite_total(weights: Iterable[float]) -> float | None:
    """The sum of some weights; `None` if one of them, or all together, are more than a float holds."""
    try:
        total = math.fsum(weights)
    except (OverflowError, ValueError):  # they overflow, or are infinite with both signs
        return None
    return total if math.isfinite(total) else None


def write_sum(parts: Sequence[Part]) -> str:
    """A sum as one text, which `parse_sum` reads as the same parts."""
    written = [f"{'-' if weight < 0 else '+'} {_factor(abs(weight))}{term}" for weight, term in parts]
    return " ".join(written).removeprefix("+ ")


def _factor(weight: float) -> str:
    return "" if weight == 1.0 else f"{weight!r}*"


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _sign(text: str, at: int, *, first: bool) -> tuple[float, int]:
    """1 or -1, and where the part begins."""
    if at < len(text) and text[at] in "+-":
        return (-1.0 if text[at] == "-" else 1.0), _blank(text, at + 1)
    if not first:
        raise _wrong(text, at, "expected + or - between two terms")
    return 1.0, at


def _term_end(text: str, at: int, known: Sequence[str]) -> int:
    """Where the name that begins at a place ends, with its options."""
    end = next((at + len(name) for name in known if text.startswith(name, at) and _ends(text, at + len(name))), None)
    if end is None:
        address = _ADDRESS.match(text, at)
        if address is None:
            raise _unknown(text, at, known)
        end = address.end()
    behind = _blank(text, end)
    if behind < len(text) and text[behind] == "(":
        closing = _closing(text, behind)
        if closing is None:
            raise _wrong(text, behind, "this bracket is not closed")
        return closing + 1
    return end


def _ends(text: str, at: int) -> bool:
    """Whether a name may end here."""
    return at >= len(text) or _NAME_GOES_ON.match(text, at) is None


def _closing(text: str, opening: int) -> int | None:
    """Where the bracket closes that opens at a place; `None` if it does not."""
    return next((opening + i for i, _, depth in outside_quotes(text[opening:]) if not depth), None)


def _unknown(text: str, at: int, known: Sequence[str]) -> ConfigError:
    word = _WORD.match(text, at)
    if word is None:
        return _wrong(text, at, "expected a term")
    if re.fullmatch(r"[0-9.]+(?:[eE][+-]?[0-9]+)?", word[0]):
        return _wrong(text, at, "a weight stands in front of its term, as 0.2*name")
    return UnknownNameError("term", word[0], known, f"It stands at character {at + 1} of {text!r:.120}.")


def _wrong(text: str, at: int, why: str) -> ConfigError:
    return ConfigError(
        f"cannot read the sum {text!r:.120} at character {at + 1}, {text[at : at + 12]!r}: {why}; "
        "a sum is written a + 0.2*b(key=value) - 0.1*c"
    )


def _read_term(term: Any, known: Sequence[str]) -> list[Part]:
    if isinstance(term, str):
        return parse_sum(term, known)
    if not isinstance(term, Mapping) or "term" not in term or set(term) - {"term", "weight"}:
        raise ConfigError(f"a term of a sum is a text, or a table of term and weight, got {term!r:.80}")
    weight, named = term.get("weight", 1.0), term["term"]
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise ConfigError(f"the weight of the term {named!r:.80} must be a number, got {weight!r}")
    if not abs(weight) <= LARGEST:  # before it is made a float, for which it may be too large
        raise ConfigError(f"the weight of the term {named!r:.80} must be between -{LARGEST:g} and {LARGEST:g}")
    if not isinstance(named, str | Mapping):
        raise ConfigError(f"a term is a name, with or without options, got {named!r:.80}")
    parts = parse_sum(write_named(named), known)
    return [Part(float(weight) * part.weight, part.term) for part in parts]


def _checked(parts: list[Part], given: Terms) -> list[Part]:
    for part in parts:
        if not 0.0 < abs(part.weight) <= LARGEST:
            raise ConfigError(
                f"the weight of {part.term!r} in {given!r:.120} must be between -{LARGEST:g} and {LARGEST:g}, "
                f"and not 0, got {part.weight!r}"
            )
    return parts
