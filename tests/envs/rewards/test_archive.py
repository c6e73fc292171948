"""The archive penalty: how like a question is to the nearest one of earlier rounds."""

import pytest

from selfplay_gym import Judgement, Question, Verdict, make_reward
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.rewards import bleu_matrix
from selfplay_gym.envs.rewards.archive import MOST, Archive
from selfplay_gym.testing import check_reward

SUM, NEAR, TALE = "What is 12+7*3?", "What is 12+7*4?", "A train leaves at nine. How far has it gone by noon?"


def judged(correct=5):
    verdicts = [Verdict.correct("1")] * correct + [Verdict.wrong("2")] * (10 - correct)
    return Judgement.of(verdicts, label="1", label_source="vote")


def test_the_penalty_is_the_greatest_similarity_to_an_earlier_question():
    archive = Archive(0.5, texts=(SUM, TALE))
    alike = (bleu_matrix([NEAR, SUM]) + bleu_matrix([NEAR, SUM]).T)[0, 1] / 2
    assert 0.3 < alike < 1
    assert archive.penalties([SUM, TALE, "Ελληνικά;", NEAR]) == pytest.approx([0.5, 0.5, 0.0, 0.5 * alike])
    assert archive.penalties([]) == Archive(0.5).penalties([]) == []
    assert Archive(0.5).penalties([SUM]) == Archive(0.0, texts=(SUM,)).penalties([SUM]) == [0.0]


def test_a_longer_archive_never_costs_less():
    texts = [SUM, NEAR, TALE, "Solve 3x+4=19."]
    costs = [Archive(1.0, texts=tuple(texts[:count])).penalties(["What is 3+4*19?"])[0] for count in range(5)]
    assert costs == sorted(costs)
    assert costs[0] == 0.0 < costs[-1] <= 1.0


@pytest.mark.parametrize("name", ["r-zero", "azr", "sqlm", "spice", "4p(1-p)", "r-zero-code"])
def test_every_preset_takes_it_off_and_names_it(name):
    rule = make_reward(name, archive=0.5)
    assert rule.archive == Archive(0.5)
    assert make_reward(name).archive is make_reward(name, archive=0).archive is None
    (usual,) = rule([Question(SUM)], [judged()], [()])
    assert usual == make_reward(name)([Question(SUM)], [judged()], [()])[0]
    known = make_reward(name, archive=0.5)
    object.__setattr__(known, "archive", Archive(0.5, texts=(SUM, TALE)))
    (less, none) = known([Question(SUM), None], [judged(), None], [(), ()])
    (before, _) = rule([Question(SUM), None], [judged(), None], [(), ()])
    assert less.value == pytest.approx(before.value - 0.5 if rule.floor is None else max(0, before.value - 0.5))
    assert less.terms == {**before.terms, "archive": pytest.approx(-0.5)}
    assert "archive" not in none.terms
    check_reward(known)


def test_it_is_written_as_a_weight_or_as_a_table():
    rule = make_reward('r-zero(archive={"weight": 2, "from_round": 3})')
    assert rule.archive == Archive(2, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        *(-1, True, "much", {"from_round": 2}, {"weight": 1, "tau": 0.5}, {"weight": 1, "from_round": 0}, float("nan")),
        *({"weight": 1, "from_round": 2.5}, {"weight": float("inf")}, {"weight": 1, "texts": ["a"]}),
    ],
)
def test_a_penalty_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError):
        make_reward("r-zero", archive=wrong)


def test_an_archive_is_bounded():
    with pytest.raises(ConfigError, match=str(MOST)):
        Archive(1.0, texts=("a",) * (MOST + 1))
