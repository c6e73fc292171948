"""Settings of precision, memory and device reach the models and the trainers they are meant for."""

from __future__ import annotations

import pytest
import torch

from selfplay_gym.agents.inference import devices
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.core.errors import ConfigError, RunError, UnknownNameError
from selfplay_gym.core.registries import register_sampler, samplers
from selfplay_gym.selfplay.roles.build import build_roles
from selfplay_gym.selfplay.settings.compose import compose

ROLES = ("challenger", "solver")


def built(untrained_model, *settings):
    config = compose("debug", assignments=[f"roles.*.model={untrained_model}", *settings])
    return config, build_roles(config, ROLES, {})


def test_precision_and_memory_reach_both_trainers(untrained_model):
    settings = (
        "compute.autocast=bfloat16",
        "roles.*.grpo.micro_batch_tokens=512",
        "roles.*.grpo.gradient_checkpointing=true",
        "compute.dtype=bfloat16",
    )
    _, roles = built(untrained_model, *settings)
    for role in roles.values():
        config = role.trainer.config
        assert (config.autocast, config.micro_batch_tokens, config.gradient_checkpointing) == ("bfloat16", 512, True)
        assert role.agent.model.dtype is torch.bfloat16
        assert role.trainer.reference.model.dtype is torch.bfloat16


def test_float16_trains_a_role_and_its_scale_is_saved_with_it(untrained_model, tmp_path):
    config, roles = built(untrained_model, "roles.solver.grpo.autocast=float16")
    role = roles["solver"]
    assert roles["challenger"].trainer.config.autocast is None
    metrics = role.trainer.step(
        ["1+1?"] * 2, lambda p, groups: [[float(len(t)) for t in g] for g in groups], samples=4, seed=0
    )
    assert metrics.updates == 1
    role.trainer.loss_scale.value = 256.0
    role.save(tmp_path / "solver")
    again = build_roles(config, ROLES, {"solver": tmp_path / "solver"})
    assert again["solver"].trainer.loss_scale.value == 256.0


def test_a_role_may_live_elsewhere_with_a_reference_beside_it(untrained_model, monkeypatch):
    asked = []
    load = LLMAgent.from_pretrained.__func__

    def noted(cls, name, **options):
        asked.append(options["device"])
        return load(cls, name, **{**options, "device": "cpu"})

    monkeypatch.setattr(LLMAgent, "from_pretrained", classmethod(noted))
    monkeypatch.setattr(devices, "check_device", lambda *_, **__: None)  # this machine need not have two
    built(untrained_model, "compute.device=cuda:0", "roles.challenger.device=cuda:1")
    assert sorted(asked) == ["cuda:0", "cuda:0", "cuda:1", "cuda:1"]  # each role and its reference


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (["roles.*.weight_sharing=lora", "roles.challenger.device=cuda:1"], ConfigError),
        (["compute.autocast=float32"], UnknownNameError),
        (["compute.dtype=int8"], UnknownNameError),
        (["roles.solver.grpo.micro_batch_tokens=0"], ConfigError),
    ],
)
def test_what_cannot_be_is_refused(settings, error):
    with pytest.raises(error):
        compose("debug", assignments=settings)


def test_only_some_roles_share_weights(untrained_model):
    _, roles = built(untrained_model, "roles.solver.weight_sharing=prompt", "roles.solver.trunk=trained")
    assert roles["challenger"].agent.model is not roles["solver"].agent.model
    assert roles["solver"].saves == ("solver",)


def test_completions_may_come_from_a_sampler_elsewhere(untrained_model):
    @register_sampler("counting")
    class Counting:
        on_policy, keeps_activations = False, False

        def __init__(self, *, agent, start=0):
            self.inner, self.calls = agent.sampler, start

        def sample(self, prompt_ids, *, n, settings, seed):
            self.calls += 1
            return self.inner.sample(prompt_ids, n=n, settings=settings, seed=seed)

    try:
        frozen = ["roles.*.learns=false", "roles.*.max_new_tokens=5"]
        _, roles = built(untrained_model, "compute.sampler=counting(start=10)", *frozen)
        _, local = built(untrained_model, *frozen)
        prompts = ["What is 1+2?"]
        answers = [row["solver"].agent.act(prompts, n=3, seed=0) for row in (roles, local)]
        assert answers[0] == answers[1]
        assert roles["solver"].agent.sampler.calls == 11
    finally:
        samplers.unregister("counting")


def test_a_role_that_learns_needs_a_sampler_that_follows(untrained_model):
    with pytest.raises(ConfigError, match=r"roles\.challenger learns.*weight_sharing='lora'"):
        built(untrained_model, "compute.sampler='openai(url=http://x/v1, model=m)'")


def test_a_role_counts_its_own_tokens_and_saving_costs_none(untrained_model, tmp_path):
    for sharing in ("copies", "prompt"):
        roles = built(untrained_model, f"roles.*.weight_sharing={sharing}")[1]
        roles["solver"].agent.act(["1+1?"], seed=0)
        assert roles["solver"].trainer.agent.counted is roles["solver"].agent.counted
        assert roles["challenger"].agent.counted.sampled == 0 < roles["solver"].agent.counted.sampled
        before = roles["solver"].agent.counted.sampled
        roles["solver"].save(tmp_path / sharing)
        assert roles["solver"].agent.counted.sampled == before


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_role_that_diverged_is_neither_sampled_nor_saved(untrained_model, tmp_path, value):
    role = built(untrained_model)[1]["solver"]
    for parameter in role.agent.model.parameters():
        parameter.data.fill_(value)
    for temperature in (0.0, 1.0):
        with pytest.raises(RunError, match="gives no probabilities"):
            role.agent.with_settings(temperature=temperature, max_new_tokens=3).act(["1+1?"], n=2, seed=0)
    with pytest.raises(RunError, match=r"the solver has diverged and is not saved.*roles\.solver\.grpo\.learning_rate"):
        role.save(tmp_path / "solver")
    assert list(tmp_path.iterdir()) == []


def test_an_update_to_weights_that_are_not_finite_ends_the_run(untrained_model):
    role = built(untrained_model, "roles.solver.grpo.learning_rate=1e38")[1]["solver"]
    with pytest.raises(RunError, match=r"learning_rate=1e\+38 is too high"):
        role.trainer.step(["1+1?"] * 2, lambda p, groups: [list(range(len(g))) for g in groups], samples=4, seed=0)
