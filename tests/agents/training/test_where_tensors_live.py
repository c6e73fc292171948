"""What is made of a tensor lives where that tensor lives, whatever device is the default of the day.

The default here is "meta", which holds no numbers: a tensor made without a device ends there, and is noticed.
"""

from __future__ import annotations

import pytest
import torch

from selfplay_gym.agents.inference.interface.samples import Samples
from selfplay_gym.agents.training.baselines import RoleBaseline, whiten_by
from selfplay_gym.agents.training.batch import micro_batches, rows_that_teach
from selfplay_gym.agents.training.config import GRPOConfig
from selfplay_gym.agents.training.dynamic_sampling import Draw

CPU = torch.device("cpu")


def samples(first=0):
    return Samples(
        texts=[["a", "b"], ["c", "d"]],
        prompt_ids=[[1], [2]],
        tokens=torch.arange(first, first + 4)[:, None],
        logps=torch.zeros(4, 1),
        lengths=torch.ones(4, dtype=torch.int64),
        finished=torch.ones(4, dtype=torch.bool),
    )


@pytest.fixture
def elsewhere():
    """Tensors made beforehand, and from here on another default."""
    rewards = torch.tensor([[0.0, 1.0], [2.0, 3.0]], dtype=torch.float64)
    made = samples(), samples(10), rewards, rows_that_teach(samples(), rewards, GRPOConfig(), CPU)
    with torch.device("meta"):
        yield made


def test_baselines(elsewhere):
    rewards = elsewhere[2].flatten()
    assert RoleBaseline().advantages(rewards, "abab").device == CPU
    assert whiten_by(rewards, "aabb").tolist()[0] < 0


def test_the_parts_of_an_update(elsewhere):
    assert [rows.tolist() for rows in micro_batches(elsewhere[3], 3)] == [[0, 1], [2, 3]]


def test_replaced_groups(elsewhere):
    drawn, other, rewards, _ = elsewhere
    found = Draw(drawn, rewards).with_groups({1: 0}, Draw(other, rewards + 4))
    assert found.samples.tokens.flatten().tolist() == [0, 1, 10, 11]
    assert found.rewards.tolist() == [[0.0, 1.0], [4.0, 5.0]]
