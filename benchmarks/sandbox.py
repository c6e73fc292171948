"""What the sandbox costs: processor time and latency per run, beside a cold interpreter and a guarded process.

    python benchmarks/sandbox.py [--runs 200] [--isolation full]

The same small programs go to each way, in turns, in one invocation; processor time counts this process, everything it
waited for, and the live fork servers with everything they waited for. The guard follows the shape of the best-known
function-level harness: a manager and a process per program, a temporary folder, a timer signal, captured output, and
dangerous functions set to None; it is written anew here and is not a sandbox. It forks whoever calls it, so its price
depends on that: it is measured in this process (NumPy and this package imported, no torch), where the sandbox's own
host side is measured too, and again in a bare interpreter, the cheapest caller there can be.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

PROGRAMS = [
    "def f(n):\n    return [i for i in range(2, n) if all(i % j for j in range(2, int(i**0.5) + 1))]\nprint(f(60))",
    "from collections import Counter\ndef f(s):\n    return Counter(s).most_common(1)[0][0]\nprint(f('mississippi'))",
    "import math\ndef f(a, b):\n    return a * b // math.gcd(a, b)\nprint(f(12, 18))",
    "def f(s):\n    return s == s[::-1]\nprint(f('racecar'), f('box'))",
    "import heapq\ndef f(xs, k):\n    return heapq.nlargest(k, xs)\nprint(f([5, 1, 9, 3], 2))",
    "from functools import lru_cache\n@lru_cache\ndef f(n):\n    return n if n < 2 else f(n-1) + f(n-2)\nprint(f(80))",
    "import re\ndef f(s):\n    return re.findall(r'\\d+', s)\nprint(f('a1b22c333'))",
    "def f(m):\n    return [list(row) for row in zip(*m)]\nprint(f([[1, 2], [3, 4], [5, 6]]))",
]
CALLED = (
    "def f(n, s):\n    total = 0\n    for i in range(n % 50):\n        total += i * len(s)\n    return total, s[::-1]\n"
)
INPUTS = [(i * 7, "text" * (i % 5)) for i in range(64)]


def cpu_of(pid: int) -> float:
    """Processor seconds of a live process and of the children it has waited for."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """`pid` and its living descendants."""
    found = [pid]
    for each in found:
        with open(f"/proc/{each}/task/{each}/children") as file:
            found += map(int, file.read().split())
    return found


def own_cpu() -> float:
    return sum(os.times()[:4])


def cold(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)


def _guarded(code: str, results: list[str]) -> None:
    import contextlib
    import faulthandler
    import io
    import shutil
    import signal
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        rmtree, rmdir, chdir = shutil.rmtree, os.rmdir, os.chdir
        faulthandler.disable()
        import builtins

        os.environ["OMP_NUM_THREADS"] = "1"
        for module, names in (
            (
                os,
                "kill system putenv remove removedirs rmdir fchdir setuid fork forkpty killpg rename renames truncate",
            ),
            (os, "replace unlink fchmod fchown chmod chown chroot lchown getcwd chdir"),
            (shutil, "rmtree move chown"),
            (subprocess, "Popen"),
            (builtins, "exit quit"),
        ):
            for name in names.split():
                setattr(module, name, None)
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                signal.setitimer(signal.ITIMER_REAL, 5)
                exec(code, {})  # noqa: S102
                signal.setitimer(signal.ITIMER_REAL, 0)
            results.append("passed")
        except Exception as error:  # noqa: BLE001
            results.append(f"failed: {error}")
        shutil.rmtree, os.rmdir, os.chdir = rmtree, rmdir, chdir
        os.unlink = os.remove = __import__("posix").unlink
        os.chdir("/")


def guard(code: str) -> None:
    import multiprocessing

    context = multiprocessing.get_context("fork")
    manager = context.Manager()
    results = manager.list()
    process = context.Process(target=_guarded, args=(code, results))
    process.start()
    process.join(timeout=6)
    if process.is_alive():
        process.kill()
    if list(results) != ["passed"]:
        raise SystemExit(f"the guard failed on a program: {list(results)}")
    manager.shutdown()


def measure(way: Callable[[str], object], runs: int, servers: Callable[[], list[int]] = list) -> dict[str, float]:
    """CPU and median wall milliseconds per run of `way`, over `PROGRAMS` in turn."""
    way(PROGRAMS[0])
    pids = [each for server in servers() for each in tree(server)]
    before = own_cpu() + sum(map(cpu_of, pids))
    walls = []
    for index in range(runs):
        started = time.perf_counter()
        way(PROGRAMS[index % len(PROGRAMS)])
        walls.append(time.perf_counter() - started)
    used = own_cpu() + sum(map(cpu_of, pids)) - before
    return {"cpu_ms": used / runs * 1e3, "wall_ms": statistics.median(walls) * 1e3}


def bare_guard(runs: int) -> dict[str, float]:
    """The guard, called by an interpreter that has imported next to nothing."""
    command = [sys.executable, os.path.abspath(__file__), "--bare-guard", "--runs", str(runs)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--isolation", default=None)
    parser.add_argument("--bare-guard", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare_guard:
        print(json.dumps(measure(guard, options.runs)))
        return

    from selfplay_gym.verifiers.sandbox import call_many, client, run_python

    def boxed(code: str) -> None:
        result = run_python(code, isolation=options.isolation)
        if result.status != "ok":
            raise SystemExit(f"the sandbox failed on a program: {result}")

    def many(code: str) -> None:
        results = call_many(CALLED, "f", INPUTS, isolation=options.isolation)
        if any(result.status != "ok" for result in results):
            raise SystemExit(f"the sandbox failed on a call: {results}")

    def servers() -> list[int]:
        return client.servers(options.isolation).processes()

    rounds = 4
    names = ("sandbox", "cold python -c", "guard", "guard, bare", "64 calls")
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):  # in turns, so that a busy minute hits all alike
        rows["sandbox"].append(measure(boxed, options.runs // rounds, servers))
        few = max(8, options.runs // rounds // 4)
        rows["cold python -c"].append(measure(cold, few))
        rows["guard"].append(measure(guard, few))
        rows["guard, bare"].append(bare_guard(few))
        rows["64 calls"].append(measure(many, options.runs // rounds, servers))
    found = {name: {key: statistics.median(row[key] for row in each) for key in each[0]} for name, each in rows.items()}
    ours = found["sandbox"]["cpu_ms"]
    for name, row in found.items():
        ratio = f"   sandbox / this = {ours / row['cpu_ms']:.2f}" if name not in ("sandbox", "64 calls") else ""
        print(f"{name:16} {row['cpu_ms']:7.2f} ms CPU   {row['wall_ms']:7.2f} ms median{ratio}")
    print(f"calls per core-second: {len(INPUTS) / found['64 calls']['cpu_ms'] * 1e3:,.0f}")
    print(f"isolation: {client.servers(options.isolation).isolation_status().level}")


if __name__ == "__main__":
    main()
