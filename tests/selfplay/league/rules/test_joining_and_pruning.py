"""Which snapshots join, and which leave: the weaker of two that play alike, never the best."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.league.ratings.bradley_terry import Record
from selfplay_gym.selfplay.league.rules.joining import make_joining
from selfplay_gym.selfplay.league.rules.pruning import surplus
from selfplay_gym.selfplay.league.rules.setting import league_of


def no_duel(games):
    raise AssertionError("nobody is to play")


def test_every_so_many_rounds_one_joins():
    assert [n for n in range(1, 8) if make_joining("every(rounds=3)").joins(n, no_duel)] == [3, 6]
    assert all(make_joining("every").joins(n, no_duel) for n in range(1, 5))


@pytest.mark.parametrize(("points", "joins"), [((9.0, 7.5), True), ((7.5, 7.5), False), ((0.0, 1.0), False)])
def test_the_better_one_joins(points, joins):
    asked = []
    assert make_joining("better(games=12)").joins(4, lambda games: asked.append(games) or points) is joins
    assert asked == [12]


@pytest.mark.parametrize("rule", ["every(rounds=0)", "better(games=-1)", "evry", "better(matches=3)"])
def test_rules_that_cannot_be_meant_are_refused(rule):
    with pytest.raises(ConfigError):
        make_joining(rule)


def profile(*scores):
    return {f"opponent {i}": Record(won=score, lost=100 - score) for i, score in enumerate(scores)}


def test_of_two_that_play_alike_the_weaker_leaves():
    scores = {"specialist": profile(5, 95), "a": profile(60, 40), "b": profile(61, 42), "best": profile(90, 60)}
    strength = {"specialist": -50.0, "a": 0.0, "b": 10.0, "best": 200.0}
    assert surplus(list(scores), strength, scores, 3) == ["a"]
    assert surplus(list(scores), strength, scores, 1) == ["a", "b", "specialist"]


@given(
    st.dictionaries(st.text(max_size=3), st.tuples(st.floats(-500, 500), st.integers(0, 100)), min_size=1, max_size=7),
    st.integers(0, 8),
)
def test_the_best_never_leaves_and_as_many_stay_as_are_to(players, keep):
    strength = {name: value for name, (value, _) in players.items()}
    scores = {name: profile(score) for name, (_, score) in players.items()}
    left = surplus(list(players), strength, scores, keep)
    stay = set(players) - set(left)
    assert len(stay) == min(len(players), max(1, keep))
    assert len(left) == len(set(left))
    assert max(strength.values()) == max(strength[name] for name in stay)


@pytest.mark.parametrize(
    "setting",
    ["league(own=2)", "league(keep=0)", "league(memory_gb=0)", "league(pfspp)", "leage", "league(join=evry)", "latest"],
)
def test_opponents_that_cannot_be_meant_are_refused(setting):
    with pytest.raises(ConfigError):
        league_of(setting)


def test_a_league_is_written_like_any_plug_in():
    assert league_of("self") is None
    assert league_of("league(0.8*pfsp(var) + 0.2*latest, keep=3)").keep == 3
    assert league_of({"name": "league", "matchmaking": "pfsp(weighting=var)", "own": 0.25}).own == 0.25
