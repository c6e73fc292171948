"""`call` and `call_many`: a program's function called on inputs, its results brought out as data.

All inputs of one program share one fork. An input on which the program hangs, crashes or leaves ends that fork; the
rest goes on in a fresh one.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Sequence
from typing import Any

from ...core.errors import ConfigError
from . import client
from .limits import Limits
from .protocol import values
from .protocol.channel import MOST_NODES, ChannelReader
from .protocol.request import request_for, task_file
from .protocol.results import CallResult, error_for
from .scripts import check_text, ending, number_field, text_field

_MOST_CHANNEL = 8 << 20
_FULL = "it returned more than result_kb, encoded"
_FOR_ALL = ("whole program", "untried")
"""What a result says, in its `detail`, when it stands for all inputs that follow."""
UNTRIED = "not tried: the time for all inputs together was used up"


def call(
    code: str, function: str, args: Sequence[Any], *, limits: Limits | None = None, isolation: str | None = None
) -> Any:
    """The value of `function(*args)` as the program `code` defines it; `limits` are the default ones if `None`.

    Plain data only goes in and comes out, with exact types (`protocol/values.py`): whatever the program
    returns is compared by you, as data.

    Raises:
        ProgramError: it raised, left, crashed or returned something else than plain data.
        LimitError: it was ended at a limit.
        IsolationError: the isolation cannot be had here.
        ConfigError: no such isolation level, or `args` are not plain data.
    """
    (result,) = call_many(code, function, [args], limits=limits, isolation=isolation)
    if result.status != "ok":
        raise error_for(result, function)
    return result.value


def call_many(
    code: str,
    function: str,
    inputs: Sequence[Sequence[Any]],
    *,
    limits: Limits | None = None,
    isolation: str | None = None,
    trace: bool = False,
    give_up_after: int = 3,
    total_s: float | None = None,
) -> list[CallResult]:
    """`function(*args)` for each `args` in `inputs`, in order, in one fork.

    Args:
        code: the program; it is executed once per fork, and may keep state from one call to the next.
        function: a name it defines.
        inputs: argument tuples of plain data.
        limits: `wall_s` and `cpu_s` are per input.
        isolation: as for `run_python`.
        trace: record the last line executed; slows the program down tenfold.
        give_up_after: after this many inputs that ended their fork, the rest is not tried.
        total_s: seconds by the clock for all inputs together; what is left then has the status "timeout" and
            `detail["untried"]`, also the input that was being worked on. `None`: only `limits` bound the time.

    Returns:
        One `CallResult` per input, in order.

    Raises:
        ConfigError: no such isolation level, an input is not plain data, or `code` or `function` is no `str`.
    """
    check_text("code", code)
    check_text("function", function)
    series = _Series(code, function, inputs, limits or Limits(), isolation, trace, give_up_after)
    return series.results(math.inf if total_s is None else time.monotonic() + total_s)


class _Series:
    """The forks needed for one program's inputs."""

    def __init__(
        self,
        code: str,
        function: str,
        inputs: Sequence[Sequence[Any]],
        limits: Limits,
        isolation: str | None,
        trace: bool,
        give_up_after: int,
    ) -> None:
        self._limits, self._give_up_after = limits, give_up_after
        self._count = len(inputs)
        self._pool = client.servers(isolation)
        self._task = {
            "mode": "calls",
            "code": code,
            "function": function,
            "inputs": [_encoded(args) for args in inputs],
            "trace": trace,
            "output_kb": limits.output_kb,
            "result_kb": limits.result_kb,
        }
        self._result_bytes = int((limits.result_kb + 6 * limits.output_kb) * 1024) + 1024
        self._channel_bytes = max(
            self._result_bytes + 1024, min(_MOST_CHANNEL, self._result_bytes * max(1, self._count))
        )
        self._done: list[CallResult] = []
        self._detail: dict[str, Any] = {}

    def results(self, until: float) -> list[CallResult]:
        """One per input; from the moment `until` on nothing more is tried."""
        available = self._pool.isolation_status()
        self._detail = {"isolation": available.level, "layers": available.layers}
        if available.refusal is not None:
            refused = {"isolation": available.level, "reason": available.refusal}
            return [CallResult("refused", error=available.refusal, detail=refused)] * self._count
        lost = 0
        while len(self._done) < self._count:
            left = until - time.monotonic()
            before = len(self._done)
            ending_of_next = self._one_fork(left) if left > 0 else self._untried()
            if ending_of_next is None:
                continue
            if len(self._done) == before or ending_of_next.detail.get("reason"):
                lost += 1
            self._done.append(ending_of_next)
            if not ending_of_next.detail.keys().isdisjoint(_FOR_ALL) or lost >= self._give_up_after:
                self._done += [ending_of_next] * (self._count - len(self._done))
        return self._done

    def _untried(self) -> CallResult:
        return CallResult("timeout", error=UNTRIED, detail={**self._detail, "untried": True})

    def _one_fork(self, left: float) -> CallResult | None:
        """Add what one fork brings to `_done`; returns what became of the input that ended it, if one did.

        Args:
            left: seconds that the fork may take at most.
        """
        start = len(self._done)
        with contextlib.ExitStack() as files:
            channel = ChannelReader(self._channel_bytes)
            files.callback(channel.close)
            task = task_file({**self._task, "start": start})
            files.callback(os.close, task)
            nothing = os.open(os.devnull, os.O_RDWR)
            files.callback(os.close, nothing)
            request = request_for(self._limits, runs=self._count - start, channel=channel.size, most_s=left)
            watch = _Progress(channel, self._limits.wall_s)
            try:
                reply = self._pool.run(request, [task, channel.descriptor, nothing, nothing, nothing], watch.stuck)
            except client.ServerGone as gone:
                return CallResult(
                    "killed", error=f"the fork server died: {gone}", detail={**self._detail, "reason": str(gone)}
                )
            records = channel.records(self._count - start, self._result_bytes)
            line = channel.progress()[1]
        whole = self._take(records)
        if whole is not None or len(self._done) == self._count:
            return whole
        if reply["exit"] == 0 and reply["reason"] is None and len(self._done) > start:
            return None  # the channel was full; or the program left, and will do so again at the head of the next fork
        if reply["reason"] == "wall" and not watch.gave_up and left < self._limits.wall_s * (self._count - start):
            return self._untried()
        return self._what_ended_it(reply, watch.gave_up, line)

    def _take(self, records: list[dict[str, Any]]) -> CallResult | None:
        """Append the results that follow on; one for the whole program is returned."""
        nodes = MOST_NODES
        for record in records:
            whole = record.get("i") == -1
            if not whole and record.get("i") != len(self._done):
                return None
            budget = values.Budget(min(nodes, values.MAX_NODES))
            available = budget.nodes
            result = self._result(record, budget, whole=whole)
            nodes -= available - budget.nodes
            if whole:
                return result
            self._done.append(result)
        return None

    def _result(self, record: dict[str, Any], budget: values.Budget, *, whole: bool) -> CallResult:
        detail = {**self._detail, "whole program": True} if whole else self._detail
        line, stdout = number_field(record.get("l")), record.get("o")
        stdout = stdout if isinstance(stdout, str) else ""
        if record.get("s") == "ok" and not whole:
            try:
                return CallResult("ok", values.decode(record.get("v"), budget), None, line, stdout, detail)
            except values.Malformed as why:
                return CallResult("error", None, f"the result channel was tampered with: {why}", line, stdout, detail)
        status = record.get("s")
        error = text_field(record.get("e")) or "unknown error"
        if status == "output_limit":
            return CallResult("output_limit", None, _FULL, line, stdout, detail)
        return CallResult("memory" if status == "memory" else "error", None, error, line, stdout, detail)

    def _what_ended_it(self, reply: dict[str, Any], gave_up: bool, line: int) -> CallResult | None:
        if gave_up:
            reply = {**reply, "reason": "wall"}
        status, reason = ending(reply, {})
        if status == "ok" or (status == "error" and reply["exit"] != 0):
            status, reason = "error", f"the program ended its process (exit code {reply['exit']})"
        return CallResult(status, None, reason, number_field(line), "", {**self._detail, "reason": reason})


class _Progress:
    """Sees from outside when one input takes longer than it may."""

    def __init__(self, channel: ChannelReader, wall_s: float) -> None:
        self._channel, self._wall_s = channel, wall_s
        self._index, self._since = -1, time.monotonic()
        self.gave_up = False

    def stuck(self) -> bool:
        now, (index, _) = time.monotonic(), self._channel.progress()
        if index > self._index:
            self._index, self._since = index, now
        self.gave_up = now - self._since > self._wall_s
        return self.gave_up


def _encoded(args: Sequence[Any]) -> list[Any]:
    try:
        return values.encode(list(args), values.Unbounded())  # type: ignore[no-any-return]
    except values.Unsendable as why:
        raise ConfigError(
            f"inputs must be plain data (numbers, text, None, lists, tuples, dicts, sets): {why}"
        ) from None
