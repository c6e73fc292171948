"""Registries by name: how a verifier, curriculum, agent, generator or reward is found and built.

A name is looked up among, in this order: what `register` was given, a registered *family* (a name ending in a colon,
`rg:` serving `rg:chain_sum`), entry points of installed packages, and finally read as `module:attribute`. Targets may
be strings, imported at first use, so that listing names costs nothing.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar, overload

from .errors import ConfigError, PluginError, UnknownNameError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[T]):
    """Names of one kind of plug-in.

    Args:
        kind: the domain word used in messages ("verifier").
        group: entry-point group other packages may fill, read lazily.
        protocol: the runtime-checkable protocol every built object must satisfy.
    """

    def __init__(self, kind: str, group: str, protocol: Any) -> None:
        self.kind, self.group, self.protocol = kind, group, protocol
        self._targets: dict[str, str | Callable[..., Any]] = {}

    @overload
    def register(self, name: str) -> Callable[[F], F]: ...
    @overload
    def register(self, name: str, target: str | Callable[..., Any]) -> None: ...
    def register(self, name: str, target: str | Callable[..., Any] | None = None) -> Callable[[F], F] | None:
        """Register a factory: as a decorator, or with `target` (a callable or "module:attr").

        Registering a name again with another target is an error: two plug-ins cannot shadow each other silently.
        """
        if not name or name != name.strip():
            raise ConfigError(f"a {self.kind} name must be a non-empty word, got {name!r}")

        def add(factory: str | Callable[..., Any]) -> None:
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
        if self._targets.pop(name, None) is None:
            raise UnknownNameError(self.kind, name, self._targets)

    def names(self) -> list[str]:
        """All registered names and entry points, sorted; families end in a colon."""
        return sorted({*self._targets, *self._entry_points()})

    def targets(self) -> dict[str, str | Callable[..., Any]]:
        """What each name stands for, by name: "module:attr" or a callable. Nothing is imported."""
        known = {**self._entry_points(), **self._targets}
        return {name: known[name] for name in self.names()}

    def make(self, what: str | Mapping[str, Any] | T, **options: Any) -> T:
        """Build by name (`make("sympy", timeout_s=2)`), by dict (`{"name": "sympy", "timeout_s": 2}`), or pass through
        an object that already satisfies the protocol (then no options are allowed).

        Raises:
            UnknownNameError: no such name; says what is near and what there is.
            ConfigError: the options do not fit the factory.
            PluginError: what was built does not satisfy the protocol.
        """
        if isinstance(what, Mapping):
            given = dict(what)
            if "name" not in given:
                raise ConfigError(f"a {self.kind} given as a dict needs a 'name', got keys {sorted(given)}")
            return self.make(str(given.pop("name")), **given, **options)
        if isinstance(what, str):
            factory, leading = self._resolve(what)
            return self._checked(what, self._call(what, factory, leading, options))
        if options:
            raise ConfigError(f"options {sorted(options)} go with a {self.kind} name, not with a live object")
        return self._checked(type(what).__name__, what)

    def _resolve(self, name: str) -> tuple[Callable[..., Any], tuple[str, ...]]:
        if name in self._targets:
            return self._load(name, self._targets[name]), ()
        family, colon, rest = name.partition(":")
        if colon and rest and family + ":" in self._targets:
            return self._load(name, self._targets[family + ":"]), (rest,)
        points = self._entry_points()
        if name in points:
            return self._load(name, points[name]), ()
        if colon:
            return self._load(name, name), ()
        raise UnknownNameError(self.kind, name, self.names(), "Or give 'module:attribute'.")

    def _load(self, name: str, target: str | Callable[..., Any]) -> Callable[..., Any]:
        if not isinstance(target, str):
            return target
        module, _, attribute = target.partition(":")
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
                raise  # the module exists; something it needs does not
            raise UnknownNameError(self.kind, name, self.names(), f"(No module {error.name!r}.)") from None
        for part in attribute.split("."):
            if not hasattr(found, part):
                raise UnknownNameError(self.kind, name, self.names(), f"({module!r} has no {part!r}.)")
            found = getattr(found, part)
        if not callable(found):
            raise PluginError(f"{self.kind} {name!r}: {target} is not callable, got {type(found).__name__}")
        return found  # type: ignore[no-any-return]

    def _call(self, name: str, factory: Callable[..., Any], leading: tuple[str, ...], options: dict[str, Any]) -> Any:
        try:
            signature = inspect.signature(factory)
        except (TypeError, ValueError):  # builtins without a signature
            return factory(*leading, **options)
        try:
            signature.bind(*leading, **options)
        except TypeError as error:
            accepted = ", ".join(p for p in signature.parameters if p not in ("self", "args", "kwargs")) or "none"
            raise ConfigError(f"{self.kind} {name!r}: {error}. Options it takes: {accepted}.") from None
        return factory(*leading, **options)

    def _checked(self, name: str, built: Any) -> T:
        if not isinstance(built, self.protocol):
            needed = sorted(m for m in dir(self.protocol) if not m.startswith("_"))
            missing = [m for m in needed if not callable(getattr(built, m, None))]
            raise PluginError(
                f"{self.kind} {name!r} built a {type(built).__name__}, which lacks: {', '.join(missing)}. "
                f"A {self.kind} has {', '.join(needed)}."
            )
        checked: T = built
        return checked

    def _entry_points(self) -> dict[str, str]:
        return {point.name: point.value for point in entry_points(group=self.group)}


def _same_target(one: str | Callable[..., Any], other: str | Callable[..., Any]) -> bool:
    """A module reloaded, or imported twice, registers its names again: that is no conflict."""

    def key(target: str | Callable[..., Any]) -> str:
        return target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}"

    return key(one) == key(other)
