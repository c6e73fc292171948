"""What roles earn in training: in the order of the completions, from the verifier alone, and finite."""

import math

import pytest

from selfplay_gym import Judgement, Question, Verdict, make_domain, make_reward, make_verifier
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.envs.game.engine import Game
from selfplay_gym.selfplay.roles.rewards import ChallengerRewardFn, LabelRewardFn, MonitoredReward, majority_premium


def boxed(*answers):
    return ["no idea" if answer is None else rf"\boxed{{{answer}}}" for answer in answers]


def test_challengers_are_rewarded_group_by_group_as_one_batch():
    asked = []

    def answer(prompts):
        asked.append(list(prompts))
        return [boxed(3, 4) for _ in prompts]

    game = Game(make_domain("math"), make_verifier("exact"), make_reward("r-zero"))
    reward_fn = ChallengerRewardFn(game, answer)
    assert reward_fn.episodes == []
    good = [rf"<question>{text}</question> \boxed{{3}}" for text in ("What is 1+2?", "Half of six cows are how many?")]
    assert reward_fn(["p", "p"], [["", good[0]], [good[1]]]) == [[0.0, pytest.approx(2 / 3)], [pytest.approx(2 / 3)]]
    assert asked == [["What is 1+2?", "Half of six cows are how many?"]]
    assert [episode.proposal.text for episode in reward_fn.episodes] == ["", *good]


def test_solvers_are_rewarded_by_score_and_undecided_attempts_earn_nothing():
    class Scores(BaseVerifier):
        def judge_many(self, questions, groups):
            assert [question.reference for question in questions] == ["a", "b"]
            scores = {"right": Verdict.correct("a"), "half": Verdict.correct("a", score=0.5)}
            return [
                Judgement.of([scores.get(text, Verdict.undecided("?")) for text in group], label="a", label_source="x")
                for group in groups
            ]

    reward_fn = LabelRewardFn([Question("?", "a"), Question("??", "b")], Scores())
    assert reward_fn(["ignored"] * 2, [["right", "late"], ["half", "half"]]) == [[1.0, 0.0], [0.5, 0.5]]


GROUPS = [boxed(1, 1, 2), boxed(3, 4, 4)]


@pytest.mark.parametrize("silences", [True, False])
def test_a_group_with_a_reward_that_is_not_finite_teaches_nothing(silences):
    given = [[1.0, math.nan, math.inf], [0.0, 1.0, 0.5]]
    seen = []

    def honest(prompts, groups):
        seen.append((prompts, groups))
        return given

    watched = MonitoredReward(honest, silences=silences)
    assert (watched.bad, watched.premium) == (0, None)
    rewards = watched(["p", "q"], GROUPS)
    assert seen == [(["p", "q"], GROUPS)]
    assert rewards == [[0.0, 0.0, 0.0], [0.0, 1.0, 0.5]] if silences else rewards is given
    assert watched.bad == 2
    assert watched.premium == pytest.approx(((0 - 0) + (0.75 - 0.0)) / 2)
    given = [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    watched(["p", "q"], GROUPS)
    assert (watched.bad, watched.premium) == (0, pytest.approx((1.0 - 1.0) / 2))


def test_the_premium_of_the_majority_by_hand():
    # two of four agree and earn 1 and .5, the others .25 and 0: .75 − .125
    assert majority_premium([boxed(7, 7, 8, 9)], [[1.0, 0.5, 0.25, 0.0]]) == 0.625
    # a second group takes the mean: three of four agree on what earns nothing
    both = [boxed(7, 7, 8, 9), boxed(1, 1, 1, 2)]
    assert majority_premium(both, [[1.0, 0.5, 0.25, 0.0], [0.0, 0.0, 0.0, 1.0]]) == pytest.approx((0.625 - 1) / 2)


@pytest.mark.parametrize(
    "group", [boxed(1, 2, 3), boxed(1, 1, 1), boxed(None, None, None), boxed(1), [], boxed(None, 5)]
)
def test_a_group_without_a_majority_and_a_minority_has_no_premium(group):
    assert majority_premium([group], [[1.0] * len(group)]) is None
    assert majority_premium([group, boxed(4, 4, 5)], [[1.0] * len(group), [1.0, 1.0, 0.0]]) == 1.0


def test_attempts_without_an_answer_are_no_majority_but_count_among_the_others():
    assert majority_premium([boxed(None, None, None, 6, 6)], [[0.3, 0.3, 0.3, 1.0, 0.0]]) == pytest.approx(0.2)


def test_answers_agree_to_the_letter():
    assert majority_premium([boxed("1/2", "0.5", "0.5")], [[1.0, 0.0, 0.0]]) == -1.0
