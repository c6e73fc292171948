"""The corpus of `frontier`: chains of sums and differences, mostly short ones, worked in steps and always right.

Lengths fall off geometrically, so what the base can do falls off smoothly with length: short chains are certain, long
ones are never right, and between them lies a frontier. Its challenger was shown even shorter chains, so a challenger
that nobody trains does not ask at the frontier. Questions come from the training split only.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from ...core.held_out import is_held_out
from ...core.math_language import key
from ...core.protocols import Generator
from ...core.records import Question, TaskSpec
from ...core.registries import make_generator
from ...core.seeding import python_stream
from ...curricula.generators.arithmetic import WORDINGS
from ...curricula.generators.chains import ChainGenerator, chain
from ...curricula.generators.draws import pick
from ...curricula.generators.worked import Worker
from ...envs.game.domains import find_domain
from .config import ScratchConfig, check_shares

STARTS = (-45, 60)
"""First numbers of chains that go on from a value: what 12 digits can come to, but for a few."""


@dataclass(frozen=True, slots=True)
class ChainWarmup(ScratchConfig):
    """Settings of the warm-up of `frontier`; the defaults make the shipped weights."""

    steps: int = 1000
    """Optimiser steps."""
    longest: int = 12
    """Operations of the longest chain."""
    decay: float = 0.5
    """How many times as frequent each length is as the one before, in questions to the solver."""
    challenger_decay: float = 0.5
    """The same in the questions that challengers write."""
    challenger_share: float = 0.12
    """Share of challenger examples."""
    starts: float = 0.35
    """Share of the questions to the solver whose first number is any of -45 to 60: the rest of a longer chain, asked
    from the value of its first part, looks like that."""
    single: float = 0.1
    """Share of these questions that have such a number and one operation."""
    slip: float = 0.0
    """Probability that one computed result is written down wrong, in [0, 1]."""

    def __post_init__(self) -> None:
        ScratchConfig.__post_init__(self)
        check_shares(self, "challenger_share", "starts", "single", "slip")


class ChainCorpus:
    """The examples of every step."""

    def __init__(self, config: ChainWarmup) -> None:
        self.config = config
        self.asked = ChainGenerator(longest=config.longest, decay=config.decay)
        self.written: Generator = make_generator("chains", longest=config.longest, decay=config.challenger_decay)
        self.instruction = find_domain("math").template("plain").challenger

    def batch(self, step: int) -> list[tuple[str, str]]:
        """See `Corpus`."""
        rng = python_stream(self.config.seed, "warmup chains", step)
        worker = Worker(rng, self.config.slip)
        return [self._pair(rng, worker) for _ in range(self.config.batch)]

    def _pair(self, rng: random.Random, worker: Worker) -> tuple[str, str]:
        if rng.random() < self.config.challenger_share:
            question = _of_any_level(self.written, rng)
            return self.instruction, f"<question>{question.text}</question> \\boxed{{{question.reference}}}"
        question = self._question(rng)
        return question.text, worker.solve(question.text, "steps")

    def _question(self, rng: random.Random) -> Question:
        """A question to the solver."""
        config = self.config
        if config.single and rng.random() < config.single:
            return _trainable(lambda: _from_any_number(1, rng))
        if config.starts and rng.random() < config.starts:
            return _trainable(lambda: _from_any_number(self.asked.length(rng.random()), rng))
        return _of_any_level(self.asked, rng)


def _from_any_number(operations: int, rng: random.Random) -> Question:
    return Question(pick(WORDINGS, rng).format(chain(operations, rng, STARTS)))


def _of_any_level(generator: Generator, rng: random.Random) -> Question:
    return _trainable(lambda: generator.generate(TaskSpec(rng.random()), rng))


def _trainable(draw: Callable[[], Question]) -> Question:
    """The first question drawn that is not held out."""
    while True:
        question = draw()
        if not is_held_out(key(question.text)):
            return question
