"""The kit for updates passes what ships, and notices what would not repeat."""

import itertools

import pytest

import selfplay_gym.agents  # noqa: F401 - registers what ships
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.registries import make_update, updates
from selfplay_gym.testing import check_update


@pytest.mark.parametrize("name", updates.names())
def test_ours_pass(name):
    assert check_update(make_update(name)) == ["steps", "rate", "begin"]


class Sound:
    def steps(self, asked):
        return asked

    def rate(self, asked, step, steps):
        return asked

    def begin(self, trainer, batches):
        return lambda step: {}


def broken(**methods):
    return type("Broken", (Sound,), methods)()


COUNT = itertools.count(1)


@pytest.mark.parametrize(
    ("update", "says"),
    [
        (broken(steps=lambda self, asked: 1.5), "whole number"),
        (broken(steps=lambda self, asked: next(COUNT)), "changes"),
        (broken(rate=lambda self, asked, step, steps: asked * (step - 1)), "positive"),
        (broken(rate=lambda self, asked, step, steps: asked * next(COUNT)), "would not be the same"),
        (broken(begin=lambda self, trainer: None), "trainer and batches"),
        (object(), "not an update"),
    ],
)
def test_what_is_wrong_is_named(update, says):
    with pytest.raises(PluginError, match=says):
        check_update(update)


def test_a_sound_one_passes():
    assert check_update(Sound()) == ["steps", "rate", "begin"]
