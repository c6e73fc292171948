"""The exception tree: everything this package raises on purpose, so that one `except` can catch it.

    SelfPlayError
    ├── ConfigError         a setting, option or argument is wrong          (also a ValueError)
    │   └── UnknownNameError    no such verifier, curriculum, agent, ...    (also a LookupError)
    ├── MissingExtraError   a library is not installed                      (also an ImportError)
    ├── PluginError         a plug-in broke its contract
    └── RunError            a run folder or checkpoint cannot be used

Every message names the value, what was expected, and what to do next. The command line prints the message
and exits with code 2; it never shows a traceback for a `SelfPlayError`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

LONGEST = 80
"""Characters of a value in a message; whoever gave it knows the rest."""


def short(value: object, most: int = LONGEST) -> str:
    """A value for a message: as Python writes it, cut in the middle where that has more than `most` characters."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 13]}…{text[-12:]}"


def with_article(name: str) -> str:
    """A name behind "a" or "an"."""
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


class SelfPlayError(Exception):
    """Base of all errors raised on purpose by selfplay_gym."""


class ConfigError(SelfPlayError, ValueError):
    """A setting has a value that cannot work."""


class UnknownNameError(ConfigError, LookupError):
    """A name is not registered; the message lists what is, and the nearest spelling."""

    def __init__(self, kind: str, name: str, known: Iterable[str], remedy: str = "") -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        if str(name).endswith(":") and name in self.known:
            super().__init__(f"the {kind} {name!r} is a beginning: a name must follow the colon")
            return
        close = difflib.get_close_matches(str(name)[:LONGEST], self.known, n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        listing = ", ".join(repr(name) if "," in name else name for name in self.known) or "none"
        super().__init__(f"unknown {kind} {short(name)}.{hint} Known: {listing}.{' ' + remedy if remedy else ''}")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str]]]:
        return (UnknownNameError, (self.kind, self.name, self.known))


class MissingExtraError(SelfPlayError, ImportError):
    """A library that this installation lacks is needed for what was asked.

    Args:
        library: the import name that failed.
        extra: the extra of this package that brings it; `None` for what the package requires, and a light installation
            leaves out.
        purpose: what it was needed for.
    """

    def __init__(self, library: str, extra: str | None, purpose: str) -> None:
        command = "pip install selfplay-gym" if extra is None else f"pip install 'selfplay-gym[{extra}]'"
        super().__init__(f"{purpose} needs {library!r}, which is not installed: {command}", name=library)
        self.library, self.extra, self.purpose = library, extra, purpose

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str | None, str]]:
        return (MissingExtraError, (self.library, self.extra, self.purpose))


@contextmanager
def asked_by(setting: str, value: Any) -> Iterator[None]:
    """What a library is missing for inside is this setting, and the error names it.

    Args:
        setting: its path, such as "compute.workers".
        value: what it says.

    Raises:
        MissingExtraError: in place of one that only knows the plug-in.
    """
    try:
        yield
    except MissingExtraError as error:
        raise MissingExtraError(error.library, error.extra, f"{setting}={value!r}") from None


class PluginError(SelfPlayError):
    """A plug-in (verifier, curriculum, agent, generator) broke its protocol."""


class RunError(SelfPlayError):
    """A run folder or a checkpoint is missing, damaged, or belongs to other settings."""
