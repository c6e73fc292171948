"""Rewards of answers: terms count among right answers alone, and log-probabilities come from the samples."""

import itertools
import math
import random
from types import SimpleNamespace

import pytest
import torch

from selfplay_gym import Question, Verdict
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.records import Judgement
from selfplay_gym.selfplay.roles.answer_rewards import AnswerRewardFn, AnswerRule, challenger_reward, write_reward
from selfplay_gym.selfplay.roles.rewards import MonitoredReward


class Marked:
    """Right is what begins with +; the score of others may be given behind a ~."""

    def judge_many(self, questions, groups):
        return [Judgement.of([self._one(text) for text in group], label="1", label_source="vote") for group in groups]

    def _one(self, text):
        return Verdict.correct("1") if text.startswith("+") else Verdict.wrong("2", score=0.9 * text.startswith("~"))


def rewarded(reward, *groups):
    reward_fn = AnswerRewardFn([Question("?")] * len(groups), Marked(), AnswerRule.of(reward))
    return reward_fn(["?"] * len(groups), groups), reward_fn


def samples(lengths, logps):
    """Two groups of three."""
    padded = torch.zeros(6, 4)
    for row, values in enumerate(logps):
        padded[row, : len(values)] = torch.tensor(values)
    texts = [["+a", "+bb", "-c"], ["-d", "-e", "+f"]]
    mask = (torch.arange(4) < torch.tensor(lengths)[:, None]).float()
    return SimpleNamespace(texts=texts, mask=mask, logps=padded)


def test_efficiency_follows_its_formula_among_right_answers():
    (row,), reward_fn = rewarded("label + 0.2*efficiency", ["+" * 4, "+" * 8, "-", "+" * 6])
    deviation = math.sqrt(8 / 3)
    expected = [1 + 0.2 / (1 + math.exp((length - 6) / deviation)) for length in (4, 8, 6)]
    assert row == pytest.approx([expected[0], expected[1], 0.0, expected[2]])
    assert reward_fn.means == {"label": pytest.approx(0.75), "efficiency": pytest.approx(sum(expected) / 4 - 0.75)}
    assert rewarded("label + efficiency", ["+a", "-"], ["-", "-"], ["+a", "+b"])[0] == [
        [1.5, 0.0],
        [0.0, 0.0],
        [1.5, 1.5],
    ]


def test_consistency_counts_the_steps_of_other_right_answers():
    (row,), _ = rewarded("2*label + 0.5*consistency", ["+ 1+2=3", "+ 1+2=3, 3+4=7", "1+2=3", "+"])
    assert row == pytest.approx([2 + 0.5 / 2, 2 + 0.5 / 4, 0.0, 2.0])


def test_a_wrong_answer_never_earns_more_by_being_short():
    rng = random.Random(0)
    for _ in range(200):
        group = [
            rng.choice("+-~") + rng.choice(["", "x", "1+1=2 " * rng.randint(1, 9), "é" * 10 ** rng.randint(0, 5)])
            for _ in range(6)
        ]
        weights = rng.uniform(0.01, 5), rng.uniform(0, 9) + 0.01, rng.uniform(0, 9) + 0.01
        (row,), _ = rewarded("{}*label + {}*efficiency + {}*consistency".format(*weights), group)
        pairs = list(zip(group, row, strict=True))
        assert all(right > wrong for (a, right), (b, wrong) in itertools.product(pairs, pairs) if a[0] == "+" != b[0])
        assert all(value == weights[0] * 0.9 * (text[0] == "~") for text, value in pairs if text[0] != "+")


def test_lengths_are_tokens_where_a_sampler_counts_them():
    reward_fn = AnswerRewardFn([Question("?")] * 2, Marked(), AnswerRule.of("label + efficiency"))
    first, second = reward_fn.of_samples(["?", "?"], samples([4, 2, 1, 1, 1, 1], [[]] * 6))
    assert first == pytest.approx([1 + 1 / (1 + math.e), 1 + 1 / (1 + 1 / math.e), 0.0])
    assert second == [0.0, 0.0, 1.5]


def test_confidence_and_negative_entropy_are_means_and_sums_of_log_probabilities():
    drawn = samples([2, 1, 0, 4, 1, 2], [[-1.0, -2.0], [-0.5], [], [-0.25] * 4, [-3.0], [-1.0, 0.0]])
    sums = [[-3.0, -0.5, 0.0], [-1.0, -3.0, -1.0]]
    means = [[-1.5, -0.5, 0.0], [-0.25, -3.0, -0.5]]
    for reward, expected in (
        ("neg-entropy", sums),
        ("confidence", means),
        ("2*confidence", [[2 * x for x in r] for r in means]),
    ):
        reward_fn = AnswerRewardFn([Question("?")] * 2, None, AnswerRule.of(reward))
        assert reward_fn.of_samples(["?", "?"], drawn) == expected
        assert reward_fn.means[reward.removeprefix("2*")] == pytest.approx(sum(map(sum, expected)) / 6)
        with pytest.raises(ConfigError, match="log-probabilities"):
            reward_fn(["?", "?"], drawn.texts)


def test_a_monitor_shows_samples_to_whoever_wants_to_see_them():
    drawn = samples([1] * 6, [[-1.0]] * 6)
    looks = MonitoredReward(AnswerRewardFn([Question("?")] * 2, None, AnswerRule.of("confidence")), silences=True)
    assert looks.of_samples(["?", "?"], drawn) == [[-1.0] * 3] * 2
    plain = MonitoredReward(lambda prompts, groups: [[float(len(text)) for text in g] for g in groups], silences=True)
    assert plain.of_samples(["?", "?"], drawn) == plain(["?", "?"], drawn.texts) == [[2.0, 3.0, 2.0], [2.0, 2.0, 2.0]]


@pytest.mark.parametrize(
    "name", ["label", "random", "sympy(timeout_s=2)", {"name": "label"}, "my.module:Verifier", Marked()]
)
def test_a_single_name_is_a_verdict_and_nothing_else(name):
    rule = AnswerRule.of(name)
    assert rule.only_verdicts
    assert rule.base == name


def test_a_sum_may_be_a_list():
    listed = {"name": "sum", "terms": ["random(share=0.3)", {"term": "efficiency", "weight": 0.2}, "0.1*efficiency"]}
    rule = AnswerRule.of(listed)
    assert (rule.base, rule.weight) == ("random(share=0.3)", 1.0)
    assert rule.terms == {"efficiency": pytest.approx(0.3)}


@pytest.mark.parametrize(
    ("reward", "says"),
    [
        ("efficiency", "one base"),
        ("label + random", "weighted"),
        ("label - 0.1*efficiency", "weights are above 0"),
        ("-1*label", "weights are above 0"),
        ("confidence + efficiency", "knows none"),
        ("label + 0.1*", "expected a term"),
        ({"name": "sum", "terms": []}, "list of its terms"),
    ],
)
def test_sums_that_cannot_be_are_refused(reward, says):
    with pytest.raises(ConfigError, match=says):
        AnswerRule.of(reward)


def test_an_unknown_term_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'efficiency'"):
        AnswerRule.of("label + 0.1*efficency")


def test_a_reward_of_the_other_role_is_told_where_it_belongs():
    with pytest.raises(UnknownNameError, match=r"novelty is for who writes questions: roles\.challenger\.reward"):
        AnswerRule.of("label + 0.2*novelty")
    for name in ("label", "efficiency", "confidence"):
        with pytest.raises(UnknownNameError, match=rf"{name} is for who answers: roles\.solver\.reward"):
            challenger_reward(name)
    with pytest.raises(UnknownNameError, match="unknown reward 'nope'"):
        challenger_reward("nope")


@pytest.mark.parametrize(
    ("reward", "written"),
    [
        ("label", "label"),
        ("uncertainty + 0.2*novelty", "uncertainty + 0.2*novelty"),
        ({"name": "r-zero", "repetition": 0}, "r-zero(repetition=0)"),
        ({"name": "sum", "terms": ["uncertainty", {"term": "novelty", "weight": -2}]}, "uncertainty - 2.0*novelty"),
        (
            {"name": "sum", "terms": [{"term": {"name": "length", "most": 9}, "weight": 0.5}, "4p(1-p) - novelty"]},
            "0.5*length(most=9) + 4p(1-p) - novelty",
        ),
        ({"name": "sum", "terms": ["label", "0.2*efficiency"]}, "label + 0.2*efficiency"),
        ({"name": "sum", "terms": ["of-a-plug-in"]}, 'sum(terms=["of-a-plug-in"])'),
        ({"name": "sum"}, "sum"),
    ],
)
def test_a_reward_is_written_as_the_sum_that_it_is(reward, written):
    assert write_reward(reward) == written
