"""Every public name has a docstring that says what its parameters mean and what it raises.

Public is what a page of docs/reference shows. The rules are plain, so that a message can say what to write: a docstring
stands there; each parameter is named in it, in that of its class, or beside its field, but for one that stands alone,
since then the sentence is about it; where the body raises, the docstring names the error, or says "raises". "see `X`"
and "as of `X`" hand over to another docstring.
"""

import ast
import enum
import inspect
import re
import textwrap
import types
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).parent
PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
MODULES = sorted({name for page in PAGES for name in re.findall(r"automodule:: (\S+)", page.read_text("utf-8"))})
ELSEWHERE = re.compile(r"\b(?:[Ss]ee|[Aa]s of|[Aa]s for|[Aa]s in) `([\w.]+)`")
SAYS_ERROR = re.compile(r"\b(raise[sd]?|refuse[sd]?|error|fail[s]?)\b", re.I)
OF_THE_LANGUAGE = {"self", "cls", "args", "kwargs", "_"}


class Named(NamedTuple):
    """A public object: its name for messages, itself, and the docstring around it."""

    label: str
    thing: object
    around: str = ""


def exported(module: types.ModuleType) -> list[str]:
    """The names that the reference shows of a module."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not isinstance(getattr(module, name), types.ModuleType)]
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return [name for name in own if not name.startswith("_")]


def complaints(module: types.ModuleType) -> Iterator[str]:
    """What is missing in the docstrings of a module, a line each."""
    if not (module.__doc__ or "").strip():
        yield f"{module.__name__}: no docstring"
    for name in exported(module):
        yield from of(Named(f"{module.__name__}.{name}", getattr(module, name)))


def of(named: Named) -> Iterator[str]:
    """What is missing in one docstring and, for a class, in those of its public methods."""
    thing = named.thing
    if inspect.isclass(thing):
        text = own_docstring(thing)
        if not text:
            yield f"{named.label}: no docstring"
        yield from unnamed(named, text, parameters(thing) - beside_fields(thing))
        for name, value in vars(thing).items():
            made = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            made = made.fget if isinstance(made, property) else made
            if inspect.isfunction(made) and not name.startswith("_"):
                yield from of(Named(f"{named.label}.{name}", made, text))
    elif inspect.isroutine(thing):
        text = inspect.getdoc(thing) or ""
        if not text:
            yield f"{named.label}: no docstring"
            return
        yield from unnamed(named, text + named.around, parameters(thing))
        raised = errors_of(thing)
        if not all(error in text for error in raised) and not ELSEWHERE.search(text) and not SAYS_ERROR.search(text):
            yield f"{named.label}: raises {', '.join(sorted(raised))}, which its docstring does not say"


def own_docstring(kind: type) -> str:
    """The docstring of a class itself; that which `dataclass` or `NamedTuple` makes does not count."""
    text = vars(kind).get("__doc__") or ""
    return "" if text.startswith(f"{kind.__name__}(") else text


def parameters(thing: object) -> set[str]:
    """What a class or function is called with; members of enumerations and errors are no calls of users."""
    if inspect.isclass(thing) and (issubclass(thing, enum.Enum | BaseException) or "__init__" in _inherited(thing)):
        return set()
    try:
        found = inspect.signature(thing).parameters
    except (TypeError, ValueError):
        return set()
    return {name for name in found if not name.startswith("_")} - OF_THE_LANGUAGE


def _inherited(kind: type) -> set[str]:
    """`__init__` if a class takes that of its base, whose docstring has the parameters."""
    own = {"__init__", "__new__", "__dataclass_fields__", "_fields"} & set(vars(kind))
    return set() if own else {"__init__"}


def beside_fields(kind: type) -> set[str]:
    """Fields with a string below them, as `selfplay/settings` has them."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body
    except (OSError, TypeError):
        return set()
    told = {
        field.target.id
        for field, after in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(after, ast.Expr)
        and isinstance(getattr(after.value, "value", None), str)
    }
    bases = [beside_fields(base) for base in kind.__bases__ if base.__module__.startswith("selfplay_gym")]
    return told.union(*bases)


def unnamed(named: Named, text: str, names: set[str]) -> Iterator[str]:
    """Parameters that a docstring does not name."""
    missing = sorted(name for name in names if not re.search(rf"\b{name}\b", text))
    if missing and len(names) > 1 and not ELSEWHERE.search(text):
        yield f"{named.label}: its docstring does not say what {', '.join(missing)} means"


def errors_of(function: object) -> set[str]:
    """The errors that a function's own body raises, functions inside it aside."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError):
        return set()
    found, left = set(), list(ast.iter_child_nodes(tree))
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        left += ast.iter_child_nodes(node)
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found.add(getattr(raised, "id", getattr(raised, "attr", "an error")))
    return found


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_documented(name):
    found = list(complaints(import_module(name)))
    assert not found, "\n" + "\n".join(found)


def test_the_reference_shows_the_door_and_more():
    assert {"selfplay_gym", "selfplay_gym.testing", "selfplay_gym.core.protocols", "selfplay_gym.verifiers"} <= {
        *MODULES
    }
    assert len({f"{module}.{name}" for module in MODULES for name in exported(import_module(module))}) > 200


IMPORT = re.compile(r"^from (selfplay_gym[\w.]*) import ([\w, ]+)$", re.M)
SHOWN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").glob("*.py"))]


def test_every_name_that_a_page_imports_has_a_docstring():
    """Pages also import from modules that may change; what they show is explained all the same."""
    imported = {pair for page in SHOWN for pair in IMPORT.findall(page.read_text("utf-8"))}
    things = {(m, n): getattr(import_module(m), n) for m, names in imported for n in names.split(", ")}
    assert len(things) > 30
    told = {pair for pair, thing in things.items() if callable(thing) or isinstance(thing, types.ModuleType)}
    assert [pair for pair in sorted(told) if not (getattr(things[pair], "__doc__", "") or "").strip()] == []


SAMPLE = '''
"""A module."""
__all__ = ["Kind", "bare", "open_", "told"]
def told(size):
    """Twice `size`; raises ValueError below 0."""
    if size < 0:
        raise ValueError(size)
def bare(size): pass
def open_(size, rest):
    """Something of `size`."""
    raise RuntimeError
class Kind:
    """A kind of `colour`."""
    def __init__(self, colour, depth): pass
    def act(self): pass
'''


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    (tmp_path / "sample_of_names.py").write_text(SAMPLE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert [line.removeprefix("sample_of_names.") for line in complaints(import_module("sample_of_names"))] == [
        "Kind: its docstring does not say what depth means",
        "Kind.act: no docstring",
        "bare: no docstring",
        "open_: its docstring does not say what rest means",
        "open_: raises RuntimeError, which its docstring does not say",
    ]
