"""Every built-in reward conforms, and every way to break a reward rule is named."""

import math
import random

import pytest

from selfplay_gym import make_reward
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.records import Reward
from selfplay_gym.core.registries import rewards
from selfplay_gym.testing import check_reward


@pytest.mark.parametrize("name", rewards.names())
def test_every_built_in_reward_conforms(name):
    options = {"sum": {"terms": "uncertainty + 0.2*novelty - 0.1*length"}}
    passed = check_reward(make_reward(name, **options.get(name, {})))
    assert {"records", "empty batch", "batch of one", "malformed", "permutation"} <= set(passed)


def even(questions, judgements, attempts):
    """Conforms: the length of the longest attempt."""
    return [Reward(float(max(map(len, group), default=0)), {"length": 1.0}) for group in attempts]


def drops_one(questions, judgements, attempts):
    return even(questions, judgements, attempts)[1:]


def not_a_number(questions, judgements, attempts):
    return [Reward(math.nan, {}) for _ in questions]


def at_least_one(questions, judgements, attempts):
    return even(questions, judgements, attempts) or [Reward(0.0, {})]


def mean_of_others(questions, judgements, attempts):
    return [Reward(1 / (len(questions) - 1) if questions != [None] * 3 and questions else 0.0, {}) for _ in questions]


def reads_the_text(questions, judgements, attempts):
    if any(question is None for question in questions) and not any(questions):
        return [Reward(float(len(question.text)), {}) for question in questions]
    return even(questions, judgements, attempts)


class Counts:
    def __init__(self):
        self.count = 0

    def __call__(self, questions, judgements, attempts):
        self.count += 1
        return [Reward(float(self.count), {}) for _ in questions]


def sorts(questions, judgements, attempts):
    given = even(questions, judgements, attempts)
    questions.sort(key=lambda question: "" if question is None else question.text)
    return given


def first_wins(questions, judgements, attempts):
    return [Reward(float(i == 0), {}) for i, _ in enumerate(questions)]


def global_dice(questions, judgements, attempts):
    random.seed(1)
    return even(questions, judgements, attempts)


def test_what_conforms_passes():
    check_reward(even)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (drops_one, "records: "),
        (not_a_number, "records: .*finite"),
        (at_least_one, "empty batch: "),
        (mean_of_others, "batch of one: raised ZeroDivisionError"),
        (reads_the_text, "malformed: raised AttributeError"),
        (Counts(), "determinism: "),
        (sorts, "batch untouched: "),
        (first_wins, "permutation: "),
        (global_dice, "randomness: "),
    ],
)
def test_what_is_broken_is_named(broken, message):
    with pytest.raises(PluginError, match=message):
        check_reward(broken)


def test_what_is_not_a_reward_is_refused():
    with pytest.raises(PluginError, match="not a reward rule"):
        check_reward("r-zero")
