"""Advantages, divergences, losses and diagnostics by hand: numbers small enough to do on paper."""

from __future__ import annotations

import math
import re

import pytest
import torch

from selfplay_gym.agents.grpo import (
    group_advantages,
    grpo_loss,
    kl_estimate,
    kl_penalised,
    leave_one_out_advantages,
    sampler_correction,
    without_truncated,
    zero_variance_groups,
)
from selfplay_gym.agents.training.baselines import RoleBaseline, whiten, whiten_by
from selfplay_gym.core.errors import ConfigError

LOG = math.log
TOKEN_TYPES = ["grpo", "bnpo", "dapo", "dr_grpo", "reinforce++"]


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


# --- advantages ---


def test_advantages_by_hand():
    rewards = tensor([0.0, 1.0], [1.0, 3.0])  # deviations ∓½ and ∓1, sample standard deviations √½ and √2
    found = group_advantages(rewards)
    assert found[0].tolist() == pytest.approx([-0.5 / (0.5**0.5 + 1e-4), 0.5 / (0.5**0.5 + 1e-4)], rel=1e-12)
    assert found[1].tolist() == pytest.approx([-1 / (2**0.5 + 1e-4), 1 / (2**0.5 + 1e-4)], rel=1e-12)
    assert group_advantages(rewards, eps=0.5)[1, 1].item() == pytest.approx(1 / (2**0.5 + 0.5))
    assert group_advantages(rewards, scale="none").tolist() == [[-0.5, 0.5], [-1.0, 1.0]]
    whole = (((1.25**2) + 2 * (0.25**2) + 1.75**2) / 3) ** 0.5
    assert group_advantages(rewards, scale="batch", eps=0.5)[1, 1].item() == pytest.approx(1 / (whole + 0.5))


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_a_group_of_one_teaches_nothing(scale):
    assert group_advantages(torch.tensor([[3.0]]), scale=scale).tolist() == [[0.0]]
    assert group_advantages(torch.tensor([[3.0], [5.0]]), scale=scale).tolist() == [[0.0], [0.0]]
    assert leave_one_out_advantages(torch.tensor([[3.0], [5.0]])).tolist() == [[0.0], [0.0]]


def test_leaving_one_out_by_hand():
    assert leave_one_out_advantages(tensor([1.0, 2.0, 6.0])).tolist() == [[-3.0, -1.5, 4.5]]
    constants = torch.rand(500, 1, generator=torch.Generator().manual_seed(0)).expand(-1, 8)
    assert bool((leave_one_out_advantages(constants) == 0).all())


def test_whole_numbers_are_rewards_too_and_precision_is_kept():
    for function in (group_advantages, leave_one_out_advantages):
        assert function(torch.tensor([[0, 1]])).dtype is torch.float32
        assert function(tensor([0.0, 1.0])).dtype is torch.float64
        assert function([[0.0, 2.0]])[0, 1] > 0


def test_one_group_of_several_may_lack_variance():
    assert zero_variance_groups(tensor([1.0, 1.0], [1.0, 2.0])).tolist() == [True, False]


@pytest.mark.parametrize("function", [group_advantages, leave_one_out_advantages])
@pytest.mark.parametrize("shape", [(4,), (2, 2, 2), (0, 3), (3, 0)])
def test_rewards_of_another_shape_are_refused(function, shape):
    with pytest.raises(ConfigError, match=re.escape(f"rewards must be (groups, G) and not empty, got shape {shape}")):
        function(torch.zeros(shape))


def test_an_unknown_scale_is_named():
    with pytest.raises(ConfigError, match=r"^scale must be one of \('group', 'batch', 'none'\), got 'std'$"):
        group_advantages(torch.rand(2, 2), scale="std")


# --- divergences and weights ---


def test_estimates_of_the_divergence_by_hand():
    logp, ref = tensor([0.0, LOG(0.25)]), tensor([LOG(0.5), LOG(0.5)])  # log-ratios ref − π: −log 2, log 2
    assert kl_estimate(logp, ref, "k1")[0].tolist() == pytest.approx([LOG(2), -LOG(2)])
    assert kl_estimate(logp, ref, "k2")[0].tolist() == pytest.approx([LOG(2) ** 2 / 2] * 2)
    assert kl_estimate(logp, ref, "k3")[0].tolist() == pytest.approx([0.5 + LOG(2) - 1, 2 - LOG(2) - 1])
    assert torch.equal(kl_estimate(logp, ref), kl_estimate(logp, ref, "k3"))
    with pytest.raises(ConfigError, match=r"^kl_estimator must be one of \('k1', 'k2', 'k3'\), got 'k4'$"):
        kl_estimate(logp, ref, "k4")


def test_a_divergence_in_the_reward_is_taken_over_the_tokens_and_moves_no_weight():
    logp = tensor([0.0, 0.0], [LOG(0.5), 0.0]).requires_grad_()
    ref, mask = tensor([LOG(0.5), LOG(0.5)], [0.0, LOG(0.5)]), tensor([1.0, 1.0], [1.0, 0.0])
    found = kl_penalised(tensor(1.0, 2.0), logp, ref, mask, 0.5)
    assert found.tolist() == pytest.approx([1 - 0.5 * 2 * LOG(2), 2 + 0.5 * LOG(2)])
    assert not found.requires_grad


def test_cut_off_completions_lose_their_mask_in_its_own_precision():
    mask = torch.tensor([[1, 1], [1, 0]], dtype=torch.float16)
    found = without_truncated(mask, torch.tensor([False, True]))
    assert found.tolist() == [[0, 0], [1, 0]]
    assert found.dtype is torch.float16


def test_weights_of_a_foreign_sampler_are_ratios_up_to_a_cap():
    old = tensor([LOG(0.5), LOG(0.9), LOG(0.3), 0.0]).requires_grad_()
    sampler, mask = tensor([LOG(0.4), LOG(0.3), LOG(0.6), -9.0]), tensor([1.0, 1.0, 1.0, 0.0])
    found = sampler_correction(old, sampler, mask)
    assert found[0].tolist() == pytest.approx([1.25, 2.0, 0.5, 1.0])
    assert not found.requires_grad
    assert sampler_correction(old, sampler, mask, cap=4.0)[0, 1].item() == pytest.approx(3.0)


# --- losses: ρ = 2, ½ and 1 in the first row, 3 and 1 in the second; A = 1 and −2 ---

OLD = tensor([LOG(0.2), LOG(0.4), LOG(0.5)], [LOG(0.1), LOG(0.3), 0.0])
NEW = tensor([LOG(0.4), LOG(0.2), LOG(0.5)], [LOG(0.3), LOG(0.3), 0.0])
MASK = tensor([1.0, 1.0, 1.0], [1.0, 1.0, 0.0])
ADVANTAGES = tensor(1.0, -2.0).flatten()
FIRST, SECOND = -(1.2 + 0.5 + 1.0), 2 * (3.0 + 1.0)
"""Clipped at 0.2: min(2, 1.2), min(½, 0.8), 1, times −1; and max(3, 1.2), 1, times 2."""


def loss(**options):
    return grpo_loss(NEW, OLD, ADVANTAGES, MASK, **options)


def value(**options):
    return loss(**options)[0].item()


def test_token_losses_by_hand():
    assert value() == value(loss_type="grpo") == pytest.approx((FIRST / 3 + SECOND / 2) / 2)
    for loss_type in ("bnpo", "dapo", "reinforce++"):
        assert value(loss_type=loss_type) == pytest.approx((FIRST + SECOND) / 5)
    assert value(loss_type="dr_grpo") == pytest.approx((FIRST + SECOND) / (2 * 3))
    assert value(loss_type="dr_grpo", max_tokens=10) == pytest.approx((FIRST + SECOND) / (2 * 10))


def test_a_part_of_a_batch_is_divided_by_the_whole():
    assert value(rows_total=8) == pytest.approx((FIRST / 3 + SECOND / 2) / 8)
    assert value(loss_type="dapo", tokens_total=50) == pytest.approx((FIRST + SECOND) / 50)
    assert value(loss_type="dr_grpo", rows_total=8) == pytest.approx((FIRST + SECOND) / (8 * 3))
    assert value(loss_type="rloo", rows_total=4) == pytest.approx(value(loss_type="rloo") / 2)


def test_sequence_losses_by_hand():
    first, second = 1.0, 3.0  # 2 · ½ · 1, and 3 · 1
    assert value(loss_type="rloo") == pytest.approx((-first + 2 * second) / 2)
    first, second = 1.0, 3.0**0.5  # the means of the logarithms
    assert value(loss_type="gspo") == pytest.approx((-first + 2 * second) / 2)
    logs = [LOG(0.4), LOG(0.2), LOG(0.5)], [LOG(0.3), LOG(0.3)]
    first = 2 * logs[0][0] + 0.5 * logs[0][1] + logs[0][2]
    second = 3 * logs[1][0] + logs[1][1]
    assert value(loss_type="cispo") == pytest.approx((-first + 2 * second) / 5)
    capped = -(1.5 * logs[0][0] + 0.5 * logs[0][1] + logs[0][2]) + 2 * (1.5 * logs[1][0] + logs[1][1])
    assert value(loss_type="cispo", clip_high=1.5) == pytest.approx(capped / 5)


def test_cispo_lets_no_ratio_above_five_unless_asked():
    logp, one = tensor([LOG(0.9)]), tensor([1.0])
    ratio_of = {
        cap: grpo_loss(logp, logp - LOG(9), one[0], one, loss_type="cispo", clip_high=cap)[0] for cap in (None, 7.0)
    }
    assert ratio_of[None].item() == pytest.approx(-5 * LOG(0.9))
    assert ratio_of[7.0].item() == pytest.approx(-7 * LOG(0.9))


def test_sapo_by_hand():
    def gate(ratio, tau):
        return 4 / tau / (1 + math.exp(-tau * (ratio - 1)))

    first = -(gate(2, 1.0) + gate(0.5, 1.0) + gate(1, 1.0)) / 3
    second = 2 * (gate(3, 1.05) + gate(1, 1.05)) / 2
    assert value(loss_type="sapo") == pytest.approx((first + second) / 2)


def test_the_clip_is_symmetric_unless_told_otherwise():
    assert value(clip_low=0.5) == pytest.approx((-(1.5 + 0.5 + 1) / 3 + SECOND / 2) / 2)
    assert value(clip_low=0.5, clip_high=0.75) == pytest.approx((-(1.75 + 0.5 + 1) / 3 + SECOND / 2) / 2)
    assert value(clip_high=0.0) == pytest.approx((-(1 + 0.5 + 1) / 3 + SECOND / 2) / 2)
    logp, one = tensor([LOG(0.4)]), tensor([1.0])  # ρ = 0.4 with a negative advantage: clipped from below
    assert grpo_loss(logp, 0 * logp, -one[0], one, clip_low=0.25)[0].item() == pytest.approx(0.75)
    assert grpo_loss(logp, 0 * logp, -one[0], one, clip_low=0.0)[0].item() == pytest.approx(1.0)


def test_without_old_log_probabilities_every_ratio_is_one_and_the_gradient_flows():
    logp = NEW.clone().requires_grad_()
    found, diagnostics = grpo_loss(logp, None, ADVANTAGES, MASK)
    assert found.item() == pytest.approx((-1 + 2) / 2)
    found.backward()
    assert logp.grad[0].tolist() == pytest.approx([-1 / 6] * 3)
    assert logp.grad[1].tolist() == pytest.approx([0.5, 0.5, 0.0])
    assert diagnostics["ratio_mean"].item() == 1.0


def test_an_advantage_for_each_token():
    weights = tensor([1.0, 2.0, 3.0], [-2.0, 4.0, 9.0])
    found = grpo_loss(NEW, OLD, weights, MASK, loss_type="dapo")[0].item()
    assert found == pytest.approx((-(1.2 + 2 * 0.5 + 3 * 1) + (2 * 3 - 4 * 1)) / 5)


def test_importance_weighs_the_policy_term_alone():
    weights = tensor([2.0], [0.5])
    assert value(importance=weights) == pytest.approx((2 * FIRST / 3 + 0.5 * SECOND / 2) / 2)
    ref = NEW - LOG(2)
    plain = value(importance=weights, ref_logp=ref, beta=0.1) - value(importance=weights)
    assert plain == pytest.approx(value(ref_logp=ref, beta=0.1) - value())


def test_the_divergence_is_added_with_its_weight_and_its_ratio():
    ref = NEW - LOG(2)  # k1 = log 2 everywhere
    added = {"beta": 0.5, "ref_logp": ref, "kl_estimator": "k1"}
    assert value(**added, kl_corrected=False) - value() == pytest.approx(0.5 * LOG(2))
    ratios = ((2 + 0.5 + 1) / 3 + (3 + 1) / 2) / 2
    assert value(**added) - value() == pytest.approx(0.5 * LOG(2) * ratios)
    k3 = 0.5 + LOG(2) - 1
    assert value(beta=0.5, ref_logp=ref) - value() == pytest.approx(0.5 * k3 * ratios)
    assert value(beta=0.0, ref_logp=ref) == value()
    sums = {"loss_type": "rloo"}
    rows = (3 * 1.0 + 2 * 3.0) / 2  # ρ of the row at each of its tokens
    assert value(**added, **sums) - value(**sums) == pytest.approx(0.5 * LOG(2) * rows)


# --- diagnostics ---


@pytest.mark.parametrize("loss_type", TOKEN_TYPES)
def test_diagnostics_of_token_types_by_hand(loss_type):
    found = {name: tensor.item() for name, tensor in loss(loss_type=loss_type)[1].items()}
    entropy = -(LOG(0.4) + LOG(0.2) + LOG(0.5) + 2 * LOG(0.3)) / 5
    assert found == pytest.approx(
        {
            "clip_low": 0.0,  # ρ = ½ of a positive advantage is not stopped
            "clip_high": 0.2,  # ρ = 2 of a positive one is; ρ = 3 of a negative one is not
            "clip_share": 0.2,
            "kl": 0.0,
            "entropy": entropy,
            "ratio_mean": (2 + 0.5 + 1 + 3 + 1) / 5,
            "ratio_min": 0.5,
            "ratio_max": 3.0,
        }
    )


def test_what_the_clip_stops_from_below_and_above():
    logp, mask = tensor([LOG(0.5), LOG(1.5), LOG(0.8), LOG(1.2)]), torch.ones(1, 4, dtype=torch.float64)
    zeros = torch.zeros_like(logp)
    for advantage, low, high in ((-1.0, 0.25, 0.0), (1.0, 0.0, 0.25), (0.0, 0.0, 0.0)):
        found = grpo_loss(logp, zeros, tensor(advantage).flatten(), mask, clip_low=0.2001, clip_high=0.2001)[1]
        assert (found["clip_low"].item(), found["clip_high"].item()) == (low, high)
        assert found["clip_share"].item() == low + high


def test_a_clip_that_bounds_nothing_counts_nothing():
    found = loss(loss_type="sapo")[1]
    assert (found["clip_low"].item(), found["clip_high"].item(), found["clip_share"].item()) == (0.0, 0.0, 0.0)
    assert found["ratio_max"].item() == pytest.approx(3.0)
    found = loss(loss_type="cispo", clip_high=1.5)[1]  # ρ = 2 is cut; ρ = 3 belongs to a negative advantage
    assert (found["clip_low"].item(), found["clip_high"].item()) == (0.0, pytest.approx(0.2))


@pytest.mark.parametrize(("loss_type", "second"), [("rloo", 3.0), ("gspo", 3.0**0.5)])
def test_diagnostics_of_sequence_types_count_rows(loss_type, second):
    mask = torch.cat([MASK, torch.zeros(1, 3, dtype=torch.float64)])  # and a row without tokens, which counts nothing
    logp, old = (torch.cat([held, held[:1] - 1]) for held in (NEW, OLD))
    weights = tensor(1.0, 2.0, 5.0).flatten()
    found = grpo_loss(logp, old, weights, mask, loss_type=loss_type, clip_low=0.5)[1]
    assert found["ratio_mean"].item() == pytest.approx((1 + second) / 2)
    assert found["ratio_max"].item() == pytest.approx(second)
    assert found["ratio_min"].item() == pytest.approx(1.0)
    assert found["clip_high"].item() == pytest.approx(0.5)
    assert found["clip_low"].item() == 0.0
    assert found["entropy"].item() == pytest.approx(-(LOG(0.4) + LOG(0.2) + LOG(0.5) + 2 * LOG(0.3)) / 5)


def test_a_divergence_without_weight_is_not_computed():
    assert loss(ref_logp=NEW - LOG(2))[1]["kl"].item() == 0.0


def test_the_divergence_is_told_per_token():
    found = loss(ref_logp=NEW - LOG(2), beta=1e-9, kl_estimator="k1", kl_corrected=False)[1]
    assert found["kl"].item() == pytest.approx(LOG(2))


def test_rows_of_one_token_are_told_like_any_other():
    for loss_type in ("grpo", "rloo"):
        logp, mask = tensor([LOG(0.5)], [LOG(0.25)]), tensor([1.0], [0.0])
        found = grpo_loss(logp, 0 * logp, tensor(-1.0, -1.0).flatten(), mask, loss_type=loss_type)[1]
        assert found["ratio_mean"].item() == pytest.approx(0.5)
        assert found["clip_low"].item() == 1.0


def test_nothing_to_learn_from_is_no_division_by_zero():
    for loss_type in (*TOKEN_TYPES, "gspo", "cispo", "sapo", "rloo"):
        found, diagnostics = grpo_loss(NEW, OLD, ADVANTAGES, 0 * MASK, loss_type=loss_type)
        assert found.isfinite()
        assert all(number.isfinite() for number in diagnostics.values())
        assert diagnostics["ratio_max"].item() == diagnostics["ratio_min"].item() == 1.0
    assert all(not number.requires_grad for number in loss()[1].values())


# --- what is refused ---


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss_type": "ppo"},
            r"^loss_type must be one of grpo, bnpo, dapo, dr_grpo, reinforce\+\+, gspo, cispo, sapo, rloo, got 'ppo'$",
        ),
        ({"mask": MASK[:, :2]}, r"^logp and mask must both be \(B, T\), got \(2, 3\) and \(2, 2\)$"),
        ({"logp": NEW[0], "mask": MASK[0]}, r"^logp and mask must both be \(B, T\), got \(3,\) and \(3,\)$"),
        ({"clip_low": -0.5}, r"^clip_low must be >= 0, got -0\.5$"),
        ({"beta": 0.5}, r"^beta = 0\.5 needs ref_logp, the log-probabilities of the reference model$"),
    ],
)
def test_arguments_that_do_not_fit_are_named(changes, message):
    arguments = {"logp": NEW, "old_logp": OLD, "advantages": ADVANTAGES, "mask": MASK, **changes}
    with pytest.raises(ConfigError, match=message):
        grpo_loss(**arguments)


# --- baselines ---


def test_a_running_mean_moves_before_it_is_compared():
    baseline = RoleBaseline()
    assert baseline.decay == 0.95
    found = baseline.advantages(tensor(1.0, 1.0, -1.0).flatten(), ["a", "a", "b"])
    assert found.tolist() == pytest.approx([0.95, 1 - (0.95 * 0.05 + 0.05), -0.95])
    assert found.dtype is torch.float64
    assert baseline.state_dict() == pytest.approx({"a": 0.0975, "b": -0.05})
    kept = baseline.state_dict()
    kept["a"] = 9.0
    assert baseline.state_dict()["a"] == pytest.approx(0.0975)
    again = RoleBaseline()
    again.load_state_dict({"a": "0.5"})
    assert again.state_dict() == {"a": 0.5}


@pytest.mark.parametrize("decay", [-0.1, 1.0, math.nan])
def test_a_decay_is_a_share_below_one(decay):
    with pytest.raises(ConfigError, match=rf"^decay must be in \[0, 1\), got {decay!r}$"):
        RoleBaseline(decay)
    assert RoleBaseline(0.0).advantages(tensor(3.0).flatten(), ["a"]).tolist() == [0.0]


@pytest.mark.parametrize("function", [lambda r, k: RoleBaseline().advantages(r, k), whiten_by])
def test_every_reward_has_a_key(function):
    with pytest.raises(ConfigError, match=r"^one key per reward: got 2 rewards and 1 keys$"):
        function(torch.zeros(2), ["a"])


def test_whitening_by_hand():
    deviation = 2**0.5
    assert whiten(tensor(1.0, 3.0)).flatten().tolist() == pytest.approx(
        [-1 / (deviation + 1e-6), 1 / (deviation + 1e-6)], rel=1e-12
    )
    assert whiten(tensor(1.0, 3.0), eps=1.0).flatten()[1].item() == pytest.approx(1 / (deviation + 1))
    assert whiten(tensor(2.0, 2.0)).flatten().tolist() == [0.0, 0.0]
    assert whiten(tensor(1.0, 3.0, 50.0), tensor(1.0, 1.0, 0.0)).flatten().tolist()[2] == 0.0
    assert whiten(tensor(1.0, 3.0), tensor(0.0, 0.0)).flatten().tolist() == [0.0, 0.0]
    assert whiten_by(tensor(1.0, 3.0).flatten(), ["a", "a"], eps=1.0)[1].item() == pytest.approx(1 / (deviation + 1))
    assert whiten_by(tensor(1.0, 3.0).flatten(), ["a", "a"])[1].item() == pytest.approx(
        1 / (deviation + 1e-6), rel=1e-12
    )
    assert whiten_by(tensor(1.0, 3.0, 7.0).flatten(), [("x", 1), ("x", 1), ("x", 2)])[2].item() == 0.0
