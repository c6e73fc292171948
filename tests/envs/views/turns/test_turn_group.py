"""Groups of turn games for Gymnasium's vector environments: games begin alike, seeding, and what they refuse."""

import gymnasium as gym
import numpy as np
import pytest

import selfplay_gym  # noqa: F401 - registers the ids
from selfplay_gym import make_agent
from selfplay_gym.core.errors import ConfigError

IDS = ["SelfPlayTicTacToe-v0", "SelfPlayKuhn-v0", "SelfPlayNegotiation-v0"]


def test_a_group_begins_every_game_alike():
    agent = make_agent("random-legal")
    envs = gym.make_vec("SelfPlayKuhn-v0", num_envs=6, role="player_0")
    prompts, infos = envs.reset(seed=3)
    begun = {0: {prompts[0]}}
    assert len(set(prompts)) == 1
    over = np.zeros(6, dtype=bool)
    for step in range(60):
        actions = [text for (text,) in agent.act([p or "" for p in prompts], seed=step)]
        prompts, rewards, ended, truncated, infos = envs.step(actions)
        assert not truncated.any()
        assert (rewards[over] == 0).all()  # a step that begins a game
        for copy in np.flatnonzero(over):
            begun.setdefault(int(infos["episode"][copy]), set()).add(prompts[copy].partition("Moves")[0])
        over = ended
    later = [texts for episode, texts in begun.items() if episode]
    assert len(later) > 10
    assert all(len(texts) == 1 for texts in later)
    assert len(set.union(*later)) == 3  # but games differ from each other


def test_without_a_group_games_differ():
    envs = gym.make_vec("SelfPlayNegotiation-v0", num_envs=8, group=False)
    assert len(set(envs.reset(seed=3)[0])) > 4


@pytest.mark.parametrize("identifier", IDS)
@pytest.mark.parametrize("group", [True, False])
def test_groups_repeat_by_seed_and_give_what_games_give(identifier, group):
    agent = make_agent("random-legal")

    def history(seed):
        envs = gym.make_vec(identifier, num_envs=3, role="player_1", group=group)
        seen = [envs.reset(seed=seed)]
        for step in range(25):
            prompts = seen[-1][0]
            seen.append(envs.step([text for (text,) in agent.act(list(prompts), seed=step)]))
        return seen

    one = history(4)
    assert repr(one) == repr(history(4))
    assert repr(one) != repr(history(5))
    for _, rewards, over, _, infos in one[1:]:
        assert rewards.dtype == np.float64
        assert ((infos["reason"] != "") == over).all()
        assert (rewards == np.where(over, infos["reward_terms"]["result"], 0.0)).all()


def test_a_group_of_one_is_the_single_view():
    agent = make_agent("random-legal")
    single, envs = gym.make("SelfPlayNegotiation-v0"), gym.make_vec("SelfPlayNegotiation-v0", num_envs=1)
    prompt, _ = single.reset(seed=7)
    prompts, _ = envs.reset(seed=7)
    over = False
    for step in range(20):
        assert prompts == (prompt,)
        if over:
            prompt, _ = single.reset()
            prompts, *_ = envs.step([""])
            over = False
            continue
        action = agent.act([prompt], seed=step)[0][0]
        prompt, reward, over, _, info = single.step(action)
        prompts, rewards, ended, _, infos = envs.step([action])
        assert (rewards.tolist(), ended.tolist(), infos["reason"].tolist()) == ([reward], [over], [info["reason"]])


@pytest.mark.parametrize("seed", [np.int64(3), np.uint8(3)])
def test_groups_take_seeds_of_numpy(seed):
    envs = gym.make_vec("SelfPlayNegotiation-v0", num_envs=2)
    assert envs.reset(seed=seed)[0] == envs.reset(seed=3)[0]
    assert envs.reset(seed=np.array([seed, 4]))[0] == envs.reset(seed=[3, 4])[0]


@pytest.mark.parametrize("seed", [1.9, "ab", b"ab", -1, True, np.array(3.5), {3: 4}, [1, 2.5], [1, "a"]])
def test_groups_refuse_what_is_no_seed(seed):
    with pytest.raises(ConfigError, match="seed must be an integer >= 0"):
        gym.make_vec("SelfPlayKuhn-v0", num_envs=2).reset(seed=seed)


def test_groups_refuse_what_they_cannot_do():
    for num_envs in (0, True):
        with pytest.raises(ConfigError, match="num_envs"):
            gym.make_vec("SelfPlayKuhn-v0", num_envs=num_envs)
    envs = gym.make_vec("SelfPlayKuhn-v0", num_envs=2, render_mode="ansi")
    with pytest.raises(gym.error.ResetNeeded):
        envs.step(["bet", "bet"])
    envs.reset(seed=[1, 2])
    assert len(envs.render()) == 2
    with pytest.raises(ConfigError, match="2 texts"):
        envs.step(["bet"])
    with pytest.raises(ConfigError, match="one per copy"):
        envs.reset(seed=[1])
    with pytest.raises(ConfigError, match="max_episode_steps"):
        gym.make_vec("SelfPlayKuhn-v0", num_envs=2, max_episode_steps=3)
