"""Whether a label is right is decided as its domain compares answers."""

from dataclasses import replace

import gymnasium as gym
import pytest

from selfplay_gym import Question, make_domain, register_domain
from selfplay_gym.core.registries import domains, env_id
from selfplay_gym.selfplay.run.labels import labels_right


@pytest.fixture
def literal():
    """A domain in which an answer is right to the letter."""
    register_domain("literal", replace(make_domain("math"), name="literal", matcher="exact", answer=None))
    yield "literal"
    domains.unregister("literal")
    gym.registry.pop(env_id("literal"))


def test_each_label_is_compared_by_the_matcher_of_its_domain(literal):
    half, nobody = Question("Half of 1?", "1/2", author="file"), Question("Who knows?", author="file")
    exactly = replace(half, domain=literal)
    questions = [half, exactly, exactly, nobody, half]
    assert labels_right(questions, ["0.5", "0.5", "1/2", "1", None]) == [True, False, True, None, False]
