"""Rounds of a run on 1 to 1,000 workers, simulated from measured costs: how long, where the time goes, what to buy.

    python benchmarks/simulate_cluster.py                                    a table from the costs of the tiny model
    python benchmarks/simulate_cluster.py --run runs/first                   from the timings of a run of one process
    python benchmarks/simulate_cluster.py --costs costs.json --workers 8 64  from a file; see `Costs` and `Work`
    python benchmarks/simulate_cluster.py --check [--repeats 5]              1 and 2 workers beside the simulation
    python benchmarks/simulate_cluster.py --asleep [--workers 1 2 8]         the same with workers that only sleep

A discrete-event simulation (SimPy; the extra `bench`). One process plays the run: it gives out chunks and collects them
(`Costs.chunk_s` each, one after the other), updates the weights, and sends them. Workers sample and judge chunks. A
round is one labelling of `Work.questions` and `Work.steps` training steps. Three ways to play it:

    synchronous    a step samples, then judges, then updates, then sends weights; the next one begins
    overlap        a chunk is judged as soon as it is sampled, beside the sampling of others
    staleness = k  sampling of a step may begin while the k updates before it are still to come

Left out: workers of different speed, losses, and exams. Times of chunks scatter by `Costs.spread`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import simpy

Process = Generator[simpy.Event, Any, Any]
KINDS = ("sample", "verify", "update", "send", "chunks")


@dataclass(frozen=True)
class Costs:
    """What things cost, in seconds of one processor or GPU unless told otherwise.

    Attributes:
        sample_s: a worker, per attempt.
        sample_chunk_s: a worker, per chunk of attempts whatever its size: a forward pass per token of the longest one.
        verify_s: a worker, per attempt.
        verify_chunk_s: a worker, per chunk of attempts that are judged.
        update_s: whoever trains, per attempt that is trained on.
        weights_bytes: what is sent after an update.
        bandwidth: bytes per second into one worker; who has the weights passes them on, so sending takes as many turns
            as there are doublings of the workers.
        chunk_s: the process that plays the run, per chunk: giving it out and taking the result.
        attempt_s: the same, per attempt: reading its prompt, drawing its numbers, turning its tokens into text.
        busy: how much longer a worker takes for a chunk where all cores of its machine work, from 1 on.
        spread: standard deviation of the time of a chunk, as a share of its mean.
    """

    sample_s: float
    verify_s: float
    update_s: float
    sample_chunk_s: float = 0.0
    verify_chunk_s: float = 0.0
    weights_bytes: float = 4e6
    bandwidth: float = 1e9
    chunk_s: float = 1e-3
    attempt_s: float = 0.0
    busy: float = 1.0
    spread: float = 0.1


@dataclass(frozen=True)
class Work:
    """What a round consists of.

    Attributes:
        questions: that are labelled, with `attempts` each.
        steps: training steps, of `rows` attempts each.
        sample_rows: attempts of a chunk that is sampled.
        verify_rows: attempts of a chunk that is judged.
    """

    questions: int = 512
    attempts: int = 10
    steps: int = 15
    rows: int = 256
    sample_rows: int = 64
    verify_rows: int = 160


@dataclass(frozen=True)
class Mode:
    """How a round is played; see the module."""

    overlap: bool = False
    staleness: int = 0


@dataclass
class Found:
    """What a simulated round took.

    Attributes:
        seconds: wall time.
        busy: seconds by what was done, added up over workers; "update", "send" and "chunks" of the one process.
        workers: how many.
    """

    workers: int
    seconds: float = 0.0
    busy: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))

    @property
    def use(self) -> float:
        """Share of the workers' time in which they work."""
        return (self.busy["sample"] + self.busy["verify"]) / (self.workers * self.seconds)


class Round:
    """One round in simulated time.

    Args:
        seed: of the scatter of chunk times.
    """

    def __init__(self, costs: Costs, work: Work, mode: Mode, workers: int, seed: int = 0) -> None:
        self.costs, self.work, self.mode = costs, work, mode
        self.clock = simpy.Environment()
        self.workers = simpy.PriorityResource(self.clock, workers)
        self.run = simpy.PriorityResource(self.clock)
        self.random = random.Random(seed)
        self.found = Found(workers)

    def play(self) -> Found:
        """Simulate it."""
        self.clock.run(self.clock.process(self._round()))
        self.found.seconds = self.clock.now
        return self.found

    def _round(self) -> Process:
        yield from self._answered(self.work.questions * self.work.attempts, 0)
        weights = [self.clock.event().succeed(), *(self.clock.event() for _ in range(self.work.steps))]
        batches = [self.clock.process(self._batch(step, weights)) for step in range(self.work.steps)]
        for step, batch in enumerate(batches):
            yield batch
            yield from self._timed("update", self.work.rows * self.costs.update_s)
            yield from self._timed("send", self._send_s())
            weights[step + 1].succeed()

    def _batch(self, step: int, weights: Sequence[simpy.Event]) -> Process:
        """A step's attempts, sampled and judged, as soon as the weights that they may come from are there."""
        yield weights[max(0, step - self.mode.staleness)]
        yield from self._answered(self.work.rows, step)

    def _answered(self, rows: int, step: int) -> Process:
        """So many attempts, sampled and judged; those of an earlier step go first."""
        with self.run.request(priority=step) as turn:
            yield turn
            yield from self._timed("chunks", rows * self.costs.attempt_s)
        yield self._all([self._sampled(part, step) for part in _parts(rows, self.work.sample_rows)])
        if not self.mode.overlap:
            yield self._judged(rows, step)

    def _sampled(self, rows: int, step: int) -> Process:
        yield from self._chunk("sample", self.costs.sample_chunk_s + rows * self.costs.sample_s, step)
        if self.mode.overlap:
            yield self._judged(rows, step)

    def _judged(self, rows: int, step: int) -> simpy.Event:
        fixed, each = self.costs.verify_chunk_s, self.costs.verify_s
        return self._all([self._chunk("verify", fixed + n * each, step) for n in _parts(rows, self.work.verify_rows)])

    def _all(self, processes: Sequence[Process]) -> simpy.Event:
        return self.clock.all_of([self.clock.process(process) for process in processes])

    def _chunk(self, what: str, mean_s: float, step: int) -> Process:
        """A chunk: given out by the one process, done by a worker."""
        with self.run.request(priority=step) as turn:
            yield turn
            yield from self._timed("chunks", self.costs.chunk_s)
        with self.workers.request(priority=step) as turn:
            yield turn
            slower = self.costs.busy if self.found.workers > 1 else 1.0
            yield from self._timed(what, self._scattered(mean_s * slower))

    def _timed(self, what: str, seconds: float) -> Process:
        self.found.busy[what] += seconds
        yield self.clock.timeout(seconds)

    def _scattered(self, mean: float) -> float:
        """A log-normal time of this mean, with the spread of the costs."""
        if not self.costs.spread:
            return mean
        sigma = math.sqrt(math.log1p(self.costs.spread**2))
        return mean * math.exp(self.random.gauss(-sigma * sigma / 2, sigma))

    def _send_s(self) -> float:
        turns = 1 + math.ceil(math.log2(self.found.workers))
        return turns * self.costs.weights_bytes / self.costs.bandwidth


def simulate(costs: Costs, work: Work, mode: Mode, workers: int, seed: int = 0) -> Found:
    """One round."""
    return Round(costs, work, mode, workers, seed).play()


def _parts(rows: int, most: int) -> Iterator[int]:
    return (min(most, rows - at) for at in range(0, rows, most))


# --- where costs come from ---


def costs_of_run(folder: Path, clock: str = "seconds") -> tuple[Costs, Work]:
    """From the stages `attempt`, `label` and `train(solver)` of a run that one process played.

    The medians over rounds, of a run with questions.pool=false; what of a training step is not sampling or judging is
    its update.

    Args:
        clock: "seconds" of the wall, or "cpu_s", which does not see who else uses the processors; on a CPU only.
    """
    rows = [json.loads(line) for line in (folder / "timings.jsonl").read_text().splitlines()]
    seconds: dict[str, list[float]] = {}
    for row in rows:
        seconds.setdefault(str(row["phase"]), []).append(row[clock])
    middle = {stage: statistics.median(values) for stage, values in seconds.items()}
    attempts = [len(json.loads(line)["attempts"]) for line in (folder / "attempts.jsonl").read_text().splitlines()]
    from selfplay_gym.selfplay.settings.files import stored_config
    from selfplay_gym.selfplay.storage.run_folder import RunFolder

    config = stored_config(RunFolder.open(folder))
    if config.questions.pool:
        raise SystemExit(f"{folder}: the stage `attempt` sampled little, as questions.pool=true; play it with false")
    solver, rounds = config.roles["solver"], max(1, len(seconds["attempt"]))
    asked = sum(attempts) / rounds
    sample_s, verify_s = middle["attempt"] / asked, middle["label"] / asked
    trained = solver.steps * solver.groups * solver.samples
    update_s = max(0.0, middle["train(solver)"] / trained - sample_s - verify_s)
    m = config.labels.attempts
    work = Work(round(asked / m), m, solver.steps, solver.groups * solver.samples)
    return Costs(sample_s, verify_s, update_s), work


# --- the simulation beside what is measured ---


def check(repeats: int) -> list[dict[str, Any]]:
    """Rounds of sampling and judging by 1 and 2 workers of Ray, beside rounds simulated from what their parts cost.

    Workers say how long they took for their chunks; what a chunk costs the process that gives it out is what one takes
    that does nothing; what that process computes besides is its cost per attempt. The tiny model, one thread each; 1
    and 2 workers take turns.
    """
    from selfplay_gym.agents.load import load_agent
    from selfplay_gym.agents.workers.ray_sampler import RaySampler
    from selfplay_gym.agents.workers.ray_workers import RayWorkers
    from selfplay_gym.core.registries import make_verifier
    from selfplay_gym.selfplay.exams.questions import held_out_questions
    from selfplay_gym.selfplay.run.by_workers import by_workers

    work = Work(questions=512, attempts=8, steps=0, sample_rows=256, verify_rows=16 * 8)
    agent, verifier = load_agent("tiny"), make_verifier("sympy")
    questions = held_out_questions("mixed", work.questions)
    prompts = [question.text for question in questions]
    groups: dict[int, Any] = {count: _Timing(RayWorkers(count)) for count in (1, 2)}
    players = {count: agent.with_settings(sampler=RaySampler(agent.sampler, w)) for count, w in groups.items()}
    taken: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for number in range(repeats + 1):
        for count, workers in groups.items():
            begun, computed = time.perf_counter(), time.process_time()
            answers = players[count].act(prompts, n=work.attempts, seed=number)
            sample_s = workers.taken()
            by_workers(verifier, workers).judge_many(questions, answers)
            own_s, verify_s = time.process_time() - computed, workers.taken()
            if number:
                row = {"wall": time.perf_counter() - begun, "own": own_s, "sample": sample_s, "verify": verify_s}
                taken[count].append(row)
    chunk_s = _idle_chunk_s(groups[1])
    for workers in groups.values():
        workers.close()
    middle = {n: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for n, rows in taken.items()}
    rows, one, two = work.questions * work.attempts, middle[1], middle[2]
    costs = Costs(
        sample_s=one["sample"] / rows,
        verify_s=one["verify"] / rows,
        update_s=0.0,
        chunk_s=chunk_s,
        attempt_s=one["own"] / rows,
        busy=max(1.0, (two["sample"] + two["verify"]) / (one["sample"] + one["verify"])),
    )
    found = []
    for count in groups:
        measured, simulated = middle[count]["wall"], simulate(costs, work, Mode(), count).seconds
        found.append(
            {"workers": count, "measured_s": measured, "simulated_s": simulated, "off": simulated / measured - 1}
        )
    return [{name: round(value, 4) for name, value in row.items()} for row in found] + [{"costs": asdict(costs)}]


class _Timing:
    """Workers of which it is known how long they took for their chunks."""

    def __init__(self, workers: Any) -> None:
        self._workers, self._seconds = workers, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workers, name)

    def map(self, function: Callable[[Any], Any], chunks: Iterable[Any]) -> Iterator[Any]:
        """See `Workers.map`."""
        for seconds, result in self._workers.map(_Timed(function), chunks):
            self._seconds += seconds
            yield result

    def taken(self) -> float:
        """Seconds since this was asked last, over all workers."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds


@dataclass(frozen=True, eq=False)
class _Timed:
    """What a worker does, with the seconds that it took."""

    function: Callable[[Any], Any]

    def __call__(self, chunk: Any) -> tuple[float, Any]:
        begun = time.perf_counter()
        result = self.function(chunk)
        return time.perf_counter() - begun, result


def _idle_chunk_s(workers: Any, chunks: int = 300) -> float:
    """What a chunk costs in which nothing is done."""
    list(workers.map(abs, range(20)))
    begun = time.perf_counter()
    list(workers.map(abs, range(chunks)))
    return (time.perf_counter() - begun) / chunks


def asleep(counts: Sequence[int], repeats: int) -> Iterator[dict[str, Any]]:
    """Synchronous rounds of workers of Ray that sleep as long as their chunks would take, beside simulated ones.

    Chunks are given out and collected as in a run, and nobody computes: so the queues of the simulation can be held
    against real ones on a busy machine, and for more workers than it has processors.
    """
    from selfplay_gym.agents.workers.ray_workers import RayWorkers

    costs = Costs(sample_s=4e-3, verify_s=1.25e-3, update_s=1e-3, weights_bytes=0)
    work = Work(questions=128, attempts=10, steps=3, rows=256)
    for count in counts:
        workers = RayWorkers(count)
        chunk_s = _idle_chunk_s(workers)
        taken = []
        for _ in range(repeats):
            begun = time.perf_counter()
            for rows in (work.questions * work.attempts, *[work.rows] * work.steps):
                list(workers.map(time.sleep, [n * costs.sample_s for n in _parts(rows, work.sample_rows)]))
                list(workers.map(time.sleep, [n * costs.verify_s for n in _parts(rows, work.verify_rows)]))
            time.sleep(work.steps * work.rows * costs.update_s)
            taken.append(time.perf_counter() - begun)
        workers.close()
        measured = statistics.median(taken)
        simulated = simulate(replace(costs, chunk_s=chunk_s, spread=0.0), work, Mode(), count).seconds
        yield {
            "workers": count,
            "chunk_s": round(chunk_s, 4),
            "measured_s": round(measured, 2),
            "simulated_s": round(simulated, 2),
            "off": round(simulated / measured - 1, 3),
        }


# --- the table ---

MODES = {
    "synchronous": Mode(),
    "overlap": Mode(overlap=True),
    "overlap, staleness 1": Mode(overlap=True, staleness=1),
}
TINY = Costs(sample_s=1.04e-3, verify_s=3.4e-4, update_s=2.94e-3)
"""Of the preset `tiny`: `train --preset tiny --seed 0 --set rounds=1 --set questions.pool=false`, `--clock cpu_s`."""


def table(costs: Costs, work: Work, counts: Sequence[int]) -> Iterator[str]:
    """Markdown rows: a round's seconds, how busy workers are, and what the one process does meanwhile."""
    yield "| workers | way | a round, s | workers busy | updates | sending | chunks |"
    yield "|---|---|---|---|---|---|---|"
    for count in counts:
        for name, mode in MODES.items():
            found = simulate(costs, work, mode, count)
            shares = [found.busy[what] / found.seconds for what in ("update", "send", "chunks")]
            cells = [f"{share:.0%}" for share in (found.use, *shares)]
            yield f"| {count} | {name} | {found.seconds:,.1f} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="A run folder whose timings give the costs.")
    parser.add_argument("--clock", choices=["seconds", "cpu_s"], default="seconds", help="Which times of that run.")
    parser.add_argument("--costs", type=Path, help="A JSON file with some of the fields of Costs and Work.")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 8, 32, 128, 512, 1000])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--asleep", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if options.check:
        print(*map(json.dumps, check(options.repeats)), sep="\n")
        return
    if options.asleep:
        for row in asleep(options.workers, options.repeats):
            print(json.dumps(row), flush=True)
        return
    costs, work = (TINY, Work()) if options.run is None else costs_of_run(options.run, options.clock)
    given: dict[str, Any] = {} if options.costs is None else json.loads(options.costs.read_text())
    costs = replace(costs, **{name: given[name] for name in given if hasattr(costs, name)})
    work = replace(work, **{name: given[name] for name in given if hasattr(work, name)})
    print(f"{costs}\n{work}\n", *table(costs, work, options.workers), sep="\n")


if __name__ == "__main__":
    main()
