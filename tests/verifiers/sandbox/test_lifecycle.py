"""Servers come and go: threads, forks, crashes, Ctrl-C, refusals, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.verifiers.sandbox import (
    SAFE,
    IsolationError,
    Limits,
    call,
    call_many,
    client,
    close,
    connection,
    levels,
    probe,
    run_python,
)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def children(pid: int) -> list[int]:
    return list(map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def descendants(pids: list[int], generation: int) -> list[int]:
    for _ in range(generation):
        pids = [child for pid in pids for child in children(pid)]
    return pids


def is_gone(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def gone_soon(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while not is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_gone(pid)


def test_probe_finds_a_safe_level_here():
    status = probe()
    assert status.refusal is None
    assert status.level in SAFE


def test_threads_share_the_servers():
    found: dict[int, object] = {}

    def work(number: int) -> None:
        found[number] = [call("f = lambda x: x * 2", "f", [number]) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [2 * number] * 5 for number in range(8)}
    assert len(client.servers(None).processes()) <= 16


def test_a_dead_server_is_replaced():
    assert run_python("print(1)").status == "ok"
    for pid in client.servers(None).processes():
        below = children(pid)
        os.kill(pid, signal.SIGKILL)
        assert all(gone_soon(each) for each in (pid, *below))
    assert run_python("print(2)").stdout == "2\n"


def test_close_ends_all_and_the_next_run_starts_anew():
    run_python("print(1)")
    processes = client.servers(None).processes()
    below = [child for pid in processes for child in children(pid)]
    close()
    assert all(gone_soon(pid) for pid in processes + below)
    assert run_python("print(3)").stdout == "3\n"


def test_the_server_ends_with_its_host():
    code = """
        import os
        from selfplay_gym.verifiers.sandbox import client, run_python
        run_python("print(1)")
        print(*client.servers(None).processes(), flush=True)
        os._exit(0)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert all(gone_soon(int(pid)) for pid in done.stdout.split())


def test_a_forked_host_starts_its_own():
    run_python("print(1)")
    before = set(client.servers(None).processes())
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        with contextlib.suppress(BaseException):
            ok = run_python("print(4)").stdout == "4\n"
            apart = not before & set(client.servers(None).processes())
            close()
            os.write(write, b"y" if ok and apart else b"n")
            status = 0
        os._exit(status)
    os.close(write)
    os.waitpid(pid, 0)
    assert os.read(read, 1) == b"y"
    os.close(read)
    assert run_python("print(5)").stdout == "5\n"
    assert before & set(client.servers(None).processes())


def test_ctrl_c_ends_the_run():
    code = """
        import signal, sys, threading, os
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits "ignore"
        from selfplay_gym.verifiers.sandbox import client, run_python, Limits
        run_python("print(1)")
        print(*client.servers(None).processes(), flush=True)
        try:
            run_python("import time; time.sleep(60)", limits=Limits(wall_s=60, cpu_s=60))
        except KeyboardInterrupt:
            print("interrupted", client.servers(None).processes(), flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids = list(map(int, process.stdout.readline().split()))
    deadline = time.monotonic() + 10
    depth = 2 if "namespaces" in probe().layers else 1  # process 1 stands between the server we know and the run
    while not descendants(pids, depth) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert out.startswith("interrupted []")
    assert all(gone_soon(pid) for pid in pids)


def test_an_unknown_level_is_an_error():
    with pytest.raises(ConfigError, match="isolation must be one of"):
        run_python("print(1)", isolation="docker")


def test_a_missing_layer_refuses_and_says_how_to_get_it(monkeypatch):
    gap = {"layers": ["rlimits", "seccomp"], "missing": {"landlock": "not in this kernel"}}
    monkeypatch.setattr(client, "_pools", {})
    monkeypatch.setattr(connection.Server, "_receive", lambda self: dict(gap))
    result = run_python("print(1)")
    assert result.status == "refused"
    assert "lsm=" in result.detail["reason"]
    assert "isolation='rlimits'" in result.detail["reason"]
    with pytest.raises(IsolationError, match="landlock"):
        call("f = lambda: 1", "f", [])
    assert [each.status for each in call_many("f = lambda: 1", "f", [(), ()])] == ["refused"] * 2


def test_a_layer_that_does_not_hold_refuses(monkeypatch):
    monkeypatch.setattr(client, "_pools", {})
    monkeypatch.setattr("selfplay_gym.verifiers.sandbox.client.failed_probes", lambda server: ["open_socket"])
    result = run_python("print(1)")
    assert result.status == "refused"
    assert "open_socket" in result.detail["reason"]


@pytest.mark.parametrize(
    ("layers", "level"),
    [
        (("namespaces", "landlock", "seccomp", "rlimits"), "full"),
        (("landlock", "seccomp", "rlimits"), "landlock"),
        (("namespaces", "seccomp", "rlimits"), "namespaces"),
        (("namespaces", "landlock", "rlimits"), "rlimits"),
        (("seccomp", "rlimits"), "rlimits"),
        ((), None),
    ],
)
def test_levels(layers, level):
    assert levels.reached(layers) == level
    assert (levels.refusal(None, level, {}) is None) == (level in SAFE)


def test_runs_leak_no_descriptors():
    for _ in range(3):
        run_python("print(1)")
    before = open_files()
    for _ in range(50):
        run_python("open('x', 'w').write('x')")
        call_many("import os\ndef f(x):\n    if x: os._exit(0)", "f", [(0,), (1,), (0,)])
    assert open_files() == before


@pytest.mark.slow
def test_ten_thousand_runs_leak_nothing():
    codes = [
        "print('x' * 1000)",
        "1/0",
        "open('f', 'w').write('x')",
        "import threading as t; t.Thread(target=print).start()",
    ]
    for code in codes * 25:
        run_python(code)
    pool = client.servers(None)
    pids = [os.getpid(), *pool.processes(), *(child for pid in pool.processes() for child in children(pid))]
    before = [usage(pid) for pid in pids]
    for number in range(10_000):
        run_python(codes[number % len(codes)], limits=Limits(memory_mb=128 + number % 2))
    after = [usage(pid) for pid in pids]
    for (memory, files, below), (memory_after, files_after, below_after) in zip(before, after, strict=True):
        assert files_after == files
        assert below_after == below
        assert memory_after - memory < 1024, "KiB"


def usage(pid: int) -> tuple[int, int, int]:
    """Resident memory in KiB, open descriptors, children (zombies included)."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), len(children(pid))
