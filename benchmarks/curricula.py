"""Which curriculum teaches a simulated solver most, at equal questions?

    python benchmarks/curricula.py [--kinds mixed|families] [--seeds 5] [--rounds 12] [--questions 512]

The solver has a skill per kind of question, and is right at level x with the chance 1/(1 + exp((x − skill)/0.06)). Each
question is tried 10 times. A question at which attempts differ teaches: the skill of its kind grows by `--gain` times
p(1 − p), and no other question teaches anything. What was asked is observed at the end of each round, as in a run.
Printed per curriculum, mean and range over the seeds: the mean |advantage| of its questions, the share in the band
[.25, .75], and how much all skills together have grown.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Mapping

from selfplay_gym import TaskSpec, make_curriculum
from selfplay_gym.core.protocols import Curriculum
from selfplay_gym.curricula.bandit import absolute_advantage

KINDS = {
    "mixed": {"arithmetic": 0.3, "equation": 0.1, "composed": 0.0},
    "families": {
        "arithmetic": 0.5,
        "equation": 0.4,
        "units": 0.4,
        "sequences": 0.3,
        "knights": 0.1,
        "ordering": 0.1,
        "clauses": 0.0,
        "subset-sums": 0.0,
        "grid-paths": 0.0,
        "quantifiers": -0.3,
    },
}
"""By generator its kinds, and the skill at each to begin with; at quantifiers even the easiest are out of reach."""
ATTEMPTS, WIDTH = 10, 0.06
CURRICULA: dict[str, Callable[[list[str]], Curriculum]] = {
    "fixed (uniform)": lambda kinds: make_curriculum("fixed"),
    "linear": lambda kinds: make_curriculum("linear"),
    "band": lambda kinds: make_curriculum("band"),
    "band(window=512)": lambda kinds: make_curriculum("band", window=512),
    "bandit over levels": lambda kinds: make_curriculum("bandit"),
    "bandit over kinds and levels": lambda kinds: make_curriculum("bandit", kinds=kinds),
    "sfl over levels": lambda kinds: make_curriculum("sfl"),
    "sfl over kinds and levels": lambda kinds: make_curriculum("sfl", kinds=kinds),
    "the same, replay=0.9": lambda kinds: make_curriculum("sfl", kinds=kinds, replay=0.9),
    "the same, nothing fades": lambda kinds: make_curriculum("sfl", kinds=kinds, replay=0.9, half_life=1e9),
}


class Solver:
    """Skills that grow with what is asked."""

    def __init__(self, gain: float, skills: Mapping[str, float]) -> None:
        self.gain, self.skills = gain, dict(skills)

    def attempt(self, spec: TaskSpec, rng: random.Random) -> float:
        """The solve rate of one question, which teaches at once."""
        kind = spec.kind or rng.choice(list(self.skills))
        chance = 1.0 / (1.0 + math.exp((spec.level - self.skills[kind]) / WIDTH))
        rate = sum(rng.random() < chance for _ in range(ATTEMPTS)) / ATTEMPTS
        self.skills[kind] += self.gain * rate * (1.0 - rate)
        return rate


def play(curriculum: Curriculum, solver: Solver, seed: int, rounds: int, questions: int) -> tuple[float, float, float]:
    """Mean |advantage|, share in the band, growth of all skills."""
    rng, rates, before = random.Random(seed), [], sum(solver.skills.values())
    for _ in range(rounds):
        specs = [curriculum.sample(rng) for _ in range(questions)]
        seen = [(spec, solver.attempt(spec, rng)) for spec in specs]
        for spec, rate in seen:
            curriculum.observe(spec, rate)
        rates += [rate for _, rate in seen]
    signal = sum(map(absolute_advantage, rates)) / len(rates)
    inside = sum(0.25 <= rate <= 0.75 for rate in rates) / len(rates)
    return signal, inside, sum(solver.skills.values()) - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", choices=KINDS, default="mixed")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--questions", type=int, default=512)
    parser.add_argument(
        "--gain", type=float, default=0.0015, help="growth of a skill by one question at p = ½, times 4"
    )
    asked = parser.parse_args()
    skills = KINDS[asked.kinds]
    print(f"{'curriculum':<30}{'|advantage|':>20}{'in the band':>20}{'growth':>20}")
    for name, make in CURRICULA.items():
        runs = [
            play(make(list(skills)), Solver(asked.gain, skills), seed, asked.rounds, asked.questions)
            for seed in range(asked.seeds)
        ]
        cells = [f"{sum(c) / len(c):.2f} ({min(c):.2f}–{max(c):.2f})" for c in zip(*runs, strict=True)]
        print(f"{name:<30}" + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()
