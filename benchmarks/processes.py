"""How much a solver step and an exam batch gain from more processes: the tiny model, CPU, one thread each.

    python benchmarks/processes.py [--processes 2] [--steps 6] [--repeats 3] [--sharding fsdp2]

The workload is a solver step of the preset `tiny` (32 questions x 8 samples, rewards from the reference) and 64
questions x 4 samples without training. Runs of one process and of several alternate. Wall time says something only on a
machine that is otherwise idle; CPU time of the busiest process, where nobody's waiting counts, says how the work was
divided. What leaves the path (judging, talking to each other) stands in both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from selfplay_gym.benchmarks.launched import worst

SETTINGS = {"roles.challenger.steps": 0, "roles.*.grpo.kl_weight": 0.0}


def measure(sharding: str, steps: int, out: Path) -> None:
    """Run by every process: median seconds of what it did, as one JSON line in a file of its own."""
    import torch

    from selfplay_gym import make_verifier
    from selfplay_gym.agents.distributed.process_group import ProcessGroup
    from selfplay_gym.core.seeding import python_stream
    from selfplay_gym.selfplay.evaluation import held_out_questions
    from selfplay_gym.selfplay.roles.build import build_on_all, build_roles
    from selfplay_gym.selfplay.roles.rewards import LabelRewardFn
    from selfplay_gym.selfplay.settings.config import RunConfig

    torch.set_num_threads(1)
    config = RunConfig().replace({"compute.sharding": sharding, **SETTINGS})
    taken: dict[str, list[tuple[float, float]]] = {"step": [], "exam": []}

    clock = partial(_clock, taken)

    with ProcessGroup.join() as group:
        build = build_roles if group.alone else build_on_all(group)
        group.register("clock", clock)
        if group.is_rank0:
            role = build(config, ("solver",), {}, {})["solver"]
            questions = held_out_questions("mixed", 32 * (steps + 1) + 64)
            verifier = make_verifier("sympy")
            for number in range(steps + 1):  # the first warms up
                batch = questions[32 * number : 32 * (number + 1)]
                reward_fn = LabelRewardFn(batch, verifier)
                prompts = [question.text for question in batch]
                group.run_on_all(clock, "step", True)
                role.trainer.step(prompts, reward_fn, samples=config.roles["solver"].samples, seed=number)
                group.run_on_all(clock, "step", False)
            prompts = [question.text for question in python_stream(0, "exam").sample(questions, 64)]
            for number in range(steps + 1):
                group.run_on_all(clock, "exam", True)
                role.agent.act(prompts, n=config.exam.samples, seed=number)
                group.run_on_all(clock, "exam", False)
        else:
            group.serve()
    medians = {
        name: [statistics.median(column) for column in zip(*rows[1:], strict=True)] for name, rows in taken.items()
    }
    (out / f"{group.rank}.json").write_text(json.dumps(medians))


def _clock(taken: dict[str, list[tuple[float, float]]], name: str, begins: bool) -> None:
    """Start or stop this process's clocks."""
    wall, cpu = time.perf_counter(), time.process_time()
    if begins:
        taken[name].append((wall, cpu))
    else:
        taken[name][-1] = wall - taken[name][-1][0], cpu - taken[name][-1][1]


def one(processes: int, sharding: str, steps: int) -> dict[str, list[float]]:
    """{"step": [wall, CPU of the busiest process], "exam": …} in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ["--measure", folder, "--steps", str(steps), "--sharding", sharding]
        return worst(__file__, asked, processes, Path(folder), ("step", "exam"), {"OMP_NUM_THREADS": "1"}, quiet=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sharding", default="none")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.sharding, options.steps, options.measure)
        return
    seen: dict[int, list[dict[str, list[float]]]] = {1: [], options.processes: []}
    for _ in range(options.repeats):
        for processes, rows in seen.items():
            rows.append(one(processes, options.sharding if processes > 1 else "none", options.steps))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
    for name in ("step", "exam"):
        for i, kind in enumerate(("wall", "CPU of the busiest process")):
            before, after = (statistics.median(row[name][i] for row in rows) for rows in seen.values())
            print(f"{name}: {kind}: {before:.3f} s alone, {after:.3f} s in {options.processes}: {before / after:.2f} ×")


if __name__ == "__main__":
    main()
