"""A tree of dataclasses as nested dictionaries, and back: merged, changed by path, with names that are checked.

Types of single values are msgspec's business (docs/decisions/settings.md says why); what is here is what it does not
have: a did-you-mean with the path, `*` for every row of a table, and errors that name the row they come from.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ...core.errors import ConfigError, UnknownNameError
from .checks import Named, converted, hints, readable
from .checks import row_kind as row_kind_of

T = TypeVar("T")

EVERY = "*"
"""In place of a row's name: every row there is."""


def as_dict(part: Any) -> dict[str, Any]:
    """A dataclass as nested dictionaries; values stay as they are."""
    found: dict[str, Any] = {}
    for name, hint in hints(type(part)).items():
        value = getattr(part, name)
        if dataclasses.is_dataclass(hint):
            found[name] = as_dict(value)
        elif row_kind_of(hint) is not None:
            found[name] = {row: as_dict(one) for row, one in value.items()}
        else:
            found[name] = value
    return found


def serialisable(values: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The same as TOML and JSON know it: lists for tuples, "none" for `None`.

    Raises:
        ConfigError: a live object.
    """
    return {name: _serialisable(value, f"{path}{name}") for name, value in values.items()}


def _serialisable(value: Any, path: str) -> Any:
    if isinstance(value, Mapping):
        return serialisable(value, f"{path}.")
    if isinstance(value, tuple | list):
        return [_serialisable(one, path) for one in value]
    if value is None:
        return "none"
    if isinstance(value, str | int | float | bool):
        return value
    raise ConfigError(
        f"{path} is a live {type(value).__name__}: a run must be repeatable from its config.toml, so register it and "
        "give its name"
    )


def build(kind: type[T], values: Mapping[str, Any], path: str = "") -> T:
    """The dataclass that nested dictionaries describe; errors begin with the path."""
    made: dict[str, Any] = {}
    for name, hint in hints(kind).items():
        if name not in values:
            continue
        value, where, row_kind = values[name], f"{path}{name}", row_kind_of(hint)
        if dataclasses.is_dataclass(hint):
            made[name] = build(typing.cast(type[Any], hint), _table(value, where), f"{where}.")
        elif row_kind is not None:
            rows = _table(value, where).items()
            made[name] = {row: build(row_kind, _table(one, f"{where}.{row}"), f"{where}.{row}.") for row, one in rows}
        else:
            made[name] = _leaf(where, value, hint)
    try:
        return kind(**made)
    except UnknownNameError as error:
        raise UnknownNameError(f"{path}{error.kind}" if path else error.kind, error.name, error.known) from None
    except ConfigError as error:
        raise ConfigError(f"{path}{error}") from None


def merge(kind: type, base: Mapping[str, Any], changes: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """`base` with `changes` laid over it, table by table.

    Raises:
        UnknownNameError: a name that `kind` does not have.
    """
    known = hints(kind)
    merged = dict(base)
    for name, value in changes.items():
        where = f"{path}{name}"
        if name not in known:
            raise unknown(kind, where, path)
        hint, row_kind = known[name], row_kind_of(known[name])
        if dataclasses.is_dataclass(hint):
            part = typing.cast(type, hint)
            merged[name] = merge(part, _table(base.get(name, {}), where), _table(value, where, part), f"{where}.")
        elif row_kind is not None:
            merged[name] = _merge_rows(row_kind, base.get(name, {}), _table(value, where), where)
        else:
            merged[name] = value
    return merged


def _merge_rows(kind: type, base: Mapping[str, Any], changes: Mapping[str, Any], path: str) -> dict[str, Any]:
    rows = {row: dict(values) for row, values in base.items()}
    common = changes.get(EVERY)
    for row in [*rows, *(row for row in changes if row != EVERY and row not in rows)]:
        values = rows.get(row, as_dict(kind()))
        for change in (common, changes.get(row)):
            if change is not None:
                values = merge(kind, values, _table(change, f"{path}.{row}", kind), f"{path}.{row}.")
        rows[row] = values
    return rows


def unfold(changes: Mapping[str, Any]) -> dict[str, Any]:
    """`{"a.b": 1, "c": {"d": 2}}` → `{"a": {"b": 1}, "c": {"d": 2}}`; later entries win."""
    folded: dict[str, Any] = {}
    for path, value in changes.items():
        inner = unfold(value) if isinstance(value, Mapping) and path not in _KEEP_WHOLE else value
        *parents, last = path.split(".")
        table = folded
        for name in parents:
            nested = table.get(name)
            table[name] = table = dict(nested) if isinstance(nested, Mapping) else {}
        both = isinstance(inner, Mapping) and isinstance(table.get(last), Mapping) and path not in _KEEP_WHOLE
        table[last] = {**table[last], **inner} if both else inner
    return folded


_KEEP_WHOLE = ("sources", "questions.sources")
"""A table of plug-ins by name: a name may hold dots, and shares are given together."""


def flatten(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its path; a table of plug-ins is one setting."""
    for name, value in values.items():
        where = f"{path}{name}"
        if isinstance(value, Mapping) and where not in _KEEP_WHOLE and "name" not in value:
            yield from flatten(value, f"{where}.")
        else:
            yield where, value


def paths(
    kind: type, path: str = "", rows: Mapping[str, Iterable[str]] | None = None
) -> Iterator[tuple[str, type, str]]:
    """(path, owner, field) of every setting of `kind`; rows of a table stand under the names given, else under `*`."""
    for name, hint in hints(kind).items():
        where, row_kind = f"{path}{name}", row_kind_of(hint)
        if dataclasses.is_dataclass(hint):
            yield from paths(typing.cast(type, hint), f"{where}.", rows)
        elif row_kind is not None:
            for row in (rows or {}).get(where, (EVERY,)):
                yield from paths(row_kind, f"{where}.{row}.", rows)
        else:
            yield where, kind, name


def parse_assignments(kind: type, assignments: Iterable[str]) -> dict[str, Any]:
    """`["roles.solver.steps=3"]` → `{"roles.solver.steps": 3}`, values of the type their setting has.

    Raises:
        ConfigError: not of the form path=value, or no such setting.
    """
    found: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        path = path.strip()
        if not equals or not path:
            raise ConfigError(f"a setting is written path=value, got {assignment!r}")
        found[path] = _typed(path, text.strip(), setting_type(kind, path))
    return found


def setting_type(kind: type, path: str) -> Any:
    """The type of the setting at a path.

    Raises:
        UnknownNameError: no such setting.
        ConfigError: the path names a whole part, which has no value of its own.
    """
    here: Any = kind
    done = ""
    names = path.split(".")
    while names:
        name = names.pop(0)
        known = hints(here)
        if name not in known:
            raise unknown(here, path, done)
        done += f"{name}."
        here = known[name]
        row_kind = row_kind_of(here)
        if row_kind is not None and names:
            done += f"{names.pop(0)}."
            here = row_kind
        if not dataclasses.is_dataclass(here):
            if names:
                whole = " of whole tables, as in questions.sources={challenger=0.8, procedural=0.2}"
                inside = whole if here == Mapping[str, float] else ""
                raise ConfigError(f"{done.rstrip('.')} is a single setting{inside}; {path!r} goes on below it")
            return here
    inside = ", ".join(f"{path}.{name}" for name in hints(here))
    raise ConfigError(f"{path} is a part with settings of its own; set one of them: {inside}")


def unknown(kind: type, path: str, parent: str) -> UnknownNameError:
    """An error for a path that does not exist: near ones of the same part, or the same name elsewhere."""
    here = [f"{parent}{name}" for name in hints(kind)]
    name = path[len(parent) :].partition(".")[0]
    elsewhere = [] if parent else [p for p, _, last in paths(kind) if last == name]
    remedy = f"Elsewhere it is {', '.join(elsewhere[:4])}." if elsewhere else ""
    near = difflib.get_close_matches(f"{parent}{name}", here, n=1, cutoff=0.5)
    return UnknownNameError("setting", f"{parent}{name}", here, "" if near else remedy)


def _typed(path: str, text: str, hint: Any) -> Any:
    if text.lower() == "none" and type(None) in typing.get_args(hint):
        return None
    if hint in (str, Named) or hint == (str | None):
        return _unquoted(text)
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = _number(text, hint)
    if hint == tuple[str, ...] and isinstance(value, str):
        value = [piece.strip() for piece in value.split(",")]
    return converted(path, value, hint)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _number(text: str, hint: Any) -> Any:
    """What TOML does not take for a number and Python does, such as `.5`; else the text, for the type to refuse."""
    if hint is float or float in typing.get_args(hint):
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _leaf(path: str, value: Any, hint: Any) -> Any:
    if value == "none" and type(None) in typing.get_args(hint):
        return None
    if hint == Named:
        return value
    return converted(path, value, hint)


def _table(value: Any, path: str, kind: type | None = None) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    inside = "" if kind is None else "; set one of " + ", ".join(f"{path}.{name}" for name in hints(kind))
    raise ConfigError(f"{path} is a part with settings of its own, got {readable(type(value))} {value!r}{inside}")
