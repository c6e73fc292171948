"""What an agent gives is a list of as many texts as were asked for, for each prompt; anything else names the agent."""

import pytest

from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.protocols.completions import completions_of
from selfplay_gym.core.records import Question
from selfplay_gym.selfplay.evaluation import run_exam


class Giving:
    """Gives the same whatever it is asked."""

    name = "giver"

    def __init__(self, given):
        self.given = given

    def act(self, prompts, *, n=1, seed=None):
        return self.given


@pytest.mark.parametrize("given", [[["a", "b"], ["c", "d"]], (("a", "b"), ("c", "d"))])
def test_lists_of_texts_are_taken(given):
    assert completions_of(Giving(given), ["p", "q"], n=2, seed=0) == [["a", "b"], ["c", "d"]]


@pytest.mark.parametrize(
    "given",
    [None, 5, "ab", [], ["ab", "cd"], [["a"], ["b"]], [["a", "b"]], [["a", "b"], ["c", 5]], [["a", "b", "c"]] * 2],
)
def test_anything_else_names_the_agent(given):
    with pytest.raises(PluginError, match="the agent giver must give a list of 2 texts for each of 2 prompts"):
        completions_of(Giving(given), ["p", "q"], n=2, seed=0)
    questions = [Question("p", reference="1"), Question("q", reference="2")]
    with pytest.raises(PluginError, match="the agent giver"):
        run_exam(Giving(given), questions, verifier="sympy", samples=2)
