"""What a tester is asked: every function of the labelled questions once, none that is held out, with wrong attempts."""

import random

import pytest

from selfplay_gym import Question, make_domain, make_generator, make_verifier
from selfplay_gym.core.code_questions import CodeQuestion
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.records import Labelled, TaskSpec
from selfplay_gym.envs.game.code_domain import read_code
from selfplay_gym.envs.game.tester import NAME, VERIFIER, WRONG_ATTEMPTS, example, task, tasks
from selfplay_gym.verifiers.programs.tester import verifier as judge
from selfplay_gym.verifiers.programs.tester.unit_test_reward import read_unit_tests

GENERATORS = ["deduction:short", "deduction", "abduction", "induction", "program", "code"]


def drawn(generator, count, seed=0):
    rng = random.Random(seed)
    return [make_generator(generator).generate(TaskSpec(rng.random()), rng) for _ in range(count)]


def unanswered(questions):
    return [Labelled(question, (), ()) for question in questions]


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_function_is_a_task_whose_example_is_one_valid_test(generator):
    for question in drawn(generator, 40):
        made = task(Labelled(question, (), ()))
        code = CodeQuestion.of(made)
        assert made.reference == code.program == question.meta["program"]
        assert made.text.startswith(code.program)
        assert (made.author, made.domain, made.level) == (NAME, "code", question.level)
        (test,) = read_unit_tests(example(made), code.function)
        assert test.expected is None
        assert test.arguments in CodeQuestion.of(question).inputs + CodeQuestion.of(question).hidden


def test_a_function_is_asked_about_once_and_one_of_eight_never():
    questions = drawn("deduction:short", 600)
    found = tasks(unanswered([*questions, *questions]))
    functions = {question.meta["program"] for question in questions}
    assert len({made.reference for made in found}) == len(found)
    assert not any(is_held_out(made.text) for made in found)
    assert 0.8 < len(found) / len(functions) < 0.95


def test_wrong_attempts_go_with_it_where_attempts_are_programs():
    for generator, shown in (("induction", ["b", "c"]), ("deduction", [])):
        (question,) = drawn(generator, 1)
        made = task(Labelled(question, ("a", "b", "c"), (True, False, False)))
        assert made.meta[WRONG_ATTEMPTS] == shown


def test_the_program_that_won_the_vote_stands_in_for_a_reference():
    read = read_code("<question>Write f, which doubles a number. f(2), f(3)</question>")
    assert task(Labelled(read, (), ())) is None  # nobody has an accepted program
    won = "def f(x):\n    return 2*x"
    voted = Question(read.text, won, "code", None, "challenger", read.meta)
    assert task(Labelled(voted, (), ())).meta["program"] == won


def test_questions_of_other_domains_are_passed_over():
    assert tasks(unanswered([Question("What is 1+2?", "3"), Question("?", "3", "code", meta={"task": "chess"})])) == []


def test_the_verifier_reads_what_the_words_write():
    assert judge.WRONG_ATTEMPTS == WRONG_ATTEMPTS
    assert isinstance(make_verifier(VERIFIER), judge.UnitTestVerifier)
    assert make_domain("code").roles[NAME].verifier == VERIFIER
