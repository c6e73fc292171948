"""The corpus of `smollm2`: first school sums for a model that can read, worked in steps and always right.

A pretrained model can add and read; what it does not know is the form: an answer in a box, a question between
tags. So a few examples are enough, and more would only take away what self-play is to find. Both roles are shown the
same questions, as prompts to solve and as proposals. Questions come from the training split only.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ...core.errors import ConfigError
from ...core.protocols import Generator
from ...core.registries import make_generator
from ...core.seeding import python_stream
from ...curricula.generators.worked import Worker
from ...envs.game.domains import find_domain
from ..run.questions.examples import training_question
from .config import WarmupConfig, check_shares


@dataclass(frozen=True, slots=True)
class SchoolWarmup(WarmupConfig):
    """Settings of the warm-up of `smollm2`; the defaults make the shipped adapter."""

    steps: int = 120
    """Optimiser steps."""
    batch: int = 16
    """Examples per step."""
    learning_rate: float = 1e-3
    """Peak learning rate of the adapter."""
    challenger_share: float = 0.35
    """Share of challenger examples."""
    rank: int = 8
    """Rank of the adapter; 4.9 MB in bfloat16."""

    def __post_init__(self) -> None:
        WarmupConfig.__post_init__(self)
        check_shares(self, "challenger_share")
        if self.rank < 1:
            raise ConfigError(f"rank must be >= 1, got {self.rank!r}")


class SchoolCorpus:
    """The examples of every step."""

    def __init__(self, config: SchoolWarmup) -> None:
        self.config = config
        self.generator: Generator = make_generator("school")
        self.domain = find_domain("math")
        self.instruction = self.domain.template("plain").challenger

    def batch(self, step: int) -> list[tuple[str, str]]:
        """See `Corpus`."""
        rng = python_stream(self.config.seed, "warmup school", step)
        return [self._pair(rng) for _ in range(self.config.batch)]

    def _pair(self, rng: random.Random) -> tuple[str, str]:
        question = training_question(self.generator, (0.0, 1.0), rng)
        if rng.random() < self.config.challenger_share:
            return self.instruction, self.domain.write(question)
        # the steps of an equation leave out how c-b was found
        style = "rewrite" if question.author == "equation" else "steps"
        return question.text, Worker(rng).solve(question.text, style)
