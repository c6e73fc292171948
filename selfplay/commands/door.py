"""The one door out of a command: whatever goes wrong outside this package is one line and an exit code.

    0      done
    1      `verify` met lines that it could not read
    2      wrong input, or a file, a device or a package that cannot be used
    130    interrupted (Ctrl-C)
    143    ended by SIGTERM

What is left is a mistake of ours, and shows its traceback.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from ...agents.packages import command_for
from ...core.errors import SelfPlayError, short
from ...core.interrupts import Stopped

WRONG = 2
PACKAGE = __name__.partition(".")[0]


class Carried(BaseException):
    """Carries an error past click, which would answer an interrupt or a broken pipe in its own way."""


class CommandGroup(click.Group):
    """Commands whose errors all reach `leave`."""

    def invoke(self, context: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(context)
        except (KeyboardInterrupt, EOFError, OSError) as error:
            raise Carried from error


def leave(command: Callable[[], Any]) -> int:
    """Run a command and return its exit code; an error is one line on the error stream."""
    with _signals() as got, _streams():
        try:
            try:
                code = command()
                sys.stdout.flush()
            except Carried as carried:
                raise (carried.__cause__ or carried) from None
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return WRONG
        except SystemExit as error:
            return error.code if isinstance(error.code, int) else WRONG
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | click.Abort):
                got.append(error.code if isinstance(error, Stopped) else Stopped().code)
            if got:  # an interrupt may come out of an import or a library as any other error
                word = "terminated" if got[0] == Stopped(signal.SIGTERM).code else "interrupted"
                kept = error.kept if isinstance(error, Stopped) else ""
                return _say(f"{word}: {kept}" if kept else word, got[0])
            line = one_line(error)
            if line is None:
                raise
            return _say(f"error: {line}", WRONG)
        return code if isinstance(code, int) else 0


def one_line(error: BaseException) -> str | None:
    """What went wrong outside this package, for people; `None` for what can only be a mistake of ours."""
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, SelfPlayError):
        return _single(str(error))
    if isinstance(error, ImportError):
        return _missing(error)
    if isinstance(error, OSError):
        return _refused(error)
    if isinstance(error, UnicodeError):
        return _single(f"text that cannot be read or written here: {error}")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return _single(f"not enough memory: {error or 'ask for less at a time'}")
    if isinstance(error, RecursionError):
        return "something in the input is nested too deeply"
    if type(error).__module__.partition(".")[0] == "safetensors" or type(error).__name__ == "SafetensorError":
        return _single(f"weights cannot be read or written: {error}")
    return None


def _missing(error: ImportError) -> str | None:
    """The line that brings a package; `None` if it is one of our own modules."""
    name = (error.name or "").partition(".")[0]
    if not name or name == PACKAGE:
        return None
    if isinstance(error, ModuleNotFoundError):
        return f"this needs the package {name!r}, which is not installed: {command_for(name)}"
    return _single(f"the package {name!r} cannot be used: {error}")


def _refused(error: OSError) -> str:
    if error.errno == errno.EPIPE:
        return "nobody reads the output any more"
    reason = error.strerror or str(error) or type(error).__name__
    names = " → ".join(short(str(name), 300) for name in (error.filename, error.filename2) if name is not None)
    remedy = {
        errno.ENOSPC: "; make room and run the command again: what was saved last still stands",
        errno.EDQUOT: "; make room and run the command again: what was saved last still stands",
        errno.EACCES: "; is it yours to write?",
        errno.EROFS: "; choose a folder elsewhere",
    }.get(error.errno or 0, "")
    return _single(f"{names + ': ' if names else ''}{reason}{remedy}")


def _single(text: str) -> str:
    """A message on one line."""
    return " ".join(text.split())


def _say(line: str, code: int) -> int:
    try:
        click.echo(line, err=True)
    except OSError:  # the error stream itself is full or closed
        _to_nowhere(sys.stderr)
    return code


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM end a command by `KeyboardInterrupt`, so that what it started is stopped; the exit code."""
    got: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield got
        return

    def note(number: int, _: object) -> None:
        got.append(Stopped(number).code)
        raise Stopped(number)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield got
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _streams() -> Iterator[None]:
    """Streams that can take every character, and that exist; at the end nothing is left to fail on the way out."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the command
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure") and sys.stdout.errors in ("strict", "surrogateescape"):  # as in LC_ALL=C
        sys.stdout.reconfigure(errors="replace")
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                _to_nowhere(stream)


def _to_nowhere(stream: Any) -> None:
    """What a stream still holds goes nowhere: the interpreter would fail over it when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
