"""Kuhn poker against a table of its own, and exact values against brute force."""

import itertools
import random
from collections import Counter
from fractions import Fraction

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.turns.kuhn import equilibrium, information_sets, read_hand
from selfplay_gym.envs.turns.exploitability import best_response, exploitability, value
from selfplay_gym.envs.turns.kuhn import Hand, KuhnPoker, knowledge, prompts

GAME = KuhnPoker()
ORDER = {"J": 0, "Q": 1, "K": 2}
STAKES = {
    ("check", "check"): "showdown 1",
    ("check", "bet", "fold"): -1,
    ("check", "bet", "call"): "showdown 2",
    ("bet", "fold"): 1,
    ("bet", "call"): "showdown 2",
}
"""What the first player wins at the end of every line of play."""
FIRST = {f"{card}{line}" for card in "JQK" for line in ("", " check bet")}
SECOND = {f"{card} {line}" for card in "JQK" for line in ("check", "bet")}


def lines(state):
    """Every way a hand can go on: the moves, and the state in the end."""
    if GAME.to_move(state) is None:
        yield state
        return
    for text in GAME.legal(state):
        yield from lines(GAME.move(state, text))


def uniform():
    return {name: dict.fromkeys(moves, 0.5) for name, moves in information_sets().items()}


def scattered(seed):
    """A strategy drawn at random, some moves never made."""
    rng = random.Random(seed)
    chances = {name: rng.choice((0.0, 1.0, rng.random())) for name in information_sets()}
    return {
        name: dict(zip(moves, (c := chances[name], 1 - c), strict=True)) for name, moves in information_sets().items()
    }


def test_every_deal_comes_equally_often():
    rng = random.Random(0)
    dealt = Counter(GAME.start(rng).cards for _ in range(6000))
    assert set(dealt) == set(itertools.permutations("JQK", 2))
    assert max(dealt.values()) - min(dealt.values()) < 200


def test_every_line_of_every_deal_pays_as_the_table_says():
    for cards in itertools.permutations("JQK", 2):
        ends = list(lines(Hand(cards)))
        assert {state.history for state in ends} == set(STAKES)
        for state in ends:
            stake = STAKES[state.history]
            if isinstance(stake, str):
                stake = int(stake[-1]) * (1 if ORDER[cards[0]] > ORDER[cards[1]] else -1)
            assert GAME.result(state)[0] == {"player_0": stake, "player_1": -stake}


def test_there_are_twelve_information_sets_and_each_is_two_hands():
    seen = {}
    for cards in itertools.permutations("JQK", 2):
        for history in ((), ("check",), ("bet",), ("check", "bet")):
            state = Hand(cards, history)
            seen.setdefault(knowledge(state), set()).add((GAME.to_move(state), GAME.prompt(state)))
    assert set(seen) == FIRST | SECOND == set(information_sets())
    for name, views in seen.items():
        ((player, prompt),) = views  # what the other holds changes nothing that is read
        assert player == ("player_0" if name in FIRST else "player_1")
        assert read_hand(prompt) == name
        assert prompts()[name] == prompt
    assert len(set(prompts().values())) == 12


@pytest.mark.parametrize(
    "text", ["raise", "call", "BÉT", "check bet", "", "bet.", r"\boxed{bet}\boxed{check}", "chec\u212a"]
)
def test_a_move_that_is_none_loses_two(text):
    for player, state in (("player_0", Hand(("J", "K"))), ("player_1", Hand(("J", "K"), ("check",)))):
        after = GAME.move(state, text)
        rewards, reason = GAME.result(after)
        assert GAME.to_move(after) is None
        assert rewards[player] == -2.0 == -max(rewards.values())
        assert reason.startswith("illegal: ")


def test_capitals_and_boxes_are_read():
    assert GAME.move(Hand(("J", "K")), r"My bluff: \boxed{Bet}").history == ("bet",)


# --- exact values ---


def pure_strategies(names):
    for moves in itertools.product(*(information_sets()[name] for name in sorted(names))):
        yield {name: {move: 1.0} for name, move in zip(sorted(names), moves, strict=True)}


def brute_force(strategy, player):
    """The best of all 64 pure answers."""
    names = FIRST if player == 0 else SECOND
    if player == 0:
        return max(value(pure, strategy) for pure in pure_strategies(names))
    return max(-value(strategy, pure) for pure in pure_strategies(names))


@pytest.mark.parametrize("strategy", [uniform(), *(scattered(seed) for seed in range(12))])
@pytest.mark.parametrize("player", [0, 1])
def test_a_best_response_is_the_best_of_all_pure_answers(strategy, player):
    worth, moves = best_response(strategy, player)
    assert worth == pytest.approx(brute_force(strategy, player), abs=1e-12)
    assert set(moves) == (FIRST if player == 0 else SECOND)
    pure = {name: {move: 1.0} for name, move in moves.items()}
    earned = value(pure, strategy) if player == 0 else -value(strategy, pure)
    assert earned == pytest.approx(worth, abs=1e-12)


@pytest.mark.parametrize("strategy", [uniform(), *(scattered(seed) for seed in range(12))])
def test_a_value_is_the_mean_over_deals_and_lines(strategy):
    """Counted anew with fractions, through the game's own states."""

    def expected(state):
        if GAME.to_move(state) is None:
            return Fraction(GAME.result(state)[0]["player_0"])
        chances = strategy[knowledge(state)]
        return sum(Fraction(chances[move]) * expected(GAME.move(state, move)) for move in GAME.legal(state))

    mean = sum(expected(Hand(cards)) for cards in itertools.permutations("JQK", 2)) / 6
    assert value(strategy, strategy) == pytest.approx(float(mean), abs=1e-12)


def test_uniform_play_loses_eleven_twelfths_to_both_best_responses():
    first, second = brute_force(uniform(), 0), brute_force(uniform(), 1)
    assert first + second == pytest.approx(11 / 12)
    assert (first, second) == pytest.approx((0.5, 5 / 12))
    assert exploitability(uniform()) == pytest.approx(11 / 24)


@pytest.mark.parametrize("bluff", [0.0, 0.05, 1 / 6, 0.29, 1 / 3])
def test_an_equilibrium_cannot_be_exploited_and_is_worth_a_eighteenth(bluff):
    strategy = equilibrium(bluff)
    assert exploitability(strategy) == pytest.approx(0.0, abs=1e-12)
    assert value(strategy, equilibrium(0.2)) == pytest.approx(-1 / 18)
    assert brute_force(strategy, 0) == pytest.approx(-1 / 18)
    assert brute_force(strategy, 1) == pytest.approx(1 / 18)


@pytest.mark.parametrize("name", sorted(information_sets()))
def test_a_step_away_from_an_equilibrium_can_be_exploited(name):
    """Inside the family every information set matters but those of a J or K that faces a bet, and K that may check."""
    strategy = equilibrium(0.2)
    first, second = information_sets()[name]
    share = strategy[name][first]
    moved = share + 0.3 if share < 0.5 else share - 0.3
    strategy[name] = {first: moved, second: 1 - moved}
    assert exploitability(strategy) > 0.001


@pytest.mark.parametrize("bluff", [-0.01, 0.34, float("nan")])
def test_there_is_no_equilibrium_elsewhere(bluff):
    with pytest.raises(ConfigError, match="1/3"):
        equilibrium(bluff)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"J": {"check": 0.5, "bet": 0.6}}, "sum 1"),
        ({"J": {"check": 1.5, "bet": -0.5}}, "sum 1"),
        ({"J": {"check": 0.5, "bet": 0.5, "raise": 0.0}}, "check, bet"),
        ({"J": {"check": float("nan"), "bet": 0.5}}, "sum 1"),
        ({"J": {}}, "sum 1"),
    ],
)
def test_what_is_no_strategy_is_refused(change, expected):
    with pytest.raises(ConfigError, match=expected):
        exploitability(uniform() | change)
    with pytest.raises(ConfigError, match="'Q bet'"):
        exploitability({name: moves for name, moves in uniform().items() if name != "Q bet"})
