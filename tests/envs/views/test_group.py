"""The vector view: one group, one label; independent copies; a batch of challengers."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from selfplay_gym import Question, make_agent
from selfplay_gym.core.errors import ConfigError

PROPOSAL = r"<question>What is 12+7*3?</question> \boxed{33}"
OTHER = r"<question>Solve 3x+4=19 for the one unknown number in it.</question> \boxed{5}"


def make(num_envs=4, **kwargs):
    return gym.make_vec("SelfPlayMath-v0", num_envs=num_envs, **kwargs)


def boxed(*answers):
    return [rf"\boxed{{{answer}}}" for answer in answers]


def test_a_group_shares_one_question_and_one_label():
    envs = make(5, verifier="majority")
    prompts, info = envs.reset(seed=1)
    assert len(set(prompts)) == 1
    assert prompts in envs.observation_space
    assert set(info) == {"role", "level"}
    observations, rewards, terminated, truncated, info = envs.step(boxed(7, 7, 7, 8, 9))
    assert observations == ("",) * 5
    assert rewards.tolist() == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert terminated.all()
    assert not truncated.any()
    assert (info["label"], info["label_source"], info["solve_rate"]) == ("7", "vote", 0.6)
    assert info["vote"] == {"7": 3, "8": 1, "9": 1}
    assert [verdict.answer for verdict in info["verdict"]] == ["7", "7", "7", "8", "9"]


def test_a_group_judges_like_the_single_view():
    single, envs = gym.make("SelfPlayMath-v0", curriculum="fixed"), make(1, curriculum="fixed")
    observation, _ = single.reset(seed=4)
    prompts, _ = envs.reset(seed=4)
    for _ in range(30):
        assert prompts == (observation,)
        (answer,) = make_agent("noisy").act([observation], seed=0)[0]
        assert envs.step([answer])[1].tolist() == [single.step(answer)[1]]
        observation, (prompts, _) = single.reset()[0], envs.reset()


def test_independent_copies_ask_different_questions():
    envs = make(6, group=False, curriculum={"name": "fixed", "level": 0.9})
    prompts, _ = envs.reset(seed=1)
    assert len(set(prompts)) == 6
    answers = [group[0] for group in make_agent("oracle").act(prompts)]
    _, rewards, *_, info = envs.step([*answers[:5], "no"])
    assert rewards.tolist() == [1.0] * 5 + [0.0]
    assert info["label"].shape == info["solve_rate"].shape == (6,)
    assert info["reward_terms"]["score"].tolist() == rewards.tolist()


def test_challengers_pay_for_repeating_each_other():
    envs = make(4, role="challenger", opponent={"name": "noisy", "accuracy": 0.5}, attempts=50)
    envs.reset(seed=2)
    _, rewards, *_, info = envs.step([PROPOSAL, PROPOSAL, OTHER, "nonsense"])
    terms = info["reward_terms"]
    assert terms["repetition"].tolist() == [-0.5, -0.5, -0.25, 0.0]
    assert rewards[:3] == pytest.approx(np.maximum(0, terms["uncertainty"][:3] + terms["repetition"][:3]))
    assert rewards[3] == 0.0
    assert info["label"].tolist() == ["33", "33", "5", None]


def test_challengers_on_their_own_pay_for_nothing():
    envs = make(2, role="challenger", group=False)
    envs.reset(seed=2)
    info = envs.step([PROPOSAL, PROPOSAL])[4]
    assert set(info["reward_terms"]) == {"format", "_format", "uncertainty", "_uncertainty"}


def test_stepping_after_the_end_resets():
    envs = make(2)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    envs.reset(seed=1)
    envs.step(["1", "2"])
    prompts, rewards, terminated, _, _ = envs.step(["1", "2"])
    assert prompts[0] == prompts[1] != ""
    assert rewards.tolist() == [0.0, 0.0]
    assert not terminated.any()
    envs.reset(seed=1)
    assert envs.reset()[0] == prompts


@pytest.mark.parametrize("role", ["solver", "challenger"])
@pytest.mark.parametrize("group", [True, False])
def test_seeds_fix_whole_runs(role, group):
    def history():
        envs = make(3, role=role, group=group)
        envs.reset(seed=8)
        seen = []
        for _ in range(10):
            seen.append(str(envs.step([PROPOSAL, OTHER, r"\boxed{3}"])))
            seen.append(str(envs.reset()))
        return seen

    assert history() == history()


def test_gymnasiums_wrappers_fit():
    envs = RecordEpisodeStatistics(make(3))
    envs.reset(seed=1)
    assert envs.step(["1", "2", "3"])[4]["episode"]["l"].tolist() == [1, 1, 1]
    infos = DictInfoToList(make(3, group=False))
    infos.reset(seed=1)
    assert [set(info) >= {"label", "verdict"} for info in infos.step(["1", "2", "3"])[4]] == [True] * 3


def test_wrong_calls_say_what_is_right():
    with pytest.raises(ConfigError, match="num_envs"):
        make(0)
    envs = make(3, render_mode="ansi")
    with pytest.raises(gym.error.ResetNeeded):
        envs.step(["1"] * 3)
    with pytest.raises(gym.error.ResetNeeded):
        envs.render()
    envs.reset()
    for wrong in (["1", "2"], ["1", "2", 3]):
        with pytest.raises(ConfigError, match="3 strings"):
            envs.step(wrong)


def test_rendering_shows_the_vote():
    envs = make(5, verifier="majority", render_mode="ansi")
    envs.reset(seed=1)
    assert len(envs.render()) == 1
    envs.step([*boxed(7, 7, 7, 8), "none"])
    (shown,) = envs.render()
    assert "✓ 7" in shown
    assert "3/5 = 0.60" in shown
    assert "(vote)" in shown


def test_what_a_group_shares_is_listed_for_every_copy():
    envs = DictInfoToList(make(3, verifier="majority"))
    _, infos = envs.reset(seed=1)
    assert infos == [infos[0]] * 3
    assert set(infos[0]) == {"role", "level"}
    infos = envs.step([*boxed(7, 7), ""])[4]
    assert [info["label"] for info in infos] == ["7"] * 3
    assert [info["vote"] for info in infos] == [{"7": 2, None: 1}] * 3
    assert [info["verdict"].answer for info in infos] == ["7", "7", None]
    assert [info["reward_terms"]["score"] for info in infos] == [1.0, 1.0, 0.0]


def test_a_limit_of_steps_changes_nothing_where_an_episode_has_one():
    for limit in (1, 50, -1):
        envs = make(2, max_episode_steps=limit)
        envs.reset(seed=1)
        _, _, terminated, truncated, _ = envs.step(["1", "2"])
        assert (terminated.all(), truncated.any()) == (True, False)
    with pytest.raises(ConfigError, match="max_episode_steps"):
        make(2, max_episode_steps=0)


def test_a_list_of_seeds_is_one_seed():
    envs = make(3)
    first = envs.reset(seed=[1, 2, 3])[0]
    assert envs.reset(seed=[1, 2, 3])[0] == first
    others = [envs.reset(seed=[1, 2, last])[0] for last in range(4, 12)]
    assert any(prompts != first for prompts in others)
    following = envs.reset()[0]
    envs.reset(seed=[1, 2, 11])
    assert envs.reset(seed=[None] * 3)[0] == following
    with pytest.raises(ConfigError, match="one per copy, 3; got 2"):
        envs.reset(seed=[1, 2])


@pytest.mark.parametrize("group", [True, False])
def test_a_given_question_is_asked_of_every_copy(group):
    envs = make(3, group=group)
    prompts, _ = envs.reset(options={"question": Question("What is 1+2?", "3")})
    assert prompts == ("What is 1+2?",) * 3
    assert envs.step(boxed(3, 4, 3))[1].tolist() == [1.0, 0.0, 1.0]
    with pytest.raises(ConfigError, match="must be a Question"):
        envs.reset(options={"question": "What is 1+2?"})
