"""Expected gradients by enumeration of a bandit with four arms: no sampling, no noise."""

from __future__ import annotations

import itertools

import pytest
import torch

from selfplay_gym.agents.grpo import (
    group_advantages,
    grpo_loss,
    kl_estimate,
    kl_penalised,
    leave_one_out_advantages,
    sampler_correction,
)

LOGITS = torch.tensor([0.3, -0.7, 1.1, 0.2], dtype=torch.float64)
REFERENCE = torch.log_softmax(torch.tensor([-0.2, 0.5, 0.4, -1.0], dtype=torch.float64), 0)
REWARDS = torch.tensor([1.0, 0.25, -0.5, 2.0], dtype=torch.float64)


def expected_gradient(size, loss_of):
    """Sum over all groups of `size` actions of probability times gradient: no sampling, no noise."""
    logits = LOGITS.clone().requires_grad_()
    total = torch.zeros_like(LOGITS)
    for actions in itertools.product(range(len(LOGITS)), repeat=size):
        chosen = torch.tensor(actions)
        logp = torch.log_softmax(logits, 0)[chosen][:, None]  # (G, 1)
        (gradient,) = torch.autograd.grad(loss_of(logp, chosen), logits)
        total += logp.detach().sum().exp() * gradient
    return total


def gradient_of(value):
    logits = LOGITS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(torch.log_softmax(logits, 0)), logits)
    return gradient


def expected_reward(logp):
    return (logp.exp() * REWARDS).sum()


@pytest.mark.parametrize("loss_type", ["grpo", "bnpo", "dapo", "dr_grpo", "gspo", "cispo", "rloo"])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_mean_centred_gradient_is_the_shrunk_true_one(loss_type, size):
    def loss_of(logp, chosen):
        advantages = group_advantages(REWARDS[chosen][None], scale="none")[0]
        return grpo_loss(logp, None, advantages, torch.ones_like(logp), loss_type=loss_type)[0]

    found = expected_gradient(size, loss_of)
    torch.testing.assert_close(found, -(1 - 1 / size) * gradient_of(expected_reward), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_leave_one_out_gradient_is_the_true_one(size):
    def loss_of(logp, chosen):
        advantages = leave_one_out_advantages(REWARDS[chosen][None])[0]
        return grpo_loss(logp, None, advantages, torch.ones_like(logp), loss_type="rloo")[0]

    torch.testing.assert_close(expected_gradient(size, loss_of), -gradient_of(expected_reward), rtol=0, atol=1e-12)


def to_reference(logp):  # KL(π ‖ ref)
    return (logp.exp() * (logp - REFERENCE)).sum()


def from_reference(logp):  # KL(ref ‖ π)
    return (REFERENCE.exp() * (REFERENCE - logp)).sum()


@pytest.mark.parametrize(
    ("kl", "corrected", "divergence"),
    [
        ("k1", False, None),
        ("k2", False, to_reference),
        ("k3", False, from_reference),
        ("k3", True, to_reference),
        ("k1", True, to_reference),
    ],
)
def test_kl_as_a_loss_has_the_documented_gradient(kl, corrected, divergence):
    def loss_of(logp, chosen):
        ones, nothing = torch.ones_like(logp), torch.zeros(1, dtype=torch.float64)
        options = {"ref_logp": REFERENCE[chosen][:, None], "beta": 1.0, "kl_estimator": kl, "kl_corrected": corrected}
        return grpo_loss(logp, None, nothing, ones, **options)[0]

    expected = torch.zeros_like(LOGITS) if divergence is None else gradient_of(divergence)
    torch.testing.assert_close(expected_gradient(1, loss_of), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kl", ["k1", "k3"])
def test_kl_estimators_are_unbiased_in_value(kl):
    logp = torch.log_softmax(LOGITS, 0)
    mean = (logp.exp() * kl_estimate(logp, REFERENCE, kl)).sum()
    torch.testing.assert_close(mean, to_reference(logp), rtol=0, atol=1e-12)


def test_kl_in_the_reward_has_the_gradient_of_the_penalised_objective():
    def loss_of(logp, chosen):
        rewards = kl_penalised(REWARDS[chosen], logp, REFERENCE[chosen][:, None], torch.ones_like(logp), 0.3)
        advantages = leave_one_out_advantages(rewards[None])[0]
        return grpo_loss(logp, None, advantages, torch.ones_like(logp))[0]

    expected = -gradient_of(lambda logp: expected_reward(logp) - 0.3 * to_reference(logp))
    torch.testing.assert_close(expected_gradient(2, loss_of), expected, rtol=0, atol=1e-12)


def test_sampler_correction_makes_samples_of_another_policy_unbiased():
    """Sampled from REFERENCE instead of π, weighted back: the gradient is that of π again."""
    logits = LOGITS.clone().requires_grad_()
    total = torch.zeros_like(LOGITS)
    for action in range(len(LOGITS)):
        logp = torch.log_softmax(logits, 0)[action].view(1, 1)
        weight = sampler_correction(logp.detach(), REFERENCE[action].view(1, 1), torch.ones(1, 1), cap=1e9)
        loss, _ = grpo_loss(logp, None, REWARDS[action].view(1), torch.ones(1, 1), importance=weight)
        total += REFERENCE[action].exp() * torch.autograd.grad(loss, logits)[0]
    torch.testing.assert_close(total, -gradient_of(expected_reward), rtol=0, atol=1e-12)
