"""What stays on this machine: secrets, and where things lie here. Taken out of all that goes to a hub.

Settings and measures hold names of files: every absolute path that begins with a folder of this machine becomes its
last part, "…/name". Texts of models hold slashes of their own, so there only the folders that say whose machine it is
are looked for: the home, the present folder, the temporary one, those of Python and of the run.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from ..trackers.redact import redacted_setting, without_keys

ELSEWHERE = "…/"
"""What stands for the folder of a file."""
_PART = r"[^/\\\s\"'`<>|,;()\[\]{}]+"
_ABSOLUTE = re.compile(rf"(?:\bfile:/{{0,2}}|(?<![\w./\\]))/(?:{_PART}/)*{_PART}|\b[A-Za-z]:\\(?:{_PART}\\)*{_PART}")
SHORTEST = 4
"""Characters from which on a folder's name is looked for in texts: "/" is in all of them."""


def scrubbed_setting(name: str, value: Any) -> Any:
    """The value of a setting, without secrets and without paths."""
    return in_texts(redacted_setting(name, value), without_paths)


def scrubbed(value: Any) -> Any:
    """Measures, or what a model's settings say of itself: any value of JSON, without secrets and without paths."""
    return in_texts(value, lambda text: without_paths(without_keys(text)))


def scrubbed_text(text: str, folders: Iterable[str]) -> str:
    """A text of a model, without secrets and without these folders of the machine; else as it is."""
    text = without_keys(text)
    for folder in folders:
        text = text.replace(folder, ELSEWHERE.rstrip("/"))
    return text.encode("utf-8", "replace").decode()  # a lone surrogate is no text that others could read


def own_folders(run: Path) -> list[str]:
    """The folders that say whose machine this is, longest first."""
    found = {Path.home(), Path.cwd(), Path(tempfile.gettempdir()), Path(sys.prefix), run, Path(__file__).parents[3]}
    texts = {one for path in found for one in (str(path.absolute()), os.path.realpath(path))}
    return sorted((one for one in texts if len(one) >= SHORTEST), key=len, reverse=True)


def without_paths(text: str) -> str:
    """A text without the absolute paths of this machine."""
    return _ABSOLUTE.sub(_shortened, text)


def in_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A value of JSON with every text in it changed, the names in objects too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): in_texts(one, change) for name, one in value.items()}
    return [in_texts(one, change) for one in value] if isinstance(value, list | tuple) else value


def _shortened(found: re.Match[str]) -> str:
    path = re.sub("^file:/*", "/", found[0])
    if path[0] == "/" and not _is_here("/" + path.split("/")[1]):
        return found[0]
    return ELSEWHERE + re.split(r"[/\\]", path)[-1]


@cache
def _is_here(folder: str) -> bool:
    return os.path.lexists(folder)
