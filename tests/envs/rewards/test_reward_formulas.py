"""What each published reward is made of, term by term and setting by setting, and the edges of its options."""

import warnings
from dataclasses import asdict
from fractions import Fraction

import numpy as np
import pytest

from selfplay_gym import Judgement, Question, Verdict, make_reward
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.envs.rewards import (
    ChallengerReward,
    bleu_matrix,
    clusters,
    distinct_clusters,
    in_band,
    in_interval,
    repetition_penalty,
    uncertainty,
)
from selfplay_gym.envs.rewards.bleu import nltk_matrix

PLAIN = {"repetition": 0.0, "threshold": 0.5, "floor": 0.0, "malformed": 0.0, "gate": True}
PLAIN |= {"conventions": "sacrebleu", "penalise_malformed": False, "archive": None, "asked": False}
AUTHORS = {"repetition": 1.0, "threshold": 0.5, "floor": None, "malformed": -1.0, "gate": False}
AUTHORS |= {"conventions": "nltk", "penalise_malformed": True, "archive": None, "asked": False}

PRESETS = [
    ("r-zero", {"term": "uncertainty", **PLAIN, "repetition": 1.0}, 0.5),
    ("r-zero-code", {"term": "uncertainty", **AUTHORS}, 0.25),
    ("azr", {"term": "learnability", **PLAIN}, 0.75),
    ("sqlm", {"term": "neither_end", **PLAIN}, 1.0),
    ("spice", {"term": "variance", **PLAIN}, np.exp(-(0.0625**2) / 0.02)),
    ("4p(1-p)", {"term": "variance", **PLAIN}, 0.75),
    ("peak", {"term": "peak", **PLAIN, "repetition": 1.0}, 0.0),
    ("unsolved", {"term": "unsolved", **PLAIN, "repetition": 1.0}, 0.75),
]
SHORT, LONG = Question("What is 12+7*3?"), Question("Name every prime number that lies between 3 and 40.")


def judged(correct, attempts, valid=None):
    verdicts = [Verdict.correct("1")] * correct + [Verdict.wrong("2")] * (attempts - correct)
    return Judgement.of(verdicts, label="1", label_source="reference", valid=valid)


def settings_of(reward):
    return {name: value for name, value in asdict(reward).items() if name != "shape"}


@pytest.mark.parametrize(("name", "settings", "quarter"), PRESETS)
def test_a_preset_has_the_settings_of_its_source(name, settings, quarter):
    assert settings_of(make_reward(name)) == settings
    changed = make_reward(name, repetition=0.25, threshold=0.75)
    assert settings_of(changed) == {**settings, "repetition": 0.25, "threshold": 0.75}


@pytest.mark.parametrize(("name", "settings", "quarter"), PRESETS)
def test_a_single_question_earns_the_shape_under_the_name_of_its_term(name, settings, quarter):
    value, terms = make_reward(name)([SHORT], [judged(1, 4)])[0]
    assert value == pytest.approx(quarter)
    assert terms == {"format": 1.0, settings["term"]: pytest.approx(quarter)}


def test_the_defaults_of_a_reward_of_ones_own_are_those_of_r_zero():
    assert settings_of(ChallengerReward(uncertainty)) == settings_of(make_reward("r-zero"))


def test_a_question_that_was_not_read_is_malformed_whatever_was_judged():
    assert make_reward("r-zero")([None], [judged(1, 2)]) == [(0.0, {"format": 0.0})]


def test_batches_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        make_reward("r-zero")([SHORT, LONG], [judged(1, 2)])


def test_the_authors_code_lets_malformed_proposals_repeat_each_other():
    rewards = make_reward("r-zero-code")([None, SHORT, None, LONG], [None, judged(2, 4), None, judged(2, 4)])
    assert rewards[0] == (-1.25, {"format": 0.0, "repetition": -0.25})  # empty texts share nothing: one cluster each
    assert rewards[1] == (0.25, {"format": 1.0, "uncertainty": 0.5, "repetition": -0.25})


def test_malformed_proposals_cluster_as_empty_texts_do_which_share_nothing():
    reward = ChallengerReward(uncertainty, penalise_malformed=True)
    judgements = [None, None, judged(2, 4), judged(2, 4)]
    assert [r.value for r in reward([None, None, SHORT, LONG], judgements)] == [-0.25, -0.25, 0.75, 0.75]
    plain = ChallengerReward(uncertainty)
    assert [r.value for r in plain([None, None, SHORT, LONG], judgements)] == [0.0, 0.0, 0.75, 0.75]


def test_each_reward_clusters_by_its_own_bleu():
    texts = ["a b c d", "a b c d e f g h"]  # 0.632 apart as the authors' code has it, 0.643 as the mean of both ways
    batch = [Question(text) for text in texts], [judged(2, 4)] * 2
    assert [r.value for r in make_reward("r-zero-code", threshold=0.637)(*batch)] == [-0.5, -0.5]
    assert [r.value for r in make_reward("r-zero", threshold=0.637)(*batch)] == [0.5, 0.5]


def test_an_invalid_question_says_so_in_its_terms_and_the_authors_code_rewards_it():
    batch = [SHORT, LONG], [judged(2, 4, valid=False), judged(2, 4)]
    assert make_reward("r-zero")(*batch)[0] == (
        0.0,
        {"format": 1.0, "uncertainty": 1.0, "repetition": -0.5, "valid": 0.0},
    )
    assert make_reward("r-zero-code")(*batch)[0] == (0.0, {"format": 1.0, "uncertainty": 0.5, "repetition": -0.5})
    assert make_reward("r-zero-code", repetition=0.0)(*batch)[0].value == 0.5


def test_without_a_floor_repetition_may_cost_more_than_was_earned():
    batch = [SHORT, SHORT], [judged(0, 4), judged(4, 4)]
    assert [reward.value for reward in make_reward("r-zero")(*batch)] == [0.0, 0.0]
    assert [reward.value for reward in make_reward("r-zero-code")(*batch)] == [-1.0, -1.0]


def test_two_questions_are_a_batch_with_repetition():
    assert [reward.value for reward in make_reward("r-zero")([SHORT, SHORT], [judged(2, 4)] * 2)] == [0.0, 0.0]


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_the_edges_of_the_threshold_are_allowed(edge):
    assert make_reward("r-zero", threshold=edge).threshold == edge
    for beyond in (edge - 0.01, edge + 0.01):
        if not 0.0 <= beyond <= 1.0:
            with pytest.raises(ConfigError, match=rf"in \[0, 1\], got {beyond!r}"):
                make_reward("r-zero", threshold=beyond)


def test_a_negative_weight_of_repetition_is_named():
    with pytest.raises(ConfigError, match=r"at least 0, got -0\.1"):
        make_reward("r-zero", repetition=-0.1)


def test_the_threshold_is_the_greatest_distance_that_joins():
    texts = ["What is 12+7*3?", "What is 12+7*5?"]
    one_way = bleu_matrix(texts)
    apart = 1 - (one_way[0, 1] + one_way[1, 0]) / 2
    assert 0.1 < apart < 0.9
    assert clusters(texts, apart + 1e-9).tolist() == [1, 1]
    assert sorted(clusters(texts, apart - 1e-9).tolist()) == [1, 2]
    batch = [Question(text) for text in texts], [judged(2, 4)] * 2
    assert [r.value for r in make_reward("r-zero", threshold=apart + 1e-9)(*batch)] == [0.0, 0.0]
    assert [r.value for r in make_reward("r-zero", threshold=apart - 1e-9)(*batch)] == [0.5, 0.5]


def test_a_chain_of_neighbours_is_no_cluster():
    texts = ["a b c d e f", "c d e f g h i", "f g h i j k l m"]
    one_way = bleu_matrix(texts)
    apart = 1 - (one_way + one_way.T) / 2
    first, second, ends = apart[0, 1], apart[1, 2], apart[0, 2]
    assert first < second < ends
    average = (second + ends) / 2  # of the third text to the two that were joined
    assert clusters(texts, (second + average) / 2).tolist()[0] == clusters(texts, (second + average) / 2).tolist()[1]
    assert distinct_clusters(texts, (second + average) / 2) == 2
    assert distinct_clusters(texts, (average + ends) / 2) == 1
    assert distinct_clusters(texts, first - 1e-9) == 3


def test_clusters_are_whole_numbers_of_one_kind():
    for texts in ([], ["a"], ["a", "b"]):
        assert clusters(texts).dtype == np.int64
        assert repetition_penalty(texts).dtype == np.float64


def test_the_authors_bleu_looks_from_the_earlier_text_to_the_later():
    texts = ["a b c d", "a b c d e f g h"]
    one_way = nltk_matrix(texts)
    assert one_way[0, 1] != pytest.approx(one_way[1, 0])
    apart = 1 - one_way[0, 1]
    assert clusters(texts, apart + 1e-9, "nltk").tolist() == [1, 1]
    assert sorted(clusters(texts, apart - 1e-9, "nltk").tolist()) == [1, 2]


def test_clusters_are_cut_at_one_half_by_sacrebleus_bleu_unless_told_otherwise():
    far, near = ["a b c d", "a b c d e f g h"], ["a b c d e f g h", "a b c d e f g h i"]  # 0.643 and 0.12 apart
    assert sorted(clusters(far).tolist()) == [1, 2]
    assert clusters(near).tolist() == [1, 1]
    assert clusters(far, 0.637, "nltk").tolist() == [1, 1]
    assert sorted(clusters(far, 0.637).tolist()) == [1, 2]


@pytest.mark.parametrize("wrong", ["nlkt", "", None])
def test_unknown_conventions_are_refused_at_once(wrong):
    for make in (lambda: clusters([], 0.5, wrong), lambda: ChallengerReward(uncertainty, conventions=wrong)):
        with pytest.raises(UnknownNameError, match=f"unknown conventions of BLEU '{wrong}'.*Known: nltk, sacrebleu"):
            make()


def test_one_text_is_one_cluster_and_none_are_none():
    assert clusters(["a"]).tolist() == [1]
    assert clusters([]).tolist() == []


def test_texts_without_tokens_are_scored_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bleu_matrix(["", "", "a b"]).tolist()[0] == [0.0, 0.0, 0.0]
        assert nltk_matrix(["", "a b"]).tolist()[0] == [0.0, 0.0]


def test_bleu_by_hand():
    # hypothesis "a b c d", reference "a b c e": 3/4 words, 2/3 pairs, 1/2 triples, and a quadruple smoothed to 1/2
    assert bleu_matrix(["a b c d", "a b c e"])[0, 1] == pytest.approx((3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25)
    # a hypothesis half as long as its reference loses exp(1 - 2); the other way round, nothing for length
    assert bleu_matrix(["a b", "a b c d"])[0, 1] == pytest.approx(np.exp(-1))
    assert bleu_matrix(["a b c d", "a b"])[0, 1] == pytest.approx((2 / 4 * 1 / 3 * 1 / 4 * 1 / 4) ** 0.25)


def test_shares_without_attempts_are_outside_every_band():
    for attempts in (0, -1):
        assert in_band(0, attempts) is False
        assert in_interval(0, attempts) is False


def test_the_bands_hold_their_edges_and_nothing_beyond():
    assert [in_band(c, 8) for c in range(9)] == [False, False, True, True, True, True, True, False, False]
    assert [in_interval(c, 10) for c in range(11)] == [c in range(3, 9) for c in range(11)]
    assert in_band(0, 1, delta=0.5)
    assert in_interval(7, 10, high=0.7)  # the float 0.7 lies below 7/10, and 0.1 above 1/10
    assert in_interval(1, 10, low=0.1)
    assert in_band(1, 10, delta=0.4)
    assert in_interval(1, 3, low=Fraction(1, 3))
    assert not in_interval(1, 3, low=0.3334)


@pytest.mark.parametrize(
    ("peak", "correct", "worth"),
    [
        *(
            (0.7, 4, 0.0),
            (0.7, 5, 1 / 3),
            (0.7, 6, 2 / 3),
            (0.7, 7, 1.0),
            (0.7, 8, 2 / 3),
            (0.7, 9, 1 / 3),
            (0.7, 10, 0.0),
        ),
        *((0.9, 8, 0.0), (0.9, 9, 1.0), (0.6, 2, 0.0), (0.6, 4, 0.5)),
    ],
)
def test_the_peak_lies_where_it_is_asked_for_and_both_sides_are_straight(peak, correct, worth):
    reward = make_reward("peak", peak=peak)([SHORT], [judged(correct, 10)])
    assert reward[0].value == pytest.approx(worth)


@pytest.mark.parametrize("peak", [0.49, 1.0, -1.0])
def test_a_peak_lies_from_a_half_to_below_one(peak):
    with pytest.raises(ConfigError, match=rf"peak must be in \[0.5, 1\), got {peak}"):
        make_reward("peak", peak=peak)
