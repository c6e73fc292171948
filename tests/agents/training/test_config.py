"""Settings are checked when they are made, by name, and cost no torch."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys

import pytest

from selfplay_gym.agents.training.config import GRPOConfig
from selfplay_gym.agents.training.trainer import GRPOTrainer
from selfplay_gym.core.errors import ConfigError, UnknownNameError

FLOATS = [field.name for field in dataclasses.fields(GRPOConfig) if field.type in ("float", "float | None")]
COUNTS = ["epochs", "micro_batch_tokens", "max_new_tokens"]
FLAGS = [field.name for field in dataclasses.fields(GRPOConfig) if field.type == "bool"]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, "0.1", True])
def test_numbers_are_finite_and_in_range(name, value):
    with pytest.raises(ConfigError, match=f"^{name} must be"):
        GRPOConfig(**{name: value})


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [0, -1, 1.5, "4", True])
def test_counts_are_whole_and_positive(name, value):
    with pytest.raises(ConfigError, match=f"^{name} must be"):
        GRPOConfig(**{name: value})


@pytest.mark.parametrize("name", FLAGS)
def test_flags_are_true_or_false(name):
    with pytest.raises(ConfigError, match=f"^{name} must be true or false, got 'yes'"):
        GRPOConfig(**{name: "yes"})


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("loss_type", "dr-grpo", "dr_grpo"),
        ("scale", "groups", "group"),
        ("kl_estimator", "k33", "k3"),
        ("autocast", "bfloat32", "bfloat16"),
    ],
)
def test_a_name_that_is_not_known_gets_a_suggestion(name, value, meant):
    with pytest.raises(UnknownNameError, match=f"unknown {name} .*Did you mean '{meant}'"):
        GRPOConfig(**{name: value})


@pytest.mark.parametrize("value", [(0.9,), (0.9, 1.0), (-0.1, 0.9), (0.9, math.nan), 0.9, ("a", "b")])
def test_betas_are_two_numbers_below_one(value):
    with pytest.raises(ConfigError, match=r"^betas must be two numbers"):
        GRPOConfig(betas=value)


def test_betas_from_a_file_are_a_list():
    assert GRPOConfig(betas=[0.8, 0.9]) == GRPOConfig(betas=(0.8, 0.9))


@pytest.mark.parametrize("name", ["learning_rate", "eps", "max_grad_norm", "temperature", "top_p"])
def test_some_numbers_are_not_zero(name):
    with pytest.raises(ConfigError, match=f"^{name} must be"):
        GRPOConfig(**{name: 0.0})


def test_settings_cannot_be_changed_or_misspelt():
    config = GRPOConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.epochs = 2
    with pytest.raises(TypeError):
        GRPOConfig(beta=0.1)


def test_without_a_length_the_agents_own_holds(make_agent):
    agent = make_agent()
    assert GRPOTrainer(agent, GRPOConfig()).agent.settings.max_new_tokens == agent.settings.max_new_tokens == 24
    assert GRPOTrainer(agent, GRPOConfig(max_new_tokens=7)).agent.settings.max_new_tokens == 7


def test_the_loss_of_dr_grpo_divides_by_the_length_that_holds(make_agent):
    """Gradients are per token of the longest completion allowed, whoever set it."""

    def norm(config):
        trainer = GRPOTrainer(make_agent(), config)
        reward = lambda p, groups: [[float(len(text)) for text in group] for group in groups]  # noqa: E731
        return trainer.step(["What is 1+2?"], reward, samples=4, seed=0)

    assert norm(GRPOConfig(loss_type="dr_grpo")) == norm(GRPOConfig(loss_type="dr_grpo", max_new_tokens=24))


def test_settings_bring_no_torch():
    code = "import sys, selfplay_gym.agents.training.config; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
