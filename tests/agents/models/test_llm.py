"""The agent's door: loading, saving, prompt formats, settings."""

from __future__ import annotations

import pytest
import torch

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.models.tiny import build_model
from selfplay_gym.core.errors import ConfigError

CHATML = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<end>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
WITH_OWN_SYSTEM = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|system|>You are Somebody Else.<end>' }}{% endif %}" + CHATML
)
WITHOUT_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn') }}{% endif %}" + CHATML


def with_template(make_agent, template):
    agent = make_agent()
    agent.tokenizer.chat_template = template
    return LLMAgent(agent.model, agent.tokenizer, agent.settings)


def test_a_template_that_adds_no_system_turn_gets_none(make_agent):
    assert with_template(make_agent, CHATML).format("hi") == "<|user|>hi<end><|assistant|>"
    assert with_template(make_agent, WITHOUT_SYSTEM).format("hi") == "<|user|>hi<end><|assistant|>"


def test_a_template_that_would_insert_its_own_gets_ours(make_agent):
    agent = with_template(make_agent, WITH_OWN_SYSTEM).with_settings(system="Be brief.")
    assert agent.format("hi") == "<|system|>Be brief.<end><|user|>hi<end><|assistant|>"


def test_without_a_template_the_prompt_is_raw(make_agent):
    agent = with_template(make_agent, None)
    assert agent.format("hi") == "hi"
    assert agent.prompt_ids("") == [1]


def test_settings_make_a_twin_with_the_same_model(make_agent):
    agent = make_agent()
    greedy = agent.with_settings(temperature=0)
    assert greedy.model is agent.model
    assert (greedy.settings.temperature, agent.settings.temperature) == (0, 1.0)
    assert len({*greedy.act(["What is 1+2?"], n=4)[0]}) == 1
    with pytest.raises(ConfigError, match=r"unknown settings.*temperature, top_p, max_new_tokens"):
        agent.with_settings(heat=2)


def test_tokens_are_counted_as_they_are_read_and_drawn(make_agent):
    agent = make_agent()
    prompts = ["What is 1+2?", "What is 12+23?"]
    drawn = agent.sample(prompts, n=3, seed=0)
    assert agent.counted.sampled == int(drawn.lengths.sum()) > 0
    assert agent.counted.read == sum(len(agent.prompt_ids(prompt)) for prompt in prompts)  # not once per completion
    before = agent.counted.sampled
    agent.with_settings(temperature=0, max_new_tokens=1).act(prompts)
    assert agent.counted.sampled == before + 2  # a twin is the same model
    assert make_agent().counted.sampled == 0
    taken = agent.counted.take()
    assert (taken.sampled, agent.counted.sampled, agent.counted.read) == (before + 2, 0, 0)


def test_a_prompt_that_leaves_no_room_costs_nothing(make_agent):
    agent = make_agent()
    agent.act(["1" * 10_000], n=2, seed=0)
    assert (agent.counted.read, agent.counted.sampled) == (0, 0)


def test_saved_and_loaded_it_is_the_same(make_agent, tmp_path):
    agent = make_agent()
    agent.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    again = LLMAgent.from_pretrained(tmp_path, max_new_tokens=24)
    assert again.act(["What is 1+2?"], n=3, seed=0) == agent.act(["What is 1+2?"], n=3, seed=0)


def test_missing_models_and_wrong_types_are_named(tmp_path):
    with pytest.raises(ConfigError, match="no model at"):
        LLMAgent.from_pretrained(tmp_path / "nothing")
    with pytest.raises(ConfigError, match="dtype must be"):
        LLMAgent.from_pretrained("tiny", dtype="int8")


def test_bfloat16_samples(make_agent, tmp_path):
    make_agent().save_pretrained(tmp_path)
    agent = LLMAgent.from_pretrained(tmp_path, dtype="bfloat16", max_new_tokens=8)
    assert agent.decoder is not None
    samples = agent.sample(["What is 1+2?"], n=4, seed=0)
    assert samples.logps.dtype is torch.float32
    assert bool(samples.logps.isfinite().all())


def test_servers_that_go_by_the_tiny_models_own_settings_sample_as_this_agent_does():
    """`transformers serve` decodes greedily unless the model says otherwise, and then from the 50 likeliest tokens."""
    for model in (LLMAgent.from_pretrained("tiny").model, build_model(0)):
        settings = model.generation_config
        assert (settings.do_sample, settings.top_k) == (True, 0)
        assert settings.temperature in (None, 1.0)
        assert settings.top_p in (None, 1.0)


@pytest.mark.parametrize("unit", ["What is 3+4? ", "=", "é", "\ud800", "<end>", "7", "x\n"])
def test_a_text_of_megabytes_is_not_tokenised_to_find_that_it_does_not_fit(make_agent, monkeypatch, unit):
    agent, asked = make_agent(), []
    encoded = agent.prompts._encoded
    monkeypatch.setattr(agent.prompts, "_encoded", lambda text: asked.append(len(text)) or encoded(text))
    prompt = unit * (2_000_000 // len(unit))
    assert f"more than {agent.context} tokens leaves no room" in agent.unreadable([prompt])[0]
    assert agent.act([prompt, "What is 1+1?"], seed=0)[0] == [""]
    assert sum(asked) < 200 * agent.context


@pytest.mark.parametrize("length", range(1, 60, 7))
def test_what_is_refused_by_its_beginning_would_be_refused_by_all_of_it(make_agent, length):
    agent = make_agent()
    for unit in ("What is 3+4? ", "=", "12 ", " ", "<end>"):
        prompt = unit * (length * 40)
        tokens = len(agent.prompt_ids(prompt))
        for count in (1, 4, 20, 100):
            assert tokens > count or not agent.prompts.exceeds(prompt, count)
