"""The solver's role in numbers: official checkers, tokens that tell the question, verdicts that reward, PPO."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.math_language import answer
from selfplay_gym.core.records import Question
from selfplay_gym.envs.game.domains import held_out as is_held_out
from selfplay_gym.envs.views.tokens import PAD, UNKNOWN, VOCABULARY, read_tokens, tokenise


def make(**kwargs):
    return gym.make("SelfPlayTokens-v0", **kwargs)


def mean_reward(env, policy, questions):
    """Mean reward of a function observation → action."""
    observation, _ = env.reset(seed=5)
    rewards = []
    for _ in range(questions):
        rewards.append(env.step(policy(observation))[1])
        observation, _ = env.reset()
    return float(np.mean(rewards))


@pytest.mark.parametrize("render_mode", [None, "ansi", "human", "rgb_array"])
@pytest.mark.parametrize("kwargs", [{}, {"digits": 2, "length": 60}, {"generator": "equation", "answers": [-10, 10]}])
def test_gymnasium_and_stable_baselines_accept_it(kwargs, render_mode):
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(render_mode=render_mode, **kwargs).unwrapped)
        check_for_sb3(make(render_mode=render_mode, **kwargs).unwrapped)


@pytest.mark.parametrize("kwargs", [{}, {"digits": 2}, {"generator": "mixed", "answers": (-3, 30)}])
def test_who_reads_the_tokens_and_answers_right_is_always_rewarded(kwargs):
    env = make(curriculum="linear", **kwargs).unwrapped

    def oracle(observation):
        value = int(answer(read_tokens(observation)))
        if env.digits is None:
            return value - env.low
        return [int(value < 0), *map(int, f"{abs(value):0{env.digits}d}")]

    assert mean_reward(env, oracle, 200) == 1.0
    wrong = (lambda o: (oracle(o) + 1) % env.action_space.n) if env.digits is None else lambda o: [1, 9, 9]
    assert mean_reward(env, wrong, 200) < 0.05


def test_every_action_is_an_answer_of_its_own():
    env = make(answers=(-2, 3)).unwrapped
    assert [env.answer(action) for action in range(env.action_space.n)] == [-2, -1, 0, 1, 2, 3]
    spoken = make(digits=2).unwrapped
    assert spoken.answer([0, 0, 7]) == 7
    assert spoken.answer(np.array([1, 4, 2])) == -42


def test_tokens_tell_the_text():
    text = "If 2x+3=11, what is 3*(x-1)/4?"
    ids = tokenise(text, 40)
    assert ids.shape == (40,)
    assert ids.max() < VOCABULARY
    assert read_tokens(ids) == text.lower()
    assert (ids[len(text) :] == PAD).all()
    assert tokenise("é", 2).tolist() == [UNKNOWN, PAD]
    with pytest.raises(ConfigError, match="room for 3"):
        tokenise("What", 3)


def test_the_exam_can_be_asked_and_is_kept_from_training():
    for split, held_out in (("train", False), ("held_out", True)):
        env = make(split=split)
        env.reset(seed=0)
        assert all(is_held_out(Question(env.reset()[1]["question"])) is held_out for _ in range(50))


def test_the_curriculum_hears_what_happened():
    env = make()
    env.reset(seed=0)
    before = env.unwrapped.setup.curriculum.state_dict()
    env.step(0)
    assert env.unwrapped.setup.curriculum.state_dict() != before


def test_runs_are_a_function_of_the_seed():
    def history():
        env = make()
        env.reset(seed=4)
        return [str(env.step(turn % 41)) + str(env.reset()) for turn in range(20)]

    assert history() == history()


def test_it_renders():
    env = make(render_mode="ansi")
    with pytest.raises(gym.error.ResetNeeded):
        env.unwrapped.render()
    _, info = env.reset(seed=0)
    assert info["question"] in env.render()
    env.step(0)
    assert "-20" in env.render()


def test_it_is_painted_and_made_in_batches_by_stable_baselines():
    from stable_baselines3.common.env_util import make_vec_env

    env = make(render_mode="rgb_array", length=40)
    env.reset(seed=0)
    picture = env.render()
    assert (picture.shape, picture.dtype) == ((8, 320, 3), np.uint8)
    assert picture[:, :8].min() > 0 == picture[:, -8:].max()  # a letter, and padding
    env.step(0)
    assert env.render().max() == 0
    assert make_vec_env("SelfPlayTokens-v0", n_envs=2, seed=0).reset().shape == (2, 48)


def test_steps_need_a_question():
    env = make()
    env.reset(seed=0)
    env.step(0)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(0)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"length": 0}, "length"),
        ({"digits": 0}, "digits"),
        ({"answers": (3, 1)}, "smallest"),
        ({"answers": (1, 2, 3)}, "smallest"),
        ({"answers": (0.5, 2)}, "smallest"),
        ({"render_mode": "gif"}, "ansi"),
        ({"no_such": 1}, "unknown keyword"),
    ],
)
def test_wrong_arguments_say_what_is_right(kwargs, said):
    with pytest.raises(ConfigError, match=said):
        make(**kwargs)


@pytest.mark.parametrize(("kwargs", "action"), [({}, 41), ({"digits": 2}, [0, 10, 0]), ({"digits": 2}, [0, 1])])
def test_a_wrong_action_is_refused(kwargs, action):
    env = make(**kwargs).unwrapped
    env.reset(seed=0)
    with pytest.raises(ConfigError, match="an action is"):
        env.step(action)


def test_a_range_nothing_falls_into_is_named():
    with pytest.raises(ConfigError, match="none of 2000 questions"):
        make(answers=(5000, 5001)).reset(seed=0)


def _ppo(env, steps, **options):
    import torch
    from stable_baselines3 import PPO

    torch.set_num_threads(1)
    return PPO("MlpPolicy", env, seed=0, device="cpu", **options).learn(steps)


@pytest.mark.parametrize("kwargs", [{}, {"digits": 2}])
def test_ppo_can_be_trained_on_it(kwargs):
    model = _ppo(make(**kwargs), 128, n_steps=64, batch_size=32, n_epochs=1)
    observation, _ = make(**kwargs).reset(seed=0)
    action, _ = model.predict(observation)
    assert make(**kwargs).action_space.contains(action.astype(np.int64) if kwargs else int(action))


@pytest.mark.slow
def test_ppo_learns_to_answer():
    env = make(answers=(0, 20), curriculum={"name": "fixed", "level": 0.0})
    env.action_space.seed(0)
    random = mean_reward(env, lambda _: env.action_space.sample(), 1000)
    bandit = {"gamma": 0.0, "gae_lambda": 0.0, "learning_rate": 1e-3, "batch_size": 256}
    model = _ppo(env, 30_000, **bandit)
    assert mean_reward(env, lambda seen: model.predict(seen, deterministic=True)[0], 1000) > 3 * random


def test_a_given_question_is_asked():
    env = gym.make("SelfPlayTokens-v0").unwrapped
    observation, info = env.reset(options={"question": Question("What is 1+2?", "3")})
    assert read_tokens(observation) == "what is 1+2?"
    assert info["question"] == "What is 1+2?"
    assert env.step(3 - env.low)[1] == 1.0
    with pytest.raises(ConfigError, match="does not fit 48 characters"):
        env.reset(options={"question": Question("What is 1+2?", "300")})
    with pytest.raises(ConfigError, match="must be a Question"):
        env.reset(options={"question": "What is 1+2?"})
