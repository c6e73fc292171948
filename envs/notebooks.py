"""Environments in a notebook: what `gym.make` returns is wrapped, and a wrapper hides the HTML of what is in it."""

from __future__ import annotations

import sys
from typing import Any

WRAPPERS = (
    ("gymnasium.core", "Wrapper"),
    ("gymnasium.vector.vector_env", "VectorWrapper"),
    ("pettingzoo.utils.wrappers.base", "BaseWrapper"),
)
"""Module and name of each kind; none is imported for this."""


def present_shell() -> Any:
    """IPython's shell in this process; `None` where there is none. IPython is not imported for this."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def show_wrapped() -> None:
    """Inside IPython, have wrapped environments of ours shown as the bare ones are; elsewhere, do nothing."""
    shell = present_shell()
    if shell is not None:
        for module, name in WRAPPERS:
            shell.display_formatter.formatters["text/html"].for_type_by_name(module, name, html_of)


def html_of(wrapper: Any) -> str | None:
    """The HTML of what is wrapped; `None` if it has none, so that a notebook shows the wrapper as text."""
    shown = wrapper if hasattr(type(wrapper), "_repr_html_") else wrapper.unwrapped
    found = shown._repr_html_() if hasattr(type(shown), "_repr_html_") else None
    return found if isinstance(found, str) else None
