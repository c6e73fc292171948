"""Secrets taken out of what leaves the machine: settings, texts, and messages about what failed.

Found are: values of environment variables that are named like secrets, keys in their usual forms, names with passwords
in addresses, and, in settings, the values of options that are named like secrets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
SHORTEST = 8
"""Characters of an environment variable's value from which on it is looked for in texts."""

_NAME = r"[\w-]*(?:keys?|token|secrets?|passw(?:or)?ds?|passphrase|credentials?)|(?:[\w-]*[_-])?auth(?:orization)?"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_OPTION = re.compile(
    rf"(?<![\w-])({_NAME})([\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|(?:bearer\s+)?[^\s,;&)\]}}\"']+)", re.IGNORECASE
)
_USER = re.compile(r"(\w+://)[^/\s@]+@")
_FORM = re.compile(
    r"\b(?:sk-[\w-]{16,}|hf_\w{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,})"
)


def redacted(text: str) -> str:
    """A text of a model, or about an error, without secrets."""
    for value in sorted(_of_environment(), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _FORM.sub(HIDDEN, _USER.sub(rf"\1{HIDDEN}@", text))


def redacted_setting(path: str, value: Any) -> Any:
    """The value of a setting without secrets: of an option that is named like one, nothing is left."""
    if isinstance(value, Mapping):
        return {name: redacted_setting(str(name), one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_setting(path, one) for one in value]
    if not isinstance(value, str):
        return value
    if value and _SECRET_NAME.fullmatch(path.rpartition(".")[2]):
        return HIDDEN
    return _OPTION.sub(_without_value, redacted(value))


def _without_value(found: re.Match[str]) -> str:
    number = found[3].replace(".", "", 1).isdigit()  # how many tokens is no secret
    return found[0] if number else f"{found[1]}{found[2]}{HIDDEN}"


def _of_environment() -> set[str]:
    names = (name for name in os.environ if _SECRET_NAME.fullmatch(name))
    return {os.environ[name] for name in names if len(os.environ[name]) >= SHORTEST}
