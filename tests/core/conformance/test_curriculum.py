"""Every built-in curriculum conforms, and every way to break a curriculum is named."""

import random

import pytest

from selfplay_gym import TaskSpec, make_curriculum
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.registries import curricula
from selfplay_gym.testing import check_curriculum


@pytest.mark.parametrize("name", curricula.names())
def test_every_built_in_curriculum_conforms(name):
    assert {"samples", "state", "randomness"} <= set(check_curriculum(make_curriculum(name)))


class Even:
    """Conforms; the base of all that is broken below."""

    def __init__(self):
        self.level = 0.0

    def sample(self, rng):
        return TaskSpec(min(1.0, self.level + 0.01 * rng.random()))

    def observe(self, spec, solve_rate):
        self.level = (self.level + 0.01) % 0.9

    def state_dict(self):
        return {"level": self.level}

    def load_state_dict(self, state):
        self.level = state["level"]


class ForgetsState(Even):
    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class ForgetsOnItsWayUp(ForgetsState):
    def observe(self, spec, solve_rate):
        self.level = min(1.0, self.level + 0.01)


class Numbers(Even):
    def sample(self, rng):
        return 0.5


class GlobalDice(Even):
    def sample(self, rng):
        return TaskSpec(random.random())


class SeedsOnly(Even):
    def sample(self, rng):
        return TaskSpec(rng.betavariate(2, 2))


def test_what_conforms_passes():
    check_curriculum(Even())


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (ForgetsState, "state"),
        (ForgetsOnItsWayUp, "state"),
        (Numbers, "samples"),
        (GlobalDice, "randomness"),
        (SeedsOnly, "generators"),
    ],
)
def test_what_is_broken_is_named(broken, message):
    with pytest.raises(PluginError, match=f"{message}: "):
        check_curriculum(broken())


def test_what_is_not_a_curriculum_is_refused():
    with pytest.raises(PluginError, match="not a curriculum"):
        check_curriculum(object())
