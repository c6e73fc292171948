"""Turn games for PettingZoo: its own suites, determinism over many cycles, and what each agent may see."""

import warnings

import numpy as np
import pettingzoo
import pytest
from gymnasium.error import ResetNeeded
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, render_test, seed_test

import selfplay_gym.envs
from selfplay_gym import make_agent
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.turns.kuhn import CARDS
from selfplay_gym.envs import aec_env, parallel_env

GAMES = ["tic-tac-toe", "kuhn", "negotiation"]
TEXT_IS_NO_ARRAY = "Observation is not a NumPy array|(Observation|Action|Agent) space for each agent probably should be"


@pytest.fixture(autouse=True)
def strict_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=TEXT_IS_NO_ARRAY)
        yield


@pytest.mark.parametrize("episodes", [1, 5])
@pytest.mark.parametrize("game", GAMES)
class TestOfficialSuites:
    def test_api(self, game, episodes):
        api_test(aec_env(game=game, episodes=episodes), num_cycles=50)

    def test_seed(self, game, episodes):
        seed_test(lambda **given: aec_env(game=game, episodes=episodes, **given), num_cycles=50)

    def test_render(self, game, episodes):
        render_test(lambda **given: aec_env(game=game, episodes=episodes, **given))

    def test_parallel_api(self, game, episodes):
        parallel_api_test(parallel_env(game=game, episodes=episodes), num_cycles=50)

    def test_parallel_seed(self, game, episodes):
        parallel_seed_test(lambda **given: parallel_env(game=game, episodes=episodes, **given), num_cycles=50)


def play(env, agent, steps):
    """All that every agent was given until all are done; `steps` counts the moves of all games."""
    seen = []
    for name in env.agent_iter():
        observation, reward, terminated, _, info = env.last()
        seen.append((name, observation["prompt"], observation["episode"].tolist(), reward, info))
        env.step(None if terminated else agent.act([observation["prompt"]], seed=next(steps))[0][0])
    return seen


@pytest.mark.parametrize("episodes", [1, 7])
@pytest.mark.parametrize("game", GAMES)
def test_many_cycles_are_a_function_of_the_seed(game, episodes):
    """PettingZoo's seed tests stop after one cycle; a leak of state between games shows later."""
    agent = make_agent("random-legal")

    def history(env, seed):
        steps = iter(range(10**6))
        env.reset(seed=seed)
        seen = play(env, agent, steps)
        for _ in range(6):
            env.reset()
            seen += play(env, agent, steps)
        return seen

    env = aec_env(game=game, episodes=episodes)
    first = history(env, 3)
    assert history(env, 3) == first
    assert history(aec_env(game=game, episodes=episodes), 3) == first
    if game != "tic-tac-toe":  # which draws nothing
        assert history(env, 4) != first


@pytest.mark.parametrize("game", GAMES)
def test_parallel_plays_the_same_game(game):
    agent = make_agent("random-legal")
    aec, parallel = aec_env(game=game, episodes=3), parallel_env(game=game, episodes=3)
    aec.reset(seed=5)
    observations, infos = parallel.reset(seed=5)
    moves = 0
    while parallel.agents:
        mover = aec.agent_selection
        assert [name for name, seen in observations.items() if seen["prompt"]] == [mover]
        assert infos == aec.infos
        text = agent.act([observations[mover]["prompt"]], seed=moves)[0][0]
        observations, rewards, terminated, _, infos = parallel.step(
            {**dict.fromkeys(parallel.agents, "x"), mover: text}
        )
        aec.step(text)
        moves += 1
        assert (rewards, terminated, infos) == (aec.rewards, aec.terminations, aec.infos)
    assert moves >= 6
    assert all(info["reason"] and not info["note"] for info in infos.values())


def test_no_agent_sees_what_another_holds():
    env = aec_env(game="kuhn", episodes=40)
    env.reset(seed=2)
    while not all(env.terminations.values()):
        mover = env.agent_selection
        other = next(agent for agent in env.agents if agent != mover)
        cards = env._running.state.cards
        own, hidden = cards if mover == "player_0" else cards[::-1]
        shown = env.observe(mover)["prompt"]
        assert f"Your card: {own}\n" in shown
        assert [card for card in CARDS if f"card: {card}" in shown] == [own]
        assert env.observe(other)["prompt"] == ""
        assert f"card: {hidden}" not in str(env.infos)
        env.step("check" if "check" in shown.rpartition("Legal moves")[2] else "fold")


def test_an_illegal_move_ends_the_game_for_all():
    env = aec_env(game="tic-tac-toe", episodes=2)
    env.reset(seed=0)
    env.step("5")
    env.step("5")
    assert env.rewards == {"player_0": 1.0, "player_1": -1.0}
    ended = {agent: info["final_info"] for agent, info in env.infos.items()}
    assert ended["player_1"]["note"] == ended["player_0"]["reason"] == "illegal: cell 5 is taken"
    assert ended["player_0"]["note"] == ""
    assert env.observe("player_0")["episode"].tolist() == [1]
    assert not any(env.terminations.values())


@pytest.mark.parametrize("game", GAMES)
def test_where_the_next_game_begins_infos_are_of_it(game):
    """What a player may do is in its info at every move; how the last game ended is told beside it, once."""
    agent, ended = make_agent("random-legal"), 0
    aec, cycles = aec_env(game=game, episodes=9), parallel_env(game=game, episodes=9)
    aec.reset(seed=4)
    observations, infos = cycles.reset(seed=4)
    while cycles.agents:
        mover, before = aec.agent_selection, aec.episode
        assert infos == aec.infos
        assert all((info["legal"] != ()) == (name == mover) for name, info in infos.items())
        assert all(info["reason"] == info["note"] == "" and info["rewards"] == {} for info in infos.values())
        (text,) = agent.act([observations[mover]["prompt"]], seed=ended)[0]
        aec.step(text)
        observations, rewards, _, _, infos = cycles.step({mover: text})
        final = {name: info["final_info"] for name, info in infos.items() if "final_info" in info}
        assert bool(final) == (before < aec.episode < 9)
        for name, info in final.items():
            ended += 1
            assert infos[name]["turn"] == 0
            assert info["reason"]
            assert info["reward_terms"] == {"result": rewards[name]}
    assert ended == 2 * 8
    assert all(info["reason"] and info["legal"] == () for info in infos.values())


@pytest.mark.parametrize("make", [aec_env, parallel_env])
@pytest.mark.parametrize("seed", [1.9, 1.0, "a", -1, True, float("nan"), [1]])
def test_a_seed_is_a_whole_number(make, seed):
    with pytest.raises(ConfigError, match="seed must be an integer >= 0"):
        make(game="kuhn").reset(seed=seed)


def test_seeds_of_numpy_are_seeds_and_nobody_observes_before_reset():
    env, again = aec_env(game="negotiation"), aec_env(game="negotiation")
    for look in (lambda: env.observe("player_0"), env.last):
        with pytest.raises(ResetNeeded, match="reset"):
            look()
    env.reset(seed=np.int64(3))
    again.reset(seed=3)
    assert env.observe("player_0") == again.observe("player_0")


def test_they_are_in_pettingzoos_registry():
    assert selfplay_gym.envs.register_pettingzoo()
    for identifier in ("SelfPlayTicTacToe-v0", "SelfPlayKuhn-v0", "SelfPlayNegotiation-v0"):
        assert pettingzoo.make("aec", identifier, episodes=2).possible_agents == ["player_0", "player_1"]
        assert pettingzoo.make("parallel", identifier).possible_agents == ["player_0", "player_1"]


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"game": "chess"}, "tic-tac-toe"),
        ({"game": "kuhn", "episodes": 0}, "episodes"),
        ({"game": "kuhn", "attempts": 3}, "attempts"),
        ({"game": "negotiation", "turns": 1}, "turns"),
        ({"game": "negotiation", "turns": "six"}, "turns"),
        ({"game": "kuhn", "render_mode": "rgb_array"}, "ansi"),
    ],
)
def test_wrong_arguments_say_what_is_right(kwargs, expected):
    with pytest.raises(ConfigError, match=expected):
        aec_env(**kwargs)


def test_an_action_must_be_text_and_there():
    env = aec_env(game="kuhn")
    with pytest.raises(ResetNeeded):
        env.step("bet")
    env.reset(seed=1)
    with pytest.raises(ConfigError, match="player_0"):
        env.step(3)
    cycles = parallel_env(game="kuhn")
    with pytest.raises(ResetNeeded):
        cycles.step({"player_0": "bet"})
    cycles.reset(seed=1)
    with pytest.raises(ConfigError, match="player_0"):
        cycles.step({"player_1": "bet"})


def test_rendering_shows_the_moves_and_the_end():
    env = aec_env(game="tic-tac-toe", render_mode="ansi")
    env.reset(seed=1)
    assert "Legal moves: 1, 2" in env.render()
    for move in ("1", "2", "4", "3", "7"):
        env.step(move)
    assert "X has three in a row" in env.render()
    assert "player_0 +1.00 player_1 -1.00" in env.render()
