"""Running the program itself, once the jail is shut: as a script, or as a function called on many inputs."""

from __future__ import annotations

import _thread
import atexit
import builtins
import gc
import io
import linecache
import marshal
import os
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType, ModuleType, TracebackType
from typing import Any

from .protocol import values
from .protocol.channel import ChannelWriter, Full, TooLong

FILENAME = "<program>"
_LONGEST_ERROR = 500
_leave = os._exit  # held here, because the program may put something else into `os`
_shut_down: Callable[[], None] = vars(threading)["_shutdown"]  # what the interpreter itself calls at its end
_run_exit_functions: Callable[[], None] = vars(atexit)["_run_exitfuncs"]


def run(task_file: int, channel: ChannelWriter) -> None:
    """Read the task, do it, and leave the process; never returns."""
    task: dict[str, Any] = marshal.loads(os.pread(task_file, os.fstat(task_file).st_size, 0))  # written by the host
    os.close(task_file)
    gc.enable()
    code = 1
    try:
        code = _script(task, channel) if task["mode"] == "script" else _calls(task, channel)
    except BaseException:  # noqa: BLE001  (the program may have broken anything, also what handles its errors)
        code = 1
    finally:
        _leave(code)


def _main_module(code: str) -> ModuleType:
    """A fresh `__main__` for the program, and its source where tracebacks look for it."""
    module = ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    sys.argv = [FILENAME]
    linecache.cache[FILENAME] = (len(code), None, code.splitlines(keepends=True), FILENAME)
    return module


def _execute(code: str, module: ModuleType) -> None:
    exec(compile(code, FILENAME, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  (what the box is for)


def open_streams() -> None:
    """Open the standard streams by number, in the server: each child puts its own files behind 0, 1 and 2."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (open as long as the program runs)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)


def _script(task: dict[str, Any], channel: ChannelWriter) -> int:
    module = _main_module(task["code"])
    record: dict[str, Any] | None = None
    code = 0
    steps: tuple[Callable[[], None], ...] = (
        lambda: _execute(task["code"], module),
        _join_threads,
        _run_exit_functions,
        _flush,
    )
    for step in steps:
        try:
            step()
        except SystemExit as leaving:
            code = _exit_code(leaving)
        except BaseException as error:  # noqa: BLE001  (whatever a program raises is its result)
            record, code = _failure(error), 1
            if record["s"] == "memory":
                module.__dict__.clear()  # room to say so
            _show(error)
    if code and record is None:
        record = {"s": "error", "e": f"SystemExit: {code}"}
    if record is not None:  # an end without incident needs no words
        channel.write(record, _LONGEST_ERROR * 8)
    return code


def _join_threads() -> None:
    if _thread._count():
        _shut_down()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()


def _exit_code(leaving: SystemExit) -> int:
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    print(leaving.code, file=sys.stderr)
    return 1


def _show(error: BaseException) -> None:
    """The traceback as the interpreter prints it, without the frames of the box."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != FILENAME:
        trace = trace.tb_next
    try:
        traceback.print_exception(type(error), error, trace, file=sys.stderr)
    except BaseException:  # noqa: BLE001  (an exception that cannot be printed is still reported by its record)
        return


def _failure(error: BaseException) -> dict[str, Any]:
    """The record of an exception: its message, and the program's line that raised it."""
    record: dict[str, Any] = {"s": "memory" if isinstance(error, MemoryError) else "error", "l": _line(error)}
    try:
        record["e"] = "".join(traceback.format_exception_only(type(error), error)).strip()[-_LONGEST_ERROR:]
    except BaseException:  # noqa: BLE001  (its own __str__ may raise, exit, or run out of memory again)
        record["e"] = type.__dict__["__name__"].__get__(type(error))[:80]
    return record


def _line(error: BaseException) -> int | None:
    line: int | None = None
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    if line is None and isinstance(error, SyntaxError) and error.filename == FILENAME:
        line = error.lineno
    return line


class _Captured(io.TextIOBase):
    """What a call prints, up to a limit; what goes beyond is dropped."""

    encoding = "utf-8"

    def __init__(self, limit: int) -> None:
        self._pieces: list[str] = []
        self._limit, self._left = limit, limit

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if type(text) is not str:
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._left > 0 and text:
            self._pieces.append(text[: self._left])
            self._left -= len(text)
        return len(text)

    def taken(self) -> str:
        """All since the last time."""
        if not self._pieces:
            return ""
        text = "".join(self._pieces)
        self._pieces, self._left = [], self._limit
        return text


def _calls(task: dict[str, Any], channel: ChannelWriter) -> int:
    output = _Captured(int(task["output_kb"] * 1024))
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = output
    limit = int(task["result_kb"] * 1024) + 6 * int(task["output_kb"] * 1024)  # a control character takes six bytes
    module = _main_module(task["code"])
    try:
        _execute(task["code"], module)
        function = _function(module, task["function"])
    except BaseException as error:  # noqa: BLE001  (whatever a program raises is its result)
        channel.write({**_failure(error), "i": -1, "o": output.taken()}, limit)
        return 1
    output.taken()
    call = _Traced(function, channel) if task["trace"] else function
    channel.begin(task["start"])
    for index in range(task["start"], len(task["inputs"])):
        record, nodes = _one_call(call, task["inputs"][index])
        record["i"] = index
        if isinstance(call, _Traced) and record.get("l") is None:
            record["l"] = call.line
        if printed := output.taken():
            record["o"] = printed
        if not _sent(channel, record, limit, nodes):
            return 0  # no room left: the host goes on from here with a fresh fork
    return 0


def _sent(channel: ChannelWriter, record: dict[str, Any], limit: int, nodes: int) -> bool:
    for each in (record, {"s": "output_limit", "i": record["i"]}):
        try:
            channel.write(each, limit, nodes)
        except TooLong:
            continue
        except Full:
            return False
        return True
    return False


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    found = module.__dict__.get(name)
    if not callable(found):
        raise NameError(f"the program defines no function {name!r}")
    return found  # type: ignore[no-any-return]


def _one_call(function: Callable[..., Any], data: Any) -> tuple[dict[str, Any], int]:
    """The record of a call, and what its value costs the host."""
    arguments = values.decode(data, values.Unbounded())
    budget = values.Budget()
    try:
        value = values.encode(function(*arguments), budget)
    except values.Unsendable as why:
        return {"s": "error", "e": f"TypeError: the function returned something else than plain data: {why}"}, 0
    except BaseException as error:  # noqa: BLE001  (whatever a program raises is its result)
        return _failure(error), 0
    return {"s": "ok", "v": value}, values.MAX_NODES - budget.nodes


class _Traced:
    """A function whose progress through the program's lines can be seen from outside, also when it hangs."""

    def __init__(self, function: Callable[..., Any], channel: ChannelWriter) -> None:
        self._function, self._channel = function, channel
        self.line: int | None = None

    def __call__(self, *arguments: Any) -> Any:
        self.line = None
        sys.settrace(self._enter)
        try:
            return self._function(*arguments)
        finally:
            sys.settrace(None)

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:
        return self._step if frame.f_code.co_filename == FILENAME else None

    def _step(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self.line = frame.f_lineno
            self._channel.show_line(frame.f_lineno)
        return self._step
