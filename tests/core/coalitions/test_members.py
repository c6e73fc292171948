"""Members have names of their own and streams of their own, and only answers vote."""

import random

import pytest

from selfplay_gym import make_agent
from selfplay_gym.core.coalitions.members import Votes, ask_members, equal_shares, member_names, votes_of
from selfplay_gym.core.errors import ConfigError, PluginError


def test_members_of_one_name_are_numbered_and_options_are_part_of_it():
    oracle = make_agent("oracle")
    names = member_names(["tiny", {"name": "noisy", "accuracy": 0.5}, "tiny", oracle, "tiny"])
    assert names == ["tiny", "noisy(accuracy=0.5)", "tiny#2", "oracle", "tiny#3"]


class Named:
    def __init__(self, name):
        self.name = name


def test_names_are_unique_whatever_members_are_called_and_unique_names_stay():
    rng = random.Random(5)
    for _ in range(300):
        given = [rng.choice(["x", "x#2", "x#3", "x#2#2", " x", "solver"]) for _ in range(rng.randint(1, 7))]
        names = member_names([name if rng.random() < 0.5 else Named(name) for name in given])
        assert len(set(names)) == len(given)
        assert {name.strip() for name in given if given.count(name) == 1 and name != " x"} <= {*names, "x"}
        assert member_names([Named(name) for name in names]) == names
    assert member_names([Named("x#2"), Named("x"), Named("x")]) == ["x#2", "x", "x#3"]


def test_who_is_named_by_text_keeps_the_name_before_a_live_agent():
    assert member_names([Named("solver"), "solver"]) == ["solver#2", "solver"]
    assert member_names([Named("solver"), {"name": " solver "}]) == ["solver#2", "solver"]


@pytest.mark.parametrize("members", [(), [], "tiny", {"name": "tiny"}, None, 3])
def test_what_is_no_list_of_members_is_refused(members):
    with pytest.raises(ConfigError, match="list of at least one agent"):
        member_names(members)


def test_the_order_of_members_changes_no_answer_and_equal_ones_answer_differently():
    agents = {name: make_agent("noisy", accuracy=0.5) for name in ("a", "b", "c")}
    prompts = ["What is 6*7?", "What is 3+4?"]
    found = ask_members(agents, prompts, n=8, seed=3)
    assert ask_members(dict(reversed(agents.items())), prompts, n=8, seed=3) == found
    assert found["a"] != found["b"] != found["c"]
    assert ask_members(agents, [], n=8, seed=3) == {"a": [], "b": [], "c": []}


def test_a_member_that_gives_something_else_is_named():
    class Broken:
        name = "broken"

        def act(self, prompts, *, n=1, seed=None):
            return [["one"]]

    with pytest.raises(PluginError, match="broken must give a list of 2 texts"):
        ask_members({"x": Broken()}, ["?"], n=2, seed=0)


def test_neither_non_answers_nor_strangers_vote():
    votes = votes_of([2, None, 0, 2, 1], [0, 1, 1, 1, None], 2)
    assert votes.classes == (0, 2)
    assert votes.counts == ((0, 1), (1, 1))
    assert votes_of([None, 1], [0, None], 1) == ((), ())


def test_equal_shares_are_rounded_once():
    for k in range(2, 8):
        for made in range(1, 9):
            for total in range(1, k * made + 1):
                row = tuple(min(made, max(0, total - made * place)) for place in range(k))
                assert equal_shares(Votes((0,), (row,)), [made] * k) == [total / (k * made)]
    assert equal_shares(Votes((0, 3), ((1, 0, 0), (2, 1, 0))), [4, 1, 0]) == [1 / 12, 1 / 2]
