"""Every default of the trainer's settings, every edge that is allowed, and what a wrong value is told."""

from __future__ import annotations

import dataclasses
import re

import pytest
import torch

from selfplay_gym.agents.training.config import AUTOCAST, CHOICES, GRPOConfig, StepMetrics
from selfplay_gym.agents.training.reward_fn import checked_rewards
from selfplay_gym.core.errors import ConfigError, UnknownNameError

DEFAULTS = {
    "learning_rate": 1e-4,
    "betas": (0.9, 0.95),
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "loss_type": "grpo",
    "clip_low": 0.2,
    "clip_high": None,
    "scale": "group",
    "eps": 1e-4,
    "kl_weight": 0.0,
    "kl_estimator": "k3",
    "kl_corrected": True,
    "temperature": 1.0,
    "top_p": 1.0,
    "allow_top_p": False,
    "max_new_tokens": None,
    "mask_truncated": False,
    "epochs": 1,
    "minibatches": 1,
    "keep_zero_variance_groups": False,
    "micro_batch_tokens": 4096,
    "gradient_checkpointing": False,
    "autocast": None,
}
NOTHING_DONE = dict.fromkeys([field.name for field in dataclasses.fields(StepMetrics)], 0)
NOTHING_DONE |= {"ratio_max": 1.0, "loss_scale": 1.0}
for _name in ("margin", "preferred_share", "sampler_gap", "staleness"):
    del NOTHING_DONE[_name]  # nothing of the kind was learnt, and no server drew anything


def test_the_defaults_are_the_documented_ones():
    assert dataclasses.asdict(GRPOConfig()) == DEFAULTS
    assert StepMetrics().as_dict() == NOTHING_DONE
    assert all(type(value) in (int, float) for value in StepMetrics().as_dict().values())


def test_the_names_that_can_be_chosen():
    assert CHOICES == {
        "loss_type": ("grpo", "bnpo", "dapo", "dr_grpo", "reinforce++", "gspo", "cispo", "sapo", "rloo"),
        "scale": ("group", "batch", "none"),
        "kl_estimator": ("k1", "k2", "k3"),
    }
    assert AUTOCAST == ("bfloat16", "float16")
    for name, known in {**CHOICES, "autocast": AUTOCAST}.items():
        for value in known:
            assert getattr(GRPOConfig(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "least", "below", "expected"),
    [
        ("learning_rate", 1e-9, 0.0, "positive"),
        ("max_grad_norm", 1e-9, 0.0, "positive"),
        ("eps", 1e-12, 0.0, "positive"),
        ("temperature", 1e-9, 0.0, "positive"),
        ("weight_decay", 0.0, -0.1, ">= 0"),
        ("clip_low", 0.0, -0.1, ">= 0"),
        ("kl_weight", 0.0, -0.1, ">= 0"),
        ("clip_high", 0.0, -0.1, ">= 0, or None"),
        ("epochs", 1, 0, "positive and a whole number"),
        ("micro_batch_tokens", 1, 0, "positive and a whole number"),
        ("max_new_tokens", 1, 0, "positive and a whole number, or None"),
    ],
)
def test_the_least_value_is_allowed_and_one_below_is_told_what_is_expected(name, least, below, expected):
    assert getattr(GRPOConfig(**{name: least}), name) == least
    for wrong in (below, "much", False):
        with pytest.raises(ConfigError, match=f"^{re.escape(f'{name} must be {expected}, got {wrong!r}')}$"):
            GRPOConfig(**{name: wrong})


def test_whole_numbers_will_do_where_numbers_are_asked_for():
    assert GRPOConfig(learning_rate=1, clip_high=2, temperature=2).clip_high == 2


@pytest.mark.parametrize("value", [(0.0, 0.0), (0, 0.999), [0.5, 0.5]])
def test_betas_may_be_zero_and_are_kept_as_a_pair(value):
    assert GRPOConfig(betas=value).betas == tuple(value)


@pytest.mark.parametrize("value", [(1.0, 0.9), (0.9, 1.0), (0.9, 0.9, 0.9), "ab", None, {0.1: 1, 0.2: 2}])
def test_betas_are_refused_with_what_was_given(value):
    with pytest.raises(ConfigError, match=f"^{re.escape(f'betas must be two numbers in [0, 1), got {value!r}')}$"):
        GRPOConfig(betas=value)


@pytest.mark.parametrize("wrong", [0.0, 1.01, -0.5, "all", None])
def test_a_nucleus_is_a_share(wrong):
    with pytest.raises(ConfigError, match=f"^{re.escape(f'top_p must be in (0, 1], got {wrong!r}')}$"):
        GRPOConfig(top_p=wrong, allow_top_p=True)


def test_a_nucleus_in_training_is_refused_with_the_remedy():
    said = (
        "top_p = 0.5 in training: the loss cannot correct for truncated sampling. "
        "Use top_p=1.0, or set allow_top_p=True to accept the bias"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        GRPOConfig(top_p=0.5)


@pytest.mark.parametrize("wrong", ["int8", 16, ""])
def test_an_unknown_precision_says_what_none_means(wrong):
    with pytest.raises(UnknownNameError) as found:
        GRPOConfig(autocast=wrong)
    known = "Known: bfloat16, float16. Or None for the precision of the weights."
    assert str(found.value).startswith(f"unknown autocast {str(wrong)!r}.")
    assert str(found.value).endswith(known)


@pytest.mark.parametrize("wrong", [3, None])
def test_a_choice_that_is_no_text_is_refused_as_an_unknown_name(wrong):
    with pytest.raises(UnknownNameError, match=f"unknown loss_type '{wrong}'"):
        GRPOConfig(loss_type=wrong)


# --- rewards that can be learnt from ---


def test_rewards_become_a_tensor_in_double_precision():
    found = checked_rewards([[1, 0.1], (True, 0)], 2, 2)
    assert found.dtype is torch.float64
    assert found.tolist() == [[1.0, 0.1], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([[0.0] * 2], "reward_fn must return 2 lists of 2 numbers, got 1 of [2]"),
        ([[0.0] * 2] * 3, "reward_fn must return 2 lists of 2 numbers, got 3 of [2]"),
        ([[0.0] * 2, [0.0]], "reward_fn must return 2 lists of 2 numbers, got 2 of [1, 2]"),
        ([], "reward_fn must return 2 lists of 2 numbers, got 0 of []"),
    ],
)
def test_rewards_of_another_shape_are_counted(given, said):
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        checked_rewards(given, 2, 2)


def test_the_first_reward_that_is_not_finite_is_named_with_the_remedy():
    said = (
        "reward_fn gave inf for prompt 1, sample 0: rewards are finite numbers; give an undecided attempt the reward "
        "you mean, or leave its group out"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        checked_rewards([[0.0, 1.0], [float("inf"), float("nan")]], 2, 2)
