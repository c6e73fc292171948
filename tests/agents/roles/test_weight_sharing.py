"""Each kind of weight sharing keeps its promise: what one role learns reaches the other only where it should."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.load import load_agent
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.roles.role_agent import RoleRecord
from selfplay_gym.agents.roles.weight_sharing import (
    ROLES,
    WEIGHT_SHARING,
    build_agents,
    build_trainers,
    shares_weights,
)
from selfplay_gym.agents.training.baselines import RoleBaseline
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.core.errors import ConfigError, RunError, UnknownNameError

PROMPTS = ["What is 1+2?", "Solve 3x+4=19."]
CASES = [("copies", "frozen"), ("lora", "frozen"), ("lora", "trained"), ("prompt", "frozen"), ("tokens", "frozen")]
CONFIG = GRPOConfig(max_new_tokens=10, learning_rate=1e-2, weight_decay=0.1)
cases = pytest.mark.parametrize(("weight_sharing", "trunk"), CASES)


def count_ones(prompts, groups):
    return [[float(text.count("1") + text.count("a")) + len(text) / 100 for text in group] for group in groups]


@pytest.fixture
def base(make_agent, tmp_path):
    folder = tmp_path / "base"
    make_agent().save_pretrained(folder)
    return folder


@pytest.fixture
def build(base):
    def make(weight_sharing, trunk="frozen", config=CONFIG, name=base, **options):
        if weight_sharing == "lora":
            pytest.importorskip("peft")
        agents = build_agents(name, weight_sharing, trunk=trunk, rank=4, max_new_tokens=12, **options)
        return agents, build_trainers(agents, dict.fromkeys(agents, config))

    return make


def train(trainer, steps=2, first=0):
    return [trainer.step(PROMPTS, count_ones, samples=4, seed=first + i) for i in range(steps)]


def policy(agent):
    """Log-probabilities of fixed completions: the agent's behaviour, to the last bit."""
    prompts = [agent.prompt_ids(prompt) for prompt in PROMPTS]
    tokens = torch.arange(4, 24).view(2, 10)
    with torch.no_grad(), agent.active():
        owner, lengths = torch.tensor([0, 1]), torch.tensor([10, 7])
        return completion_logps(agent.model, agent.decoder, prompts, owner, tokens, lengths)


def weights(agent, name=""):
    return {n: p.detach().clone() for n, p in agent.model.named_parameters() if name in n}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


@cases
def test_every_role_starts_as_the_base_and_learns(build, base, weight_sharing, trunk):
    agents, trainers = build(weight_sharing, trunk)
    expected = policy(LLMAgent.from_pretrained(base))
    assert set(agents) == set(trainers) == set(ROLES)
    for role in ROLES:
        assert torch.allclose(policy(agents[role]), expected, atol=1e-5)
    for role in ROLES:
        before = policy(agents[role])
        train(trainers[role])
        assert not torch.allclose(policy(agents[role]), before, atol=1e-3)


@pytest.mark.parametrize("weight_sharing", ["copies", "lora"])
@pytest.mark.parametrize(("learner", "idle"), [ROLES, ROLES[::-1]])
def test_apart_means_training_one_changes_no_bit_of_the_other(build, weight_sharing, learner, idle):
    agents, trainers = build(weight_sharing)
    train(trainers[idle], 1)  # so that the idle one has something to lose, and its optimiser momentum
    before, answers = policy(agents[idle]), agents[idle].act(PROMPTS, n=3, seed=5)
    mine = weights(agents[idle], f".{idle}." if weight_sharing == "lora" else "")
    assert mine
    train(trainers[learner], 3)
    assert torch.equal(policy(agents[idle]), before)
    assert agents[idle].act(PROMPTS, n=3, seed=5) == answers
    assert same(weights(agents[idle], f".{idle}." if weight_sharing == "lora" else ""), mine)


@pytest.mark.parametrize("trunk", ["frozen", "trained"])
@pytest.mark.parametrize("role", ROLES)
def test_a_bare_trainer_activates_its_own_agent(build, role, trunk):
    """Whichever agent is active when it is built, or acts while rewards are given."""
    agents, _ = build("lora", trunk)
    idle = ROLES[1 - ROLES.index(role)]
    before, mine = weights(agents[idle], f".{idle}."), weights(agents[role], f".{role}.")

    def reward(prompts, groups):
        agents[idle].act(PROMPTS)
        return count_ones(prompts, groups)

    with agents[idle].active():
        bare = GRPOTrainer(agents[role], GRPOConfig(max_new_tokens=12, learning_rate=1e-2))
        metrics = bare.step(PROMPTS, reward, samples=4, seed=0)
    assert metrics.updates == 1
    assert not any(f".{idle}." in name for name in bare.parameters)
    assert same(weights(agents[idle], f".{idle}."), before)
    assert not same(weights(agents[role], f".{role}."), mine)


def test_a_frozen_trunk_stays_the_base_and_is_the_reference(build, base):
    agents, trainers = build("lora", config=GRPOConfig(max_new_tokens=12, learning_rate=1e-2, kl_weight=0.1))
    original = LLMAgent.from_pretrained(base)
    first, *_, last = train(trainers["solver"], 3)
    assert first.kl == pytest.approx(0.0, abs=1e-6)
    assert last.kl > 1e-4
    shared = agents["solver"].model
    assert agents["challenger"].model is shared
    frozen = {n.replace(".base_layer", ""): p for n, p in shared.get_base_model().named_parameters() if "lora" not in n}
    assert all(torch.equal(p, frozen[n]) for n, p in original.model.named_parameters())
    with shared.disable_adapter():
        assert torch.allclose(policy(agents["solver"]), policy(original), atol=1e-6)
    assert all(".challenger." not in name for name in trainers["solver"].parameters)


def test_a_trained_trunk_moves_for_both_and_the_idle_adapter_for_none(build):
    agents, trainers = build("lora", "trained")
    before, adapter = policy(agents["challenger"]), weights(agents["challenger"], ".challenger.")
    train(trainers["solver"])
    assert same(weights(agents["challenger"], ".challenger."), adapter)
    assert not torch.allclose(policy(agents["challenger"]), before, atol=1e-3)


@pytest.mark.parametrize("weight_sharing", ["prompt", "tokens"])
def test_one_model_is_moved_by_both_with_one_optimiser_and_two_learning_rates(build, weight_sharing):
    agents, trainers = build(weight_sharing)
    before = policy(agents["challenger"])
    trainers["challenger"].learning_rate = 1e-3
    assert train(trainers["solver"])[0].learning_rate == 1e-2
    assert train(trainers["challenger"])[0].learning_rate == 1e-3
    assert agents["challenger"].model is agents["solver"].model
    assert trainers["challenger"].optimizer is trainers["solver"].optimizer
    assert not torch.allclose(policy(agents["challenger"]), before, atol=1e-3)


def test_shared_weights_do_not_mean_shared_baselines(build):
    """The rewards of one role change nothing in what the other learns from its own."""
    rewards, alone, mixed = torch.tensor([1.0, 0.0, 1.0, 0.0]), RoleBaseline(), RoleBaseline()
    expected = alone.advantages(rewards, ["solver"] * 4)
    both = torch.stack([rewards, 100 + rewards], 1).flatten()
    found = mixed.advantages(both, ["solver", "challenger"] * 4)
    assert torch.equal(found[::2], expected)


def test_a_role_may_act_while_another_is_trained(build):
    """The challenger is rewarded by the solver's attempts: another agent is active for a while inside the step."""
    agents, trainers = build("lora")
    train(trainers["solver"])
    expected = agents["solver"].act(PROMPTS, n=2, seed=7)
    solver, acted = policy(agents["solver"]), []

    def rewarded_by_solver(prompts, groups):
        acted.append(agents["solver"].act(PROMPTS, n=2, seed=7))
        return count_ones(prompts, groups)

    metrics = trainers["challenger"].step(PROMPTS, rewarded_by_solver, samples=4, seed=0)
    assert metrics.updates == 1
    assert acted == [expected]
    assert torch.equal(policy(agents["solver"]), solver)
    assert all(not p.grad.any() for p in agents["solver"].model.parameters() if p.grad is not None)


@cases
def test_saved_roles_go_on_bit_for_bit(build, tmp_path, weight_sharing, trunk):
    agents, trainers = build(weight_sharing, trunk, seed=3)
    for role in ROLES:
        train(trainers[role], 1)
    trainers["solver"].learning_rate = 5e-3
    shared = shares_weights(weight_sharing, trunk)
    folders = {role: tmp_path / ("both" if shared else role) for role in ROLES}
    for role in ROLES[:1] if shared else ROLES:
        agents[role].save_pretrained(folders[role])
        save_file(trainers[role].tensors(), tmp_path / f"{role}.safetensors")

    again, resumed = build(weight_sharing, trunk, seed=99, checkpoints=folders)
    for role in ROLES:
        tensors = load_file(tmp_path / f"{ROLES[0] if shared else role}.safetensors")
        resumed[role].load_tensors(tensors)
    for role in ROLES:
        assert torch.equal(policy(again[role]), policy(agents[role]))
        assert torch.equal(policy(load_agent(folders[role], role=role)), policy(agents[role]))
    for step, role in enumerate((*ROLES, *ROLES)):
        assert train(resumed[role], 1, 10 + step) == train(trainers[role], 1, 10 + step)
    for role in ROLES:
        assert torch.equal(policy(again[role]), policy(agents[role]))
        assert resumed[role].steps == trainers[role].steps == 3


def test_a_frozen_trunk_saves_adapters_only(build, tmp_path):
    agents, trainers = build("lora")
    train(trainers["solver"])
    agents["solver"].save_pretrained(tmp_path / "solver")
    saved = load_file(tmp_path / "solver" / "adapter_model.safetensors")
    own = sum(p.numel() for p in trainers["solver"].parameters.values())
    assert sum(value.numel() for value in saved.values()) == own
    assert all("lora" in name for name in saved)
    assert not (tmp_path / "solver" / "model.safetensors").exists()
    with pytest.raises(UnknownNameError, match="challenger"):
        load_agent(tmp_path / "solver", role="challenger")


def test_other_architectures_have_adapters_through_transformers(make_agent, tmp_path):
    pytest.importorskip("peft")
    make_agent("gpt_neox").save_pretrained(tmp_path / "base")
    agents = build_agents(tmp_path / "base", "lora", rank=2, max_new_tokens=6)
    trainers = build_trainers(agents, dict.fromkeys(agents, GRPOConfig(max_new_tokens=6, learning_rate=1e-2)))
    assert agents["solver"].decoder is None
    before = policy(agents["challenger"])
    train(trainers["solver"])
    assert torch.equal(policy(agents["challenger"]), before)
    assert not torch.equal(policy(agents["solver"]), before)
    with pytest.raises(ConfigError, match="another kind of weight sharing"):
        build_agents(tmp_path / "base", "tokens")


def test_only_some_of_the_roles_may_share(base):
    """Two roles with one model, a third with its own: trainers of the first two are linked, the third stands alone."""
    agents = build_agents(base, "prompt", max_new_tokens=12) | build_agents(base, roles=["judge"], max_new_tokens=12)
    trainers = build_trainers(agents, dict.fromkeys(agents, CONFIG))
    assert list(trainers) == ["challenger", "solver", "judge"]
    assert trainers["challenger"].optimizer is trainers["solver"].optimizer
    assert type(trainers["judge"]) is GRPOTrainer
    before = policy(agents["judge"])
    train(trainers["solver"])
    assert torch.equal(policy(agents["judge"]), before)
    train(trainers["judge"])
    assert not torch.equal(policy(agents["judge"]), before)


def test_global_random_numbers_are_left_alone(build):
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    one, _ = build("lora", seed=1)
    build("tokens")
    assert torch.equal(torch.rand(3), expected)
    again, _ = build("lora", seed=1)
    other, _ = build("lora", seed=2)
    assert same(weights(one["solver"], "lora"), weights(again["solver"], "lora"))
    assert not same(weights(one["solver"], "lora"), weights(other["solver"], "lora"))


def test_what_cannot_work_is_refused(base, build, tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'copies'"):
        build_agents(base, "copy")
    with pytest.raises(UnknownNameError, match="Did you mean 'frozen'"):
        build_agents(base, "lora", trunk="frosen")
    assert [shares_weights(weight_sharing) for weight_sharing in WEIGHT_SHARING] == [False, False, True, True]
    for weight_sharing, trunk in (("prompt", "frozen"), ("lora", "trained")):
        with pytest.raises(ConfigError, match="needs reference="):
            build(weight_sharing, trunk, config=GRPOConfig(kl_weight=0.1))
    with pytest.raises(ConfigError, match="one checkpoint"):
        build_agents(base, "prompt", checkpoints={"solver": base, "challenger": tmp_path})
    with pytest.raises(RunError, match="no adapter"):
        build_agents(base, "lora", checkpoints={"solver": base})
    with pytest.raises(RunError, match=r"role\.json"):
        RoleRecord.read(base)
    _, trainers = build("prompt")
    with pytest.raises(RunError, match="saved by other roles"):
        trainers["solver"].load_tensors({"teacher.trainer.counters": torch.zeros(2)})


def test_an_adapter_is_saved_to_the_same_bytes_by_every_process(base, tmp_path):
    """peft keeps the names of its layers in a set, whose order differs from process to process."""
    pytest.importorskip("peft")
    build_agents(base, "lora", rank=2)["solver"].save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] is None  # no path of this machine
    names = settings["target_modules"]
    assert len(names) > 2
    assert names == sorted(names)
