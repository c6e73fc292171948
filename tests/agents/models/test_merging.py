"""A merged adapter is what the model with the adapter was; what does not fit is refused in one line."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.models.merging import SETTINGS, WEIGHTS, merge_adapter
from selfplay_gym.agents.roles.weight_sharing import build_agents
from selfplay_gym.core.errors import RunError


@pytest.fixture
def adapter(tmp_path):
    """A folder with an adapter of "tiny" that changes something, and the agent that acts with it."""
    agent = build_agents("tiny", "lora", rank=4)["solver"]
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in agent.model.named_parameters():
            if ".lora_B.solver" in name:
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    agent.save_pretrained(tmp_path)
    return tmp_path, agent


def test_the_merged_model_says_the_same(adapter):
    folder, agent = adapter
    merged = LLMAgent.from_pretrained("tiny")
    ids = torch.arange(3, 15)[None]
    before = merged.model(ids).logits
    merge_adapter(merged.model, folder)
    with agent.active(), torch.no_grad():
        expected = agent.model(ids).logits
    found = merged.model(ids).logits
    assert float((found - expected).abs().max()) < 1e-4
    assert float((found - before).abs().max()) > 0.1


def changed(folder, settings=None, weights=None):
    if settings is not None:
        known = json.loads((folder / SETTINGS).read_text())
        (folder / SETTINGS).write_text(json.dumps({**known, **settings}))
    if weights is not None:
        save_file(weights(load_file(folder / WEIGHTS)), folder / WEIGHTS)


@pytest.mark.parametrize(
    ("settings", "weights"),
    [
        ({"use_dora": True}, None),
        ({"peft_type": "IA3"}, None),
        ({"r": 0}, None),
        (None, lambda state: {}),
        (None, lambda state: {**state, "more": torch.ones(2)}),
        (None, lambda state: dict(list(state.items())[1:])),
        (None, lambda state: {name: value[:1] for name, value in state.items()}),
        (None, lambda state: {name.replace("layers.0", "layers.9"): value for name, value in state.items()}),
    ],
)
def test_what_does_not_fit_is_refused(adapter, settings, weights):
    folder, _ = adapter
    changed(folder, settings, weights)
    model = LLMAgent.from_pretrained("tiny").model
    with pytest.raises(RunError, match="adapter in"):
        merge_adapter(model, folder)


def test_a_missing_or_damaged_adapter_is_refused(adapter, tmp_path):
    folder, _ = adapter
    model = LLMAgent.from_pretrained("tiny").model
    with pytest.raises(RunError, match="adapter in"):
        merge_adapter(model, tmp_path / "nothing")
    (folder / WEIGHTS).write_bytes(b"\x00" * 40)
    with pytest.raises(RunError, match="adapter in"):
        merge_adapter(model, folder)
