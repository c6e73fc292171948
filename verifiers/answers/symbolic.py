"""The algebra of last resort: sympy expressions built from trees, in a process of its own that may be killed any time.

Run as a script by `worker.py`, never imported by the package: it needs nothing but the standard library and sympy, and
reads trees as JSON. No text reaches sympy, only numbers, names made safe, and functions from the table below.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import Any

PATIENCE = 4.0
"""How much longer than its processor time a pair may take by the clock, on a busy machine."""
MEMORY = 1 << 30
_TOLERANCE = 1e-9
_SHARED_NAMES = {
    "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "acot", "asec", "acsc", "sinh", "cosh", "tanh",
    "coth", "asinh", "acosh", "atanh",
}  # fmt: skip


def main() -> None:
    """Connect to the parent, then answer pairs until it closes the line.

    This process only imports sympy. A child of it thinks, and is killed when it thinks too long; the next one is forked
    from here in milliseconds. Where there is no fork (Windows), this process thinks itself and the parent kills it.
    """
    line = socket.socket(fileno=int(sys.argv[1])) if len(sys.argv) > 1 else _shared_line()
    settings = receive(line)
    sys.path[:] = settings["path"]
    _limit_memory()
    _warm_up()
    send(line, {"ready": True})
    thinker = Thinker(line) if hasattr(os, "fork") else None
    while True:
        try:
            pair = receive(line)
        except EOFError:
            break
        send(line, thinker.decide(pair) if thinker else answer(pair))
    if thinker:
        thinker.kill()


def answer(pair: Any) -> dict[str, Any]:
    """The message about a pair: its decision, or why there is none."""
    try:
        return {"decision": decide(pair["a"], pair["b"])}
    except Exception:  # noqa: BLE001 - sympy raises of all kinds on odd input: not decided
        return {"decision": None}


class Thinker:
    """A forked child that answers pairs, replaced when it dies or takes too long.

    Args:
        line: to the parent; when that is closed while the child thinks, nobody waits for it any more.
    """

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.pid, self.own = self._fork()

    def _fork(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid:
            theirs.close()
            return pid, ours
        ours.close()
        self.line.close()
        try:
            while True:
                send(theirs, answer(receive(theirs)))
        except (EOFError, OSError, KeyboardInterrupt):
            os._exit(0)

    def decide(self, pair: Any) -> dict[str, Any]:
        """The child's answer; {"late": True} or {"died": True} where there is none."""
        try:
            send(self.own, pair)
            if self._answered(pair["seconds"]):
                return receive(self.own)  # type: ignore[no-any-return]
            lost = {"decision": None, "late": True}
        except (EOFError, OSError):
            lost = {"decision": None, "died": True}
        self.kill()
        self.pid, self.own = self._fork()
        return lost

    def _answered(self, seconds: float) -> bool:
        """Whether it answers within so many seconds of processor time, or `PATIENCE` times as long by the clock."""
        begun, spent = time.monotonic(), _processor_time(self.pid)
        while True:
            passed = time.monotonic() - begun
            used = passed if spent is None else (_processor_time(self.pid) or 0.0) - spent
            if used >= seconds or passed >= PATIENCE * seconds:
                return False
            ready, _, _ = select.select([self.own, self.line], [], [], max(0.002, seconds - used))
            if self.own in ready:
                return True
            if self.line in ready:  # the parent is gone: it never asks twice at a time
                raise EOFError

    def kill(self) -> None:
        self.own.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _processor_time(pid: int) -> float | None:
    """Seconds of processor time a process has used; `None` where the system does not tell (it is Linux that does)."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # the kernel's CPUCLOCK_SCHED of that process
    except (OSError, OverflowError, AttributeError):
        return None


def _warm_up() -> None:
    """Loads what sympy loads at first use, so that the first pair has as much time as the second."""
    import sympy

    x, n = sympy.Symbol("x"), sympy.Symbol("n", integer=True, positive=True)
    sympy.simplify(sympy.Sum(x, (x, 1, n)).doit() - n * (n + 1) / 2)
    sympy.simplify(sympy.Integral(x * sympy.cos(x), (x, 0, 1)).doit())
    sympy.Limit(sympy.sin(x) / x, x, 0).doit().evalf()


def _shared_line() -> socket.socket:
    """Windows: the socket comes through standard input."""
    return socket.fromshare(sys.stdin.buffer.read())  # type: ignore[attr-defined,no-any-return,unused-ignore]


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def send(line: socket.socket, message: Any) -> None:
    body = json.dumps(message).encode()
    line.sendall(struct.pack("<I", len(body)) + body)


def receive(line: socket.socket) -> Any:
    size = struct.unpack("<I", _exactly(line, 4))[0]
    return json.loads(_exactly(line, size))


def _exactly(line: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = line.recv(size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts


def decide(a: list[Any], b: list[Any]) -> bool | None:
    """Whether two trees are equal: work out what can be, then compare values at a few points, then simplify."""
    import sympy

    difference = (build(a) - build(b)).doit()
    if difference == 0:
        return True
    unfinished = difference.has(sympy.Integral, sympy.Sum, sympy.Limit, sympy.Product, sympy.Derivative)
    if not unfinished and not _vanishes_at_points(difference):
        return False
    return True if sympy.simplify(difference) == 0 else None


def _vanishes_at_points(difference: Any) -> bool:
    """Whether the value is zero, or unknown, wherever it is looked at; variables that count things get integers."""
    import sympy

    names = sorted(difference.free_symbols, key=str)
    for first in (3, 7):
        point = {
            name: sympy.Integer(first + index) if name.is_integer else sympy.Rational(first, 5 + index)
            for index, name in enumerate(names)
        }
        number = _numeric(difference.subs(point))
        if number is not None and abs(number) > _TOLERANCE:
            return False
    return True


def _numeric(expression: Any) -> complex | None:
    value = expression.evalf(20)
    if not value.is_number or (not value.is_Number and not value.as_real_imag()[0].is_Number):
        return None
    number = complex(value)
    return None if number != number else number


def _safe(name: str) -> str:
    """Letters and digits only, different for different names."""
    return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name)


def build(tree: list[Any]) -> Any:
    """A sympy expression from a tree in JSON."""
    import sympy

    kind, *parts = tree
    if kind == "num":
        return sympy.Rational(parts[0])
    if kind == "sym":
        counts = {"integer": True, "positive": True} if parts[0] in ("n", "N") else {}
        return sympy.Symbol("v_" + _safe(parts[0]), **counts)
    if kind == "const":
        return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "inf": sympy.oo}[parts[0]]
    if kind == "add":
        return sympy.Add(*map(build, parts))
    if kind == "mul":
        return sympy.Mul(*map(build, parts))
    if kind == "neg":
        return -build(parts[0])
    if kind in ("div", "ratio"):
        return build(parts[0]) / build(parts[1])
    if kind == "pow":
        base, exponent = build(parts[0]), build(parts[1])
        if exponent.is_number and abs(exponent.evalf(5)) > 2000:
            raise ValueError("a large power")
        return base**exponent
    if kind == "percent":
        return build(parts[0]) / 100
    if kind == "degree":
        return build(parts[0]) * sympy.pi / 180
    if kind == "fn":
        return _function(parts[0], [build(part) for part in parts[1:]])
    if kind == "call":
        return sympy.Function("f_" + _safe(parts[0]))(*map(build, parts[1:]))
    return _operator(kind, parts)


def _operator(kind: str, parts: list[Any]) -> Any:
    import sympy

    if kind in ("sum", "prod", "int"):
        name = build(["sym", parts[0]])
        body = build(parts[3])
        if kind == "int":
            return sympy.Integral(body, (name, build(parts[1]), build(parts[2])) if parts[1] else name)
        limits = (name, build(parts[1]), build(parts[2]))
        return sympy.Sum(body, limits) if kind == "sum" else sympy.Product(body, limits)
    if kind == "lim":
        return sympy.Limit(build(parts[3]), build(["sym", parts[0]]), build(parts[1]), parts[2] or "+-")
    if kind == "diff":
        return sympy.Derivative(build(parts[2]), build(["sym", parts[0]]), parts[1]).doit()
    raise ValueError(kind)


def _function(name: str, arguments: list[Any]) -> Any:
    import sympy

    special = {
        "ln": sympy.log, "norm": sympy.Abs, "abs": sympy.Abs, "root": sympy.root, "floor": sympy.floor,
        "ceil": sympy.ceiling, "factorial": sympy.factorial, "Gamma": sympy.gamma, "binom": sympy.binomial,
        "mod": sympy.Mod, "gcd": sympy.gcd, "lcm": sympy.lcm, "max": sympy.Max, "min": sympy.Min, "sgn": sympy.sign,
        "Re": sympy.re, "Im": sympy.im, "sqrt": sympy.sqrt, "log": sympy.log,
    }  # fmt: skip
    if name in special:
        return special[name](*arguments)
    if name in _SHARED_NAMES:
        return getattr(sympy, name)(*arguments)
    raise ValueError(name)


if __name__ == "__main__":
    main()
