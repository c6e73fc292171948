"""Stage 1, the warm-up: the embedded model learns to read and write the game before it plays.

The corpus is generated: solver examples (a question and a worked solution in one of three styles, with slips) and
challenger examples (the instruction and a question with its answer). Questions come from the training split only, at
all levels. The result is a believable base: it knows both roles, answers in several ways, and is unreliable.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ConfigError
from ..core.protocols import Generator
from ..core.records import TaskSpec
from ..core.registries import make_generator
from ..core.seeding import integer_seed, python_stream
from ..core.split import is_held_out
from ..curricula.worked import STYLES, Worker
from ..envs.domains import find_domain

if TYPE_CHECKING:
    from rich.console import Console

    from .evaluation import ExamResult

POOL = 8
"""Batches drawn together and sorted by length, so that little is padded."""


@dataclass(frozen=True, slots=True)
class WarmupConfig:
    """Settings of the warm-up; the defaults make the shipped weights."""

    seed: int = 0
    """Root of all randomness."""
    steps: int = 2000
    """Optimiser steps."""
    batch: int = 128
    """Examples per step."""
    learning_rate: float = 2e-3
    """Peak learning rate."""
    generator: str = "mixed"
    """Generator of the questions, at levels uniform over [0, 1]."""
    challenger_share: float = 0.15
    """Share of challenger examples."""
    direct_share: float = 0.3
    """Share of solutions without any working; the rest are worked in steps or by rewriting, half and half."""
    slip: float = 0.1
    """Probability that one computed result is written down wrong, in [0, 1]."""

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1:
            raise ConfigError(f"steps and batch must be >= 1, got {self.steps!r} and {self.batch!r}")
        for name in ("challenger_share", "direct_share", "slip"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"{name} must be in [0, 1], got {getattr(self, name)!r}")


class Corpus:
    """The examples of every step, a function of the settings alone."""

    def __init__(self, config: WarmupConfig) -> None:
        self.config = config
        self.generator: Generator = make_generator(config.generator)
        self.instruction = find_domain("math").template("plain").challenger
        self._pool: tuple[int, list[list[tuple[str, str]]]] = (-1, [])

    def batch(self, step: int) -> list[tuple[str, str]]:
        """The (prompt, completion) pairs of one step."""
        number, place = divmod(step, POOL)
        if self._pool[0] != number:
            self._pool = (number, self._draw(number))
        return self._pool[1][place]

    def _draw(self, number: int) -> list[list[tuple[str, str]]]:
        rng = python_stream(self.config.seed, "warmup", number)
        size = self.config.batch
        pairs = sorted((self._pair(rng) for _ in range(POOL * size)), key=lambda pair: len(pair[0]) + len(pair[1]))
        batches = [pairs[i * size : (i + 1) * size] for i in range(POOL)]
        rng.shuffle(batches)
        return batches

    def _pair(self, rng: Any) -> tuple[str, str]:
        question = self.generator.generate(TaskSpec(rng.random()), rng)
        while is_held_out(question.text):
            question = self.generator.generate(TaskSpec(rng.random()), rng)
        if rng.random() < self.config.challenger_share:
            return self.instruction, f"<question>{question.text}</question> \\boxed{{{question.reference}}}"
        direct, *worked = STYLES
        style = direct if rng.random() < self.config.direct_share else worked[int(rng.random() * len(worked))]
        return question.text, Worker(rng, self.config.slip).solve(question.text, style)


def warmup(config: WarmupConfig, output: Path, console: Console | None = None) -> ExamResult:
    """Train the tiny model from scratch, save it with its model card, and return its exam.

    Args:
        output: a new or empty folder; model, tokenizer and README.md are written there in Hugging Face format.

    Raises:
        ConfigError: `output` holds something already.
    """
    import torch

    from ..agents.llm import LLMAgent
    from ..agents.supervised import SupervisedConfig, train_supervised
    from ..agents.tiny import build_model, build_tokenizer
    from .evaluation import held_out_questions, run_exam
    from .model_card import model_card
    from .progress import Progress

    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"{output} is not empty; choose another --output")
    torch.set_num_threads(1)
    model, tokenizer = build_model(integer_seed(config.seed, "weights")), build_tokenizer()
    settings = SupervisedConfig(steps=config.steps, learning_rate=config.learning_rate)
    with Progress(console) as progress:
        progress.phase("warm-up", 0, 2)
        for step, loss in enumerate(train_supervised(model, tokenizer, Corpus(config).batch, settings), start=1):
            progress.count(step, config.steps)
            if step % 100 == 0 or step == config.steps:
                progress.line(f"step {step}: loss {loss:.3f}")
        progress.phase("exam", 1, 2)
        questions = held_out_questions(config.generator, 512, config.seed)
        result = run_exam(LLMAgent(model, tokenizer), questions, samples=8, seed=config.seed, progress=progress.count)
    output.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(str(output))
    tokenizer.save_pretrained(str(output))
    (output / "README.md").write_text(model_card(asdict(config), result), encoding="utf-8")
    if console is not None:
        console.print(f"Saved in {output}: sampled accuracy {result.accuracy.value:.1%}", highlight=False)
    return result
