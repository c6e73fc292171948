"""A base is made: supervised training on its corpus, an exam, and a folder with weights and model card.

It begins with random weights, or as a pretrained model of which an adapter learns; the adapter, rounded to bfloat16, is
kept in `adapter/`, and merged into the weights that are saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...agents.packages import check_models
from ...core.errors import ConfigError
from ...core.seeding import integer_seed
from ..storage.files import check_writable
from .bases import Base, find_base
from .config import ScratchConfig, WarmupConfig

if TYPE_CHECKING:
    from rich.console import Console

    from ...agents.models.llm import LLMAgent
    from ..evaluation import ExamResult
    from ..progress import Progress

EXAM_QUESTIONS, EXAM_SAMPLES = 512, 8
ADAPTER, TAUGHT = "adapter", "player"
"""Folder of the adapter, and the role it is of: it plays all of them."""

Teach = Callable[..., None]


def train_base(
    name: str,
    output: Path,
    *,
    seed: int = 0,
    steps: int | None = None,
    device: str = "cpu",
    exam: tuple[int, int] | None = None,
    console: Console | None = None,
    **settings: Any,
) -> ExamResult:
    """Train a base, save it with its model card, and return its exam.

    Args:
        name: one of `bases.BASES`.
        output: a new or empty folder; model, tokenizer and README.md are written there in Hugging Face format.
        seed: root of all randomness.
        steps: optimiser steps; `None` for those of the shipped weights.
        device: where it is trained: one of torch's, such as "cpu" or "cuda:1".
        exam: its questions, and samples of each; `None` for those of the model card.
        settings: further ones of the warm-up, see `Base.settings`.

    Raises:
        ConfigError: no such base or device, or `output` holds something already.
        MissingExtraError: a light installation trains no language models.
        RunError: nothing can be written to `output`.
    """
    check_models("a base model from scratch")
    import torch

    from ...agents.inference.devices import check_device
    from ..evaluation import held_out_questions, run_exam
    from ..progress import Progress
    from .model_card import model_card

    base = find_base(name)
    config = base.settings(seed=seed, **settings, **({} if steps is None else {"steps": steps}))
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"{output} is not empty; choose another --output")
    check_device("device", device, maps=())
    check_writable(output)
    torch.set_num_threads(1)
    with Progress(console) as progress:
        teach = partial(_teach, base, config, progress)
        if base.start is None:
            agent = _from_scratch(base, config, device, teach)
        else:
            agent = _by_adapter(base.start, config, device, teach, output / ADAPTER)
        output.mkdir(parents=True, exist_ok=True)
        agent.save_pretrained(output)
        progress.phase("exam", 1, 2)
        count, samples = exam or (EXAM_QUESTIONS, EXAM_SAMPLES)
        questions = held_out_questions(base.generator, count, config.seed)
        limited = agent if base.max_new_tokens is None else agent.with_settings(max_new_tokens=base.max_new_tokens)
        result = run_exam(limited, questions, samples=samples, seed=config.seed, progress=progress.count)
    (output / "README.md").write_text(model_card(name, asdict(config), result), encoding="utf-8")
    if console is not None:
        console.print(f"Saved in {output}: sampled accuracy {result.accuracy.value:.1%}", highlight=False)
    return result


def _teach(
    base: Base,
    config: WarmupConfig,
    progress: Progress,
    model: Any,
    tokenizer: Any,
    prompt_ids: Callable[[str], list[int]] | None = None,
) -> None:
    """The supervised steps."""
    from ...agents.training.sft import SFTConfig, train_sft

    progress.phase("warm-up", 0, 2)
    rates = SFTConfig(steps=config.steps, learning_rate=config.learning_rate)
    for step, loss in enumerate(train_sft(model, tokenizer, base.corpus(config).batch, rates, prompt_ids), start=1):
        progress.count(step, config.steps)
        if step % 100 == 0 or step == config.steps:
            progress.line(f"step {step}: loss {loss:.3f}")


def _from_scratch(base: Base, config: WarmupConfig, device: str, teach: Teach) -> LLMAgent:
    from ...agents.models.llm import LLMAgent
    from ...agents.models.tiny import build_model, build_tokenizer

    assert isinstance(config, ScratchConfig)
    model: Any = build_model(integer_seed(config.seed, "weights"), config.positions, base.max_new_tokens)
    tokenizer = build_tokenizer()
    teach(model.to(device), tokenizer)
    return LLMAgent(model, tokenizer)


def _by_adapter(start: str, config: Any, device: str, teach: Teach, folder: Path) -> LLMAgent:
    """A pretrained model with what an adapter learnt merged in; the adapter is left in `folder`."""
    from safetensors.torch import load_file, save_file

    from ...agents.models.llm import LLMAgent
    from ...agents.models.merging import WEIGHTS, merge_adapter
    from ...agents.roles.lora import add_adapters
    from ...agents.roles.role_agent import RoleRecord

    unchanged = LLMAgent.from_pretrained(start, device=device)
    record = RoleRecord("lora", (TAUGHT,), TAUGHT, start, "frozen")
    player = add_adapters(unchanged, record, rank=config.rank, seed=config.seed, checkpoints={})[TAUGHT]
    teach(player.model, player.tokenizer, player.prompt_ids)
    player.save_pretrained(folder)
    save_file({key: value.bfloat16() for key, value in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS)
    model = player.model.unload()
    merge_adapter(model, folder)
    return LLMAgent(model, player.tokenizer)
