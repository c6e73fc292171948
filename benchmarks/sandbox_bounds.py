"""What a hostile program can cost the host: values, forged channels, time, and the scratch folder.

    python benchmarks/sandbox_bounds.py [--isolation landlock]

- values: for each type that the channel carries, the largest value that passes; the host's part is reading it, making
  it comparable and showing it. Memory is the peak that `tracemalloc` sees, in a second run.
- forged channels: the rows `forged_*` of tests/data/attacks_3.jsonl, up to 8 MB each.
- time: programs made to take long, from the call of the verifier to its verdict, in units of `wall_s`.
- scratch (without a mount namespace only): by how much the file system grows at most while programs fill it.

Processor time is this process's alone. The last line of each part is the worst.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from selfplay_gym import Question
from selfplay_gym.verifiers.programs.execution import observation
from selfplay_gym.verifiers.programs.literals import show
from selfplay_gym.verifiers.programs.verifier import CodeVerifier
from selfplay_gym.verifiers.sandbox import Limits, RunResult, call_many, client, run_python
from selfplay_gym.verifiers.sandbox.protocol import scalars, values

ATTACKS = Path(__file__).parent.parent / "tests" / "data" / "attacks_3.jsonl"

N, KEYS = values.MAX_NODES, values.MAX_KEYS
LONG, SHORT = 4 * scalars.MAX_DIGITS, 4 * scalars.MAX_RATIONAL_DIGITS
LARGEST = {
    "None": f"[None] * {N - 1}",
    "bool": f"[True] * {N - 1}",
    "int": f"[10**6 + i for i in range({N - 1})]",
    "int, long": f"[(1 << {LONG}) - i for i in range(1, 16)]",
    "float": f"[i / 8 for i in range({N - 1})]",
    "float, 17 digits": "[i / 7 for i in range(50_000)]",
    "complex": "[complex(i, 1 / 3) for i in range(11_000)]",
    "str": "'x,[' * 340_000",
    "str, many": f"['ab'] * {N - 1}",
    "str, escaped": "chr(0) * 170_000",
    "bytes": "b'\\xff' * 500_000",
    "bytearray": "bytearray(500_000)",
    "range": "[range(i) for i in range(11_000)]",
    "range, long": f"[range((1 << {SHORT}) - 1 - i) for i in range(500)]",
    "Fraction": "[fractions.Fraction(i, 7) for i in range(11_000)]",
    "Fraction, long": f"[fractions.Fraction((1 << {SHORT}) - 2 * i - 1, 3**5100 + i) for i in range(250)]",
    "Decimal": "[decimal.Decimal(i) / 7 for i in range(11_000)]",
    "Decimal, long": "[decimal.Decimal('9' * 65_000)] * 15",
    "list": f"[[] for _ in range({N // 2 - 1})]",
    "list, deep": "[functools.reduce(lambda a, _: [a], range(61), [])] * 790",
    "tuple": f"[() for _ in range({N // 3 - 1})]",
    "deque": f"collections.deque(range({N - 2}))",
    "set": f"set(range({KEYS}))",
    "sets": f"[set() for _ in range({N // 7 - 1})]",
    "frozenset": f"frozenset('k%d' % i for i in range({KEYS}))",
    "dict": f"{{i: i for i in range({KEYS})}}",
    "dicts": f"[{{}} for _ in range({N // 7 - 1})]",
    "dict, colliding ints": f"{{i << 40: 0 for i in range({KEYS})}}",
    "dict, colliding tuples": "{tuple(-1 - (i >> b & 1) for b in range(5)) + (i >> 5,): 0 for i in range(4_900)}",
    "dict, Fractions": "{fractions.Fraction(i, 7): 0 for i in range(1, 990)}",
}
"""Expressions whose value is of the largest size that passes, or just below."""

SQUARE = "def f(x):\n    return x * x + 1"
SLOW = {
    "hangs": "def f(x):\n    while True: pass",
    "sleeps below the limit, wrong": "import time\ndef f(x):\n    time.sleep(0.35); return 0",
    "sleeps below the limit, right": "import time\ndef f(x):\n    time.sleep(0.35); return x * x + 1",
    "leaves after one input": (
        "import time, os\nn = []\ndef f(x):\n    if n: os._exit(0)\n    n.append(x); time.sleep(0.1); return 0"
    ),
    "hangs when traced": "import sys, time\ndef f(x):\n    while sys.gettrace(): pass\n    return 0",
    "hangs at the end": "import atexit\ndef f(x):\n    while x > 40: pass\n    return x",
    "loops over its own": "def f(x):\n    n = 0\n    for i in range(2_000_000): n += i\n    return n",
}
FILLING = (
    *(
        "scratch_unlinked_sum",
        "scratch_tmpfile",
        "scratch_mmap_unlinked",
        "scratch_moving_folders",
        "scratch_long_path",
    ),
    *("watch_continued_by_kill", "watch_leader_gone_filling", "watch_swapped_folders", "watch_renamed_links"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--isolation", default=None)
    isolation = parser.parse_args().isolation
    attacks = {row["name"]: row["code"] for row in map(json.loads, ATTACKS.read_text().splitlines())}
    call_many(SQUARE, "f", [(1,)], isolation=isolation)
    print(f"isolation: {client.servers(isolation).isolation_status().level}\n")
    _values(isolation)
    _forged({name: code for name, code in attacks.items() if name.startswith("forged_")}, isolation)
    _times(isolation)
    if "namespaces" not in client.servers(isolation).isolation_status().layers:
        _scratch({name: attacks[name] for name in FILLING}, isolation)


def host_part(code: str, inputs: list[tuple], isolation: str | None, limits: Limits) -> list[str]:
    """All that the host does with what a program returns; gives back the kinds of results."""
    results = call_many(code, "f", inputs, isolation=isolation, limits=limits)
    for result in results:
        observation(result, with_output=True)
        show(result.value)
    return [result.status for result in results]


def _values(isolation: str | None) -> None:
    limits, worst = Limits(wall_s=20, cpu_s=20, memory_mb=1024), [0.0, 0.0]
    for name, expression in LARGEST.items():
        code = f"import fractions, decimal, collections, functools\ndef f():\n    return {expression}"
        started = time.process_time()
        statuses = host_part(code, [()], isolation, limits)
        spent = time.process_time() - started
        tracemalloc.start()
        host_part(code, [()], isolation, limits)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        worst = [max(worst[0], spent), max(worst[1], peak)]
        print(f"{name:24} {spent:6.3f} s CPU {peak:6.1f} MB   {statuses[0]}")
    print(f"{'worst value':24} {worst[0]:6.3f} s CPU {worst[1]:6.1f} MB\n")


def _forged(attacks: dict[str, str], isolation: str | None) -> None:
    worst = 0.0
    for name, code in attacks.items():
        started = time.process_time()
        statuses = host_part(code, [(3,), (-2,), (0,)], isolation, Limits(wall_s=2, cpu_s=2))
        spent = time.process_time() - started
        worst = max(worst, spent)
        print(f"{name:32} {spent:6.3f} s CPU   {statuses}")
    print(f"{'worst forged channel':32} {worst:6.3f} s CPU\n")


def _times(isolation: str | None) -> None:
    wall_s, worst = 0.5, 0.0
    verifier = CodeVerifier(wall_s=wall_s, cpu_s=wall_s, isolation=isolation)
    question = Question("f?", None, "code", meta={"task": "program", "program": SQUARE, "inputs": ["(3,)", "(-2,)"]})
    verifier.label(question)
    for name, code in SLOW.items():
        started = time.monotonic()
        (verdict,) = verifier.judge(question, [f"```python\n{code}\n```"]).verdicts
        took = (time.monotonic() - started) / wall_s
        worst = max(worst, took)
        print(f"{name:32} {took:5.2f} x wall_s   {verdict.outcome.value}: {verdict.reason[:60]}")
    print(f"{'worst program':32} {worst:5.2f} x wall_s\n")


def _scratch(attacks: dict[str, str], isolation: str | None) -> None:
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    worst, most_files = 0.0, 0
    for name, code in attacks.items():
        growth, files, result = _growth(
            folder, lambda code=code: run_python(code, isolation=isolation, limits=Limits(wall_s=2))
        )
        worst, most_files = max(worst, growth), max(most_files, files)
        print(f"{name:32} +{growth:6.1f} MiB +{files:6} files   {result.status} {result.stdout.strip()}")
    allowed = f"(scratch_mb is {Limits().scratch_mb:g}, files {Limits().files})"
    print(f"{'worst growth':32} +{worst:6.1f} MiB +{most_files:6} files {allowed}")


def _growth(folder: str, work: Callable[[], RunResult]) -> tuple[float, int, RunResult]:
    """MiB and files by which the file system of `folder` grew at most during `work`, looked at every millisecond."""

    def used() -> tuple[int, int]:
        status = os.statvfs(folder)
        return (status.f_blocks - status.f_bfree) * status.f_frsize, status.f_files - status.f_ffree

    over, before, most, most_files = threading.Event(), used(), 0, 0

    def look() -> None:
        nonlocal most, most_files
        while not over.wait(0.001):
            size, files = used()
            most, most_files = max(most, size - before[0]), max(most_files, files - before[1])

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        result = work()
    finally:
        over.set()
        watcher.join()
    return most / 2**20, most_files, result


if __name__ == "__main__":
    main()
