"""Stage 1, the warm-up: the embedded model learns to read and write the game before it plays.

The corpus is generated: solver examples (a question of math or about a small program, and a solution in one of three
styles) and challenger examples (the instruction, and a question with its answer). Questions come from the training
split only. The result is a believable base: it knows both roles, answers in several ways, and is unreliable.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ConfigError
from ...core.held_out import is_held_out
from ...core.math_language import key
from ...core.protocols import Generator
from ...core.records import TaskSpec
from ...core.registries import make_generator
from ...core.seeding import integer_seed, python_stream
from ...curricula.generators.worked import STYLES, Worker
from ...envs.game.domains import find_domain

if TYPE_CHECKING:
    from rich.console import Console

    from ..evaluation import ExamResult


@dataclass(frozen=True, slots=True)
class WarmupConfig:
    """Settings of the warm-up; the defaults make the shipped weights.

    First it learns to calculate: levels climb, solutions are worked and right. Then it learns to be unreliable: slips
    and unworked answers come in. Both from the start would hide the arithmetic behind the noise.
    """

    seed: int = 0
    """Root of all randomness."""
    steps: int = 2400
    """Optimiser steps."""
    batch: int = 128
    """Examples per step."""
    learning_rate: float = 2e-3
    """Peak learning rate."""
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
        if self.steps < 1 or self.batch < 1:
            raise ConfigError(f"steps and batch must be >= 1, got {self.steps!r} and {self.batch!r}")
        for name in ("climb_share", "clean_share", "challenger_share", "code_share", "direct_share", "slip"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"{name} must be in [0, 1], got {getattr(self, name)!r}")


class Corpus:
    """The examples of every step, a function of the settings alone."""

    def __init__(self, config: WarmupConfig) -> None:
        self.config = config
        self.math: Generator = make_generator("mixed")
        self.code: Generator = make_generator("deduction", style="short")
        self.instruction = find_domain("math").template("plain").challenger

    def batch(self, step: int) -> list[tuple[str, str]]:
        """The (prompt, completion) pairs of one step."""
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


def warmup(config: WarmupConfig, output: Path, console: Console | None = None) -> ExamResult:
    """Train the tiny model from scratch, save it with its model card, and return its exam.

    Args:
        output: a new or empty folder; model, tokenizer and README.md are written there in Hugging Face format.

    Raises:
        ConfigError: `output` holds something already.
    """
    import torch

    from ...agents.models.llm import LLMAgent
    from ...agents.models.tiny import build_model, build_tokenizer
    from ...agents.training.sft import SFTConfig, train_sft
    from ..evaluation import held_out_questions, run_exam
    from ..progress import Progress
    from .model_card import model_card

    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"{output} is not empty; choose another --output")
    torch.set_num_threads(1)
    model, tokenizer = build_model(integer_seed(config.seed, "weights")), build_tokenizer()
    settings = SFTConfig(steps=config.steps, learning_rate=config.learning_rate)
    with Progress(console) as progress:
        progress.phase("warm-up", 0, 2)
        for step, loss in enumerate(train_sft(model, tokenizer, Corpus(config).batch, settings), start=1):
            progress.count(step, config.steps)
            if step % 100 == 0 or step == config.steps:
                progress.line(f"step {step}: loss {loss:.3f}")
        progress.phase("exam", 1, 2)
        questions = held_out_questions("mixed", 512, config.seed)
        result = run_exam(LLMAgent(model, tokenizer), questions, samples=8, seed=config.seed, progress=progress.count)
    output.mkdir(parents=True, exist_ok=True)
    LLMAgent(model, tokenizer).save_pretrained(output)
    (output / "README.md").write_text(model_card(asdict(config), result), encoding="utf-8")
    if console is not None:
        console.print(f"Saved in {output}: sampled accuracy {result.accuracy.value:.1%}", highlight=False)
    return result
