"""Options held against the types that a plug-in's constructor states, before the constructor compares them.

Only what is known to be wrong is refused: a `bool` is no number, a whole number is a `float`, a list is any sequence.
Live objects, and values of parameters whose annotation is missing, cannot be resolved or is a class that is not known
here, are left to the constructor.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache, partial
from numbers import Integral, Number, Real
from typing import Annotated, Any, Literal, get_args, get_origin

from ..errors import ConfigError, UnknownNameError

FROM_RUN = "given by the run"
"""Marks a parameter that is no option: `earlier: Annotated[Texts | None, FROM_RUN] = None`."""

_LISTS: frozenset[Any] = frozenset({list, tuple, Sequence})
_TABLES: frozenset[Any] = frozenset({dict, Mapping})
_WORDS: dict[Any, tuple[str, str]] = {
    float: ("a number", "numbers"),
    int: ("a whole number", "whole numbers"),
    bool: ("true or false", "true or false"),
    str: ("text", "texts"),
    type(None): ("none", "none"),
}


def check_options(
    plugin: str, factory: Callable[..., Any], given: inspect.BoundArguments, live: Collection[str] = ()
) -> None:
    """Refuse options that are not of the types that a factory states.

    Args:
        plugin: its name, for the message.
        given: the options, bound to the factory's signature.
        live: those that code gave, not a user; they alone may be parameters that are marked `FROM_RUN`.

    Raises:
        ConfigError: names plug-in, option, type and value.
    """
    types_of = hints_of(factory)
    for name, value in given.arguments.items():
        kind, hint = given.signature.parameters[name].kind, types_of.get(name, Any)
        if kind is inspect.Parameter.VAR_KEYWORD:
            pairs = list(value.items())
        else:
            pairs = [(name, one) for one in (value if kind is inspect.Parameter.VAR_POSITIONAL else (value,))]
        for option, one in pairs:
            if is_from_run(hint) and option not in live:
                raise ConfigError(f"{plugin}: {option} is given by the run, it is no option; leave it out")
            _check(plugin, option, one, hint)


def hints_of(factory: Callable[..., Any]) -> Mapping[str, Any]:
    """The types of a factory's parameters by name; those that cannot be known are not among them."""
    try:
        return _hints(factory)
    except TypeError:  # a factory that cannot be hashed
        return _hints.__wrapped__(factory)


def is_from_run(hint: Any) -> bool:
    """Whether a parameter is marked as none that users set."""
    return get_origin(hint) is Annotated and FROM_RUN in hint.__metadata__


def fits(value: Any, hint: Any) -> bool:
    """Whether a value may be of a type; `True` where that cannot be known."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return fits(value, inner[0])
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if not (value is None or isinstance(value, Number | str | list | tuple | Mapping)):
        return True
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if hint in _WORDS:
        return _is_plain(value, hint)
    kind = origin or hint
    if kind in _LISTS:
        return isinstance(value, str | list | tuple) and _members_fit(value, inner, fixed=kind is tuple)
    if kind in _TABLES:
        return isinstance(value, Mapping) and (
            len(inner) != 2 or all(fits(key, inner[0]) and fits(one, inner[1]) for key, one in value.items())
        )
    return isinstance(value, str) or _may_be(value, kind)


@lru_cache(maxsize=512)
def _hints(factory: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # written in C, without a signature
        return {}
    names, found = _names_around(factory), {}
    for name, parameter in parameters.items():
        if parameter.annotation is not inspect.Parameter.empty:
            holder = types.SimpleNamespace(__annotations__={name: parameter.annotation})
            try:
                found.update(typing.get_type_hints(holder, globalns=names, include_extras=True))
            except (NameError, TypeError, AttributeError, SyntaxError):  # no type, or imported for a type checker alone
                continue
    return found


def _names_around(factory: Any) -> dict[str, Any]:
    """The names that the annotations of a factory may use: those of the module where it was written."""
    if isinstance(factory, partial):
        return _names_around(factory.func)
    written = inspect.unwrap(factory)
    for one in (written, getattr(written, "__init__", None), vars(type(written)).get("__call__")):
        if isinstance(names := getattr(one, "__globals__", None), dict):
            return names
    return vars(sys.modules.get(getattr(written, "__module__", ""), types.ModuleType("")))


def _check(plugin: str, option: str, value: Any, hint: Any) -> None:
    words = get_args(hint) if get_origin(hint) is Literal else ()
    if isinstance(value, str) and words and value not in words and all(isinstance(word, str) for word in words):
        raise UnknownNameError(f"{option} of {plugin}", value, words)
    if not fits(value, hint):
        raise ConfigError(f"{plugin}: {option} must be {_described(hint)}, got {_shown(value)}")


def _is_plain(value: Any, hint: Any) -> bool:
    """Whether a value is of one of the plain types; NumPy's numbers are numbers."""
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint is float:
        return isinstance(value, Real) and _has_room(value)
    return isinstance(value, Integral if hint is int else hint)


def _has_room(value: Real) -> bool:
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _members_fit(value: Sequence[Any], inner: tuple[Any, ...], *, fixed: bool) -> bool:
    if fixed and inner and inner[-1] is not ...:
        return len(value) == len(inner) and all(map(fits, value, inner))
    return not inner or all(fits(one, inner[0]) for one in value)


def _may_be(value: Any, kind: Any) -> bool:
    """Whether a number, list or table may be given where a class is asked for that is none of the plain ones."""
    if kind is Callable:
        return callable(value)
    if not isinstance(kind, type):
        return True
    if issubclass(kind, os.PathLike) or getattr(kind, "_is_runtime_protocol", False):
        return isinstance(value, kind)
    return True


def _described(hint: Any, *, many: bool = False) -> str:
    """A type for people, with its article."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _WORDS:
        return _WORDS[hint][many]
    if origin is Annotated:
        return _described(inner[0], many=many)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_described(one, many=many) for one in inner))
    if origin is Literal:
        return " or ".join(map(_shown, inner))
    kind = origin or hint
    if kind in _LISTS:
        count = f"{len(inner)} " if kind is tuple and inner and inner[-1] is not ... else ""
        return f"{'lists' if many else 'a list'} of {count}{_described(inner[0], many=True) if inner else 'values'}"
    if kind in _TABLES:
        return "tables" if many else "a table"
    word = str(getattr(kind, "__name__", kind))
    return word if many else f"{'an' if word[:1] in 'AEIOU' else 'a'} {word}"


def _shown(value: Any) -> str:
    """A value as options are written, cut where it is long."""
    if isinstance(value, int) and value.bit_length() > 256:  # Python refuses to write the largest
        return f"a number of about {round(value.bit_length() * 0.30103)} digits"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):  # a live object
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
