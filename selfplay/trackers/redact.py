"""Secrets taken out of what leaves the machine: settings, texts, and messages about what failed.

Found are: values of environment variables that are named like secrets, keys in their usual forms, names with passwords
in addresses, and values that stand after a name like one of a secret, as in `api_key=…` or `"password": "…"`. Where it
is not clear (`key=len` in a program), it is hidden.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
SHORTEST = 8
"""Characters from which on the value of an environment variable is looked for in texts, and a number may be a key."""

_COUNTED = r"[\w-]*(?:keys?|token)|(?:[\w-]*[_-])?(?:auth(?:orization)?|pat|sig(?:nature)?)"
_ALWAYS = r"[\w-]*(?:secrets?|passw(?:or)?ds?|passphrase|credentials?|cookies?)|(?:[\w-]*[_-])?(?:pwd|jwt)"
_SECRET_NAME = re.compile(f"(?P<counted>{_COUNTED})|{_ALWAYS}", re.IGNORECASE)
_VALUE = (
    r"\\*\"(?:[^\"\\]|\\[^\"])*(?:\"|\\\"|$)|\\*'(?:[^'\\]|\\[^'])*(?:'|\\'|$)"  # quoted, in JSON within JSON too
    r"|\{(?:[^{}]|\{[^{}]*\})*\}|\[(?:[^\[\]]|\[[^\[\]]*\])*\]|[\[{].*"  # a table or a list, else all that follows
    r"|(?:(?:bearer|basic|digest|token)\s+)?[^\s,;&)\]}\"']+"
)
_OPTION = re.compile(
    rf"(?<![\w-])({_COUNTED}|{_ALWAYS})([\\\"']{{0,4}}\s*[=:]\s*)({_VALUE})((?:;\s*[\w-]+=[^\s,;)]+)*)",
    re.IGNORECASE | re.DOTALL,
)
_USER = re.compile(
    r"(?<![\w+.-])([\w+.-]+://)(?:[^/\s\"'<>]*@|[^/:\s\"'<>]*:[^\s\"'<>]*@)"  # the second: passwords with a slash
)
_FORM = re.compile(
    r"\b(?:sk-[\w-]{16,}|[sr]k_(?:live|test)_\w{10,}|hf_\w{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|npm_\w{20,}|pypi-[\w-]{16,}|xox[abprs]-[\w-]{10,}|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{30,}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)",
    re.DOTALL,
)


def redacted(text: str) -> str:
    """A text without secrets: of a model, about an error, or a setting."""
    return _OPTION.sub(_without_value, without_keys(text))


def without_keys(text: str) -> str:
    """A text without what is a secret beyond doubt: for texts that must stay as they are, such as programs."""
    for value in sorted(_of_environment(), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _FORM.sub(HIDDEN, _USER.sub(rf"\1{HIDDEN}@", text))


def redacted_setting(path: str, value: Any) -> Any:
    """The value of a setting without secrets: of an option that is named like one, nothing is left."""
    if _hides(path.rpartition(".")[2], value):
        return HIDDEN
    if isinstance(value, Mapping):
        return {name: redacted_setting(str(name), one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_setting(path, one) for one in value]
    return redacted(value) if isinstance(value, str) else value


def _hides(name: str, value: Any) -> bool:
    """Whether a value under this name is a secret; how many keys or tokens there are, or a switch, is none."""
    found = _SECRET_NAME.fullmatch(name)
    if not found or value is None or isinstance(value, bool) or value in ("", [], {}, ()):
        return False
    text = str(value)
    return not (found["counted"] and len(text) < SHORTEST and text.replace(".", "", 1).isdigit())


def _without_value(found: re.Match[str]) -> str:
    """Nor the rest of a list with semicolons, as cookies are."""
    if _hides(found[1], found[3]):
        return f"{found[1]}{found[2]}{HIDDEN}"
    return f"{found[1]}{found[2]}{found[3]}{_OPTION.sub(_without_value, found[4])}"


def _of_environment() -> set[str]:
    names = (name for name in os.environ if _SECRET_NAME.fullmatch(name))
    return {os.environ[name] for name in names if len(os.environ[name]) >= SHORTEST}
