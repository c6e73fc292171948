"""What nothing works without: looked for before the first import of it, so that its absence is one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from ..errors import MissingExtraError
from ..interrupts import is_command

LIBRARIES = ("numpy", "gymnasium")
"""What `import selfplay_gym` imports in any case; everything else is named where it is used."""
OF_THE_COMMAND = ("click",)


def check_required(arguments: Sequence[str]) -> None:
    """Import what is needed in any case; our command ends in one line and exit code 2 without it.

    Args:
        arguments: what the interpreter was started with, `sys.orig_argv`.

    Raises:
        MissingExtraError: one of them, or what it needs itself, is not installed.
    """
    command = is_command(arguments)
    for name in (*LIBRARIES, *(OF_THE_COMMAND if command else ())):
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            missing = MissingExtraError(error.name or name, None, "selfplay_gym")
            if not command:
                raise missing from None
            print(f"error: {missing}", file=sys.stderr)
            raise SystemExit(2) from None
