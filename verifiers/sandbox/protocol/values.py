"""Plain values as JSON text with their exact types, so that results can be compared as data outside the box.

Both ends of the box speak it. Numbers, strings, `None` and lists stand for themselves; every other type is an object
with one key, its tag. A value of any other type, or of a subclass of these, does not pass: it could bring its own
`__eq__`. Nothing here runs code that comes with a value.

The host's work on a value is linear in the bytes it came in, because what is not linear is bounded: the digits of
numbers that need more than a change of base, and the keys of dicts and sets, whose hashes can be made to collide.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .scalars import MAX_KEY_DIGITS, SCALARS, TAGS, NumberTooLong, read_scalar, text_of_scalar

MAX_DEPTH = 64
MAX_NODES = 100_000
"""The cost of one value: 1 for each item, and what `_LIST`, `_TAGGED`, `_PAIR` and `_TEXT` say on top."""
MAX_KEYS = 5_000
"""Keys of all dicts and sets in one value together."""
MAX_SAME_HASH = 32
"""Keys of one dict or set with the same hash. Honest ones come in small groups: -1 and -2 hash alike, in tuples too."""

_LIST, _TAGGED, _PAIR, _TEXT = 1, 2, 4, 8
_SLOW_KEY = 4
"""How many plain keys a key counts for whose comparison runs Python."""
_SMALL = 1 << 60
_LEAVES = frozenset({bool, float, type(None), str})


class Unsendable(Exception):
    """This value is not plain data, or too deep or too large."""


class Malformed(Exception):
    """This is not what `encode` produces: somebody wrote to the channel by hand."""


class Budget:
    """What one value may still cost."""

    __slots__ = ("keys", "nodes")

    def __init__(self, nodes: int = MAX_NODES) -> None:
        self.nodes, self.keys = nodes, MAX_KEYS

    def spend(self, nodes: int) -> None:
        self.nodes -= nodes
        if self.nodes < 0:
            raise Unsendable("too many values in one")

    def spend_keys(self, keys: int) -> None:
        self.keys -= keys
        if self.keys < 0:
            raise Unsendable(f"more than {MAX_KEYS} keys in the dicts and sets of one value")


class Unbounded(Budget):
    """For values of our own making, such as the inputs of a call."""

    __slots__ = ()

    def spend(self, nodes: int) -> None:
        return

    def spend_keys(self, keys: int) -> None:
        return


def encode(value: Any, budget: Budget | None = None) -> Any:
    """`value` as something `json.dumps` takes.

    Raises:
        Unsendable: another type, or a subclass; deeper than `MAX_DEPTH`; more than `budget` allows; a number that is
            too long.
    """
    kind = type(value)
    if kind in _LEAVES or (kind is int and -_SMALL < value < _SMALL):
        return value
    try:
        return _encode(value, 0, budget or Budget())
    except NumberTooLong as why:
        raise Unsendable(str(why)) from None


def _encode(value: Any, depth: int, budget: Budget) -> Any:
    kind = type(value)
    if kind in _LEAVES:
        return value
    if kind is int:
        return value if -_SMALL < value < _SMALL else {"int": _counted(value, budget)}
    if kind in SCALARS:
        return {kind.__name__: _counted(value, budget)}
    if depth >= MAX_DEPTH:
        raise Unsendable(f"nested deeper than {MAX_DEPTH}")
    if kind is list:
        budget.spend(_LIST + len(value))
        return _all(_encode, value, depth, budget)
    if kind in _SEQUENCES:
        budget.spend(_TAGGED + len(value))
        if kind in _HASHED:
            budget.spend_keys(len(value))
        return {_SEQUENCES[kind]: _all(_encode, value, depth, budget)}
    if kind in _MAPPINGS:
        budget.spend(_TAGGED + _PAIR * len(value))
        budget.spend_keys(len(value))
        pairs = [[_encode(k, depth + 1, budget), _encode(v, depth + 1, budget)] for k, v in value.items()]
        return {_MAPPINGS[kind]: pairs}
    raise Unsendable(f"a {_safe_name(kind)} is not plain data")


def _all(change: Callable[[Any, int, Budget], Any], items: Iterable[Any], depth: int, budget: Budget) -> list[Any]:
    """Each item changed; most are leaves, which stand for themselves, and need no call."""
    return [each if type(each) in _LEAVES else change(each, depth + 1, budget) for each in items]


def _counted(value: Any, budget: Budget) -> str:
    budget.spend(_TEXT)
    return text_of_scalar(value)


def _safe_name(kind: type) -> str:
    name = type.__dict__["__name__"].__get__(kind)  # a metaclass could answer for itself
    return str(name)[:80]


_SEQUENCES: dict[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset", deque: "deque"}
_HASHED = (set, frozenset)
_MAPPINGS: dict[type, str] = {dict: "dict", defaultdict: "dict", OrderedDict: "dict", Counter: "dict"}
_BUILD: dict[str, Callable[[list[Any]], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset, "deque": deque}


def decode(data: Any, budget: Budget | None = None) -> Any:
    """The value `encode` was given, from parsed JSON that may have been forged.

    Raises:
        Malformed: `encode` cannot have produced this.
    """
    try:
        return _decode(data, 0, budget or Budget())
    except (Unsendable, NumberTooLong, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise Malformed(str(error)[:200]) from None


def _decode(data: Any, depth: int, budget: Budget) -> Any:
    kind = type(data)
    if kind in _LEAVES or kind is int:
        return data
    if depth > MAX_DEPTH:
        raise Malformed("too deep")
    if kind is list:
        budget.spend(_LIST + len(data))
        return _all(_decode, data, depth, budget)
    if len(data) != 1:
        raise Malformed("not a tagged value")
    ((tag, inner),) = data.items()
    if tag in TAGS:
        if type(inner) is not str:
            raise Malformed(f"a {tag} is not text")
        budget.spend(_TEXT)
        return read_scalar(tag, inner)
    if type(inner) is not list:
        raise Malformed(f"a {tag[:40]} is no list")
    if tag == "dict":
        return _decoded_dict(inner, depth, budget)
    if tag not in _BUILD:
        raise Malformed(f"no tag {tag[:40]!r}")
    budget.spend(_TAGGED + len(inner))
    items = _all(_decode, inner, depth, budget)
    if tag in ("set", "frozenset"):
        _check_keys(items, budget)
    return _BUILD[tag](items)


def _decoded_dict(inner: list[Any], depth: int, budget: Budget) -> dict[Any, Any]:
    budget.spend(_TAGGED + _PAIR * len(inner))
    keys, held = [], []
    for pair in inner:
        if type(pair) is not list or len(pair) != 2:
            raise Malformed("a dict's item is no pair")
        keys.append(_decode(pair[0], depth + 1, budget))
        held.append(_decode(pair[1], depth + 1, budget))
    _check_keys(keys, budget)
    return dict(zip(keys, held, strict=True))


def _check_keys(keys: list[Any], budget: Budget) -> None:
    """Bound what building a dict or set of forged keys takes: looking up, by the number of keys; and comparing, which
    happens where hashes agree, by the size of such groups."""
    if isinstance(budget, Unbounded):
        return
    budget.spend_keys(len(keys))
    odd = [key for key in keys if not (type(key) is str or (type(key) is int and -_SMALL < key < _SMALL))]
    for key in odd:
        _check_key(key, budget)
    hashes = sorted(map(hash, odd))
    if any(one == other for one, other in zip(hashes, hashes[MAX_SAME_HASH:], strict=False)):
        raise Malformed(f"more than {MAX_SAME_HASH} keys have the same hash")


def _check_key(key: Any, budget: Budget) -> None:
    if isinstance(key, tuple | frozenset):
        for part in key:
            _check_key(part, budget)
    elif isinstance(key, Decimal | Fraction | range):
        budget.spend_keys(_SLOW_KEY)
    if type(key) in _NUMBERS and len(text_of_scalar(key)) > MAX_KEY_DIGITS:
        raise Malformed(f"a number of more than {MAX_KEY_DIGITS} digits as a key")


_NUMBERS = (int, Decimal, Fraction, range)
