"""Members have names of their own and streams of their own, and only answers vote."""

import pytest

from selfplay_gym import make_agent
from selfplay_gym.core.coalitions.members import ask_members, member_names, votes_of
from selfplay_gym.core.errors import ConfigError, PluginError


def test_members_of_one_name_are_numbered_and_options_are_part_of_it():
    oracle = make_agent("oracle")
    names = member_names(["tiny", {"name": "noisy", "accuracy": 0.5}, "tiny", oracle, "tiny"])
    assert names == ["tiny", "noisy(accuracy=0.5)", "tiny#2", "oracle", "tiny#3"]


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
