"""A tree of dataclasses as nested dictionaries, and back: merged, changed by path, with names that are checked.

Types of single values are msgspec's business (docs/decisions/settings.md says why); what is here is what it does not
have: a did-you-mean with the path, `*` for every row of a table, and errors that name the row they come from.
"""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ...core.errors import ConfigError, UnknownNameError
from ...core.options import split_list, unquoted
from .checks import Named, converted, hints
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
    return {_writable(name, path): _serialisable(value, f"{path}{name}") for name, value in values.items()}


def _serialisable(value: Any, path: str) -> Any:
    if isinstance(value, Mapping):
        return serialisable(value, f"{path}.")
    if isinstance(value, tuple | list):
        return [_serialisable(one, path) for one in value]
    if value is None:
        return "none"
    if isinstance(value, str):
        return _writable(value, path)
    if isinstance(value, int | float | bool):
        return value
    raise ConfigError(
        f"{path} is a live {type(value).__name__}: a run must be repeatable from its config.toml, so register it and "
        "give its name"
    )


def _writable(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{path} holds {text!r}, which cannot be written as UTF-8") from None
    return text


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


Change: typing.TypeAlias = tuple[str, str, Any]
"""A name, what of its path goes on below it ("" for nothing), and the value."""


def merge(kind: type, base: Mapping[str, Any], changes: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """`base` with `changes` laid over it; a name may be a path (`"solver.steps"`).

    Raises:
        UnknownNameError: a name that `kind` does not have.
        ConfigError: a part that is given as something else.
    """
    return _laid_over(kind, base, _changes(changes, path), path)


def _laid_over(kind: type, base: Mapping[str, Any], changes: Iterable[Change], path: str) -> dict[str, Any]:
    known, merged = hints(kind), dict(base)
    rows: dict[str, list[Change]] = {}
    for name, rest, value in changes:
        where = f"{path}{name}"
        if name not in known:
            raise unknown(kind, f"{where}.{rest}" if rest else where, path)
        hint = known[name]
        if dataclasses.is_dataclass(hint):
            part = typing.cast(type, hint)
            merged[name] = _laid_over(part, merged.get(name, {}), _below(rest, value, where, part), f"{where}.")
        elif row_kind_of(hint) is not None:
            rows.setdefault(name, []).extend(_below(rest, value, where))
        else:
            if rest:
                setting_type(kind, f"{name}.{rest}")  # says why nothing goes on below it
            merged[name] = value
    for name, below in rows.items():
        row_kind = typing.cast(type, row_kind_of(known[name]))
        merged[name] = _rows_laid_over(row_kind, merged.get(name, {}), below, f"{path}{name}")
    return merged


def _rows_laid_over(kind: type, base: Mapping[str, Any], changes: list[Change], path: str) -> dict[str, Any]:
    """`*` is for all rows, new ones among them; what is said of a single row wins over it."""
    rows = dict(base)
    for row in dict.fromkeys([*rows, *(name for name, _, _ in changes if name != EVERY)]):
        values = rows.get(row, as_dict(kind()))
        for wanted in (EVERY, row):
            for _, rest, value in (change for change in changes if change[0] == wanted):
                where = f"{path}.{row}"
                values = _laid_over(kind, values, _below(rest, value, where, kind), f"{where}.")
        rows[row] = values
    return rows


def _below(rest: str, value: Any, path: str, kind: type | None = None) -> list[Change]:
    """The changes inside a part: the one that a path goes on to, or those of a whole table."""
    return _changes({rest: value} if rest else _table(value, path, kind), f"{path}.")


def _changes(changes: Mapping[str, Any], path: str) -> list[Change]:
    found = []
    for given, value in changes.items():
        if not isinstance(given, str) or not given:
            raise ConfigError(f"the settings {path.rstrip('.') or 'of a run'} have names, got {given!r}")
        name, _, rest = given.partition(".")
        found.append((name, rest, value))
    return found


def flatten(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its path; a table of plug-ins is one setting."""
    for name, value in values.items():
        where = f"{path}{name}"
        if isinstance(value, Mapping) and where != "questions.sources" and "name" not in value:
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
                inside = whole if done == "questions.sources." else ""
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
    return UnknownNameError("setting", f"{parent}{name}", here, remedy)


def _typed(path: str, text: str, hint: Any) -> Any:
    if text.lower() == "none" and type(None) in typing.get_args(hint):
        return None
    if hint == Named and text[:1] in ("[", "{"):  # several terms of a sum, or a table
        return _structure(path, text)
    if hint in (str, Named) or hint == (str | None):
        return unquoted(text)
    try:
        read = tomllib.loads(f"value = {text}")
        value = read["value"] if list(read) == ["value"] else text  # not what stands on further lines
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply") from None
    except ValueError:  # not TOML, or a number with thousands of digits
        value = _number(text, hint)
    if isinstance(value, Mapping) and row_kind_of(hint) is not None:
        return value
    if hint == tuple[str, ...] and isinstance(value, str):
        bracketed = value.startswith("[") and value.endswith("]")  # not TOML: its texts have no quotes
        value = [unquoted(one) for one in split_list(value[1:-1])] if bracketed else split_list(value)
    return converted(path, value, hint)


def _structure(path: str, text: str) -> Any:
    """A list or a table as TOML has it; in a list, texts need no quotes."""
    try:
        read = tomllib.loads(f"value = {text}")
        if list(read) == ["value"]:
            return read["value"]
    except (ValueError, RecursionError):
        if text.startswith("[") and text.endswith("]"):
            return [unquoted(one) for one in split_list(text[1:-1])]
    raise ConfigError(f"{path} is no list or table as TOML has them, got {text:.80}")


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
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and kind in (None, type(value)):
        return as_dict(value)
    if isinstance(value, Mapping):
        return value
    inside = "" if kind is None else "; set one of " + ", ".join(f"{path}.{name}" for name in hints(kind))
    raise ConfigError(f"{path} is a part with settings of its own, got {value!r:.80}{inside}")
