"""A model spread by a device map plays and learns as it does in one piece."""

from __future__ import annotations

import pytest
import torch

from selfplay_gym.agents.inference import devices
from selfplay_gym.agents.inference.devices import input_device, on_one_device, placing, spread
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.roles.lora import add_adapters
from selfplay_gym.agents.roles.role_agent import RoleRecord
from selfplay_gym.agents.roles.weight_sharing import ROLES, build_agents, build_trainers
from selfplay_gym.agents.training.config import GRPOConfig
from selfplay_gym.agents.training.trainer import GRPOTrainer
from selfplay_gym.core.errors import ConfigError, MissingExtraError

PROMPTS = ["What is 1+2?", "Solve 3x+4=19."]


def count_ones(prompts, groups):
    return [[float(text.count("1") + text.count("a")) for text in group] for group in groups]


@pytest.fixture
def folder(make_agent, tmp_path):
    make_agent().save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def on_disk(folder, tmp_path):
    """Options that put the second layer on disk and hook the rest to the CPU: several devices, on a CPU."""
    pytest.importorskip("accelerate")
    names = ("model.embed_tokens", "model.norm", "model.rotary_emb", "lm_head", "model.layers.0")
    return {"device_map": {**dict.fromkeys(names, "cpu"), "model.layers.1": "disk"}, "offload_folder": tmp_path / "off"}


def test_a_map_that_needs_one_device_keeps_the_packed_model(folder):
    for options in ({"device": "auto"}, {"device_map": {"": "cpu"}}):
        agent = LLMAgent.from_pretrained(folder, **options)
        assert on_one_device(agent.model)
        assert agent.decoder is not None


def test_a_spread_model_goes_through_transformers_and_says_the_same(folder, on_disk):
    whole = LLMAgent.from_pretrained(folder, max_new_tokens=12)
    spread_out = LLMAgent.from_pretrained(folder, max_new_tokens=12, **on_disk)
    assert not on_one_device(spread_out.model)
    assert spread_out.decoder is None
    assert input_device(spread_out.model).type == "cpu"
    ids = torch.tensor([whole.prompt_ids(PROMPTS[1])])
    with torch.no_grad():
        assert torch.equal(spread_out.model(ids).logits, whole.model(ids).logits)
    mine, theirs = (agent.sample(PROMPTS, n=4, seed=0) for agent in (whole, spread_out))
    assert mine.texts == theirs.texts
    assert torch.allclose(mine.logps, theirs.logps, atol=1e-4)


def test_tokens_go_in_where_a_hook_fetches_the_embedding(folder, on_disk):
    away = ("model.embed_tokens", "lm_head")
    moved = {name: "disk" if name in away else where for name, where in on_disk["device_map"].items()}
    agent = LLMAgent.from_pretrained(folder, max_new_tokens=6, **{**on_disk, "device_map": moved})
    assert agent.model.get_input_embeddings().weight.device.type == "meta"
    assert input_device(agent.model).type == "cpu"
    assert agent.act(PROMPTS, seed=0) == LLMAgent.from_pretrained(folder, max_new_tokens=6).act(PROMPTS, seed=0)


def test_what_is_not_on_a_device_cannot_be_trained(folder, on_disk):
    agent = LLMAgent.from_pretrained(folder, **on_disk)
    with pytest.raises(ConfigError, match=r"layers\.1\..*every layer must lie on a device"):
        GRPOTrainer(agent, GRPOConfig())


def test_a_spread_reference_gives_the_same_step(folder, on_disk):
    """The reference of the KL term may live elsewhere than the policy."""
    results = []
    for options in ({}, on_disk):
        reference = LLMAgent.from_pretrained(folder, **options)
        agent = LLMAgent.from_pretrained(folder)
        trainer = GRPOTrainer(
            agent, GRPOConfig(kl_weight=0.1, max_new_tokens=12, learning_rate=1e-3), reference=reference
        )
        for seed in range(2):
            metrics = trainer.step(PROMPTS, count_ones, samples=4, seed=seed)
        results.append((metrics, [p.detach() for p in agent.model.parameters()]))
    (one, mine), (other, theirs) = results
    assert one.kl == pytest.approx(other.kl, abs=1e-6)
    assert one.kl > 0
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(mine, theirs, strict=True))


def hooked(agent):
    """The agent's model with the hooks of a spread one, all of whose layers are on the CPU."""
    accelerate = pytest.importorskip("accelerate")
    model = accelerate.dispatch_model(agent.model, {"": "cpu"}, force_hooks=True)
    return LLMAgent(model, agent.tokenizer, agent.settings)


def test_a_hooked_model_trains_as_a_whole_one(folder):
    weights = []
    for change in (lambda agent: agent, hooked):
        agent = change(LLMAgent.from_pretrained(folder))
        assert (agent.decoder is None) is (change is hooked)
        agent.decoder = None  # both through transformers: AdamW's first step turns rounding into signs
        trainer = GRPOTrainer(agent, GRPOConfig(max_new_tokens=12, learning_rate=1e-3))
        assert trainer.step(PROMPTS, count_ones, samples=4, seed=0).updates == 1
        weights.append([p.detach() for p in agent.model.parameters()])
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*weights, strict=True))


def test_adapters_learn_on_a_hooked_trunk(folder):
    pytest.importorskip("peft")
    base = hooked(LLMAgent.from_pretrained(folder))
    agents = add_adapters(
        base, RoleRecord("lora", ROLES, ROLES[0], str(folder), "frozen"), rank=4, seed=0, checkpoints={}
    )
    assert agents["solver"].decoder is None
    trainers = build_trainers(agents, {role: GRPOConfig(max_new_tokens=12, kl_weight=0.01) for role in agents})
    metrics = trainers["solver"].step(PROMPTS, count_ones, samples=4, seed=0)
    assert (metrics.updates, metrics.skipped) == (1, 0)
    assert metrics.update_norm > 0


def test_roles_may_live_on_different_devices(folder, monkeypatch):
    asked = []
    whole = LLMAgent.from_pretrained.__func__

    def noted(cls, name, **options):
        asked.append(options.get("device"))
        return whole(cls, name, **{**options, "device": "cpu"})

    monkeypatch.setattr(LLMAgent, "from_pretrained", classmethod(noted))
    build_agents(folder, "copies", device="cuda:0", devices={"challenger": "cuda:1"})
    assert asked == ["cuda:1", "cuda:0"]
    with pytest.raises(ConfigError, match="one device"):
        build_agents(folder, "lora", devices={"challenger": "cuda:1"})


def test_a_loaded_model_is_spread_by_hand(make_agent):
    accelerate = pytest.importorskip("accelerate")
    model = make_agent().model
    assert spread(model, {"": "cpu"}) is model
    monkey = dict.fromkeys(["model.embed_tokens", "model.layers", "model.norm", "model.rotary_emb", "lm_head"], "cpu")
    assert on_one_device(spread(model, monkey))
    assert on_one_device(spread(model, "auto"))
    assert accelerate is not None


def test_devices_that_cannot_be_are_refused(monkeypatch):
    assert placing("cpu", {}) == {}
    assert placing("cpu", {"device_map": "auto"}) == {"device_map": "auto"}
    with pytest.raises(ConfigError, match="cuda:1"):
        placing("gpu", {})
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="accelerate"):
        placing("auto", {})
