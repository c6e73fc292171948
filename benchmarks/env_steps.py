"""What the environments cost: steps per CPU second in process, next to a text environment that does nothing.

    python benchmarks/env_steps.py [--steps 100000] [--repeats 5] [--group 8] [--seed 0]

One step of a one-turn game is `step` and the `reset` that must follow. Every row goes through `gym.make` or
`gym.make_vec` with default wrappers. The rows take turns, `--repeats` times, so that a busy machine slows all of them
alike; the median is shown. The first round of a row, in which the cache of questions fills, is part of it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym

import selfplay_gym
from selfplay_gym.envs import parallel_env
from selfplay_gym.envs.views.spaces import Text


class DoesNothing(gym.Env[str, str]):
    """The floor: a constant question, a constant reward."""

    observation_space = action_space = Text()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        return "What is 1+2?", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        return "", 1.0, True, False, {}


def single(seed: int, action: str, **kwargs: Any) -> Callable[[int], int]:
    """Steps with one fixed action."""
    env = gym.make("DoesNothing-v0") if not kwargs else gym.make("SelfPlayMath-v0", **kwargs)
    env.reset(seed=seed)

    def run(steps: int) -> int:
        step, reset = env.step, env.reset
        for _ in range(steps):
            step(action)
            reset()
        return steps

    return run


def oracle(seed: int) -> Callable[[int], int]:
    """Steps that are always right, so that the curriculum climbs to the hardest questions."""
    env = gym.make("SelfPlayMath-v0", verifier="exact")
    env.reset(seed=seed)
    unwrapped: Any = env.unwrapped

    def run(steps: int) -> int:
        step, reset = env.step, env.reset
        for _ in range(steps):
            step("\\boxed{" + unwrapped._question.reference + "}")
            reset()
        return steps

    return run


def group(seed: int, size: int, verifier: str) -> Callable[[int], int]:
    """Completions of a group that disagrees three ways."""
    envs = gym.make_vec("SelfPlayMath-v0", num_envs=size, verifier=verifier)
    envs.reset(seed=seed)
    actions = tuple(f"So the answer is \\boxed{{{i % 3}}}" for i in range(size))

    def run(steps: int) -> int:
        for _ in range(steps // size):
            envs.step(actions)
            envs.reset()
        return steps // size * size

    return run


def table(seed: int) -> Callable[[int], int]:
    """Completions through the PettingZoo parallel environment, 8 solvers."""
    env = parallel_env("math", attempts=8, verifier="exact")
    proposal = r"<question>What is 12+7*3?</question> \boxed{33}"
    env.reset(seed=seed)

    def run(steps: int) -> int:
        for _ in range(steps // 8):
            env.reset()
            for action in (proposal, r"\boxed{33}"):
                env.step(dict.fromkeys(env.agents, action))
        return steps // 8 * 8

    return run


def teacher(seed: int) -> Callable[[int], int]:
    env = gym.make("SelfPlayTeacher-v0")
    env.reset(seed=seed)

    def run(steps: int) -> int:
        for at in range(steps):
            if env.step(at % 10)[3]:
                env.reset()
        return steps

    return run


def rows(seed: int, size: int) -> Iterator[tuple[str, Callable[[int], int]]]:
    yield "does nothing", single(seed, "3")
    yield "solver, exact, boxed answer", single(seed, r"So the answer is \boxed{42}", verifier="exact")
    yield "solver, exact, bare number", single(seed, "42", verifier="exact")
    yield "solver, exact, always right", oracle(seed)
    yield "solver, sympy, boxed answer", single(seed, r"So the answer is \boxed{42}", verifier="sympy")
    yield f"group of {size}, exact", group(seed, size, "exact")
    yield f"group of {size}, majority", group(seed, size, "majority")
    yield "PettingZoo parallel, 8 solvers", table(seed)
    yield "teacher, simulated learner", teacher(seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    gym.register("DoesNothing-v0", entry_point=DoesNothing)
    runs = dict(rows(options.seed, options.group))
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(options.repeats):
        for name, run in runs.items():
            start = time.process_time()
            done = run(options.steps)
            rates[name].append(done / (time.process_time() - start))
    floor = statistics.median(rates["does nothing"])
    print(f"selfplay_gym {selfplay_gym.__version__}, gymnasium {gym.__version__}, seed {options.seed}")
    print(f"{'':<34} {'per CPU second':>15} {'of doing nothing':>17}")
    for name, measured in rates.items():
        rate = statistics.median(measured)
        print(f"{name:<34} {rate:>15,.0f} {rate / floor:>16.1%}")


if __name__ == "__main__":
    main()
