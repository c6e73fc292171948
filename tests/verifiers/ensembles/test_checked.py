"""A vote that counts only where an agent, asked another way, comes to the same."""

from fractions import Fraction

import pytest

from selfplay_gym import Judgement, Question, Verdict, make_verifier
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.math_language import answer
from selfplay_gym.testing import check_verifier
from selfplay_gym.verifiers.ensembles.margin import leads, vote_margin


class Calculator:
    """Answers every prompt through a function of its text, and writes down what it was asked."""

    def __init__(self, reply=answer):
        self.reply, self.calls = reply, []

    def act(self, prompts, *, n=1, seed=None):
        self.calls.append((list(prompts), n, seed))
        return [[rf"\boxed{{{self.reply(prompt)}}}"] * n for prompt in prompts]


def boxed(*answers):
    return [rf"\boxed{{{one}}}" for one in answers]


SUM, ROOT, PROSE = Question("What is 3+4-2?"), Question("Solve 3x+4=19."), Question("How many are left?")


def check(judgement):
    return judgement.evidence["check"]


def test_a_label_that_holds_another_way_is_valid_and_one_that_does_not_is_not():
    agent = Calculator()
    checked = make_verifier("checked", agent=agent)
    right, wrong, root, no_root = checked.judge_many(
        [SUM, SUM, ROOT, ROOT], [boxed(5, 5, 6), boxed(6, 6, 5), boxed(5, 5), boxed(6, 6)]
    )
    assert [one.valid for one in (right, wrong, root, no_root)] == [True, False, True, False]
    assert [one.label for one in (right, wrong, root, no_root)] == ["5", "6", "5", "6"]
    assert {one.label_source for one in (right, wrong)} == {"checked"}
    assert right.solve_rate == pytest.approx(2 / 3)
    assert check(right) == {"way": "permuted", "agrees": True, "asked": 1, "answers": ["5"]}
    assert check(no_root) == {"way": "backward", "agrees": False, "asked": 1, "answers": ["22"]}


def test_a_whole_batch_is_asked_at_once_four_times_each():
    agent = Calculator()
    make_verifier("checked", agent=agent).judge_many([SUM, PROSE, ROOT], [boxed(5), boxed(1), boxed(5)])
    ((prompts, n, seed),) = agent.calls
    assert (len(prompts), n) == (2, 4)
    assert seed is not None


def test_nothing_is_asked_where_there_is_nothing_to_check():
    agent = Calculator()
    make_verifier("checked", agent=agent).judge_many([PROSE, SUM], [boxed(1), ["hm"]])
    assert agent.calls == []


@pytest.mark.parametrize(
    ("question", "attempts", "options", "why"),
    [
        (PROSE, boxed(3, 3), {}, "it cannot be asked another way"),
        (SUM, ["hm", ""], {}, "the vote gives no label"),
        (SUM, [], {}, "the vote gives no label"),
        (SUM, boxed(5, 5), {"band": (0.5, 0.9)}, "outside the band"),  # unanimous
        (SUM, boxed(5, 6, 7), {"band": (0.5, 0.9)}, "outside the band"),
        (SUM, boxed(5, 5, 6), {"margin": 0.4}, "the margin is too small"),
        (SUM, boxed(5, 6), {"ties": "invalid"}, "the vote gives no label"),  # an option of the vote
        (Question("What is 3+4?", domain="nobody's"), boxed(7), {}, "no domain offers another way"),
    ],
)
def test_it_fails_closed(question, attempts, options, why):
    judgement = make_verifier("checked", agent=Calculator(), **options).judge(question, attempts)
    assert not judgement.valid
    assert check(judgement) == {"way": None, "agrees": None, "asked": 0, "answers": [], "why": why}


def test_the_ends_of_the_band_belong_to_it():
    checked = make_verifier("checked", agent=Calculator(), band=(0.5, 0.9), margin=0.8)
    assert checked.judge(SUM, boxed(*[5] * 9, 6)).valid
    assert not checked.judge(SUM, boxed(5, 6)).valid  # in the band, and no margin
    assert make_verifier("checked", agent=Calculator(), band=(0.5, 0.9)).judge(SUM, boxed(5, 6)).valid


def test_a_tie_of_the_answers_confirms_nothing():
    class Undecided:
        def act(self, prompts, *, n=1, seed=None):
            return [boxed(5, 6) * (n // 2) for _ in prompts]

    judgement = make_verifier("checked", agent=Undecided()).judge(SUM, boxed(5, 5))
    assert not judgement.valid
    assert check(judgement)["answers"] == [None]
    assert check(judgement)["agrees"] is False


@pytest.mark.parametrize("reply", ["", "I do not know.", r"\boxed{}"])
def test_an_agent_without_answers_confirms_nothing(reply):
    class Silent:
        def act(self, prompts, *, n=1, seed=None):
            return [[reply] * n for _ in prompts]

    both_sides = Question("Solve 5x+1=2x+10.")
    for question, label in ((SUM, 5), (both_sides, 3)):
        assert not make_verifier("checked", agent=Silent()).judge(question, boxed(label)).valid


def test_several_ways_must_all_agree():
    def overlooks_the_last(text):  # right whatever the order, wrong where something is taken away at the end
        return answer(text) if "+" in text else "0"

    one, two = (make_verifier("checked", agent=Calculator(overlooks_the_last), ways=n) for n in (1, 3))
    assert one.judge(Question("What is 3+4?"), boxed(7)).valid
    judged = two.judge(Question("What is 3+4?"), boxed(7))
    assert (judged.valid, check(judged)["way"], check(judged)["asked"]) == (False, "permuted+split+backward", 3)
    assert two.judge(ROOT, boxed(5)).valid  # it has one way only


def test_both_sides_of_an_equation_must_come_to_the_same():
    both_sides = Question("Solve 5x+1=2x+10.")
    checked = make_verifier("checked", agent=Calculator())
    assert check(checked.judge(both_sides, boxed(3))) == {
        "way": "backward",
        "agrees": True,
        "asked": 2,
        "answers": ["16", "16"],
    }
    assert not checked.judge(both_sides, boxed(4)).valid


def test_a_claim_of_the_author_is_never_looked_at():
    agent = Calculator()
    checked = make_verifier("checked", agent=agent)
    for claim in ("5", "6", None):
        assert checked.judge(Question(SUM.text, claim, author="challenger"), boxed(5)).valid
    assert len({tuple(prompts) for prompts, _, _ in agent.calls}) == 1


def test_programs_need_no_other_way_only_where_they_are_run():
    run = Question("f=lambda x: 3*x+2. f(4)=?", domain="code", meta={"task": "deduction"})
    judgement = make_verifier("checked", agent=Calculator()).judge(run, boxed(14))
    assert check(judgement)["why"] == "it cannot be asked another way"

    class Runs:
        def judge(self, question, attempts):
            return Judgement.of([Verdict.correct("14")], label="14", label_source="sandbox")

        def judge_many(self, questions, groups):
            return [self.judge(*one) for one in zip(questions, groups, strict=True)]

        def asks_for_program(self, question):
            return False

    executed = make_verifier("checked", agent=Calculator(), vote=Runs()).judge(run, boxed(14))
    assert executed.valid
    assert check(executed) == {"way": "executed", "agrees": True, "asked": 0, "answers": []}


@pytest.mark.parametrize("says", ["yes", "no"])
def test_a_template_for_real_models_asks_in_words(says):
    def reply(prompt):
        return says if "Somebody's final answer: 3" in prompt else "3"

    checked = make_verifier("checked", agent=Calculator(reply), template="r-zero", ways=2)
    judged = checked.judge(PROSE, boxed(3))
    assert check(judged)["way"] == "reworded+backward"
    assert judged.valid is (says == "yes")
    assert check(make_verifier("checked", agent=Calculator(reply)).judge(PROSE, boxed(3)))["way"] is None


def test_an_agent_may_be_named():
    assert make_verifier("checked", agent="noisy").judge(SUM, boxed(5)).label == "5"


@pytest.mark.parametrize(
    "options",
    [
        *({"attempts": 0}, {"attempts": 99_999_999_999}, {"attempts": 1.5}, {"ways": 0}),
        *({"band": (0.9, 0.5)}, {"band": (0.1, 1.5)}, {"margin": -0.1}, {"margin": 2}),
        *({"template": "no such", "domain": "math"}, {"extract": "loose"}, {"agent": "nobody"}),
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError):
        make_verifier("checked", **{"agent": Calculator(), **options})


def test_without_an_agent_it_says_what_is_missing():
    with pytest.raises(ConfigError, match="agent"):
        make_verifier("checked")


def test_it_keeps_the_contract_of_verifiers():
    check_verifier(make_verifier("checked", agent="noisy(skill=1.0)"))


@pytest.mark.parametrize(
    ("attempts", "margin"),
    [
        (boxed(5, 5, 6, 7), Fraction(1, 4)),
        (boxed(5), 1),
        (boxed(5, 6), 0),
        ([], 0),
        (["hm"], 0),
        ([*boxed(5), "hm"], Fraction(1, 2)),
    ],
)
def test_the_margin_of_a_vote(attempts, margin):
    assert vote_margin(make_verifier("majority").judge(SUM, attempts)) == margin


def test_the_margin_of_a_computed_label_may_be_negative():
    judged = make_verifier("exact").judge(Question("", "5"), boxed(5, 6, 6, 7))
    assert vote_margin(judged) == Fraction(-1, 4)
    assert leads(judged, Fraction(0))  # where no margin is asked for, such a label stands
    assert not leads(judged, Fraction(1, 10))
