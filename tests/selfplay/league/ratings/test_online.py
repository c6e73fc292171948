"""Ratings that follow games: they go on where they stopped, and say who is likely to win."""

import json
import sys

import pytest

from selfplay_gym.core.errors import MissingExtraError, RunError
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.league.ratings.online import OnlineRatings


def test_the_stronger_one_is_likely_to_win_and_strangers_are_equal():
    rated = OnlineRatings()
    assert rated.chance("a", "b") == pytest.approx(0.5)
    rng = python_stream(0, "games")
    rated.play("a", "b", ["w" if rng.random() < 0.8 else "l" for _ in range(200)])
    assert rated.chance("a", "b") == pytest.approx(0.8, abs=0.15)
    assert rated.chance("b", "a") == pytest.approx(1 - rated.chance("a", "b"))


def test_draws_bring_players_together():
    rated = OnlineRatings()
    rated.play("a", "b", "w" * 20)
    before = rated.chance("a", "b")
    rated.play("a", "b", "d" * 50)
    assert rated.chance("a", "b") < before


@pytest.mark.parametrize("stop", [0, 7, 39])
def test_stopped_anywhere_and_read_from_json_it_goes_on_to_the_same_numbers(stop):
    games = [("abcd"[i % 3], "abcd"[i % 3 + 1], "wdl"[i % 7 % 3]) for i in range(40)]
    whole, first = OnlineRatings(), OnlineRatings()
    for one, other, letter in games:
        whole.play(one, other, letter)
    for one, other, letter in games[:stop]:
        first.play(one, other, letter)
    second = OnlineRatings(json.loads(json.dumps(first.state_dict())))
    for one, other, letter in games[stop:]:
        second.play(one, other, letter)
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize("pair", [[1.0], [1.0, 0.0], [1.0, -2.0]])
def test_a_state_that_is_none_is_refused(pair):
    with pytest.raises(RunError, match="mean and a deviation"):
        OnlineRatings({"a": pair})


def test_without_openskill_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "openskill.models", None)
    with pytest.raises(MissingExtraError, match=r"selfplay-gym\[league\]"):
        OnlineRatings()
