"""What the dashboard costs: the first page of a long run, memory, waiting, and twenty browsers beside a writer.

    python benchmarks/watch.py [--rows 1000000] [--browsers 20] [--seconds 20] [--repeats 3]
    python benchmarks/watch.py --train debug [--pairs 8] [--browsers 20] [--page now] [--set rounds=1 …]

The server is a process of its own, and its processor time and memory are the kernel's figures, so a busy machine
distorts the wall times alone. The runs are made up; their rows are as long as those of a real one. "spread" has the
rows in four logs, "steps" and "labels" have all of them in one. The writer computes without pause on the processors of
the server, and writes to the live feed and the metrics as a run does: how much it gets done in a second, with browsers
and without, in turns, says what watching costs a run.

With `--train` a real training run is measured instead, in pairs of equal runs, in turns: one that nobody watches, and
one with a dashboard, as of `train --watch`, and so many browsers that follow it from its beginning to its end. Each run
is a process of its own, whose processor time is the kernel's for that process alone (`wait4`); the time by the clock is
longer where other work takes its place, the browsers' threads included. Printed are each pair and the medians.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import Process, Value
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TICKS = os.sysconf("SC_CLK_TCK")
SHARES = {
    "spread": {"metrics": 0.25, "labels": 0.25, "questions": 0.25, "attempts": 0.25},
    "steps": {"metrics": 1.0},
    "labels": {"labels": 1.0},
}


def step(number: int) -> Mapping[str, Any]:
    """A training step as `metrics.jsonl` has it."""
    names = ("mean_reward", "reward_std", "zero_variance_share", "mean_length", "truncated_share", "loss", "kl")
    more = ("entropy", "clip_share", "ratio_max", "grad_norm", "update_norm", "learning_rate", "uncertainty")
    role = "challenger" if number % 2 else "solver"
    values = {name: ((number * 7919 + at * 104729) % 1000) / 1000 for at, name in enumerate((*names, *more))}
    head = {"round": number // 200 + 1, "phase": f"train({role})", "role": role, "step": number % 100}
    return {**head, **values, "rows_trained": 128, "tokens_trained": 4096, "updates": 1, "skipped": 0}


def label(number: int) -> Mapping[str, Any]:
    """A label as `labels.jsonl` has it."""
    answers = [str((number + at * at) % 9) for at in range(10)]
    rate = answers.count(answers[0]) / 10
    check = {"way": "reordered", "agrees": number % 3 > 0, "asked": 4, "answers": [answers[0]]}
    head = {"round": number // 500 + 1, "phase": "label", "index": number % 500, "label": answers[0]}
    judged = {"solve_rate": rate, "valid": True, "kept": rate < 0.9, "label_right": number % 5 > 0, "kind": "sum"}
    return {**head, **judged, "check": check, "answers": answers, "matches": [one == answers[0] for one in answers]}


def question(number: int) -> Mapping[str, Any]:
    """A question as `questions.jsonl` has it."""
    head = {
        "round": number // 500 + 1,
        "phase": "generate",
        "text": f"What is {number}+{number % 97}*(3-{number % 7})?",
    }
    return {**head, "reference": "7", "level": None, "author": "challenger", "dropped": None, "index": number % 500}


def attempts(number: int) -> Mapping[str, Any]:
    """Attempts as `attempts.jsonl` has them."""
    texts = [f"{number}+{at}=\\boxed{{{number + at}}}, and so the answer is as it is." for at in range(10)]
    return {"round": number // 500 + 1, "phase": "attempt", "index": number % 500, "attempts": texts}


ROWS = {"metrics": step, "labels": label, "questions": question, "attempts": attempts}


def make_run(folder: Path, rows: int, shares: Mapping[str, float]) -> float:
    """Write a run with so many rows; its size in MB."""
    folder.mkdir()
    (folder / "config.toml").write_text('rounds = 5000\nstages = ["generate", "attempt", "label"]\n', encoding="utf-8")
    for name, share in shares.items():
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as log:
            for number in range(round(rows * share)):
                log.write(json.dumps(ROWS[name](number)) + "\n")
    return sum(path.stat().st_size for path in folder.iterdir()) / 2**20


class Server:
    """`selfplay-gym watch` in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "selfplay_gym.cli", "watch", str(folder), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = urlsplit(self.process.stdout.readline().strip())
        self.start_cpu = self.cpu()
        self.cookie = self.get(f"/?{self.address.query}")[1]["set-cookie"].partition(";")[0]
        self.run = self.get("/")[1]["location"].removesuffix("/now")

    def get(self, path: str) -> tuple[str, Mapping[str, str]]:
        connection = http.client.HTTPConnection(self.address.netloc, timeout=120)
        connection.request("GET", path, headers={"Cookie": getattr(self, "cookie", "")})
        answer = connection.getresponse()
        if answer.status >= 400:
            raise SystemExit(f"{path} is answered with {answer.status}")
        headers = {name.lower(): value for name, value in answer.getheaders()}
        text = answer.read().decode()
        connection.close()
        return text, headers

    def cpu(self) -> float:
        """Processor seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_mb(self) -> float:
        """The most memory so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    @contextmanager
    def browsers(self, number: int, page: str) -> Iterator[list[int]]:
        """So many streams of a page; the list holds the bytes that each has been sent."""
        counts, over = [0] * number, threading.Event()

        def read(at: int) -> None:
            connection = http.client.HTTPConnection(self.address.netloc, timeout=600)
            connection.request("GET", f"{self.run}/{page}/events", headers={"Cookie": self.cookie})
            answer = connection.getresponse()
            while not over.is_set():
                counts[at] += len(answer.readline())
            connection.close()

        for at in range(number):
            threading.Thread(target=read, args=(at,), daemon=True).start()
        try:
            yield counts
        finally:
            over.set()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def long_runs(folder: Path, rows: int, seconds: float) -> None:
    """The first page, and what it takes to read the rest."""
    print("run       MB  address, CPU s  first page, s  its CPU s  all read, CPU s  peak MB  waiting, % of a core")
    for name, shares in SHARES.items():
        size = make_run(folder / name, rows, shares)
        server = Server(folder / name)
        try:
            begun, cpu = time.perf_counter(), server.cpu()
            server.get(f"{server.run}/now")
            first, first_cpu = time.perf_counter() - begun, server.cpu() - cpu
            while "of the history" in server.get(f"{server.run}/labels")[0]:
                time.sleep(1.0)
            read = server.cpu()
            with server.browsers(1, "now"):
                time.sleep(2.0)
                before = server.cpu()
                time.sleep(seconds)
                idle = (server.cpu() - before) / seconds
            costs = f"{server.start_cpu:16.2f} {first:14.2f} {first_cpu:10.2f} {read:16.1f}"
            print(f"{name:8} {size:4.0f}{costs} {server.peak_mb():8.0f} {100 * idle:21.2f}", flush=True)
        finally:
            server.stop()


def write(folder: Path, done: Any, over: Any) -> None:
    """Compute without pause; ten live rows and two training steps a second."""
    live, metrics = (folder / "live.jsonl").open("a"), (folder / "metrics.jsonl").open("a")
    number, next_row = 0, time.monotonic()
    while not over.value:
        for _ in range(200):
            sum(range(200))
        done.value += 1
        if time.monotonic() >= next_row:
            next_row += 0.1
            number += 1
            asked = {"index": number, "question": f"What is {number}+1?", "attempts": ["a", "b"], "votes": {"1": 2}}
            row = {"time": time.time(), "kind": "attempts", "round": 1, "phase": "attempt", **asked}
            live.write(json.dumps(row) + "\n")
            live.flush()
            if number % 5 == 0:
                metrics.write(json.dumps(step(number)) + "\n")
                metrics.flush()


def beside_a_writer(folder: Path, browsers: int, seconds: float, repeats: int) -> None:
    """What a run gets done in a second, with browsers and without, in turns; all on one processor."""
    make_run(folder / "written", 400, {"metrics": 1.0})
    server = Server(folder / "written")
    core = {min(os.sched_getaffinity(0))}
    os.sched_setaffinity(server.process.pid, core)
    done, over = Value("q", 0, lock=False), Value("b", 0, lock=False)
    writer = Process(target=write, args=(folder / "written", done, over))
    writer.start()
    os.sched_setaffinity(writer.pid, core)
    rates: dict[tuple[str, int], list[tuple[float, float]]] = {}
    try:
        for _ in range(repeats):
            for page, number in (("now", 0), ("now", 1), ("now", browsers), ("curves", 0), ("curves", browsers)):
                with server.browsers(number, page):
                    time.sleep(2.0)
                    begun, cpu, units = time.perf_counter(), server.cpu(), done.value
                    time.sleep(seconds)
                    wall = time.perf_counter() - begun
                    rates.setdefault((page, number), []).append(
                        ((server.cpu() - cpu) / wall, (done.value - units) / wall)
                    )
    finally:
        over.value = 1
        writer.join()
        server.stop()
    print("\npage      browsers  the server, % of a core  done by the writer, per second")
    for (page, number), found in rates.items():
        share, rate = (statistics.median(one[at] for one in found) for at in (0, 1))
        print(f"{page:8} {number:9} {100 * share:24.2f} {rate:30.0f}")


def trained(folder: Path, preset: str, changes: Sequence[str]) -> tuple[float, float]:
    """Play a run to its end: its processor seconds, and seconds by the clock."""
    settings = [word for change in changes for word in ("--set", change)]
    command = [
        sys.executable,
        "-m",
        "selfplay_gym.cli",
        "train",
        "--preset",
        preset,
        "--run-dir",
        str(folder),
        *settings,
    ]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the run in {folder} ended with exit code {process.returncode}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun


def watched(folder: Path, asked: argparse.Namespace) -> tuple[tuple[float, float], float, int]:
    """The same with browsers at it; as well the processor seconds of the server, and the least that a browser got."""
    server = Server(folder, "--beside", str(os.getpid()))  # as `train --watch` starts it: the folder is yet to come
    try:
        with server.browsers(asked.browsers, asked.page) as counts:
            spent = trained(folder, asked.train, asked.changes)
            return spent, server.cpu() - server.start_cpu, min(counts)
    finally:
        server.stop()


def beside_training(folder: Path, asked: argparse.Namespace) -> None:
    """Pairs of equal runs, watched and not, in turns."""
    ratios = []
    print("pair  alone: CPU s, clock s  watched: CPU s, clock s  CPU, %  clock, %  server, CPU s  bytes to a browser")
    for pair in range(asked.pairs):
        found: dict[str, Any] = {}
        for name in ("alone", "watched") if pair % 2 else ("watched", "alone"):
            place = folder / f"{pair}-{name}"
            found[name] = trained(place, asked.train, asked.changes) if name == "alone" else watched(place, asked)
        (cpu, clock), ((cpu_watched, clock_watched), server, sent) = found["alone"], found["watched"]
        ratios.append((cpu_watched / cpu, clock_watched / clock))
        more = [100 * (ratio - 1) for ratio in ratios[-1]]
        times = f"{cpu:12.2f} {clock:8.2f} {cpu_watched:14.2f} {clock_watched:8.2f}"
        print(f"{pair:4} {times} {more[0]:+7.2f} {more[1]:+9.2f} {server:14.2f} {sent:19}", flush=True)
    for at, name in enumerate(("processor time", "time by the clock")):
        own = sorted(100 * (ratio[at] - 1) for ratio in ratios)
        print(f"{name}: median {statistics.median(own):+.2f} %, from {own[0]:+.2f} to {own[-1]:+.2f} %")


def main() -> None:
    """Print both tables, or that of a real run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--browsers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--train", metavar="PRESET", help="Measure runs of this preset, in pairs.")
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--page", default="now", help="What the browsers look at.")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="KEY=VALUE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.train:
            beside_training(Path(folder), options)
            return
        long_runs(Path(folder), options.rows, options.seconds)
        beside_a_writer(Path(folder), options.browsers, options.seconds, options.repeats)


if __name__ == "__main__":
    main()
