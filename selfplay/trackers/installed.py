"""Whether the library of a tracker is there, without importing it."""

from __future__ import annotations

import importlib.util
import sys


def is_installed(library: str) -> bool:
    """Whether `import library` would find something."""
    if library in sys.modules:
        return sys.modules[library] is not None
    return importlib.util.find_spec(library) is not None
