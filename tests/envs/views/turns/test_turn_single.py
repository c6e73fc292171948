"""Turn games for Gymnasium: official checker for every id and player, seeding, opponents, foul play, groups."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

import selfplay_gym  # noqa: F401 - registers the ids
from selfplay_gym import make_agent
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.turns.kuhn import KuhnPoker

IDS = ["SelfPlayTicTacToe-v0", "SelfPlayKuhn-v0", "SelfPlayNegotiation-v0"]
PLAYERS = ["player_0", "player_1"]
INFO = {"role", "turn", "legal", "reason", "note", "rewards", "reward_terms"}


class Rude:
    """Always breaks the rules."""

    def act(self, prompts, *, n=1, seed=None):
        return [["(╯°□°)╯"] * n for _ in prompts]


def play(env, agent, games, seed=None):
    """All that an agent was given in a row of games, and its rewards."""
    seen, rewards, step = [], [], 0
    for index in range(games):
        observation, info = env.reset(seed=seed if index == 0 else None)
        seen.append((observation, info))
        over = False
        while not over:
            observation, reward, over, truncated, info = env.step(agent.act([observation], seed=step)[0][0])
            assert not truncated
            seen.append((observation, reward, info))
            step += 1
        rewards.append(reward)
    return seen, rewards


@pytest.mark.parametrize("render_mode", [None, "ansi", "human"])
@pytest.mark.parametrize("role", PLAYERS)
@pytest.mark.parametrize("identifier", IDS)
def test_gymnasium_accepts_every_id_and_player(identifier, role, render_mode):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(identifier, role=role, render_mode=render_mode).unwrapped)


@pytest.mark.parametrize("role", PLAYERS)
@pytest.mark.parametrize("identifier", IDS)
def test_a_seed_fixes_all_games_that_follow(identifier, role):
    agent = make_agent("random-legal")
    first = play(gym.make(identifier, role=role), agent, 12, seed=5)
    env = gym.make(identifier, role=role)
    assert play(env, agent, 12, seed=5) == first
    assert play(env, agent, 12, seed=5) == first
    assert play(env, agent, 12, seed=6) != first


@pytest.mark.parametrize("identifier", IDS)
def test_infos_are_fresh_and_complete(identifier):
    env = gym.make(identifier)
    observation, info = env.reset(seed=0)
    assert set(info) == INFO
    assert info["reason"] == info["note"] == ""
    assert info["rewards"] == {}
    kept, held = dict(info), info
    env.step(make_agent("random-legal").act([observation], seed=0)[0][0])
    assert held == kept


@pytest.mark.parametrize("role", PLAYERS)
def test_the_perfect_player_never_loses(role):
    env = gym.make("SelfPlayTicTacToe-v0", role=role, opponent="random-legal")
    _, rewards = play(env, make_agent("tic-tac-toe-perfect"), 150, seed=1)
    assert min(rewards) >= 0.0
    assert np.mean(rewards) > 0.6
    env = gym.make("SelfPlayTicTacToe-v0", role=role, opponent="tic-tac-toe-perfect")
    _, rewards = play(env, make_agent("random-legal"), 150, seed=1)
    assert max(rewards) <= 0.0


@pytest.mark.parametrize("role", PLAYERS)
@pytest.mark.parametrize("identifier", IDS)
def test_whoever_breaks_the_rules_loses_at_once(identifier, role):
    env = gym.make(identifier, role=role)
    env.reset(seed=0)
    _, reward, over, _, info = env.step("I shall not move")
    other = next(player for player in PLAYERS if player != role)
    assert over
    assert reward < info["rewards"][other]
    assert info["note"] == info["reason"]
    assert info["note"].startswith("illegal: ")


@pytest.mark.parametrize("role", PLAYERS)
@pytest.mark.parametrize("identifier", IDS)
def test_an_opponent_that_breaks_the_rules_has_lost(identifier, role):
    env = gym.make(identifier, role=role, opponent=Rude())
    observation, info = env.reset(seed=0)
    assert (observation == "") == (role == "player_1")
    if role == "player_1":  # lost before the caller's first move: any action ends the episode
        assert info["reason"].startswith("illegal: ")
        observation, reward, over, _, info = env.step("")
    else:
        _, reward, over, _, info = env.step(info["legal"][0])
    assert over
    assert reward > info["rewards"][next(player for player in PLAYERS if player != role)]
    assert info["note"] == ""


def test_any_game_is_played_by_its_name_or_live():
    by_name = gym.make("SelfPlayTurnGame-v0", game="negotiation(turns=4)")
    assert "Turns left: 4" in by_name.reset(seed=0)[0]
    assert "Turns left: 3" in gym.make("SelfPlayNegotiation-v0", turns=3).reset(seed=0)[0]
    assert "Kuhn" in gym.make("SelfPlayTurnGame-v0", game=KuhnPoker()).reset(seed=0)[0]


def test_the_spec_survives_json():
    env = gym.make("SelfPlayNegotiation-v0", role="player_1", opponent={"name": "negotiator", "least": 0.3}, turns=4)
    again = EnvSpec.from_json(env.spec.to_json()).make()
    assert again.reset(seed=9) == env.reset(seed=9)


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"role": "X"}, "player_0"),
        ({"opponent": "nobody"}, "random-legal"),
        ({"render_mode": "rgb_array"}, "ansi"),
        ({"chips": 3}, "chips"),
    ],
)
def test_wrong_arguments_say_what_is_right(kwargs, expected):
    with pytest.raises(ConfigError, match=expected):
        gym.make("SelfPlayKuhn-v0", **kwargs)
    with pytest.raises(ConfigError, match=expected):
        gym.make_vec("SelfPlayKuhn-v0", num_envs=2, **kwargs)


def test_the_order_of_calls_is_enforced():
    env = gym.make("SelfPlayKuhn-v0", render_mode="ansi")
    for call in (env.render, lambda: env.step("bet")):
        with pytest.raises(gym.error.ResetNeeded):
            call()
    env.reset(seed=0)
    with pytest.raises(ConfigError, match="int"):
        env.step(1)
    env.step("nonsense")
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        env.step("bet")


def test_rendering_shows_moves_and_end_and_no_control_characters():
    env = gym.make("SelfPlayKuhn-v0", render_mode="ansi")
    env.reset(seed=0)
    assert "Your card" in env.render()
    env.step("\x1b[2J")
    assert "\x1b" not in env.render()
    assert "player_0 -2.00 player_1 +2.00" in env.render()


# --- groups ---


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
