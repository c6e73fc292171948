"""Every built-in condition conforms, and every way to break one is named."""

import random

import pytest

from selfplay_gym import make_condition, make_curriculum, make_reward
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.records import Request
from selfplay_gym.testing import check_condition

RULE = make_reward("r-zero")


@pytest.mark.parametrize("name", ["none", "level", "level(curriculum=true)", "unsolved"])
def test_every_built_in_condition_conforms(name):
    passed = check_condition(make_condition(name), RULE, curriculum=make_curriculum("bandit"))
    assert passed == ["requests", "requests with unsolved questions", "randomness", "reward"]


class Sound:
    def requests(self, n, draw, rng):
        return [Request(near=draw.unsolved[0].text) if draw.unsolved else None for _ in range(n)]

    def rewarded(self, rule):
        return rule


class TooFew(Sound):
    def requests(self, n, draw, rng):
        return [None] * min(n, 3)


class Texts(Sound):
    def requests(self, n, draw, rng):
        return ["level 3"] * n


class Forgetful(Sound):
    def requests(self, n, draw, rng):
        return [Request(near=str(random.Random().random())) for _ in range(n)]


class Global(Sound):
    def requests(self, n, draw, rng):
        return [Request(near=str(random.random() < 2)) for _ in range(n)]


class Unpaid(Sound):
    def rewarded(self, rule):
        return lambda questions, judgements, attempts: []


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (TooFew, "expected a list of 16"),
        (Texts, "expected requests or None"),
        (Forgetful, "equal streams give different requests"),
        (Global, "the global state of `random` was changed"),
        (Unpaid, "expected a list of 9 rewards"),
        (object, "is not a condition"),
    ],
)
def test_what_is_broken_is_named(broken, message):
    check_condition(Sound(), RULE)
    with pytest.raises(PluginError, match=message):
        check_condition(broken(), RULE)
