"""Registries by name: how a verifier, curriculum, agent, domain or any other plug-in is found and built.

A name is looked up among, in this order: what `register` was given, a registered *family* (a name ending in a colon,
`rg:` serving `rg:chain_sum`), entry points of installed packages, and finally read as `module:attribute`. Options may
stand behind it, as `core.options` reads them. Targets may be strings, imported at first use, so that listing names
costs nothing; what they name is a factory, or the object itself.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar, overload

from .errors import ConfigError, PluginError, SelfPlayError, UnknownNameError, short, with_article
from .options import QUOTED, parse_named
from .options.typed import check_options, hints_of, is_from_run
from .sums import is_sum

_NAME = re.compile(r"[\w.:/-]+(?:\([\w.:/-]+\))?")
"""A name; it may end in parentheses, as `4p(1-p)` does."""

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[T]):
    """Names of one kind of plug-in.

    Args:
        kind: the domain word used in messages ("verifier").
        group: entry-point group other packages may fill, read lazily.
        protocol: the runtime-checkable protocol every built object must satisfy.
        problem: says what else is wrong with a built object, or `None`.
        room: package whose modules register themselves; all are imported at the first look-up.
        sums: name of the plug-in that a weighted sum of others is (`core.sums`), given its text; `None` for no sums.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        protocol: Any,
        problem: Callable[[T], str | None] = lambda built: None,
        room: str | None = None,
        sums: str | None = None,
    ) -> None:
        self.kind, self.group, self.protocol, self.problem, self._room = kind, group, protocol, problem, room
        self._sums = sums
        self._targets: dict[str, str | Callable[..., Any] | T] = {}
        self._points: tuple[list[tuple[str, int]], dict[str, str]] | None = None

    @overload
    def register(self, name: str) -> Callable[[F], F]: ...
    @overload
    def register(self, name: str, target: str | Callable[..., Any] | T) -> None: ...
    def register(self, name: str, target: str | Callable[..., Any] | T | None = None) -> Callable[[F], F] | None:
        """Register a factory: as a decorator, or with `target` (a factory, "module:attr", or the object itself).

        Registering a name again with another target is an error: two plug-ins cannot shadow each other silently.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ConfigError(
                f"{with_article(self.kind)} name must be a non-empty word of letters, digits and - _ . : /, "
                f"got {name!r:.80}"
            )

        def add(factory: str | Callable[..., Any] | T) -> None:
            if not self._is_of_room(factory):  # a name that the room has is taken, whoever comes first
                self._enter_room()
            if not (
                ":" in factory if isinstance(factory, str) else callable(factory) or isinstance(factory, self.protocol)
            ):
                raise ConfigError(
                    f"{self.kind} {name!r} is registered with a factory, 'module:attribute' or "
                    f"{with_article(self.kind)} itself, got {factory!r:.80}"
                )
            if inspect.isbuiltin(factory):
                raise ConfigError(
                    f"{self.kind} {name!r}: {factory!r} is a built-in function, not {with_article(self.kind)}"
                )
            previous = self._targets.get(name)
            if previous is not None and not _same_target(previous, factory):
                raise ConfigError(f"{self.kind} {name!r} is already registered as {previous!r}; choose another name")
            self._targets[name] = factory

        if target is not None:
            add(target)
            return None

        def decorate(factory: F) -> F:
            add(factory)
            return factory

        return decorate

    def unregister(self, name: str) -> None:
        """Forget a registered name (entry points stay)."""
        self._enter_room()
        if self._targets.pop(name, None) is None:
            raise UnknownNameError(self.kind, name, self._targets)

    def names(self) -> list[str]:
        """All registered names and entry points, sorted; families end in a colon."""
        self._enter_room()
        return sorted({*self._targets, *self._entry_points()})

    def targets(self) -> dict[str, str | Callable[..., Any] | T]:
        """What each name stands for, by name: "module:attr", a factory or the object. Nothing is imported."""
        names = self.names()
        known = {**self._entry_points(), **self._targets}
        return {name: known[name] for name in names}

    def make(self, what: str | Mapping[str, Any] | T, **options: Any) -> T:
        """Build by name (`make("sympy", timeout_s=2)`, `make("sympy(timeout_s=2)")`), by dict (`{"name": "sympy",
        "timeout_s": 2}`), or pass through an object that already satisfies the protocol (then no options are allowed).

        Raises:
            UnknownNameError: no such name; says what is near and what there is.
            ConfigError: the options do not fit the factory.
            PluginError: what was built does not satisfy the protocol.
        """
        if self._sums is not None and self._is_sum(what):
            return self._built(self._sums, (what,), {}, options)
        if isinstance(what, Mapping):
            given = dict(what)
            if "name" not in given:
                raise ConfigError(f"{with_article(self.kind)} given as a dict needs a 'name', got keys {sorted(given)}")
            return self._built(str(given.pop("name")), (), given, options)
        if isinstance(what, str):
            name, leading, given = self._named(what)
            return self._built(name, leading, given, options)
        if what is None or isinstance(what, bool | int | float | bytes | list | tuple | set):
            raise ConfigError(
                f"{with_article(self.kind)} is given by name, as a table with a 'name', or as an object with "
                f"{', '.join(members_of(self.protocol))}; got {what!r:.80}"
            )
        if options:
            raise ConfigError(
                f"options {sorted(options)} go with {with_article(self.kind)} name, not with a live object"
            )
        return self._checked(type(what).__name__, what)

    def knows(self, what: str) -> bool:
        """Whether `what`, with or without options, is a registered name or of a registered family."""
        name = self._named(what)[0]
        family, colon, rest = name.partition(":")
        of_family = bool(colon and rest and family + ":" in self._targets)
        return name in self._targets or of_family or name in self._entry_points()

    def factory(self, what: str) -> Callable[..., Any]:
        """The class or function behind a name, with or without options: to look at it, where building costs much."""
        return self._resolve(self._named(what)[0])[0]

    def _named(self, text: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """Name and options. A registered name may itself end in parentheses; an address may, behind a colon."""
        self._enter_room()
        if text in self._targets:
            return text, (), {}
        name, leading, options = parse_named(text)
        if leading and name.partition(":")[0] + ":" in self._targets:  # `llm:models/mine(1)` is a path
            return text.strip(), (), {}
        return name, leading, options

    def _is_sum(self, what: Any) -> bool:
        """Whether something names several plug-ins with their weights, as a list or as one text."""
        if isinstance(what, str):
            return not self.knows(what) and is_sum(what, self.names())
        return isinstance(what, list | tuple)

    def _built(self, name: str, leading: tuple[Any, ...], given: dict[str, Any], options: dict[str, Any]) -> T:
        twice = sorted(set(given) & set(options))
        if twice:
            raise ConfigError(f"{self.kind} {short(name)} is given {', '.join(twice)} twice")
        factory, family = self._resolve(name)
        return self._checked(name, self._call(name, factory, (*family, *leading), given, options))

    def _enter_room(self) -> None:
        if self._room is not None:
            room, self._room = importlib.import_module(self._room), None
            for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
                if not module.ispkg:
                    importlib.import_module(module.name)

    def _is_of_room(self, factory: Any) -> bool:
        return self._room is not None and str(getattr(factory, "__module__", "")).startswith(f"{self._room}.")

    def _resolve(self, name: str) -> tuple[Callable[..., Any], tuple[str, ...]]:
        self._enter_room()
        if name in self._targets and not name.endswith(":"):
            return self._load(name, self._targets[name]), ()
        family, colon, rest = name.partition(":")
        if colon and rest and family + ":" in self._targets:
            return self._load(name, self._targets[family + ":"]), (rest,)
        points = self._entry_points()
        if name in points:
            return self._load(name, points[name]), ()
        if colon and rest:
            return self._load(name, name), ()
        raise UnknownNameError(self.kind, name, self.names(), "Or give 'module:attribute'.")

    def _load(self, name: str, target: str | Callable[..., Any] | T) -> Callable[..., Any]:
        if not isinstance(target, str):
            return self._factory(name, target, repr(target))
        module, _, attribute = target.partition(":")
        if not all(part.isidentifier() for part in module.split(".")):
            raise UnknownNameError(self.kind, name, self.names(), "An address is 'module:attribute'.")
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
                raise  # the module exists; something it needs does not
            raise self._unreachable(name, target, f"no module {error.name!r}") from None
        for part in attribute.split("."):
            if not hasattr(found, part):
                raise self._unreachable(name, target, f"{module!r} has no {part!r}")
            found = getattr(found, part)
        return self._factory(name, found, target)

    def _unreachable(self, name: str, target: str, why: str) -> SelfPlayError:
        if name == target:
            return UnknownNameError(self.kind, name, self.names(), f"({why[:1].upper()}{why[1:]}.)")
        return PluginError(f"{self.kind} {short(name)} stands for {target!r}, which cannot be imported: {why}")

    def _factory(self, name: str, found: Any, target: str) -> Callable[..., Any]:
        """A factory as it is, and one for an object that is ready to use."""
        if callable(found):
            return found  # type: ignore[no-any-return]
        if isinstance(found, self.protocol):
            return lambda: found
        raise PluginError(f"{self.kind} {name!r}: {target} is neither {with_article(self.kind)} nor a factory of one")

    def _call(
        self,
        name: str,
        factory: Callable[..., Any],
        leading: tuple[Any, ...],
        given: dict[str, Any],
        live: dict[str, Any],
    ) -> Any:
        """Call a factory with the options that a user wrote and with those that code gives."""
        options = {**given, **live}
        try:
            signature = inspect.signature(factory)
        except (TypeError, ValueError):  # builtins without a signature
            return factory(*leading, **options)
        try:
            bound = signature.bind(*leading, **options)
        except TypeError as error:
            accepted = ", ".join(_options_of(factory, signature)) or "none"
            hint = f" A value with commas stands in quotes, {QUOTED}." if leading else ""
            raise ConfigError(f"{self.kind} {short(name)}: {error}. Options it takes: {accepted}.{hint}") from None
        if not (leading or options):
            return factory()
        check_options(name, factory, bound, live)
        try:
            return factory(*leading, **options)
        except SelfPlayError:
            raise
        except (TypeError, ValueError, AttributeError, KeyError) as error:  # an option of the wrong type, as a rule
            shown = ", ".join([*map(repr, leading), *(f"{key}={value!r}" for key, value in options.items())])
            raise ConfigError(f"{self.kind} {short(name)} does not take the options ({shown:.200}): {error}") from error

    def _checked(self, name: str, built: Any) -> T:
        if not isinstance(built, self.protocol):
            needed = members_of(self.protocol)
            missing = [m for m in needed if not hasattr(built, m)]
            raise PluginError(
                f"{self.kind} {short(name)} built {with_article(type(built).__name__)}, which lacks: "
                f"{', '.join(missing)}. {with_article(self.kind).capitalize()} has {', '.join(needed)}."
            )
        checked: T = built
        problem = self.problem(checked)
        if problem is not None:
            raise PluginError(f"{self.kind} {short(name)} ({type(built).__name__}) {problem}")
        return checked

    def _entry_points(self) -> dict[str, str]:
        """Names of installed packages, which take milliseconds to read: kept until something is installed."""
        folders = _import_folders()
        if self._points is None or self._points[0] != folders:
            self._points = folders, {point.name: point.value for point in entry_points(group=self.group)}
        return self._points[1]


def _import_folders() -> list[tuple[str, int]]:
    """Where packages are found, with the time of the last change: installing one changes a folder."""
    found = []
    for folder in sys.path:
        with contextlib.suppress(OSError, ValueError):
            found.append((folder, os.stat(folder or ".").st_mtime_ns))
    return found


def _same_target(one: object, other: object) -> bool:
    """A module reloaded, or imported twice, registers its names again: that is no conflict."""

    def key(target: Any) -> Any:
        return f"{target.__module__}:{target.__qualname__}" if hasattr(target, "__qualname__") else target

    return bool(key(one) == key(other))


def _options_of(factory: Callable[..., Any], signature: inspect.Signature) -> list[str]:
    """The options that users may set."""
    hints = hints_of(factory)
    left_out = {"self", "args", "kwargs", *(name for name, hint in hints.items() if is_from_run(hint))}
    return [name for name in signature.parameters if name not in left_out]


def members_of(protocol: type) -> list[str]:
    """What an object of the protocol must have."""
    members = {*inspect.get_annotations(protocol), *vars(protocol)}
    return sorted(name for name in members if not name.startswith("_")) or ["__call__"]
