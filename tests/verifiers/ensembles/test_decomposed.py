"""Labels of parts: two cuts must come to one value, and everything else is not valid."""

import random
import re

import pytest

from selfplay_gym import Question, make_domain, make_verifier
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.math_language import answer, read
from selfplay_gym.curricula.generators.worked import Worker
from selfplay_gym.testing import check_verifier
from selfplay_gym.verifiers.answers.equal import equal

LONG, LONGER = Question("What is 3+4-5+6?"), Question("Compute 9-4-8+1-7+2.")
SHORT, TWO, PROSE = Question("What is 3+4?"), Question("What is 3+4-5?"), Question("How many are left?")


class Calculator:
    """Works in steps what has at most `reach` operations, and writes down what it was asked."""

    def __init__(self, reach=99, reply=answer, right=99):
        self.reach, self.reply, self.right, self.calls = reach, reply, right, []

    def act(self, prompts, *, n=1, seed=None):
        self.calls.append((list(prompts), n, seed))
        return [[self.solved(prompt, i) for i in range(n)] for prompt in prompts]

    def solved(self, prompt, i):
        short = read(prompt) is not None and read(prompt).operations <= self.reach
        value = self.reply(prompt) if short and i < self.right else f"{i}99"
        return rf"{prompt[8:-1]}={value}. \boxed{{{value}}}"


def boxed(*answers):
    return [rf"\boxed{{{one}}}" for one in answers]


def judged(question, attempts, agent=None, **options):
    return make_verifier("decomposed", agent=agent or Calculator(), **options).judge(question, attempts)


def test_the_label_is_what_both_cuts_come_to_and_the_attempts_are_held_against_it():
    judgement = judged(LONG, boxed(9, 9, 8, 9), Calculator(reach=2))
    assert (judgement.label, judgement.valid, judgement.label_source) == ("8", True, "decomposed")
    assert judgement.solve_rate == 0.25  # though the vote says 9
    assert judgement.evidence["check"] == {"way": "parts", "agrees": True, "asked": 4, "answers": ["8", "8"]}
    assert judgement.evidence["solution"] in (r"3+4=7, 7-5+6=8. \boxed{8}", r"3+4-5=2, 2+6=8. \boxed{8}")
    assert sorted(map(tuple, judgement.evidence["parts"])) == [
        ("What is 2+6?", r"2+6=8. \boxed{8}"),
        ("What is 3+4-5?", r"3+4-5=2. \boxed{2}"),
        ("What is 3+4?", r"3+4=7. \boxed{7}"),
        ("What is 7-5+6?", r"7-5+6=8. \boxed{8}"),
    ]


def test_what_no_attempt_solves_gets_a_label_and_a_solution():
    judgement = judged(LONGER, ["hm", *boxed(3, 4)])
    assert (judgement.label, judgement.solve_rate, judgement.valid) == ("-7", 0.0, True)
    assert judgement.evidence["solution"].endswith(r"=-7. \boxed{-7}")


def test_a_whole_batch_is_asked_at_once_part_by_part():
    agent = Calculator()
    make_verifier("decomposed", agent=agent, attempts=5).judge_many([LONG, LONGER], [boxed(8), boxed(1)])
    (first, n, seed), (second, _, other), _ = agent.calls
    assert (len(first), len(second), n) == (4, 4, 5)
    assert None is not seed != other


def test_a_number_as_reach_makes_as_many_parts_as_it_takes():
    agent = Calculator(reach=2)
    judgement = judged(Question("What is 3+4-5+6-7+8-9?"), boxed(1), agent, reach=2)
    assert (judgement.label, judgement.valid) == ("0", True)
    assert len(agent.calls) >= 3
    assert judgement.evidence["check"]["asked"] >= 6
    assert not judged(Question("What is 3+4-5+6-7+8-9?"), boxed(0), Calculator(reach=2)).valid  # two parts do not do


def test_cuts_that_disagree_are_not_valid_and_the_vote_stays():
    def overlooks(text):  # wrong where something is added at the end, which only one of the cuts asks for alone
        return "0" if text in ("What is 2+6?",) else answer(text)

    judgement = judged(LONG, boxed(8, 8, 9), Calculator(reply=overlooks))
    assert (judgement.label, judgement.valid, judgement.label_source) == ("8", False, "decomposed")
    assert judgement.evidence["check"]["agrees"] is False
    assert sorted(judgement.evidence["check"]["answers"]) == ["0", "8"]
    assert "solution" not in judgement.evidence


@pytest.mark.parametrize(("right", "valid"), [(4, True), (3, True), (2, False), (0, False)])
def test_the_answer_to_a_part_needs_a_share(right, valid):
    judgement = judged(LONG, boxed(8, 8), Calculator(right=right))
    assert judgement.valid is valid
    check = judgement.evidence["check"]
    assert (check["agrees"], check["answers"]) == (valid, ["8", "8"] if valid else [None, None])
    assert check["asked"] == (4 if valid else 2)  # who is stuck is not asked on


@pytest.mark.parametrize("reply", ["", "I do not know.", r"\boxed{}", r"\boxed{many}"])
def test_an_agent_without_answers_labels_nothing(reply):
    class Silent:
        def act(self, prompts, *, n=1, seed=None):
            return [[reply] * n for _ in prompts]

    judgement = judged(LONG, boxed(8), Silent())
    assert not judgement.valid
    assert judgement.evidence["check"]["answers"] == [None, None]


def test_what_has_no_two_cuts_is_checked():
    agent = Calculator()
    verifier = make_verifier("decomposed", agent=agent, band=(0.0, 0.9))
    groups = [boxed(7, 7, 6), boxed(2, 2, 2), boxed(1), boxed(8, 8)]
    short, two, prose, long = verifier.judge_many([SHORT, TWO, PROSE, LONG], groups)
    assert [one.label_source for one in (short, two, prose, long)] == ["checked"] * 3 + ["decomposed"]
    assert short.valid
    assert short.evidence["check"]["way"] == "permuted"
    assert two.evidence["check"]["why"] == "outside the band"
    assert not prose.valid
    assert long.valid  # the band is not asked of it
    assert not any("solution" in one.evidence for one in (short, two, prose))


def test_a_claim_of_the_author_is_never_looked_at():
    found = [judged(Question(LONG.text, claim, author="challenger"), boxed(8, 9)) for claim in ("8", "9", None)]
    assert found[0] == found[1] == found[2]
    assert found[0].label == "8"


def test_equal_seeds_cut_alike_and_others_otherwise():
    def asked(seed):
        agent = Calculator()
        judged(Question("What is 1+2+3+4+5+6+7+8+9?"), boxed(45), agent, seed=seed)
        return agent.calls

    assert asked(1) == asked(1)
    assert len({str(asked(seed)) for seed in range(8)}) > 4


def test_labels_are_right_where_single_answers_are_wrong_often():
    """An agent with independent slips, on questions too long for it: what is valid is right far more often."""
    rng = random.Random(0)

    class Slips:
        def act(self, prompts, *, n=1, seed=None):
            return [boxed(*(self.answer(prompt) for _ in range(n))) for prompt in prompts]

        def answer(self, prompt):
            wrong = rng.random() < 0.05 * read(prompt).operations
            return str(read(prompt).answer + (rng.choice([-2, -1, 1, 2]) if wrong else 0))

    terms = [[f"{rng.choice('+-')}{rng.randrange(1, 10)}" for _ in range(8)] for _ in range(150)]
    questions = [Question(f"What is {''.join(signed)}?") for signed in terms]
    found = make_verifier("decomposed", agent=Slips()).judge_many(questions, [["hm"]] * len(questions))
    valid = [one for one in zip(questions, found, strict=True) if one[1].valid]
    assert len(valid) > 30
    assert sum(bool(equal(answer(question.text), one.label)) for question, one in valid) / len(valid) > 0.95


def test_programs_are_run_as_under_checked_labels():
    verifier = make_verifier("decomposed", agent=Calculator(), vote="code", domain="code")
    assert hasattr(verifier, "prepare")
    assert make_domain("code").parts is None


@pytest.mark.parametrize(
    "options",
    [{"least": 0.0}, {"least": 1.1}, {"reach": 1}, {"reach": "far"}, {"reach": True}, {"reach": 2.5}, {"attempts": 0}],
    ids=str,
)
def test_options_out_of_range_are_named(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        make_verifier("decomposed", agent=Calculator(), **options)


def test_it_keeps_the_contract_of_verifiers():
    for question, right in ((SHORT, 7), (LONG, 8)):
        verifier = make_verifier("decomposed", agent="noisy(skill=1.0)")
        check_verifier(verifier, question=question, right=rf"\boxed{{{right}}}")


def test_a_part_whose_working_drops_a_number_is_not_answered():
    class Careless:
        """Reads a further number of two digits as one, alike in every attempt and cut."""

        def act(self, prompts, *, n=1, seed=None):
            misread = [re.sub(r"([-+]\d)\d", r"\1", prompt) for prompt in prompts]
            return [[Worker(random.Random(0)).solve(text, "steps")] * n for text in misread]

    assert judged(Question("What is 3+4-5+6-1?"), [], Careless()).label == "7"
    assert judged(Question("What is 3+4-52+6-1?"), boxed(7), Careless()).valid is False


class Forward:
    """Adds as `sums` says, where that says something; right in everything else."""

    def __init__(self, sums):
        self.sums, self.asked = sums, []

    def act(self, prompts, *, n=1, seed=None):
        self.asked.append(list(prompts))
        return [[self.solved(prompt)] * n for prompt in prompts]

    def solved(self, prompt):
        first, *terms = re.findall(r"^-?\d+|[-+]\d+", prompt.removeprefix("What is "))
        steps = []
        for term in terms:
            step = first + term
            first = self.sums.get(step) or str(eval(step))
            steps.append(f"{step}={first}")
        return rf"{', '.join(steps)}. \boxed{{{first}}}"


def test_a_step_that_does_not_hold_backward_takes_the_label_away():
    question = Question("What is 8+7-6+5?")
    right, wrong, both = Forward({}), Forward({"8+7": "16"}), Forward({"8+7": "16", "16-7": "8"})
    assert judged(question, boxed(14), right).valid is True
    refused = judged(question, boxed(15), wrong)  # both cuts come to 15
    assert (refused.valid, refused.label, refused.evidence["check"]["agrees"]) == (False, "15", False)
    assert refused.evidence["check"]["answers"] == ["15", "15"]
    assert judged(question, boxed(15), both).label == "15"  # wrong both ways: nothing shows it
    assert len(right.asked[-1]) == len(set(right.asked[-1])) <= 6


def test_steps_of_a_batch_are_asked_once_in_one_call():
    agent = Forward({})
    questions = [Question("What is 8+7-6+5?"), Question("Compute 8+7-6+5-1.")]
    judgements = make_verifier("decomposed", agent=agent).judge_many(questions, [boxed(14), boxed(13)])
    assert [one.valid for one in judgements] == [True, True]
    assert len(agent.asked[-1]) == len(set(agent.asked[-1]))
    assert {"What is 15-7?", "What is 14-5?", "What is 9+6?"} <= set(agent.asked[-1])
