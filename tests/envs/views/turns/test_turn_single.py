"""Turn games for Gymnasium: official checker for every id and player, seeding, foul play, and opponents that fail."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

import selfplay_gym  # noqa: F401 - registers the ids
from selfplay_gym import make_agent
from selfplay_gym.core.errors import ConfigError, PluginError
from selfplay_gym.envs.turns.kuhn import KuhnPoker

IDS = ["SelfPlayTicTacToe-v0", "SelfPlayKuhn-v0", "SelfPlayNegotiation-v0"]
PLAYERS = ["player_0", "player_1"]
BOXED = r"\boxed{{{}}}"
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


# --- opponents that fail ---


class Flaky:
    """Fails at the calls that it is told to, as a network does; else plays at random."""

    def __init__(self, *failing):
        self.calls, self.failing, self.plays = 0, failing, make_agent("random-legal")

    def act(self, prompts, *, n=1, seed=None):
        self.calls += 1
        if self.calls in self.failing:
            raise ConnectionError("no route to host")
        return self.plays.act(prompts, n=n, seed=seed)


@pytest.mark.parametrize("copies", [None, 3])
@pytest.mark.parametrize("identifier", IDS)
@pytest.mark.parametrize("role", PLAYERS)
@pytest.mark.parametrize("failing", [1, 2])
def test_nobody_plays_the_seat_of_an_opponent_that_raised(identifier, role, copies, failing):
    """In `reset` or in `step`, in the single view and in groups; the next `reset` goes on."""
    opponent, agent = Flaky(failing), make_agent("random-legal")
    given = {"role": role, "opponent": opponent, "render_mode": "ansi"}
    made = gym.make(identifier, **given) if copies is None else gym.make_vec(identifier, num_envs=copies, **given)
    env = made.unwrapped

    def act(prompts):
        read = [prompts] if copies is None else list(prompts)
        texts = [agent.act([prompt], seed=4)[0][0] if prompt else "" for prompt in read]
        return texts[0] if copies is None else texts

    def play_on():
        for _ in range(9):
            env.step(act(env.reset(seed=4)[0]))

    with pytest.raises(ConnectionError):
        play_on()
    assert opponent.calls == failing
    for _ in range(2):
        with pytest.raises(gym.error.ResetNeeded, match="cut off by an opponent that raised"):
            env.step("bet" if copies is None else ["bet"] * copies)
    assert opponent.calls == failing
    shown = str(env.render())
    assert "is to move" in shown
    assert not any(told in shown for told in ("Your card", "Legal moves", "Worth to you"))  # to the opponent
    prompts, info = env.reset()
    assert all(prompts)
    assert info["role"] == role if copies is None else set(info["role"]) == {role}
    env.step(act(prompts))


class Talker:
    """Says what nobody else is to read, and moves at random."""

    def __init__(self, words="SECRET"):
        self.words, self.plays = words, make_agent("random-legal")

    def act(self, prompts, *, n=1, seed=None):
        moves = [text for (text,) in self.plays.act(prompts, seed=seed)]
        return [[f"{self.words}. {text if '<' in text else BOXED.format(text)}"] * n for text in moves]


@pytest.mark.parametrize("mode", ["ansi", "html"])
@pytest.mark.parametrize("copies", [None, 1])
@pytest.mark.parametrize("identifier", IDS)
def test_a_player_is_shown_the_moves_of_others_without_their_words(identifier, copies, mode):
    """While a game runs: its end shows everything, and its own words a player always sees."""
    given = {"role": "player_1", "opponent": Talker(), "render_mode": mode}
    env = gym.make(identifier, **given) if copies is None else gym.make_vec(identifier, num_envs=copies, **given)
    env, ended = env.unwrapped, 0
    for game in range(6):
        prompt, _ = env.reset(seed=game)
        over = wrote = False
        while not over:
            shown = str(env.render())
            assert "SECRET" not in shown
            assert "(a move)" not in shown
            assert ("I go on" in shown) == wrote
            (text,) = Talker("I go on").act([prompt if copies is None else prompt[0]], seed=game)[0]
            prompt, _, over, _, _ = env.step(text if copies is None else [text])
            wrote = True
        ended += 1
        assert "SECRET" in str(env.render())
    assert ended == 6


class Sealed(KuhnPoker):
    """A game in which nobody reads what the other did."""

    def prompt(self, state):
        return "" if self.to_move(state) is None else f"Turn {len(state.history)}"


def test_a_move_that_no_prompt_tells_is_not_shown():
    env = gym.make("SelfPlayTurnGame-v0", game=Sealed(), role="player_1", opponent=Script("bet"), render_mode="ansi")
    env.reset(seed=0)
    assert "(a move)" in env.render()
    assert "bet" not in env.render()


class Script:
    """Gives the same, whatever it is asked."""

    def __init__(self, given):
        self.given = given

    def act(self, prompts, *, n=1, seed=None):
        return [[self.given]] if isinstance(self.given, str) else self.given[0]


@pytest.mark.parametrize("given", [[["a", "b"]], None, 5, [[None]], ["5"], [], [["bet"], ["bet"]], "bet"])
@pytest.mark.parametrize("vector", [False, True])
def test_an_opponent_that_breaks_its_contract_is_named(given, vector):
    make = gym.make_vec if vector else gym.make
    env = make("SelfPlayKuhn-v0", role="player_1", opponent=Script((given,)))
    with pytest.raises(PluginError, match="the agent Script must give a list of 1 texts for each of 1 prompts"):
        env.reset(seed=0)


def test_a_models_folder_is_an_opponent(tmp_path):
    make_agent("tiny").save_pretrained(tmp_path / "model")
    env = gym.make("SelfPlayKuhn-v0", role="player_0", opponent=str(tmp_path / "model"))
    env.reset(seed=0)
    _, reward, over, _, info = env.step("bet")
    assert over
    assert (reward, info["reason"][:8]) == (2.0, "illegal:")  # tiny has not learnt the game
