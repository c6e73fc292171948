"""The corpus of `tiny`: questions of math and about small programs, in three styles, and a base that is unreliable.

Solver examples are a question and a solution; challenger examples are the instruction, and a question with its answer.
Questions come from the training split only. The result knows both roles, answers in several ways, and is often wrong.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ...core.held_out import is_held_out
from ...core.math_language import key
from ...core.protocols import Generator
from ...core.records import TaskSpec
from ...core.registries import make_generator
from ...core.seeding import python_stream
from ...curricula.generators.worked import STYLES, Worker
from ...envs.game.domains import find_domain
from .config import ScratchConfig, check_shares


@dataclass(frozen=True, slots=True)
class MixedWarmup(ScratchConfig):
    """Settings of the warm-up of `tiny`; the defaults make the shipped weights.

    First it learns to calculate: levels climb, solutions are worked and right. Then it learns to be unreliable: slips
    and unworked answers come in. Both from the start would hide the arithmetic behind the noise.
    """

    climb_share: float = 0.4
    """Share of the steps over which the highest level climbs from ¼ to 1."""
    clean_share: float = 0.6
    """Share of the steps before slips and unworked answers come in."""
    challenger_share: float = 0.1
    """Share of challenger examples."""
    code_share: float = 0.1
    """Share of questions about small programs: what does f return?"""
    direct_share: float = 0.3
    """Share of solutions without any working in the second part (a third of it in the first); the rest are worked in
    steps or by rewriting, half and half."""
    slip: float = 0.15
    """Probability that one computed result is written down wrong in the second part, in [0, 1]."""

    def __post_init__(self) -> None:
        ScratchConfig.__post_init__(self)
        check_shares(self, "climb_share", "clean_share", "challenger_share", "code_share", "direct_share", "slip")


class MixedCorpus:
    """The examples of every step."""

    def __init__(self, config: MixedWarmup) -> None:
        self.config = config
        self.math: Generator = make_generator("mixed")
        self.code: Generator = make_generator("deduction", style="short")
        self.instruction = find_domain("math").template("plain").challenger

    def batch(self, step: int) -> list[tuple[str, str]]:
        """See `Corpus`."""
        config, rng = self.config, python_stream(self.config.seed, "warmup", step)
        done = step / config.steps
        top = 1.0 if config.climb_share == 0 else min(1.0, 0.25 + 0.75 * done / config.climb_share)
        sloppy = done >= config.clean_share
        worker = Worker(rng, config.slip if sloppy else 0.0)
        direct = config.direct_share if sloppy else config.direct_share / 3
        return [self._pair(rng, top, worker, direct) for _ in range(config.batch)]

    def _pair(self, rng: random.Random, top: float, worker: Worker, direct: float) -> tuple[str, str]:
        draw = rng.random()
        generator = self.code if draw < self.config.code_share else self.math
        question = generator.generate(TaskSpec(top * rng.random()), rng)
        while is_held_out(key(question.text)):
            question = generator.generate(TaskSpec(top * rng.random()), rng)
        style = STYLES[0] if rng.random() < direct else STYLES[1 + int(rng.random() * 2)]
        if generator is self.code:
            return question.text, worker.run(question.text, question.reference or "", style)
        if draw < self.config.code_share + self.config.challenger_share:
            return self.instruction, f"<question>{question.text}</question> \\boxed{{{question.reference}}}"
        return question.text, worker.solve(question.text, style)
