"""Labels by several models' votes: who has a voice, what wins, and what is written down of each member."""

import random

import pytest

from selfplay_gym import Outcome, Question, make_agent, make_verifier
from selfplay_gym.core.coalitions.dawid_skene import measure_reliability
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.math_language import answer
from selfplay_gym.testing import check_verifier

SUM = Question("What is 3+4?")
QUESTIONS = [Question(f"What is {a}+{b}?") for a in range(2, 12) for b in range(3, 13)]


KNOWN = [0.3, 0.35, 0.4]
"""Accuracies of scripted members, and so their reliabilities."""


class Says:
    """Answers every prompt through a function of it."""

    def __init__(self, reply, name="says"):
        self.reply, self.name, self.calls = reply, name, []

    def act(self, prompts, *, n=1, seed=None):
        self.calls.append((list(prompts), n))
        return [[self.reply(prompt)] * n for prompt in prompts]


def always(*texts):
    return [Says(lambda prompt, text=text: text, f"{i}") for i, text in enumerate(texts)]


def boxed(*answers):
    return [rf"\boxed{{{one}}}" for one in answers]


def coalition(members, **options):
    return make_verifier("coalition", members=members, **options)


@pytest.mark.parametrize("weights", ["equal", "reliability"])
def test_members_decide_and_the_attempts_are_held_against_their_label(weights):
    judgement = coalition(always(*boxed(7, 7, 8)), weights=weights).judge(SUM, [*boxed(8, 8, 8, "14/2"), "hm"])
    assert (judgement.label, judgement.valid, judgement.label_source) == ("7", True, "coalition")
    assert judgement.solve_rate == 0.2
    assert [v.reason for v in judgement.verdicts] == [*["outvoted"] * 3, "is the label", "no answer"]


def test_the_solver_is_a_member_where_it_is_named_and_is_not_asked_again():
    others = always(*boxed(8, 7))
    without, beside = coalition(others, weights="equal"), coalition(["solver", *others], weights="equal")
    assert (without.judge(SUM, boxed(8, 8)).evidence["tie"], without.judge(SUM, boxed(8, 8)).valid) == (True, False)
    judgement = beside.judge(SUM, boxed(8, 8))
    assert (judgement.label, judgement.valid) == ("8", True)
    assert judgement.evidence["shares"] == pytest.approx([2 / 3, 1 / 3])
    assert [*judgement.evidence["coalition"]["members"]] == ["solver", "0", "1"]


def test_an_agent_that_is_called_solver_is_not_the_solver():
    twin, other = (Says(lambda prompt, text=text: text, "solver") for text in boxed(8, 9))
    judgement = coalition([twin, "solver"], weights="equal").judge(SUM, boxed(7, 7, 7))
    assert judgement.evidence["shares"] == [0.5, 0.5]
    assert {name: row["attempts"] for name, row in judgement.evidence["coalition"]["members"].items()} == {
        "solver#2": 4,
        "solver": 3,
    }
    judgement = coalition([twin, other], weights="equal").judge(SUM, boxed(7, 7, 7))
    assert sorted(judgement.evidence["class_answers"]) == ["8", "9"]  # attempts have no vote


@pytest.mark.parametrize("solver", ["solver", " solver", "solver ", {"name": "solver"}, {"name": "solver "}])
def test_the_solver_is_known_however_it_is_written(solver):
    judgement = coalition([solver, "oracle"], weights="equal").judge(SUM, boxed(8, 8))
    assert list(judgement.evidence["coalition"]["members"]) == ["solver", "oracle"]
    assert judgement.evidence["shares"] == [0.5, 0.5]
    with pytest.raises(ConfigError, match="one member"):
        coalition([solver, "solver"])


def test_a_share_that_is_exactly_the_least_is_enough():
    members = [Says(None, "two of five"), *always(*boxed(7, 7))]
    members[0].act = lambda prompts, n, seed: [boxed(7, 7, 8, 9, 10) for _ in prompts]
    for least, valid in ((0.8, True), (0.81, False)):
        judgement = coalition(members, weights="equal", attempts=5, least=least).judge(SUM, [])
        assert (judgement.label, judgement.evidence["shares"][0], judgement.valid) == ("7", 0.8, valid)


@pytest.mark.parametrize("option", [{"min_share": 1.0}, {"ties": "invalid"}, {"min_share": 0.0}])
def test_options_of_a_vote_that_a_coalition_would_not_heed_are_refused(option):
    with pytest.raises(ConfigError, match="least"):
        coalition(["solver"], **option)


def test_with_equal_weights_every_member_has_one_voice_however_often_it_answers():
    members = ["solver", *always(*boxed(7, 7))]
    judgement = coalition(members, weights="equal", attempts=1).judge(SUM, boxed(*[8] * 50))
    assert judgement.label == "7"
    halves = coalition(["solver", *always(*boxed(8))], weights="equal").judge(SUM, [*boxed(7, 7, 8), "hm"])
    assert halves.label == "8"
    assert halves.evidence["shares"] == [0.625, 0.25]  # what a non-answer is worth is lost


def test_a_whole_batch_is_put_to_each_member_in_one_call_in_the_words_of_the_domain():
    members = always(*boxed(7, 7))
    coalition(members, attempts=3, domain="math", template="r-zero").judge_many([SUM, SUM], [boxed(7), ()])
    ((prompts, n),) = members[0].calls
    assert (len(prompts), n) == (2, 3)
    assert prompts[0] != SUM.text
    assert SUM.text in prompts[0]
    assert coalition(members).judge_many([], []) == []


def test_measured_reliability_saves_the_label_from_one_who_is_always_wrong():
    liar = Says(lambda prompt: rf"\boxed{{{int(answer(prompt)) + 1}}}", "liar")
    members = [*(f"noisy(accuracy={accuracy})" for accuracy in KNOWN), liar]
    right = {}
    for weights in ("equal", "reliability"):
        judged = coalition(members, weights=weights, attempts=3).judge_many(QUESTIONS, [()] * len(QUESTIONS))
        right[weights] = sum(j.label == answer(q.text) for q, j in zip(QUESTIONS, judged, strict=True))
        found = {name: row["reliability"] for name, row in judged[0].evidence["coalition"]["members"].items()}
        assert found["liar"] < 0.1
        assert min(found[name] for name in found if name != "liar") > 0.3
    assert right["reliability"] > right["equal"] + 10


def test_what_is_written_down_of_a_member():
    judgement = coalition(["solver", *always("hm", r"\boxed{8}")], attempts=2).judge(SUM, [*boxed(8, 9), "", ""])
    members = judgement.evidence["coalition"]["members"]
    assert members["0"] == {"reliability": None, "attempts": 2, "answered": 0.0, "agrees": 0.0}
    assert {**members["solver"], "reliability": 0} == {"reliability": 0, "attempts": 4, "answered": 0.5, "agrees": 0.25}
    assert members["1"]["agrees"] == 1.0
    assert judgement.evidence["class_answers"] == ["8", "9"]


NON_ANSWERS = ("", "hm", r"\boxed{}", r"\boxed{None}", "I do not know.", "What is 3+4?", "\u0000\ud800", "nan")


@pytest.mark.parametrize("weights", ["equal", "reliability"])
def test_labels_never_come_from_non_answers(weights):
    rng = random.Random(4)
    for _ in range(40):
        texts = [rng.choice([*NON_ANSWERS, *boxed(7, 8)]) for _ in range(6)]
        judgement = coalition(["solver", *always(*texts[:3])], weights=weights).judge(SUM, texts[3:])
        spoken = {text for text in texts if text in boxed(7, 8)}
        assert (judgement.label is None) is (not spoken)
        assert judgement.label is None or rf"\boxed{{{judgement.label}}}" in spoken
        assert not (judgement.label is None and judgement.valid)
        assert all(
            v.outcome is Outcome.WRONG for v, t in zip(judgement.verdicts, texts[3:], strict=True) if t in NON_ANSWERS
        )


@pytest.mark.parametrize("weights", ["equal", "reliability"])
def test_the_order_of_members_and_of_questions_does_not_matter(weights):
    rng = random.Random(5)
    table = {q.text: [rng.choice(["hm", *boxed(6, 7, 8, 9)]) for _ in range(5)] for q in QUESTIONS[:30]}
    members = [Says(lambda prompt, i=i: table[prompt][i], f"{i}") for i in range(5)]
    questions = QUESTIONS[:30]
    labels = [j.label for j in coalition(members, weights=weights).judge_many(questions, [()] * 30)]
    for _ in range(3):
        order = rng.sample(range(30), 30)
        shuffled = coalition(rng.sample(members, 5), weights=weights)
        judged = shuffled.judge_many([questions[i] for i in order], [()] * 30)
        assert [j.label for j in judged] == [labels[i] for i in order]


def test_equal_seeds_give_equal_labels_and_others_do_not():
    members = ["noisy(accuracy=0.3)", "noisy(accuracy=0.3)"]
    first, again, other = (
        [j.label for j in coalition(members, seed=seed).judge_many(QUESTIONS, [()] * len(QUESTIONS))]
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_only_the_votes_are_measured():
    judged = coalition(always(*boxed(7, 7, 8)), attempts=1).judge_many([SUM, SUM], [boxed(*[9] * 30), ()])
    found = measure_reliability([[[1, 1, 0], [0, 0, 1]]] * 2, 3)
    for judgement in judged:
        rows = judgement.evidence["coalition"]["members"].values()
        assert [row["reliability"] for row in rows] == pytest.approx(found.members)


def test_a_label_that_is_not_probable_enough_is_not_valid():
    sure, unsure = (coalition(always(*boxed(7, 7, 8)), least=least).judge(SUM, boxed(7)) for least in (0.5, 1.0))
    assert (sure.valid, unsure.valid, unsure.label) == (True, False, "7")


@pytest.mark.parametrize("weights", ["equal", "reliability"])
@pytest.mark.parametrize("members", [["oracle"], ["solver"], ["solver", "oracle", "noisy(accuracy=0.9)"]])
def test_it_conforms(members, weights):
    counts_all = ("duplication",) if weights == "reliability" and "solver" in members else ()
    check_verifier(coalition(members, weights=weights), deadline_s=20.0, skip=("batch", *counts_all))


def test_a_vote_of_the_solver_alone_is_the_vote():
    rng, vote = random.Random(6), make_verifier("majority")
    for _ in range(50):
        texts = [rng.choice(["hm", *boxed(6, 7, 8)]) for _ in range(7)]
        alone = coalition(["solver"], weights="equal").judge(SUM, texts)
        assert (alone.label, alone.solve_rate) == (vote.judge(SUM, texts).label, vote.judge(SUM, texts).solve_rate)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": []}, "at least one agent"),
        ({"members": ["solver", "solver"]}, "the solver is one member"),
        ({"members": ["oracle"], "attempts": 0}, "attempts must be at least 1"),
        ({"members": ["oracle"], "least": 1.5}, "least must be in"),
        ({"members": ["oracel"]}, "oracle"),
        ({"members": ["oracle"], "template": "plane"}, "plain"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        make_verifier("coalition", **{"domain": "math", **options})
    with pytest.raises(UnknownNameError, match="reliability"):
        coalition(["oracle"], weights="reliable")


def test_live_agents_are_members():
    assert coalition([make_agent("oracle")]).judge(SUM, boxed(7)).label == "7"
