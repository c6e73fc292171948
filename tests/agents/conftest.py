"""Small language models with weights large enough that their distributions are far from uniform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from selfplay_gym.agents.inference.interface.samples import SamplingSettings
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.models.tiny import build_tokenizer


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def build(kind: str = "qwen3", seed: int = 0, **changes: Any) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    shape = {
        "hidden_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 64,
        "vocab_size": len(build_tokenizer()),
        "max_position_embeddings": 256,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    if kind == "gpt_neox":
        del shape["num_key_value_heads"]
    config = AutoConfig.for_model(kind, **{**shape, **changes})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model


@pytest.fixture
def make_model() -> Callable[..., Any]:
    return build


@pytest.fixture
def make_agent() -> Callable[..., LLMAgent]:
    def make(kind: str = "qwen3", seed: int = 0, *, settings: SamplingSettings | None = None, **changes: Any):
        settings = settings or SamplingSettings(max_new_tokens=24)
        return LLMAgent(build(kind, seed, **changes), build_tokenizer(), settings)

    return make
