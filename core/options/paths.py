"""Paths as people give them: text or a path object."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import ConfigError


def path_of(what: str, value: Any, example: str) -> Path:
    """A value as a path.

    Args:
        what: what it is called where it is given; the error begins with it.
        example: a path that would do.

    Raises:
        ConfigError: neither text nor a path object, or empty, or with a character that no path can have.
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise ConfigError(f"{what} must be a path, such as {example!r}, got {value!r:.80}")
    return Path(text)
