"""Drift, the pull to the start, agreement of answers, rewards that are not finite."""

import math
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch

from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.selfplay.guard.measures import divergence
from selfplay_gym.selfplay.roles.rewards import MonitoredReward, majority_premium
from selfplay_gym.selfplay.roles.start import Start
from selfplay_gym.selfplay.run.validation import majority_labels


def role(*values):
    agent = SimpleNamespace(model=torch.nn.ParameterDict({"w": torch.tensor(values)}))
    agent.with_settings, agent.active = lambda **changes: agent, nullcontext
    return SimpleNamespace(trainer=GRPOTrainer(agent, GRPOConfig(learning_rate=0.1)))


def boxed(*answers):
    return ["I do not know." if a is None else rf"So \boxed{{{a}}}" for a in answers]


def test_drift_is_the_distance_as_a_share_of_the_norm():
    start = Start({"w": torch.tensor([3.0, 4.0])})
    assert start.norm == 5.0
    assert start.drift(role(3.0, 4.0)) == 0.0
    assert start.drift(role(3.0, 6.0)) == pytest.approx(0.4)
    assert math.isnan(start.drift(role(3.0, float("nan"))))


def test_the_pull_goes_straight_to_the_start_and_never_beyond():
    start, moved = Start({"w": torch.tensor([3.0, 4.0])}), role(3.0, 6.0)
    start.pull(moved, 2.5)
    assert moved.trainer.parameters["w"].tolist() == pytest.approx([3.0, 5.5])
    start.pull(moved, 1e9)
    assert moved.trainer.parameters["w"].tolist() == [3.0, 4.0]


def test_divergence_is_none_for_equal_answers_and_one_bit_for_others():
    assert divergence([boxed(1, 2)], [boxed(2, 1)]) == 0.0
    assert divergence([boxed(1, 1)], [boxed(2, None)]) == pytest.approx(1.0)
    assert divergence([boxed(1, 1), boxed(5, 5)], [boxed(2, 2), boxed(5, 5)]) == pytest.approx(0.5)
    half = divergence([boxed(1, 2)], [boxed(1, 1)])
    assert half == pytest.approx(divergence([boxed(1, 1)], [boxed(1, 2)]))
    assert half == pytest.approx(0.5 * math.log2(4 / 3) + 0.5 * (0.5 * math.log2(2 / 3) + 0.5 * 1))


def test_finite_rewards_pass_untouched_and_others_silence_their_group():
    rewards = [[1.0, 0.0], [float("nan"), 1.0], [float("inf"), float("-inf")]]
    reward_fn = MonitoredReward(lambda prompts, groups: rewards, silences=True)
    assert reward_fn([], []) == [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    assert reward_fn.bad == 3
    fine = [[0.25, 0.5]]
    assert MonitoredReward(lambda prompts, groups: fine, silences=True)([], [])[0] is fine[0]


def test_who_only_watches_changes_no_reward():
    rewards = [[float("nan"), 1.0]]
    reward_fn = MonitoredReward(lambda prompts, groups: rewards, silences=False)
    assert reward_fn([], []) is rewards
    assert reward_fn.bad == 1


def test_the_premium_is_what_agreeing_with_the_majority_is_worth():
    groups = [boxed(7, 7, 7, 8), boxed(1, 2, None, 3), boxed(4, 4, 4, 4), boxed(5, 5, None, None)]
    assert majority_premium(groups, [[1, 1, 1, 0], [9, 9, 9, 9], [1, 1, 1, 1], [1, 0, 0, 0]]) == pytest.approx(0.75)
    assert majority_premium(groups, [[0, 0, 0, 1], [9, 9, 9, 9], [1, 1, 1, 1], [0, 0, 1, 1]]) == -1.0
    assert majority_premium([boxed(1, 2)], [[1, 0]]) is None


def test_labels_of_a_validation_are_majorities_and_absent_without_answers():
    assert majority_labels([boxed(7, 7, 8), boxed(None, None)]) == ["7", None]
