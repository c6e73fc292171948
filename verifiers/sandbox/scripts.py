"""`run_python`: a program run as a script, with standard input and output."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

from ...core.errors import ConfigError
from . import client
from .limits import Limits
from .protocol.channel import SHORT, ChannelReader, shared_file
from .protocol.request import request_for, task_file
from .protocol.results import RunResult, Status

REASONS: dict[str, tuple[Status, str]] = {
    "wall": ("timeout", "it ran longer than wall_s"),
    "cpu": ("timeout", "it used more processor time than cpu_s"),
    "threads": ("killed", "it had more threads than allowed"),
    "scratch": ("killed", "it put more into the scratch folder than allowed"),
}


def run_python(code: str, *, stdin: str = "", limits: Limits | None = None, isolation: str | None = None) -> RunResult:
    """Run a program nobody trusts, as `python program.py` would.

    Args:
        code: the program.
        stdin: what it reads from standard input.
        limits: its bounds; `Limits()` unless given.
        isolation: `None` for the best safe level there is; or one of `LEVELS` by name.

    Returns:
        A `RunResult`; never raises for anything the program does. `status` is "refused" where the isolation cannot
        be had.

    Raises:
        ConfigError: no such isolation level; `code` or `stdin` is no `str`.
    """
    check_text("code", code)
    check_text("stdin", stdin)
    limits = Limits() if limits is None else limits
    pool = client.servers(isolation)
    available = pool.isolation_status()
    if available.refusal is not None:
        return RunResult("refused", detail={"isolation": available.level, "reason": available.refusal})
    detail: dict[str, Any] = {"isolation": available.level, "layers": available.layers}
    with contextlib.ExitStack() as files:
        channel = ChannelReader(SHORT)
        files.callback(channel.close)
        given = [
            task_file({"mode": "script", "code": code}),
            shared_file("stdin", stdin.encode("utf-8", "surrogatepass")),
        ]
        given += [shared_file("stdout"), shared_file("stderr")]
        for each in given:
            files.callback(os.close, each)
        task, *standard = given
        try:
            reply = pool.run(request_for(limits, runs=1, channel=channel.size), [task, channel.descriptor, *standard])
        except client.ServerGone as gone:
            return RunResult("killed", detail={**detail, "reason": f"the fork server died: {gone}"})
        most = int(limits.output_kb * 1024)
        stdout, stderr = (os.pread(each, most + 1, 0) for each in standard[1:])
        records = channel.records(1, channel.size)
    record = records[0] if records else {}
    status, reason = ending(reply, record)
    if max(len(stdout), len(stderr)) > most:
        status, reason = "output_limit", "it printed more than output_kb"
    found = {"reason": reason, "error": text_field(record.get("e")), "line": number_field(record.get("l"))}
    detail.update({name: each for name, each in found.items() if each is not None})
    return RunResult(
        status,
        stdout[:most].decode("utf-8", "replace"),
        stderr[:most].decode("utf-8", "replace"),
        reply["exit"] if reply["reason"] is None else None,
        reply["wall_s"],
        reply["cpu_s"],
        reply["memory_mb"],
        detail,
    )


def check_text(name: str, value: Any) -> None:
    """Raises `ConfigError` unless `value` is a `str`, and no subclass of it, which could not be handed over."""
    if type(value) is not str:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        remedy = f"decode it first, or use str({name})" if isinstance(value, str | bytes) else "give the text itself"
        raise ConfigError(f"{name} must be a str, got {kind}: {remedy}")


def ending(reply: dict[str, Any], record: dict[str, Any]) -> tuple[Status, str | None]:
    """How a child ended: the server's report first, the program's own record last."""
    if reply["trouble"]:
        return "refused", f"the jail did not shut: {reply['trouble']}"
    if reply["reason"] is not None:
        return REASONS.get(reply["reason"], ("killed", reply["reason"]))
    if reply["signal"] is not None:
        if reply["signal"] == signal.SIGXCPU:
            return "timeout", "it used more processor time than cpu_s"
        return "killed", f"it crashed: {signal_name(reply['signal'])}"
    if record.get("s") == "memory":
        return "memory", "it needed more than memory_mb"
    if reply["exit"] != 0:
        return "error", f"exit code {reply['exit']}"
    return "ok", None


def signal_name(number: int) -> str:
    """ "SIGSEGV", or the number of a signal without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def text_field(value: Any) -> str | None:
    """A record's field as text; a forged one may be anything."""
    return value[:2000] if isinstance(value, str) else None


def number_field(value: Any) -> int | None:
    """A record's field as a line number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31 else None
