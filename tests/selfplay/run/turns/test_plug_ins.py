"""Opponents and baselines of one's own: by name, by address, and what is said of those that are none."""

import pytest

from selfplay_gym.core.errors import ConfigError, PluginError, UnknownNameError
from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.run.turns.episodes import play_episodes
from selfplay_gym.selfplay.run.turns.opponents import NamedAgent, Oneself, opponents_of
from selfplay_gym.selfplay.settings.config import RunConfig

HERE = __name__


class Always:
    """The same agent in every episode."""

    def __init__(self, agent: str = "random-legal"):
        self.agent = make_agent(agent)

    def draw(self, run, step, episodes):
        return [self.agent] * episodes


class Neither:
    """Something else."""


@pytest.mark.parametrize(
    ("setting", "kind"), [("self", Oneself), ("random-legal", NamedAgent), (f"{HERE}:Always", Always)]
)
def test_names_and_addresses_lead_to_opponents(setting, kind):
    assert isinstance(opponents_of(setting), kind)


def test_options_stand_behind_an_address():
    found = opponents_of({"name": f"{HERE}:Always", "agent": "kuhn-equilibrium"})
    assert type(found.agent) is type(make_agent("kuhn-equilibrium"))
    assert type(opponents_of(f"{HERE}:Always(agent=kuhn-equilibrium)").agent) is type(found.agent)


def test_what_is_neither_is_told_both():
    with pytest.raises(PluginError, match=r"lacks: act.*lacks: draw"):
        opponents_of(f"{HERE}:Neither")
    with pytest.raises((ConfigError, UnknownNameError), match="random-lega"):
        opponents_of("random-lega")


@pytest.mark.parametrize(
    ("others", "said"),
    [(None, "got None"), ([], "got 0 for 2"), (["random-legal", None], "got 'random-legal'"), (iter([]), "iterator")],
)
def test_opponents_that_give_something_else_are_refused(others, said):
    with pytest.raises(PluginError, match="draw of opponents") as caught:
        play_episodes(None, [1, 2], None, others, 0)
    assert said in str(caught.value)


@pytest.mark.parametrize(("setting", "value"), [("openings", 3), ("baseline", "positions"), ("baseline", "none")])
def test_settings_of_turn_games_are_refused_elsewhere(setting, value):
    with pytest.raises(ConfigError, match=rf"roles\.solver\.{setting}={value!r} is for turn games"):
        RunConfig().replace({f"roles.solver.{setting}": value})
