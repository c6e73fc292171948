"""The numeric view: official checkers, a simulated learner that behaves as said, teachers of known quality."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.views.learners import SimulatedLearner


def make(**kwargs):
    return gym.make("SelfPlayTeacher-v0", **kwargs)


def mean_reward(env, teacher, episodes=60):
    """Mean reward per step of a function observation → action."""
    rewards = []
    observation, _ = env.reset(seed=11)
    for _ in range(episodes):
        truncated = False
        while not truncated:
            observation, reward, terminated, truncated, _ = env.step(teacher(observation))
            assert not terminated
            rewards.append(reward)
        observation, _ = env.reset()
    return float(np.mean(rewards))


def nearest_to_half(observation):
    """Ask the level whose last solve rate is nearest ½, fresh measurements and low levels first."""
    half = len(observation) // 2
    rates, fresh = observation[:half], observation[half:]
    return int(np.argmin(np.abs(rates - 0.5) + 0.05 * (1 - fresh) + 1e-3 * np.arange(half)))


@pytest.mark.parametrize("render_mode", [None, "ansi", "human", "rgb_array"])
@pytest.mark.parametrize("kwargs", [{}, {"opponent": "noisy", "levels": 4}])
def test_gymnasium_and_stable_baselines_accept_it(kwargs, render_mode):
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(render_mode=render_mode, **kwargs).unwrapped)
        check_for_sb3(make(render_mode=render_mode, **kwargs).unwrapped)


def test_an_episode_is_truncated_at_the_horizon():
    env = make(horizon=5)
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(5)] == [False] * 4 + [True]
    with pytest.raises(gym.error.ResetNeeded):
        env.step(0)


def test_the_observation_is_what_was_measured():
    env = make(levels=4)
    observation, _ = env.reset(seed=0)
    assert observation.tolist() == [0.5] * 4 + [0.0] * 4
    observation, reward, *_, info = env.step(1)
    assert observation[1] == info["solve_rate"]
    assert observation[4:].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert reward == 1 - 2 * abs(info["solve_rate"] - 0.5)
    assert info["level"] == 0.375
    assert env.step(2)[0][4:].tolist() == pytest.approx([0.0, 0.9, 1.0, 0.0])


def test_a_better_teacher_earns_more():
    env = make()
    env.action_space.seed(0)
    random = mean_reward(env, lambda _: env.action_space.sample())
    adaptive = mean_reward(env, nearest_to_half)
    learner, level = env.unwrapped.learner, env.unwrapped.level
    knowing = mean_reward(env, lambda _: min(range(10), key=lambda action: abs(level(action) - learner.skill)))
    assert 0.1 < random < 0.3
    assert random + 0.12 < adaptive < knowing
    assert 0.6 < knowing < 0.75  # 8 attempts at p = ½ scatter: 0.73 is the ceiling


def test_the_learner_learns_at_its_edge_only():
    def skill_after(asked):
        learner = SimulatedLearner(start=(0.3, 0.3))
        learner.restart(1)
        for _ in range(50):
            learner.answer(asked(learner), 8)
        return learner.skill

    assert skill_after(lambda learner: learner.skill) > 0.5
    assert skill_after(lambda _: 0.0) < 0.3
    assert skill_after(lambda _: 1.0) < 0.3


def test_runs_are_a_function_of_the_seed():
    def history(kwargs):
        env = make(**kwargs)
        env.reset(seed=4)
        return [str(env.step(step % 4)) for step in range(30)]

    for kwargs in ({}, {"opponent": "noisy", "attempts": 3}):
        assert history(kwargs) == history(kwargs)


def test_an_agent_can_be_taught():
    rewards = mean_reward(make(opponent={"name": "noisy", "skill": 0.5}, attempts=8), lambda _: 4, episodes=3)
    always_right = mean_reward(make(opponent="oracle", attempts=8), lambda _: 4, episodes=1)
    assert always_right == 0.0 < rewards


def test_it_renders():
    env = make(render_mode="ansi", levels=3)
    env.reset(seed=0)
    env.step(2)
    assert env.render().count("not asked yet") == 2
    assert "← asked" in env.render()
    picture = make(render_mode="rgb_array").unwrapped
    picture.reset(seed=0)
    picture.step(2)
    assert picture.render().shape[2] == 3


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"levels": 1}, "levels"),
        ({"attempts": 0}, "attempts"),
        ({"horizon": 1}, "horizon"),
        ({"learner": {"width": 0}}, "width"),
        ({"learner": {}, "opponent": "noisy"}, "not both"),
        ({"verifier": "exact"}, "opponent"),
        ({"render_mode": "gif"}, "ansi"),
    ],
)
def test_wrong_arguments_say_what_is_right(kwargs, said):
    with pytest.raises(ConfigError, match=said):
        make(**kwargs)


def test_a_wrong_action_is_refused():
    env = make()
    env.reset(seed=0)
    with pytest.raises(ConfigError, match=r"0\.\.9"):
        env.unwrapped.step(10)


@pytest.mark.slow
def test_ppo_learns_to_teach():
    import torch
    from stable_baselines3 import PPO

    torch.set_num_threads(1)
    model = PPO("MlpPolicy", "SelfPlayTeacher-v0", seed=0, device="cpu").learn(80_000)
    assert mean_reward(make(), lambda seen: model.predict(seen, deterministic=True)[0]) > 0.5
