import pytest

from selfplay_gym.core.extraction import last_boxed
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Question, Verdict
from selfplay_gym.core.registries import make_verifier
from selfplay_gym.selfplay.evaluation import held_out_questions
from selfplay_gym.selfplay.exams.grading import audit_grader, mentions, strictly_given

QUESTIONS = held_out_questions("mixed", 120)


class GenerousVerifier(BaseVerifier):
    """The planted flaw: accepts what is right, and what mentions the reference anywhere. It can only raise scores."""

    def judge(self, question, attempts):
        accepted = [mentions(question, text) or last_boxed(text) == question.reference for text in attempts]
        verdicts = [Verdict.correct("?") if ok else Verdict.wrong("?") for ok in accepted]
        return Judgement.of(verdicts, label=question.reference, label_source="reference")


@pytest.mark.parametrize("name", ["sympy", "exact"])
def test_honest_graders_pass_the_audit(name):
    audit = audit_grader(make_verifier(name), QUESTIONS)
    assert audit.honest, audit
    assert audit.missed == 0.0


def test_a_grader_that_only_raises_scores_is_caught():
    audit = audit_grader(GenerousVerifier(), QUESTIONS)
    assert audit.missed == 0.0  # on right answers it looks perfect
    assert audit.accepted["candidates"] == 1.0
    assert audit.accepted["retracted"] == 1.0
    assert not audit.honest


@pytest.mark.parametrize("name", ["random", "format"])
def test_controls_fail_the_audit(name):
    assert not audit_grader(make_verifier(name), QUESTIONS).honest


def test_strict_and_lenient_readings():
    question = Question("What is 3-8?", "-5")
    assert strictly_given(question, r"So \boxed{-5}")
    assert strictly_given(question, r"\boxed{-5}, I repeat \boxed{-5}")
    assert not strictly_given(question, "-5")
    assert not strictly_given(question, r"\boxed{-5} or \boxed{5}")
    assert strictly_given(question, "<think>\\boxed{4}?</think> \\boxed{-5}, in \\boxed{}")
    assert not strictly_given(question, "<think>\\boxed{-5}</think> It is -5.")
    assert not strictly_given(question, "\\boxed{-5}. Wait, \\boxed{5")
    assert mentions(question, "it is -5, maybe")
    assert not mentions(question, "it is -55 or 5 or -5.5 or x-5")
    assert mentions(Question("?", "3/4"), "3/4 of it")
    assert mentions(Question("?", "7"), "3+4=7.")
    assert not mentions(Question("?", None), "None")
