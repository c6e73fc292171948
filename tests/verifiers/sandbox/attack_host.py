"""A host with things worth attacking, and a judge of what became of them; run as a script by `test_attacks.py`.

    python attack_host.py ATTACKS.jsonl ISOLATION

Puts up what the attacks look for (canary files, environment, listeners, sockets, shared memory, a marked process),
runs every program in the sandbox, and prints one JSON line per attack: {"name", "fault"}, `fault` being null where
the expected result came and nothing outside was touched. It is a script because it has to run as another user too.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from multiprocessing import shared_memory

from selfplay_gym import Question
from selfplay_gym.verifiers.programs.literals import same
from selfplay_gym.verifiers.programs.verifier import CodeVerifier
from selfplay_gym.verifiers.sandbox import Limits, call_many, close, probe, run_python
from selfplay_gym.verifiers.sandbox.client import servers
from selfplay_gym.verifiers.sandbox.connection import _BOOT

WALL_S = 0.4
AT_ONCE = 4
LIMITS = Limits(wall_s=WALL_S, cpu_s=WALL_S)
HIDDEN = {3: 10, -2: 5, 0: 1}
SECRET = "CANARY-FILE"
SYSV_KEY = 0x5B7
IPC_CREAT, IPC_RMID = 0o1000, 0


class Host:
    """The canaries. `problem()` says what was done to them."""

    def __init__(self, stack: contextlib.ExitStack, isolation: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="canary-")
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        os.chmod(self.folder, 0o777)  # nothing but the sandbox stands in the way
        self.secret = pathlib.Path(self.folder, "secret.txt")
        self.secret.write_text(SECRET)
        self.secret.chmod(0o666)
        self.held = os.open(self.secret, os.O_RDONLY)
        os.set_inheritable(self.held, True)
        stack.callback(os.close, self.held)
        os.environ["SBX_CANARY"] = "CANARY-ENV"
        self.tcp, self.udp = self._listeners(stack)
        self.port = self.tcp.getsockname()[1]
        self.named = self._unix(stack, f"{self.folder}/sock")
        self.abstract_name = "sbx_canary" if self._is_free("\0sbx_canary") else f"sbx_canary_{os.getpid()}"
        self.abstract = self._unix(stack, "\0" + self.abstract_name)
        self.shared_name = f"sbx_canary_{os.getpid()}"
        self.shared = shared_memory.SharedMemory(self.shared_name, create=True, size=4096)
        stack.callback(self.shared.unlink)
        stack.callback(self.shared.close)
        self.shared.buf[:5] = b"QUIET"
        self._system_v(stack)
        marked = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()", "SBX_HOST_MARK"]
        self.marked = subprocess.Popen(marked, stdin=subprocess.PIPE)
        stack.callback(self.marked.wait)
        stack.callback(self.marked.kill)
        self.before = self._standing()
        self.own = strays()
        self.isolation = isolation

    def _listeners(self, stack: contextlib.ExitStack) -> tuple[socket.socket, socket.socket]:
        for port in (47999, 0):
            tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", tcp.getsockname()[1]))
            except OSError:
                tcp.close()
                udp.close()
                continue
            tcp.listen()
            for each in (tcp, udp):
                each.setblocking(False)
                stack.callback(each.close)
            return tcp, udp
        raise SystemExit("no free port for the listeners")

    def _is_free(self, name: str) -> bool:
        with socket.socket(socket.AF_UNIX) as trial:
            try:
                trial.bind(name)
            except OSError:
                return False
        return True

    def _unix(self, stack: contextlib.ExitStack, name: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        stack.callback(listener.close)
        listener.bind(name)
        if not name.startswith("\0"):
            os.chmod(name, 0o777)
        listener.listen()
        listener.setblocking(False)
        return listener

    def _system_v(self, stack: contextlib.ExitStack) -> None:
        libc = ctypes.CDLL(None)
        number = libc.shmget(SYSV_KEY, 4096, IPC_CREAT | 0o666)
        if number >= 0:
            stack.callback(libc.shmctl, number, IPC_RMID, None)

    def _standing(self) -> tuple[object, ...]:
        """What attacks on this process would change."""
        return (
            os.getpriority(os.PRIO_PROCESS, 0),
            resource.getrlimit(resource.RLIMIT_NOFILE),
            sorted(os.listdir(self.folder)),
            pathlib.Path("/proc/sys/kernel/ctrl-alt-del").read_text(),
            socket.gethostname(),
            pathlib.Path("/proc/self/mountinfo").read_text().count("\n"),
        )

    def adapted(self, code: str) -> str:
        """A program aimed at this host."""
        code = code.replace("{CANARY}", self.folder).replace("47999", str(self.port))
        code = code.replace("\\0sbx_canary", "\\0" + self.abstract_name)
        return code.replace("SharedMemory('sbx_canary'", f"SharedMemory('{self.shared_name}'")

    def _servers(self) -> set[int]:
        """The fork servers: each the process started, and with namespaces its one child, process 1 in there."""
        pool = servers(self.isolation)
        found = set(pool.processes())
        if "namespaces" in pool.isolation_status().layers:
            for pid in tuple(found):
                with contextlib.suppress(OSError):
                    found |= set(map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
        return found

    def problem(self) -> str | None:
        """What was touched, or `None`."""
        if self.secret.read_text() != SECRET or self.secret.stat().st_mode & 0o777 != 0o666:
            return "the canary file was changed"
        if self._standing() != self.before:
            return f"this process or its surroundings changed: {self.before} became {self._standing()}"
        if self.marked.poll() is not None:
            return "the marked process died"
        if _state(self.marked.pid) == "T" or _state(os.getppid()) == "T":
            return "a process was stopped"
        for listener in (self.tcp, self.named, self.abstract):
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()
                return f"somebody connected to {listener.getsockname()!r}"
        with contextlib.suppress(BlockingIOError):
            return f"a datagram came: {self.udp.recv(99)!r}"
        if bytes(self.shared.buf[:5]) != b"QUIET" or os.path.exists("/dev/shm/sbx_pwn"):
            return "shared memory was touched"
        left = strays() - self.own - self._servers()
        return f"processes stayed behind: {left}" if left else None


def strays() -> set[int]:
    """Processes that descend from this one or carry the fork server's command line, but the marked one."""
    parents, boxes = {}, set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                status = pathlib.Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
                parents[int(entry)] = int(status[1])
                if status[1] == "1" and _BOOT.encode() in pathlib.Path("/proc", entry, "cmdline").read_bytes():
                    boxes.add(int(entry))
    mine, size = {os.getpid()}, 0
    while size != len(mine):
        size = len(mine)
        mine |= {child for child, parent in parents.items() if parent in mine}
    return (mine | boxes) - {os.getpid()}


def _state(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def fault_of_run(attack: dict[str, str], code: str, isolation: str | None) -> str | None:
    started = time.monotonic()
    expect = attack["expect"]
    limits = Limits() if expect.startswith("ok=") else LIMITS  # a busy machine is no fault of an honest program
    result = run_python(code, stdin="abc\n", limits=limits, isolation=isolation)
    took = time.monotonic() - started
    if result.status == "refused":
        return f"refused: {result.detail}"
    if "fork server died" in str(result.detail.get("reason")):
        return str(result.detail["reason"])
    if took > limits.wall_s + 1:
        return f"took {took:.1f} s"
    if expect.startswith("ok=") and (result.status != "ok" or result.stdout.strip() != expect[3:]):
        return f"expected {expect}, got {result.status} {result.stdout!r} {result.stderr[-300:]!r}"
    if expect == "error" and result.status in ("ok", "output_limit"):
        return f"expected an error, got {result.status}"
    if "ESCAPED" in result.stdout:
        return f"it escaped: {result.stdout!r}"
    if expect == "limit" and result.status == "ok":
        return "no limit held it"
    return None


SQUARE = "def f(x):\n    return x * x + 1"
QUESTION = Question(
    "f?", None, "code", meta={"task": "program", "program": SQUARE, "inputs": [f"({x},)" for x in HIDDEN]}
)


def fault_of_grade(attack: dict[str, str], code: str, isolation: str | None) -> str | None:
    """Graded as data, call by call, and by the verifier that pays for it; neither may take the host long."""
    began = time.thread_time()
    results = call_many(code, "f", [(x,) for x in HIDDEN], limits=LIMITS, isolation=isolation, give_up_after=1)
    passed = all(
        result.status == "ok" and same(result.value, expected)
        for result, expected in zip(results, HIDDEN.values(), strict=True)
    )
    if any("fork server died" in str(result.error) for result in results):
        return f"the server did not outlive it: {results}"
    spent = time.thread_time() - began
    verifier = CodeVerifier(tests=3, wall_s=WALL_S, cpu_s=WALL_S, isolation=isolation)
    verifier.label(QUESTION)
    started = time.monotonic()
    judged = verifier.judge(QUESTION, [f"```python\n{code}\n```"]).verdicts[0]
    took = time.monotonic() - started
    for ruling in (passed, judged.score == 1.0):
        if ruling != (attack["expect"] == "pass"):
            return f"expected {attack['expect']}, got {str(results)[:500]} and {judged}"
    if spent > 1.0:
        return f"the host spent {spent:.1f} s of processor time"
    return f"judging took {took:.1f} s" if took > 4 * WALL_S + 1 else None


def main(path: str, isolation: str) -> None:
    attacks = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.ExitStack() as stack:
        host = Host(stack, isolation)
        status = probe(isolation)
        if status.refusal is not None:
            raise SystemExit(f"cannot be tried: {status.refusal}")

        def fault(attack: dict[str, str]) -> str | None:
            judge = fault_of_grade if attack["kind"] == "grade" else fault_of_run
            return judge(attack, host.adapted(attack["code"]), isolation)

        def report(attack: dict[str, str], found: str | None) -> None:
            print(json.dumps({"name": attack["name"], "fault": found}), flush=True)

        slow = [attack for attack in attacks if attack["expect"] == "limit"]
        for attack in attacks:
            if attack["expect"] != "limit":
                report(attack, fault(attack) or host.problem())
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:  # these sit out their time: several at once
            list(threads.map(lambda _: run_python("import time; time.sleep(0.3)", isolation=isolation), range(AT_ONCE)))
            for attack, found in zip(slow, threads.map(fault, slow), strict=True):
                report(attack, found)
        report({"name": "after all"}, host.problem())
        close()
        if left := strays() - host.own:
            raise SystemExit(f"the fork servers did not end: {left}")


if __name__ == "__main__":
    main(*sys.argv[1:])
