"""What every part of the settings checks of itself: types, finite numbers, bounds, names from a list."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from ...core.errors import ConfigError, UnknownNameError, with_article

Named: TypeAlias = str | Mapping[str, Any]
"""A plug-in: `name`, `name(key=value)`, `{"name": …, "key": …}`, or, from Python, a live object."""


def hints(kind: Any) -> dict[str, Any]:
    """Field names of a dataclass with their types, in order."""
    if kind not in _HINTS:
        resolved = typing.get_type_hints(kind)
        _HINTS[kind] = {field.name: resolved[field.name] for field in dataclasses.fields(kind)}
    return _HINTS[kind]


_HINTS: dict[Any, dict[str, Any]] = {}


def check_types(part: Any) -> None:
    """Refuse a field whose value is not of its type, or a number that is not finite.

    Raises:
        ConfigError: names the field, the value and what was expected.
    """
    for name, hint in hints(type(part)).items():
        value = getattr(part, name)
        if hint == Named:
            object.__setattr__(part, name, _checked_named(name, value))
        elif dataclasses.is_dataclass(hint):
            _check_part(name, value, hint)
        elif row_kind(hint) is not None:
            for row, one in value.items() if isinstance(value, Mapping) else [("*", value)]:
                _check_part(f"{name}.{row}", one, row_kind(hint))
        else:
            object.__setattr__(part, name, converted(name, value, hint))


def row_kind(hint: Any) -> type | None:
    """The dataclass that the rows of a table have; `None` if the type is no such table."""
    arguments = typing.get_args(hint)
    row: Any = arguments[-1] if len(arguments) == 2 and arguments[0] is str else None
    return row if dataclasses.is_dataclass(row) and isinstance(row, type) else None


def converted(name: str, value: Any, hint: Any) -> Any:
    """A value as its type has it: a list as a tuple, a whole number as a float; nothing is guessed from text."""
    if typing.get_origin(hint) is typing.Literal and isinstance(value, str):
        one_of(name, value, typing.get_args(hint))
    try:
        found = msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        what = str(error).partition(" - at")[0]
        raise ConfigError(f"{name} must be a {readable(hint)}, got {value!r} ({what})") from None
    for number in _numbers(found):
        if not math.isfinite(number):
            raise ConfigError(f"{name} must be a finite number, got {value!r}")
    return found


def readable(hint: Any) -> str:
    """A type for people."""
    if hint == Named:
        return "name or name(key=value)"
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return " or ".join(map(repr, arguments))
    if origin is tuple:
        return f"list of {readable(arguments[0])}s"
    if origin is not None and issubclass(origin if isinstance(origin, type) else object, Mapping):
        return "table"
    if arguments and type(None) in arguments:
        return " or ".join(readable(one) for one in arguments if one is not type(None)) + " or none"
    return {int: "whole number", float: "number", bool: "switch (true or false)", str: "text"}.get(hint, str(hint))


MOST = 1_000_000
"""How much of anything a setting may ask for: more would never end, or have no room."""
MOST_SAMPLES = 10_000
"""How many answers to one question: they are drawn at once."""


def at_least(part: Any, least: float, *names: str, most: float = MOST) -> None:
    """Refuse fields below `least`, or above `most`."""
    for name in names:
        if getattr(part, name) < least:
            raise ConfigError(f"{name} must be >= {least:g}, got {getattr(part, name)!r}")
        if getattr(part, name) > most:
            raise ConfigError(f"{name} must be <= {most}, got {getattr(part, name)!r}")


def one_of(name: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse a value that is not on the list, with the nearest one that is."""
    if value not in tuple(allowed):
        raise UnknownNameError(name, value, allowed)


def _checked_named(name: str, value: Any) -> Any:
    """A plug-in by name, or as a table that a file can hold; a live object as it is."""
    if value is None or isinstance(value, bool | int | float | list | tuple) or value == "":
        raise ConfigError(f"{name} must be a {readable(Named)}, got {value!r}")
    if not isinstance(value, Mapping):
        return value
    if not isinstance(value.get("name"), str):
        raise ConfigError(f"{name} given as a table needs a 'name', got keys {sorted(map(str, value))}")
    return {key: _option(f"{name}.{key}", option) for key, option in value.items()}


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Refuse a table of options that no file can hold."""
    _option(name, options)


def _option(path: str, value: Any) -> Any:
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _option(f"{path}.{key}", one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_option(path, one) for one in value]
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ConfigError(
        f"{path}: no file can hold the option {value!r}; give text, numbers, lists or tables, or leave it out"
    )


def _check_part(name: str, value: Any, kind: Any) -> None:
    if not isinstance(value, kind):
        raise ConfigError(f"{name} must be {with_article(kind.__name__)}, got {value!r}")


def _numbers(value: Any) -> Iterable[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _numbers(one)
