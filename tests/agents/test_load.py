"""One door for models and for the checkpoints of roles; `LLMAgent.from_pretrained` takes models only."""

from __future__ import annotations

import json

import pytest

from selfplay_gym.agents import LLMAgent, load_agent
from selfplay_gym.agents.inference.sampling import LocalSampler
from selfplay_gym.agents.model_names import SHIPPED, lasting_name
from selfplay_gym.agents.roles.weight_sharing import build_agents
from selfplay_gym.core.errors import ConfigError, RunError, UnknownNameError
from selfplay_gym.core.registries import make_agent as make_registered

PROMPTS = ["What is 1+2?", "Solve 3x+4=19."]


@pytest.fixture
def base(make_agent, tmp_path):
    make_agent().save_pretrained(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def role_folder(base, tmp_path):
    build_agents(base, "tokens")["solver"].save_pretrained(tmp_path / "solver")
    return tmp_path / "solver"


def test_a_model_is_loaded_as_by_from_pretrained(base):
    expected = LLMAgent.from_pretrained(base, max_new_tokens=8).act(PROMPTS, n=2, seed=0)
    for name in (base, str(base)):
        assert load_agent(name, max_new_tokens=8).act(PROMPTS, n=2, seed=0) == expected
    assert load_agent(base, "solver", max_new_tokens=8).act(PROMPTS, n=2, seed=0) == expected
    for name in SHIPPED:
        assert load_agent(name).model.num_parameters() == LLMAgent.from_pretrained(name).model.num_parameters()


def test_answers_are_as_long_as_the_generation_config_says_where_nobody_says_otherwise(make_agent, base, tmp_path):
    assert LLMAgent.from_pretrained(base).settings.max_new_tokens == 128
    agent = make_agent()
    agent.model.generation_config.max_new_tokens = 9
    agent.save_pretrained(tmp_path / "short")
    assert load_agent(tmp_path / "short").settings.max_new_tokens == 9
    assert load_agent(tmp_path / "short", max_new_tokens=40).settings.max_new_tokens == 40
    assert LLMAgent(agent.model, agent.tokenizer).settings.max_new_tokens == 9
    with pytest.raises(ConfigError, match="max_new_tokens"):
        load_agent(tmp_path / "short", max_new_tokens=0)


def test_the_names_of_shipped_models_are_no_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in SHIPPED:
        (tmp_path / name).mkdir()
        for file in ("state.json", "role.json"):
            (tmp_path / name / file).write_text("{}")
        assert load_agent(name).model.num_parameters() > 500_000
        assert lasting_name(name) == name


@pytest.mark.parametrize(("kind", "trunk"), [("lora", "frozen"), ("lora", "trained"), ("tokens", "frozen")])
def test_the_checkpoint_of_a_role_is_loaded_with_its_options(base, tmp_path, kind, trunk):
    if kind == "lora":
        pytest.importorskip("peft")
    agents = build_agents(base, kind, trunk=trunk, rank=2, max_new_tokens=8)
    agents["solver"].save_pretrained(tmp_path / "solver")
    assert json.loads((tmp_path / "solver" / "role.json").read_text())["weight_sharing"] == kind
    agent = load_agent(tmp_path / "solver", max_new_tokens=8, temperature=0.5)
    assert (agent.role, agent.settings.temperature) == ("solver", 0.5)
    assert agent.act(PROMPTS, n=2, seed=0) == agents["solver"].with_settings(temperature=0.5).act(PROMPTS, n=2, seed=0)
    registered = make_registered(f"llm:{tmp_path / 'solver'}", max_new_tokens=8)
    assert registered.act(PROMPTS, seed=1) == agents["solver"].act(PROMPTS, seed=1)


def test_a_role_in_the_folder_can_be_asked_for(role_folder):
    assert load_agent(role_folder).role == "solver"
    assert load_agent(role_folder, "challenger").role == "challenger"
    with pytest.raises(UnknownNameError, match="Did you mean 'solver'"):
        load_agent(role_folder, role="solvr")


def test_a_sampler_is_kept(role_folder):
    plain = load_agent(role_folder)
    sampler = LocalSampler(plain.model, plain.stop_ids, None)
    assert load_agent(role_folder, sampler=sampler).sampler is sampler


def test_roles_may_start_as_copies_of_a_checkpoint(role_folder):
    agents = build_agents(role_folder, "copies", max_new_tokens=8)
    expected = load_agent(role_folder, max_new_tokens=8).act(PROMPTS, seed=0)
    assert [agent.act(PROMPTS, seed=0) for agent in agents.values()] == [expected] * 2
    assert agents["solver"].model is not agents["challenger"].model


def test_from_pretrained_names_the_door_for_roles(role_folder):
    with pytest.raises(ConfigError, match="load_agent"):
        LLMAgent.from_pretrained(role_folder)


def test_a_record_that_is_not_ours_is_refused(role_folder):
    record = json.loads((role_folder / "role.json").read_text())
    (role_folder / "role.json").write_text(json.dumps({**record, "weight_sharing": "copies"}))
    with pytest.raises(RunError, match="is not the checkpoint of a role"):
        load_agent(role_folder)
