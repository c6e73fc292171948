"""How much a second worker of Ray gains: verification by sympy and in the sandbox, and attempts of the tiny model.

    python benchmarks/ray_workers.py [--work sympy sandbox attempts] [--repeats 5] [--kind ray] [--out FILE.json]

One and two workers take turns, each with one thread; workers are started, and have done a part of the work, before the
clock runs. Two figures, of which the first says something only on two cores that are otherwise idle:

    wall    T(1 worker) / (2 · T(2 workers)), medians
    CPU     what two idle cores would give, from processor times, which other people's work hardly changes:
            W (2 - b) / 2 (W + D). W: the workers with all that they start. D: everybody else below this process, less
            b, what Ray's own processes compute per second when nobody asks anything of them.

`--kind processes` measures workers of this machine without Ray. Linux: processor times are read from /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from selfplay_gym.agents.load import load_agent
from selfplay_gym.agents.workers.named import workers_of
from selfplay_gym.agents.workers.ray_sampler import RaySampler
from selfplay_gym.core.protocols import Workers
from selfplay_gym.core.records import Question, TaskSpec
from selfplay_gym.core.registries import make_generator, make_verifier
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.commands.verify import verify_file
from selfplay_gym.selfplay.exams.questions import held_out_questions
from selfplay_gym.selfplay.run.by_workers import by_workers
from selfplay_gym.verifiers.programs.mutants import mutants

IDLE_S = 10.0
TICKS = os.sysconf("SC_CLK_TCK")
Work = Callable[[Workers, int], int]
"""Does a part of the work with some workers; the second argument, 0, 1, 2 …, names the part. Gives its size."""


def sympy_work(size: int) -> Work:
    """`verify` on a file: held-out questions of all families, answers in several notations, one in four right."""
    questions = held_out_questions("mixed", size)
    folder = Path(tempfile.mkdtemp())
    forms = ("\\boxed{{{}}}", "The answer is ${}$.", "\\boxed{{\\frac{{{}}}{{1}}}}", "$\\boxed{{ {} + 0 }}$")

    def attempts(index: int, question: Question) -> list[str]:
        values = [question.reference, str(index), f"{index}x + 1", f"\\sqrt{{{index}}}"]
        return [forms[(index + i) % 4].format(values[i % 4]) for i in range(8)]

    rows = [{"question": q.text, "reference": q.reference, "attempts": attempts(i, q)} for i, q in enumerate(questions)]
    source = folder / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def work(workers: Workers, part: int) -> int:
        verify_file(source, folder / "out.jsonl", resume=False, workers=workers)
        return 8 * len(rows)

    return work


def sandbox_work(size: int) -> Work:
    """The code game: the program that a specification was made from, and three with one fault, run in the sandbox."""
    generator, rng = make_generator({"name": "code", "parts": {"program": 1.0}}), python_stream(0, "benchmark")
    questions = [generator.generate(TaskSpec(0.2 + 0.7 * i / size), rng) for i in range(size)]
    programs = [[q.reference, *[m.source for m in mutants(q.reference)]] for q in questions]
    groups = [[f"```python\n{one}\n```" for one in (four * 4)[:4]] for four in programs]
    verifier = make_verifier("code")

    def work(workers: Workers, part: int) -> int:
        by_workers(verifier, workers).judge_many(questions, groups)
        return 4 * len(questions)

    return work


def attempts_work(size: int) -> Work:
    """Eight attempts of the tiny model at each question, by workers that have its weights."""
    agent = load_agent("tiny")
    prompts = [question.text for question in held_out_questions("mixed", size)]
    samplers: dict[int, RaySampler] = {}

    def work(workers: Any, part: int) -> int:
        if workers.size not in samplers:
            samplers[workers.size] = RaySampler(agent.sampler, workers)
        agent.with_settings(sampler=samplers[workers.size]).act(prompts, n=8, seed=part)
        return 8 * len(prompts)

    return work


KINDS: dict[str, tuple[Callable[[int], Work], int]] = {
    "sympy": (sympy_work, 6000),
    "sandbox": (sandbox_work, 400),
    "attempts": (attempts_work, 512),
}


def measure(kind: str, name: str, size: int, repeats: int) -> dict[str, Any]:
    """Both figures for one kind of work."""
    work = KINDS[name][0](size)
    groups = {count: workers_of(f"{kind}({count})") for count in (1, 2)}
    taken: dict[int, list[dict[str, float]]] = {count: [] for count in groups}
    for part in range(repeats + 1):
        for count, workers in groups.items():
            before, begun = cpu_times(), time.perf_counter()
            items = work(workers, part)
            wall, after = time.perf_counter() - begun, cpu_times()
            used = {role: after[role] - before[role] for role in after}
            if part:  # the first one warms up
                taken[count].append({"wall": wall, "items": items, **used})
    before = cpu_times()
    time.sleep(IDLE_S)
    idle = sum(cpu_times().values()) - sum(before.values())
    for workers in groups.values():
        workers.close()
    middle = {n: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for n, rows in taken.items()}
    two, background = middle[2], idle / IDLE_S
    others = max(0.0, two["others"] - background * two["wall"])
    return {
        "kind": kind,
        "work": name,
        "items": int(two["items"]),
        "repeats": repeats,
        **{f"seconds_{n}": round(row["wall"], 2) for n, row in middle.items()},
        "worker_cpu_s": round(two["workers"], 2),
        "other_cpu_s": round(others, 2),
        "background": round(background, 3),
        "items_per_cpu_s": round(two["items"] / two["workers"], 1),
        "efficiency_wall": round(middle[1]["wall"] / (2 * two["wall"]), 3),
        "efficiency_cpu": round(two["workers"] * (2 - background) / 2 / (two["workers"] + others), 3),
        "load": round(os.getloadavg()[0], 1),
    }


def cpu_times() -> dict[str, float]:
    """Processor seconds so far of workers with what they started, and of all other processes below this one."""
    found = dict(_processes())
    totals = {"workers": 0.0, "others": 0.0}
    for pid, (_, seconds) in found.items():
        line = list(_line_of(pid, found))
        if os.getpid() in line:
            totals["workers" if any(_is_worker(one) for one in line) else "others"] += seconds
    return totals


def _line_of(pid: int, found: dict[int, tuple[int, float]]) -> Iterator[int]:
    """A process, its parent, and so on."""
    while pid in found:
        yield pid
        pid = found[pid][0]


def _is_worker(pid: int) -> bool:
    with suppress(OSError):
        shown = Path(f"/proc/{pid}/cmdline").read_bytes()
        return shown.startswith(b"ray::_Actor") or b"multiprocessing.spawn" in shown
    return False


def _processes() -> Iterator[tuple[int, tuple[int, float]]]:
    """Every process: its parent, and processor seconds with those of its children that have ended."""
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            yield int(folder.name), (int(fields[1]), sum(map(int, fields[11:15])) / TICKS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--kind", choices=["ray", "processes"], default="ray")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="How much of the usual amount of work.")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = []
    for name in options.work:
        rows.append(measure(options.kind, name, max(2, int(KINDS[name][1] * options.scale)), options.repeats))
        print(json.dumps(rows[-1]), flush=True)
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
