"""A base from scratch: supervised training on its corpus, an exam, and a folder with weights and model card."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ...agents.packages import check_models
from ...core.errors import ConfigError
from ...core.seeding import integer_seed
from .bases import find_base

if TYPE_CHECKING:
    from rich.console import Console

    from ..evaluation import ExamResult

EXAM_QUESTIONS, EXAM_SAMPLES = 512, 8


def train_base(
    name: str, output: Path, *, seed: int = 0, steps: int | None = None, console: Console | None = None
) -> ExamResult:
    """Train a base from scratch, save it with its model card, and return its exam.

    Args:
        name: one of `bases.BASES`.
        output: a new or empty folder; model, tokenizer and README.md are written there in Hugging Face format.
        seed: root of all randomness.
        steps: optimiser steps; `None` for those of the shipped weights.

    Raises:
        ConfigError: no such base, or `output` holds something already.
        MissingExtraError: a light installation trains no language models.
    """
    check_models("a base model from scratch")
    import torch

    from ...agents.models.llm import LLMAgent
    from ...agents.models.tiny import build_model, build_tokenizer
    from ...agents.training.sft import SFTConfig, train_sft
    from ..evaluation import held_out_questions, run_exam
    from ..progress import Progress
    from .model_card import model_card

    base = find_base(name)
    config = base.settings(seed=seed) if steps is None else base.settings(seed=seed, steps=steps)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"{output} is not empty; choose another --output")
    torch.set_num_threads(1)
    model = build_model(integer_seed(config.seed, "weights"), config.positions, base.max_new_tokens)
    tokenizer = build_tokenizer()
    settings = SFTConfig(steps=config.steps, learning_rate=config.learning_rate)
    with Progress(console) as progress:
        progress.phase("warm-up", 0, 2)
        for step, loss in enumerate(train_sft(model, tokenizer, base.corpus(config).batch, settings), start=1):
            progress.count(step, config.steps)
            if step % 100 == 0 or step == config.steps:
                progress.line(f"step {step}: loss {loss:.3f}")
        agent = LLMAgent(model, tokenizer)
        output.mkdir(parents=True, exist_ok=True)
        agent.save_pretrained(output)
        progress.phase("exam", 1, 2)
        questions = held_out_questions(base.generator, EXAM_QUESTIONS, config.seed)
        result = run_exam(agent, questions, samples=EXAM_SAMPLES, seed=config.seed, progress=progress.count)
    (output / "README.md").write_text(model_card(name, asdict(config), result), encoding="utf-8")
    if console is not None:
        console.print(f"Saved in {output}: sampled accuracy {result.accuracy.value:.1%}", highlight=False)
    return result
