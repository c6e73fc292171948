"""The `selfplay-gym` command: parse, build, call one function.

Every command is one function in a file of its kind beside this one; the work happens in `selfplay/`, and that of
`export` in `interop/`. Whatever goes
wrong is one line and exit code 2; an interrupt ends with exit code 130, SIGTERM with 143, and a run then says how it
goes on.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from ..selfplay.commands.door import leave
from . import exporting, looking_up, measuring, playing, reading
from .app import app

__all__ = ["app", "exporting", "looking_up", "main", "measuring", "playing", "reading", "run"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; see `selfplay.commands.door`."""
    return leave(lambda: app.main(args=arguments, prog_name="selfplay-gym", standalone_mode=False))


def run() -> NoReturn:
    """The installed command. One that was stopped does not wait until the interpreter has taken torch apart."""
    code = main()
    if code in (130, 143):
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)
