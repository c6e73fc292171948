"""float16 trains as float32 does: small gradients survive, too large ones are computed again, none is applied."""

from __future__ import annotations

import math

import pytest
import torch

from selfplay_gym.agents.training import loss_scale
from selfplay_gym.agents.training.config import GRPOConfig
from selfplay_gym.agents.training.loss_scale import LossScale
from selfplay_gym.agents.training.trainer import GRPOTrainer
from selfplay_gym.core.errors import ConfigError, RunError

PROMPTS = ["What is 1+2?", "Solve 3x+4=19."]


def count_ones(prompts, groups):
    return [[float(text.count("1") + text.count("a")) for text in group] for group in groups]


def trainer(make_agent, autocast="float16", **settings):
    return GRPOTrainer(make_agent(), GRPOConfig(max_new_tokens=24, autocast=autocast, **settings))


def gradients(instance):
    """What one step hands to the optimiser, captured instead of applied."""
    caught = {}
    weights = dict(instance.agent.model.named_parameters())
    instance.optimizer.step = lambda: caught.update({name: p.grad.clone() for name, p in weights.items()})
    metrics = instance.step(PROMPTS, count_ones, samples=8, seed=0)
    return caught, metrics


def distance(one, other):
    apart = math.sqrt(sum(float((g - other[name]).square().sum()) for name, g in one.items()))
    return apart / math.sqrt(sum(float(g.square().sum()) for g in other.values()))


@pytest.mark.parametrize("packed", [True, False])
def test_gradients_are_those_of_float32_up_to_rounding(make_agent, packed):
    both = [trainer(make_agent, autocast=precision, max_grad_norm=1e9) for precision in (None, "float16")]
    if not packed:
        for instance in both:
            instance.agent.decoder = None
    (expected, _), (found, metrics) = (gradients(instance) for instance in both)
    assert all(gradient.dtype is torch.float32 for gradient in found.values())
    assert distance(found, expected) < 0.01
    assert metrics.loss_scale > 1


def test_gradients_too_small_for_float16_survive(make_agent, monkeypatch):
    """A loss of a millionth: without the scale its gradients are rounded to 0 on their way."""
    from selfplay_gym.agents.training import objectives as module

    whole = module.grpo_loss

    def shrunk(*arguments, **options):
        loss, diagnostics = whole(*arguments, **options)
        return 1e-6 * loss, diagnostics

    monkeypatch.setattr(module, "grpo_loss", shrunk)
    expected, _ = gradients(trainer(make_agent, autocast=None))
    scaled, _ = gradients(trainer(make_agent))
    monkeypatch.setattr(loss_scale, "START", 1.0)
    plain, _ = gradients(trainer(make_agent))
    assert distance(scaled, expected) < 0.01
    assert distance(plain, expected) > 0.05


def test_an_overflow_lowers_the_scale_and_loses_no_step(make_agent, monkeypatch):
    expected, _ = gradients(trainer(make_agent, autocast=None))
    monkeypatch.setattr(loss_scale, "START", 2.0**40)
    instance = trainer(make_agent)
    found, metrics = gradients(instance)
    assert (metrics.updates, metrics.skipped) == (1, 0)
    assert metrics.loss_scale == instance.loss_scale.value < 2.0**30
    assert distance(found, expected) < 0.01
    assert metrics.ratio_max == 1.0


def test_a_loss_that_is_not_finite_is_refused_at_once(make_agent, monkeypatch):
    from selfplay_gym.agents.training import objectives as module

    whole, calls = module.grpo_loss, []

    def poisoned(*arguments, **options):
        calls.append(1)
        loss, diagnostics = whole(*arguments, **options)
        return loss * float("nan"), diagnostics

    monkeypatch.setattr(module, "grpo_loss", poisoned)
    instance = trainer(make_agent)
    before = [p.detach().clone() for p in instance.agent.model.parameters()]
    metrics = instance.step(PROMPTS, count_ones, samples=4, seed=0)
    assert (metrics.updates, metrics.skipped, len(calls)) == (0, 1, 1)
    assert all(torch.equal(p, b) for p, b in zip(instance.agent.model.parameters(), before, strict=True))


def test_training_moves_as_in_float32_and_resumes_exactly(make_agent):
    steps = [trainer(make_agent, autocast=precision, learning_rate=1e-3) for precision in (None, "float16", "float16")]
    whole, half, again = steps
    for seed in range(3):
        metrics = [instance.step(PROMPTS, count_ones, samples=8, seed=seed) for instance in (whole, half)]
        assert metrics[1].loss == pytest.approx(metrics[0].loss, abs=0.05)
    half.loss_scale.value = 2.0**10
    again.agent.model.load_state_dict(half.agent.model.state_dict())
    again.load_tensors(half.tensors())
    assert again.loss_scale.value == 2.0**10
    assert half.step(PROMPTS, count_ones, samples=8, seed=9) == again.step(PROMPTS, count_ones, samples=8, seed=9)
    for one, other in zip(half.agent.model.parameters(), again.agent.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_scale_rises_after_patience_and_has_bounds():
    scale = LossScale(dynamic=True)
    scale.value = loss_scale.MOST / 2
    for _ in range(3 * loss_scale.PATIENCE):
        assert not scale.lowered(0.1, 1.0)
    assert scale.value == loss_scale.MOST
    while scale.lowered(0.1, math.inf):
        pass
    assert scale.value == loss_scale.LEAST
    fixed = LossScale(dynamic=False)
    assert not fixed.lowered(0.1, math.inf)
    assert fixed.tensors() == {}
    with pytest.raises(RunError, match="loss scale"):
        scale.load(torch.tensor([0.0, 3.0]))


def test_what_float16_cannot_carry_is_refused(make_agent):
    with pytest.raises(ConfigError, match="unknown autocast 'int8'"):
        GRPOConfig(autocast="int8")
    agent = make_agent()
    agent.model.half()
    with pytest.raises(ConfigError, match="float16 weights cannot be trained"):
        GRPOTrainer(agent, GRPOConfig())
