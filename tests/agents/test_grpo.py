"""The losses and advantages equal TRL's, and keep their promises; `test_grpo_expectations.py` enumerates gradients."""

from __future__ import annotations

import types
from collections import defaultdict

import pytest
import torch

from selfplay_gym.agents.grpo import (
    group_advantages,
    grpo_loss,
    without_truncated,
    zero_variance_groups,
)
from selfplay_gym.agents.training.baselines import RoleBaseline, whiten, whiten_by
from selfplay_gym.core.errors import ConfigError

TYPES = ["grpo", "bnpo", "dapo", "dr_grpo", "reinforce++", "gspo", "cispo", "sapo", "rloo"]


def random_batch(seed: int, rows: int = 8, width: int = 12, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    logp = -draw(rows, width).abs() - 0.1
    lengths = torch.randint(1, width + 1, (rows,), generator=generator)
    mask = (torch.arange(width) < lengths[:, None]).to(dtype)
    old, ref = logp + 0.3 * draw(rows, width), logp + 0.3 * draw(rows, width)
    return logp.requires_grad_(), old, ref, draw(rows), mask


# --- TRL ---------------------------------------------------------------------------------------------------------


class Alone:
    """The accelerator of a single process."""

    num_processes, sync_gradients = 1, True

    def gather(self, value):
        return value

    def reduce(self, value, reduction=None):
        return value


def trl_loss(trainer_type, logp, old, advantages, mask, ref, **settings):
    """TRL's `_compute_loss` on given log-probabilities: the trainer is built bare, its model pass replaced."""
    trainer = trainer_type.__new__(trainer_type)
    trainer.args = types.SimpleNamespace(
        delta=None,
        use_bias_correction_kl=settings.pop("kl_corrected", True),
        sapo_temperature_pos=1.0,
        sapo_temperature_neg=1.05,
        steps_per_generation=1,
    )
    defaults = {
        "accelerator": Alone(),
        "model": types.SimpleNamespace(training=True),
        "importance_sampling_level": "token",
        "top_entropy_quantile": 1.0,
        "off_policy_mask_threshold": None,
        "use_vllm": False,
        "current_gradient_accumulation_steps": 1,
        "_entropy_bonus_enabled": False,
        "aux_loss_enabled": False,
        "_metrics": {"train": defaultdict(list)},
        "_get_per_token_logps_and_entropies": lambda *_, **__: (logp, torch.zeros_like(logp), None),
    }
    for name, value in {**defaults, **settings}.items():
        setattr(trainer, name, value)
    rows, width = mask.shape
    nothing = torch.zeros(rows, 1, dtype=torch.long)
    inputs = {
        "prompt_ids": nothing,
        "prompt_mask": nothing,
        "completion_ids": torch.zeros(rows, width, dtype=torch.long),
        "completion_mask": mask.long(),
        "advantages": advantages,
        "ref_per_token_logps": ref,
        "num_items_in_batch": mask.sum(),
    }
    if old is not None:
        inputs["old_per_token_logps"] = old
        inputs["old_logps"] = (old * mask).sum(1)
    return trainer._compute_loss(None, inputs)


@pytest.mark.parametrize("loss_type", ["grpo", "bnpo", "dapo", "dr_grpo", "gspo", "cispo", "sapo"])
@pytest.mark.parametrize("beta", [0.0, 0.05])
@pytest.mark.parametrize("clip_high", [0.2, 0.28, 5.0])
@pytest.mark.parametrize("on_policy", [True, False])
@pytest.mark.parametrize("kl_corrected", [True, False])
def test_loss_and_gradient_equal_trl(loss_type, beta, clip_high, on_policy, kl_corrected):
    trainer_type = pytest.importorskip("trl.trainer.grpo_trainer").GRPOTrainer
    logp, old, ref, advantages, mask = random_batch(seed=hash((clip_high, beta)) % 100)
    old = None if on_policy else old
    theirs = trl_loss(
        trainer_type,
        logp,
        old,
        advantages,
        mask,
        ref,
        loss_type="grpo" if loss_type == "gspo" else loss_type,
        importance_sampling_level="sequence" if loss_type == "gspo" else "token",
        epsilon_low=0.2,
        epsilon_high=clip_high,
        beta=beta,
        max_completion_length=20,
        kl_corrected=kl_corrected,
    )
    ours, _ = grpo_loss(
        logp,
        old,
        advantages,
        mask,
        ref_logp=ref,
        loss_type=loss_type,
        clip_low=0.2,
        clip_high=clip_high,
        beta=beta,
        max_tokens=20,
        kl_corrected=kl_corrected,
    )
    assert_same(logp, ours, theirs)


def test_rloo_equals_trl():
    trainer_type = pytest.importorskip("trl.trainer.rloo_trainer").RLOOTrainer
    logp, old, ref, advantages, mask = random_batch(seed=5)
    theirs = trl_loss(trainer_type, logp, old, advantages, mask, ref, epsilon_low=0.2, epsilon_high=0.3)
    ours, _ = grpo_loss(logp, old, advantages, mask, loss_type="rloo", clip_low=0.2, clip_high=0.3)
    assert_same(logp, ours, theirs)


def assert_same(logp, ours, theirs):
    (mine,), (other,) = torch.autograd.grad(ours, logp), torch.autograd.grad(theirs, logp)
    assert abs(ours - theirs) <= 1e-6 * max(1e-2, abs(theirs))
    assert (mine - other).norm() <= 1e-6 * other.norm()


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_advantages_equal_trl(scale):
    nanstd = pytest.importorskip("trl.trainer.utils").nanstd
    rewards = torch.rand(6, 8, generator=torch.Generator().manual_seed(0))
    centred = rewards - rewards.mean(1, keepdim=True)
    theirs = {
        "none": centred,
        "group": centred / (nanstd(rewards, dim=1)[:, None] + 1e-4),
        "batch": centred / (nanstd(rewards) + 1e-4),
    }[scale]
    torch.testing.assert_close(group_advantages(rewards, scale=scale, eps=1e-4), theirs, rtol=1e-6, atol=1e-6)


# --- properties ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
@pytest.mark.parametrize("eps", [1e-4, 1e-9, 0.0])
def test_groups_without_variance_are_exactly_zero(scale, eps):
    """In float32, r − mean of equal rewards is often not 0, and a small eps would blow it up."""
    constants = torch.rand(500, 1, generator=torch.Generator().manual_seed(0)).expand(-1, 8)
    assert bool(((constants - constants.mean(1, keepdim=True)) != 0).any())
    rewards = torch.cat([constants, torch.eye(8)[:1]])
    advantages = group_advantages(rewards, scale=scale, eps=eps)
    assert bool((advantages[:-1] == 0).all())
    assert bool((advantages[-1] != 0).all())
    assert zero_variance_groups(rewards).tolist() == [True] * 500 + [False]
    assert bool((group_advantages(constants, scale=scale, eps=eps) == 0).all())


@pytest.mark.parametrize("loss_type", TYPES)
def test_zero_advantages_give_zero_gradient(loss_type):
    logp, old, _, advantages, mask = random_batch(seed=1)
    loss, _ = grpo_loss(logp, old, torch.zeros_like(advantages), mask, loss_type=loss_type)
    (gradient,) = torch.autograd.grad(loss, logp)
    assert float(loss.detach()) == 0
    assert bool((gradient == 0).all())


@pytest.mark.parametrize("loss_type", TYPES)
@pytest.mark.parametrize("cut", [1, 3, 7])
def test_parts_add_up_to_the_whole(loss_type, cut):
    logp, old, ref, advantages, mask = random_batch(seed=2, dtype=torch.float64)
    options = {"loss_type": loss_type, "beta": 0.1, "max_tokens": 15}
    whole, _ = grpo_loss(logp, old, advantages, mask, ref_logp=ref, **options)
    parts = [slice(i, i + cut) for i in range(0, len(logp), cut)]
    summed = sum(
        grpo_loss(
            logp[p], old[p], advantages[p], mask[p], ref_logp=ref[p], rows_total=8, tokens_total=mask.sum(), **options
        )[0]
        for p in parts
    )
    torch.testing.assert_close(summed, whole, rtol=0, atol=1e-12)
    (one,), (other,) = torch.autograd.grad(summed, logp), torch.autograd.grad(whole, logp)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("loss_type", TYPES)
def test_order_of_rows_does_not_matter(loss_type):
    logp, old, ref, advantages, mask = random_batch(seed=3, dtype=torch.float64)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    options = {"loss_type": loss_type, "beta": 0.1}
    straight, _ = grpo_loss(logp, old, advantages, mask, ref_logp=ref, **options)
    mixed, _ = grpo_loss(logp[order], old[order], advantages[order], mask[order], ref_logp=ref[order], **options)
    torch.testing.assert_close(straight, mixed, rtol=0, atol=1e-12)


def test_order_within_groups_and_of_groups_does_not_matter():
    rewards = torch.rand(5, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    groups, members = torch.randperm(5), torch.randperm(6)
    for scale in ("group", "batch", "none"):
        mixed = group_advantages(rewards[groups][:, members], scale=scale)
        torch.testing.assert_close(
            mixed, group_advantages(rewards, scale=scale)[groups][:, members], rtol=0, atol=1e-12
        )


@pytest.mark.parametrize("loss_type", TYPES)
def test_padding_is_never_read(loss_type):
    logp, old, ref, advantages, mask = random_batch(seed=4)
    clean, _ = grpo_loss(logp, old, advantages, mask, ref_logp=ref, loss_type=loss_type, beta=0.1)
    dirty = [torch.where(mask > 0, t, float("nan")) for t in (logp.detach(), old, ref)]
    dirty[0].requires_grad_()
    loss, diagnostics = grpo_loss(
        dirty[0], dirty[1], advantages, mask, ref_logp=dirty[2], loss_type=loss_type, beta=0.1
    )
    assert float(loss.detach()) == float(clean.detach())
    assert all(bool(value.isfinite()) for value in diagnostics.values())
    (gradient,) = torch.autograd.grad(loss, dirty[0])
    assert bool(gradient.isfinite().all())


def test_diagnostics_count_what_the_clip_stopped():
    old = torch.zeros(2, 4)
    logp = torch.log(torch.tensor([[1.5, 1.0, 0.5, 9.0], [1.5, 0.5, 1.0, 9.0]]))
    mask = torch.tensor([[1.0, 1, 1, 0], [1, 1, 1, 0]])
    _, found = grpo_loss(logp, old, torch.tensor([1.0, -1.0]), mask, clip_low=0.2, clip_high=0.28)
    assert float(found["clip_high"]) == pytest.approx(1 / 6)
    assert float(found["clip_low"]) == pytest.approx(1 / 6)
    assert float(found["ratio_max"]) == pytest.approx(1.5)
    assert float(found["ratio_min"]) == pytest.approx(0.5)


def test_truncated_completions_leave_the_mask():
    mask = torch.ones(3, 2)
    assert without_truncated(mask, torch.tensor([True, False, True])).tolist() == [[1, 1], [0, 0], [1, 1]]


def test_role_baseline_follows_the_paper():
    baseline = RoleBaseline(decay=0.9)
    advantages = baseline.advantages(torch.tensor([1.0, 0.0, 1.0]), ["a", "b", "a"])
    assert advantages.tolist() == pytest.approx([0.9, 0.0, 1 - 0.19])
    again = RoleBaseline(decay=0.9)
    again.load_state_dict(baseline.state_dict())
    assert (
        again.advantages(torch.tensor([1.0]), ["a"]).tolist()
        == baseline.advantages(torch.tensor([1.0]), ["a"]).tolist()
    )


def test_whitening_is_per_key_and_silent_on_constants():
    rewards = torch.tensor([1.0, 3.0, 5.0, 5.0, 0.3, 0.3])
    out = whiten_by(rewards, [("deduce", 0), ("deduce", 0), ("abduce", 1), ("abduce", 1), "x", "x"])
    assert out.tolist() == pytest.approx([-(0.5**0.5), 0.5**0.5, 0, 0, 0, 0], abs=1e-5)
    masked = whiten(torch.tensor([[1.0, 2.0, 100.0]]), torch.tensor([[1, 1, 0]]))
    assert masked.tolist()[0] == pytest.approx([-(0.5**0.5), 0.5**0.5, 0], abs=1e-5)


def test_wrong_arguments_are_named():
    logp, old, _, advantages, mask = random_batch(seed=0)
    with pytest.raises(ConfigError, match="loss_type must be one of"):
        grpo_loss(logp, old, advantages, mask, loss_type="ppo")
    with pytest.raises(ConfigError, match="needs ref_logp"):
        grpo_loss(logp, old, advantages, mask, beta=0.1)
    with pytest.raises(ConfigError, match=r"must both be \(B, T\)"):
        grpo_loss(logp, old, advantages, mask[:, :3])
    with pytest.raises(ConfigError, match="scale must be one of"):
        group_advantages(torch.rand(2, 2), scale="std")
    with pytest.raises(ConfigError, match=r"\(groups, G\)"):
        group_advantages(torch.rand(4))
