"""`panel`: the variance between members, whatever each wavers by itself."""

import random

import pytest

from selfplay_gym import Judgement, Question, make_reward, make_verifier
from selfplay_gym.envs.rewards.terms.panel import split


def test_half_of_the_panel_on_either_side_is_worth_most_and_equal_members_nothing():
    assert split([(1.0, 4), (0.0, 4)]) == split([(1.0, 1)] * 3 + [(0.0, 1)] * 3) == 1.0
    assert split([(1.0, 4)] * 4) == split([(0.0, 4)] * 4) == split([(0.5, 4)] * 4) == 0.0
    assert split([(1.0, 4), (0.0, 4), (0.0, 4), (0.0, 4)]) == pytest.approx(0.75)


def test_fewer_than_two_members_say_nothing():
    assert split([]) is split([(1.0, 4)]) is None


@pytest.mark.parametrize("rates", [(0.5, 0.5, 0.5), (0.9, 0.1), (1.0, 0.5, 0.0), (0.7, 0.6, 0.2, 0.9)])
def test_few_attempts_give_the_variance_of_the_members_on_average(rates):
    rng, mean = random.Random(3), sum(rates) / len(rates)
    true = 4 * sum((rate - mean) ** 2 for rate in rates) / len(rates)

    def drawn(attempts):
        return [(sum(rng.random() < rate for _ in range(attempts)) / attempts, attempts) for rate in rates]

    few, many = (sum(split(drawn(n)) for _ in range(2000)) / 2000 for n in (4, 64))
    assert many == pytest.approx(true, abs=0.03)
    assert true - 0.02 <= few <= true + 0.15  # what is below 0 counts as 0
    uncorrected = sum(4 * variance([share for share, _ in drawn(4)]) for _ in range(2000)) / 2000
    assert abs(few - true) < abs(uncorrected - true)


def variance(values):
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)


def test_a_question_that_splits_a_coalition_earns_and_one_that_does_not_earns_nothing():
    members = ["oracle", "oracle", "random(low=3, high=3)"]
    split_one = make_verifier("coalition", members=members).judge(Question("What is 3+4?"), ())
    easy = make_verifier("coalition", members=["oracle", "oracle"]).judge(Question("What is 3+4?"), ())
    questions, attempts = [Question("What is 3+4?"), Question("What is 4+3?"), None], [(), (), ()]
    rewards = make_reward("panel")(questions, [split_one, easy, None], attempts)
    assert [reward.value for reward in rewards] == [pytest.approx(8 / 9), 0.0, 0.0]
    assert rewards[0].terms["panel"] == rewards[0].value


def test_other_labels_say_nothing_of_a_panel():
    vote = Judgement.of([], label="7", label_source="vote")
    (reward,) = make_reward("panel")([Question("What is 3+4?")], [vote], [()])
    assert (reward.value, "panel" in reward.terms) == (0.0, False)
