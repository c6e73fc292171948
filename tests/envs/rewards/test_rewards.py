"""Rewards: BLEU equals sacrebleu, clusters see repetition, presets are their formulas."""

import itertools
import json
import time
from fractions import Fraction

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym import Judgement, Question, Verdict, make_reward
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.rewards import (
    bleu_matrix,
    distinct_clusters,
    in_band,
    in_interval,
    repetition_penalty,
)
from selfplay_gym.envs.rewards.bleu import nltk_matrix

ODD = ["", "  ", "\n", "a", "a b", "a b c", "a b c", "a a a a a", "What is 2+2?", "What is 2+2?", "1-\n2"]
ODD += ["x\u3000y", "&quot;x&amp;<skipped>", "<skipped>", "1,000.5 - 2.", "Σ été 三角形 x^2 😀", "What is 2+2? Why?"]
QUESTIONS = [f"What is {a}+{b}*{a}?" for a, b in itertools.product(range(2, 12), range(3, 9))]


def judgement(correct, attempts, valid=None):
    verdicts = [Verdict.correct("1")] * correct + [Verdict.wrong("2")] * (attempts - correct)
    return Judgement.of(verdicts, label="1", label_source="reference", valid=valid)


def by_sacrebleu(texts):
    return np.array([[sacrebleu.sentence_bleu(one, [other]).score / 100 for other in texts] for one in texts])


def test_bleu_equals_sacrebleu_on_odd_and_ordinary_texts():
    texts = ODD + QUESTIONS[:20] + ["A train leaves at 9. How far is it, by noon, at 60 km/h?"] * 2
    ours = bleu_matrix(texts)
    assert np.abs(ours - by_sacrebleu(texts)).max() < 1e-9
    assert ours.min() >= 0.0
    assert ours.max() <= 1.0


@given(st.lists(st.text(alphabet="ab1.,-? \n&é\u2028", max_size=12), min_size=0, max_size=6))
@settings(deadline=None, max_examples=150)
def test_bleu_equals_sacrebleu_on_any_text(texts):
    ours = bleu_matrix(texts)
    assert ours.shape == (len(texts), len(texts))
    if texts:
        assert np.abs(ours - by_sacrebleu(texts)).max() < 1e-9


def test_bleu_is_at_least_50_times_faster_than_pair_by_pair():
    texts = [f"{q} Then add {i} and say why." for i, q in enumerate(QUESTIONS * 9)][:512]
    bleu_matrix(texts[:2])
    start = time.process_time()
    bleu_matrix(texts)
    ours = time.process_time() - start
    start = time.process_time()
    for one, other in itertools.product(texts[:32], texts[:32]):
        sacrebleu.sentence_bleu(one, [other])
    pairwise = (time.process_time() - start) * (512 / 32) ** 2
    assert pairwise > 50 * ours


def test_nltk_conventions_equal_nltk():
    bleu_score = pytest.importorskip("nltk.translate.bleu_score")
    smooth = bleu_score.SmoothingFunction().method1
    texts = [t for t in ODD if t.strip()] + QUESTIONS[:10]
    theirs = [
        [bleu_score.sentence_bleu([y.split()], x.split(), smoothing_function=smooth) for y in texts] for x in texts
    ]
    assert np.abs(nltk_matrix(texts) - np.array(theirs)).max() < 1e-12


def test_nltk_conventions_by_hand():
    # hypothesis "a b", reference "a c": 1/2 unigrams, (0 + .1)/1 for each higher order
    assert nltk_matrix(["a b", "a c"])[0, 1] == pytest.approx((0.5 * 0.1**3) ** 0.25)
    assert nltk_matrix(["a b", "c d"])[0, 1] == 0.0


def test_repetition_is_the_cluster_share():
    texts = ["What is 12+7*3?"] * 3 + ["A farmer sells forty cows and buys nine horses, how many animals now?"]
    assert repetition_penalty(texts).tolist() == [0.75, 0.75, 0.75, 0.25]
    assert repetition_penalty(texts, scale=2.0).tolist() == [1.5, 1.5, 1.5, 0.5]
    assert distinct_clusters(texts) == 2


def test_repetition_of_degenerate_batches():
    assert repetition_penalty([]).shape == (0,)
    assert repetition_penalty(["anything"]).tolist() == [1.0]
    assert repetition_penalty(["", "", ""]).tolist() == [1 / 3] * 3  # nothing shared, as BLEU has it
    assert distinct_clusters([]) == 0


@given(st.permutations(list(range(12))))
@settings(deadline=None, max_examples=30)
def test_order_of_the_batch_does_not_matter(order):
    texts = [*QUESTIONS[:5], *QUESTIONS[30:33], "What is 2+2?", "What is 2+2?", "Name a prime above 100.", ""]
    straight = repetition_penalty(texts)
    assert repetition_penalty([texts[i] for i in order]).tolist() == straight[list(order)].tolist()


def test_repetition_follows_the_formula_with_scipy_alone():
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    texts = QUESTIONS[::3] + ODD
    one_way = by_sacrebleu(texts)
    distance = np.maximum(1 - (one_way + one_way.T) / 2, 0)  # sacrebleu says 100.00000000000004 of equals
    np.fill_diagonal(distance, 0)
    numbers = fcluster(linkage(squareform(distance, checks=False), "average"), 0.5, "distance")
    expected = [np.sum(numbers == n) / len(texts) for n in numbers]
    assert repetition_penalty(texts) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "worths"),  # at p = 0, 1/4, 1/2, 1
    [
        ("r-zero", [0.0, 0.5, 1.0, 0.0]),
        ("r-zero-code", [0.0, 0.25, 0.5, 0.0]),
        ("azr", [0.0, 0.75, 0.5, 0.0]),
        ("sqlm", [0.0, 1.0, 1.0, 0.0]),
        ("spice", [np.exp(-3.125), np.exp(-(0.0625**2) / 0.02), 1.0, np.exp(-3.125)]),
        ("4p(1-p)", [0.0, 0.75, 1.0, 0.0]),
        ("peak", [0.0, 0.0, 1 / 3, 0.0]),
        ("unsolved", [1.0, 0.75, 0.5, 0.0]),
        ("peak(peak=0.5)", [0.0, 0.5, 1.0, 0.0]),  # R-Zero's
    ],
)
def test_presets_are_their_formulas(name, worths):
    reward = make_reward(name)
    question = [Question("What is 1+2?", "3")]
    assert [reward(question, [judgement(c, 4)])[0].value for c in (0, 1, 2, 4)] == pytest.approx(worths)


def test_r_zero_subtracts_repetition_and_never_goes_below_zero():
    questions = [Question("What is 12+7*3?")] * 3 + [Question("Name every prime number that lies between 3 and 40.")]
    rewards = make_reward("r-zero")(questions, [judgement(2, 4)] * 3 + [judgement(4, 4)])
    assert [r.value for r in rewards] == pytest.approx([0.25, 0.25, 0.25, 0.0])
    assert rewards[0].terms == {"format": 1.0, "uncertainty": 1.0, "repetition": -0.75}


def test_malformed_proposals_get_nothing_and_nothing_is_computed():
    batch = [None, Question("What is 12+7*3?"), None, Question("Name every prime between 3 and 40.")]
    judged = [None, judgement(2, 4), None, judgement(2, 4)]
    values = make_reward("r-zero")(batch, judged)
    assert [r.value for r in values] == [0.0, 0.75, 0.0, 0.75]  # B is the whole batch
    assert values[0].terms == {"format": 0.0}
    assert [r.value for r in make_reward("r-zero-code")(batch, judged)] == [-1.25, 0.25, -1.25, 0.25]


def test_a_batch_of_one_has_no_repetition_term():
    assert make_reward("r-zero")([Question("What is 1+2?")], [judgement(1, 2)])[0] == (
        1.0,
        {"format": 1.0, "uncertainty": 1.0},
    )


@pytest.mark.parametrize("name", ["r-zero", "azr", "sqlm", "spice", "4p(1-p)", "peak", "unsolved"])
def test_invalid_questions_are_worth_nothing(name):
    assert make_reward(name)([Question("?")], [judgement(2, 4, valid=False)])[0].value == 0.0


def test_rewards_are_plain_json():
    reward = make_reward("r-zero")([Question(q) for q in QUESTIONS[:4]], [judgement(1, 3)] * 4)[0]
    assert json.loads(json.dumps(reward)) == [reward.value, reward.terms]


def test_options_are_checked():
    assert make_reward({"name": "r-zero", "repetition": 0.0}).repetition == 0.0
    with pytest.raises(ConfigError, match="threshold"):
        make_reward("r-zero", threshold=2.0)
    with pytest.raises(ConfigError, match="repetition"):
        make_reward("r-zero", repetition=-1.0)
    with pytest.raises(ConfigError, match="r-zero"):
        make_reward("r-zer")


@given(st.integers(0, 64), st.integers(1, 64))
def test_band_is_exact_on_counts(correct, attempts):
    correct = min(correct, attempts)
    share = Fraction(correct, attempts)
    assert in_band(correct, attempts) == (Fraction(1, 4) <= share <= Fraction(3, 4))
    assert in_interval(correct, attempts) == (Fraction(3, 10) <= share <= Fraction(8, 10))


def test_band_edges():
    assert in_interval(3, 10)
    assert in_interval(8, 10)
    assert in_band(3, 10, delta=0.2)
    assert not in_band(0, 0)
    assert not in_interval(0, 0)
