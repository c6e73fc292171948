"""Each term of a reward by its formula, in its range, and silent where it says nothing."""

import json
import random
from collections import Counter

import pytest

from selfplay_gym import Judgement, Question, Verdict, make_reward
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.rewards import repetition_penalty
from selfplay_gym.envs.rewards.nearest import NearestTexts
from selfplay_gym.envs.rewards.past import Remembering, knowing
from selfplay_gym.testing import check_reward

TERMS = ("uncertainty", "repetition", "novelty", "topics", "consistency", "methods", "belief", "length")
SUM, NEAR, TALE = "What is 12+7*3?", "What is 12+7*4?", "A train leaves at nine. How far has it gone by noon?"
UP, DOWN, DIRECT = r"1+2=3, 3+3=6. \boxed{6}", r"8-1=7, 7-1=6. \boxed{6}", r"\boxed{6}"


class FakePast:
    """Earlier rounds as a run would have them."""

    round = 3

    def __init__(self, texts=(), structures=None):
        self.texts, self.counts = list(texts), Counter(structures or {})

    def sample(self):
        return self.texts

    def questions(self):
        return NearestTexts(self.texts)

    def structures(self):
        return self.counts


def judged(right, wrong=0, valid=True, check=None):
    verdicts = [Verdict.correct("6")] * right + [Verdict.wrong("5")] * wrong
    evidence = {} if check is None else {"check": check}
    return Judgement.of(verdicts, label="6", label_source="vote", valid=valid, evidence=evidence)


def values(rule, batch):
    """The term of each question (text, right attempts, wrong attempts), `None` where it says nothing."""
    questions = [Question(text) for text, _, _ in batch]
    judgements = [judged(len(right), len(wrong)) for _, right, wrong in batch]
    rewards = rule(questions, judgements, [[*right, *wrong] for _, right, wrong in batch])
    return [reward.terms.get(rule.name) for reward in rewards]


def asked(*texts):
    return [(text, [UP], [DIRECT]) for text in texts]


def test_novelty_is_one_less_the_similarity_to_the_nearest_of_all_earlier_ones():
    rule = make_reward("novelty")
    assert values(rule, asked(SUM)) == [None]
    assert values(rule.knowing(FakePast()), asked(SUM)) == [None]
    known = rule.knowing(FakePast([TALE, SUM]))
    assert values(known, asked(SUM, NEAR, "Ω", TALE)) == [0.0, pytest.approx(4 / 18), 1.0, 0.0]
    assert values(rule, asked(SUM)) == [None]  # the rule itself learnt nothing


def test_repetition_is_the_share_of_the_batch_with_malformed_proposals_in_it():
    rule = make_reward("repetition")
    texts = [SUM, SUM, TALE]
    assert values(rule, asked(*texts)) == pytest.approx(list(repetition_penalty(texts)))
    rewards = rule([Question(SUM), None], [judged(1), None], [[UP], ()])
    assert [reward.terms.get("repetition") for reward in rewards] == [0.5, None]
    assert values(rule, asked(SUM)) == [None]


def test_topics_are_kinds_of_questions_whatever_their_numbers_with_those_of_earlier_rounds():
    rule = make_reward("topics")
    other = "What is 99+1*888?"
    assert values(rule, asked(SUM, other, TALE)) == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    known = rule.knowing(FakePast([TALE, "How old is Ann?"]))
    assert values(known, asked(SUM, other, TALE)) == pytest.approx([2 / 5, 2 / 5, 2 / 5])
    assert values(rule, asked(SUM)) == [None]
    assert values(known, asked(TALE)) == pytest.approx([2 / 3])


def test_consistency_is_the_agreement_of_the_right_attempts_alone():
    rule = make_reward("consistency")
    batch = [
        ("a", [UP, UP], [DOWN]),
        ("b", [UP, DOWN], [UP, UP]),
        ("c", [UP], [UP]),
        ("d", [DIRECT] * 3, [UP]),
        ("e", [], [UP]),
    ]
    assert values(rule, batch) == [1.0, 0.0, None, None, None]
    assert values(rule, [("f", [UP, UP, DIRECT], [])]) == [0.5]


def test_methods_are_worth_the_more_the_rarer_they_are_in_batch_and_earlier_rounds():
    rule = make_reward("methods")
    longer = r"1+1=2, 2+1=3, 3+3=6. \boxed{6}"
    batch = [("a", [UP, longer], []), ("b", [DOWN], []), ("c", [DIRECT], [UP]), ("d", [], [DOWN])]
    assert values(rule, batch) == pytest.approx([1 / 3, 2 / 3, None, None])
    known = rule.knowing(FakePast(structures={"n-n=n": 7}))
    assert values(known, batch) == pytest.approx([8 / 10, 2 / 10, None, None])


def test_belief_is_the_score_of_whoever_confirmed_the_label():
    rule, question = make_reward("belief"), Question(SUM)
    checks = [{"score": 0.75, "agrees": True}, {"score": None, "agrees": None}, None, {"way": "backward"}]
    rewards = [rule([question], [judged(2, check=check)], [[UP, UP]])[0] for check in checks]
    assert [reward.terms.get("belief") for reward in rewards] == [0.75, None, None, None]


def test_length_counts_characters_up_to_most():
    assert values(make_reward("length(most=10)"), asked("12345", "é" * 40, "")) == [0.5, 1.0, 0.0]


@pytest.mark.parametrize(
    "wrong",
    ["length(most=0)", "length(most=1.5)", "length(most=true)", "topics(threshold=2)", "repetition(threshold=-1)"],
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError, match=r"most|threshold"):
        make_reward(wrong)


@pytest.mark.parametrize("name", TERMS)
def test_every_term_is_a_rule_with_and_without_earlier_rounds(name):
    rule = make_reward(name)
    check_reward(rule)
    check_reward(knowing(rule, FakePast([SUM, TALE, ""], {"n+n=n": 3})))
    assert isinstance(rule, Remembering) is (name in ("novelty", "topics", "methods", "uncertainty"))


@pytest.mark.parametrize("name", TERMS)
def test_every_term_is_in_its_range_for_any_text(name):
    rng = random.Random(name)
    odd = ["", "\x00", "\ud800", "七加八=15", "1=1=" * 5_000, "x" * 1_000_000, "3x=9 " * 99, "🧮", "=" * 999, UP, DOWN]
    rule = knowing(make_reward(name), FakePast(odd[:6], {"n=n": 2}))
    for _ in range(3):
        texts = [rng.choice(odd) for _ in range(6)]
        judgements = [judged(right := rng.randint(0, 3), 3 - right, rng.random() < 0.8) for _ in texts]
        rewards = rule([Question(text) for text in texts], judgements, [rng.choices(odd, k=3) for _ in texts])
        assert all(0.0 <= reward.terms.get(name, 0.0) <= 1.0 for reward in rewards)
        assert all(reward.value == 0.0 for reward, one in zip(rewards, judgements, strict=True) if not one.valid)
        json.dumps([reward.terms for reward in rewards])
