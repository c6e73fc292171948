"""Plain values as JSON text with their exact types, so that results can be compared as data outside the box.

Both ends of the box speak it. Numbers, strings, `None` and lists stand for themselves; every other type is an object
with one key, its tag. A value of any other type, or of a subclass of these, does not pass: it could bring its own
`__eq__`. Nothing here runs code that comes with a value.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_ODD_KEYS = 1_000
"""Keys other than strings and small integers, in one value: their hashes can be made to collide."""

_SMALL = 1 << 60
_SCALARS = (bool, float, type(None))


class Unsendable(Exception):
    """This value is not plain data, or too deep or too large."""


class Malformed(Exception):
    """This is not what `encode` produces: somebody wrote to the channel by hand."""


class _Budget:
    __slots__ = ("nodes", "odd_keys")

    def __init__(self) -> None:
        self.nodes, self.odd_keys = MAX_NODES, MAX_ODD_KEYS

    def spend(self, nodes: int) -> None:
        self.nodes -= nodes
        if self.nodes < 0:
            raise Unsendable(f"more than {MAX_NODES} values in one")


def encode(value: Any) -> Any:
    """`value` as something `json.dumps` takes.

    Raises:
        Unsendable: another type, or a subclass; deeper than `MAX_DEPTH`; more than `MAX_NODES` parts.
    """
    kind = type(value)
    if kind in _SCALARS or (kind is int and -_SMALL < value < _SMALL):
        return value
    return _encode(value, 0, _Budget())


def _encode(value: Any, depth: int, budget: _Budget) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is int:
        return value if -_SMALL < value < _SMALL else {"int": hex(value)}
    if kind is str:
        budget.spend(len(value) >> 6)
        return value
    if depth >= MAX_DEPTH:
        raise Unsendable(f"nested deeper than {MAX_DEPTH}")
    if kind is list:
        budget.spend(len(value))
        return [_encode(each, depth + 1, budget) for each in value]
    if kind in _SEQUENCES:
        budget.spend(len(value))
        return {_SEQUENCES[kind]: [_encode(each, depth + 1, budget) for each in value]}
    if kind in _MAPPINGS:
        budget.spend(2 * len(value))
        pairs = [[_encode(k, depth + 1, budget), _encode(v, depth + 1, budget)] for k, v in value.items()]
        return {_MAPPINGS[kind]: pairs}
    if kind in _TEXTS:
        return {kind.__name__: _TEXTS[kind][0](value)}
    raise Unsendable(f"a {_safe_name(kind)} is not plain data")


def _safe_name(kind: type) -> str:
    name = type.__dict__["__name__"].__get__(kind)  # a metaclass could answer for itself
    return str(name)[:80]


_SEQUENCES: dict[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset", deque: "deque"}
_MAPPINGS: dict[type, str] = {dict: "dict", defaultdict: "dict", OrderedDict: "dict", Counter: "dict"}
_BUILD: dict[str, Callable[[list[Any]], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset, "deque": deque}
_TEXTS: dict[type, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    bytes: (bytes.hex, bytes.fromhex),
    bytearray: (bytearray.hex, bytearray.fromhex),
    complex: (
        lambda v: f"{float.hex(v.real)} {float.hex(v.imag)}",
        lambda t: complex(*map(float.fromhex, t.split(" "))),
    ),
    Fraction: (lambda v: f"{v.numerator:x}/{v.denominator:x}", lambda t: Fraction(*(int(p, 16) for p in t.split("/")))),
    Decimal: (str, Decimal),
    range: (
        lambda v: f"{v.start:x} {v.stop:x} {v.step:x}",
        lambda t: range(*(int(p, 16) for p in t.split(" "))),
    ),
}
_READ_TEXT: dict[str, Callable[[str], Any]] = {kind.__name__: both[1] for kind, both in _TEXTS.items()}


def decode(data: Any) -> Any:
    """The value `encode` was given, from parsed JSON that may have been forged.

    Raises:
        Malformed: `encode` cannot have produced this.
    """
    try:
        return _decode(data, 0, _Budget())
    except (Unsendable, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise Malformed(str(error)[:200]) from None


def _decode(data: Any, depth: int, budget: _Budget) -> Any:
    if data is None or isinstance(data, bool | int | float | str):
        return data
    if depth > MAX_DEPTH:
        raise Malformed("too deep")
    if isinstance(data, list):
        budget.spend(len(data))
        return [_decode(each, depth + 1, budget) for each in data]
    if not isinstance(data, dict) or len(data) != 1:
        raise Malformed("not a tagged value")
    ((tag, inner),) = data.items()
    if tag in _READ_TEXT or tag == "int":
        if not isinstance(inner, str):
            raise Malformed(f"a {tag} is not text")
        return int(inner, 16) if tag == "int" else _READ_TEXT[tag](inner)
    if not isinstance(inner, list):
        raise Malformed(f"a {tag} is no list")
    budget.spend(len(inner))
    if tag == "dict":
        pairs = [tuple(_decode(each, depth + 1, budget) for each in pair) for pair in inner]
        _check_keys([key for key, _ in pairs], budget)
        return dict(pairs)
    if tag not in _BUILD:
        raise Malformed(f"no tag {tag[:40]!r}")
    items = [_decode(each, depth + 1, budget) for each in inner]
    if tag in ("set", "frozenset"):
        _check_keys(items, budget)
    return _BUILD[tag](items)


def _check_keys(keys: list[Any], budget: _Budget) -> None:
    """A forged set of colliding keys would keep the host busy for minutes."""
    budget.odd_keys -= sum(not (type(key) is str or (type(key) is int and -_SMALL < key < _SMALL)) for key in keys)
    if budget.odd_keys < 0:
        raise Malformed(f"more than {MAX_ODD_KEYS} keys that are neither strings nor small integers")
