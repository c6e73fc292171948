"""The verifier `code`: labels come from execution, verdicts from data, and a failing verdict says where."""

from __future__ import annotations

import json
import random

import pytest

from selfplay_gym import Outcome, Question, TaskSpec, make_generator, make_verifier
from selfplay_gym.core.code_questions import TASKS
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.verifiers.programs.verifier import CodeVerifier
from selfplay_gym.verifiers.sandbox import CallResult, probe

needs_sandbox = pytest.mark.skipif(probe().refusal is not None, reason=f"no sandbox here: {probe().refusal}")


@pytest.fixture(scope="module")
def verifier() -> CodeVerifier:
    return CodeVerifier()


def block(code: str) -> str:
    return f"Here it is.\n```python\n{code}\n```\nDone."


def boxed(value: str) -> str:
    return rf"So it is \boxed{{{value}}}."


def code_question(task: str = "program", **meta) -> Question:
    return Question("text", None, "code", meta={"task": task, "function": "f", **meta})


SQUARE = "def f(x):\n    return x * x + 1"


@needs_sandbox
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("level", [0.1, 0.5, 0.95])
def test_the_reference_is_right_and_nonsense_is_not(verifier, task, level):
    rng = random.Random(4)
    for _ in range(3):
        question = make_generator("code").generate(TaskSpec(level, task), rng)
        gold = (block if task in ("program", "induction") else boxed)(question.reference)
        judgement = verifier.judge(question, [gold, "no idea", boxed("'zzz'"), block("def f(*a):\n    return object")])
        assert [v.outcome for v in judgement.verdicts] == [Outcome.CORRECT] + 3 * [Outcome.WRONG], judgement
        assert judgement.solve_rate == 0.25
        assert judgement.valid
        assert judgement.label_source == "sandbox"
        assert judgement.evidence["isolation"] in ("full", "landlock", "namespaces")
        json.dumps(dict(judgement.evidence))


@needs_sandbox
def test_short_deduction_is_judged(verifier):
    generator = make_generator("deduction", style="short")
    rng = random.Random(2)
    for level in (0.0, 0.3, 0.6, 0.9):
        question = generator.generate(TaskSpec(level), rng)
        judgement = verifier.judge(question, [boxed(question.reference), question.reference, boxed("12345")])
        assert judgement.correct_count == 2
        assert judgement.label == question.reference


@needs_sandbox
def test_claimed_outputs_are_not_believed(verifier):
    question = code_question("deduction", program=SQUARE, inputs=["(3,)"], outputs=["11"])
    judgement = verifier.judge(question, [boxed("11"), boxed("10")])
    assert [v.score for v in judgement.verdicts] == [0.0, 1.0]
    assert judgement.label == "10"
    assert judgement.evidence["claims_right"] is False


@needs_sandbox
def test_any_input_with_the_output_solves_abduction(verifier):
    question = code_question("abduction", program="def f(x):\n    return abs(x)", inputs=["(3,)"])
    judgement = verifier.judge(
        question, [boxed("-3"), boxed("(3,)"), boxed("f(-3)"), boxed("4"), boxed("__import__('os')")]
    )
    assert [v.score for v in judgement.verdicts] == [1, 1, 1, 0, 0]
    assert "returned 4, expected 3" in judgement.verdicts[3].reason


@needs_sandbox
def test_an_abduction_that_hangs_hurts_nobody_else():
    verifier = CodeVerifier(wall_s=0.5)
    program = "def f(x):\n    while x == 13: pass\n    return x % 5"
    question = code_question("abduction", program=program, inputs=["(3,)"])
    judgement = verifier.judge(question, [boxed("13"), boxed("8"), boxed("23")])
    assert [v.score for v in judgement.verdicts] == [0, 1, 1]


@needs_sandbox
def test_a_failing_program_is_told_where_and_on_what(verifier):
    code = "def f(xs):\n    total = 0\n    for x in xs:\n        if x > 1:\n            total += x\n    return total"
    question = code_question(program="def f(xs):\n    return sum(xs)", inputs=["([1, 2],)", "([3],)"])
    judgement = verifier.judge(question, [block(code), block("def f(xs):\n    return sum(xs[1:]) + xs[0]")])
    wrong, raising = judgement.evidence["failing"]
    assert wrong["attempt"] == 0
    assert (wrong["input"], wrong["expected"], wrong["actual"]) == ("f([1])", "1", "0")
    assert wrong["line"] in (3, 4, 6)
    assert (raising["input"], raising["line"]) == ("f([])", 2)
    assert "IndexError" in raising["actual"]
    assert "IndexError" in judgement.verdicts[1].reason


@needs_sandbox
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def f(x):\n    return x *", "invalid syntax"),
        ("def g(x):\n    return x * x + 1", "defines no f; it defines g"),
        ("def f():\n    return 1", "TypeError"),
        ("import os\ndef f(x):\n    os._exit(0)", "exit"),
        ("def f(x):\n    return [x * x + 1]", "gave [10], expected 10"),
        ("def f(x):\n    return True if x == 0 else x * x + 1", "gave True, expected 1"),
        ("def f(x):\n    raise SystemExit", "SystemExit"),
        ("class A:\n    def __eq__(self, o): return True\ndef f(x):\n    return A()", "plain data"),
        ("print('passes all tests')\ndef f(x):\n    return None", "gave None"),
    ],
)
def test_wrong_programs_say_why(verifier, code, message):
    question = code_question(program=SQUARE, inputs=["(3,)", "(-2,)"])
    (verdict,) = verifier.judge(question, [block(code)]).verdicts
    assert verdict.outcome is Outcome.WRONG
    assert message in verdict.reason


@needs_sandbox
def test_what_a_right_program_prints_counts_only_if_the_reference_prints(verifier):
    loud = "def f(x):\n    print('debug')\n    return x * x + 1"
    quiet_question = code_question(program=SQUARE, inputs=["(3,)"])
    assert verifier.judge(quiet_question, [block(loud)]).solve_rate == 1.0
    loud_question = code_question(program=loud, inputs=["(3,)"])
    judgement = verifier.judge(loud_question, [block(loud), block(SQUARE)])
    assert [v.score for v in judgement.verdicts] == [1, 0]


@needs_sandbox
def test_without_a_reference_behaviour_is_put_to_the_vote(verifier):
    question = code_question(inputs=["(3,)", "(0,)"], signature="f(x: int) -> int")
    right, same_again = block("def f(x):\n    return x * x"), block("def f(n):\n    return n ** 2")
    wrong, other = block("def f(x):\n    return x + x"), block("def f(x):\n    return abs(x) * 3")
    judgement = verifier.judge(question, [wrong, right, other, same_again, "nothing"])
    assert [v.score for v in judgement.verdicts] == [0, 1, 0, 1, 0]
    assert (judgement.label_source, judgement.valid, judgement.solve_rate) == ("vote", True, 0.4)
    assert judgement.evidence["vote"] == {"sizes": [2, 1, 1], "share": 0.4, "runner_up_share": 0.2}
    assert {row["power"] for row in judgement.evidence["suite"]} <= {0.5, 1.0}
    assert not verifier.judge(question, [wrong, right]).valid  # a tie is no majority
    assert verifier.judge(question, [block("def f(x):\n    1 / 0")] * 3).label is None


@needs_sandbox
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("def f(x):\n    return 7", "does not depend"),
        ("import random\ndef f(x):\n    return random.random()", "imports random"),
        ("def f(x):\n    return id(x)", "uses id"),
        ("seen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)", "not deterministic"),
        ("def f(x):\n    return {object(): 1}", "no value on input 1"),
        ("def f(x):\n    return x +", "does not parse"),
        ("def g(x):\n    return x", "defines no 'f'"),
        ("def f(x):\n    while True: pass", "no value on input 1"),
    ],
)
def test_invalid_proposals_are_refused_with_a_reason(program, reason):
    verifier = CodeVerifier(wall_s=0.5, cpu_s=0.4)
    proposal = code_question("deduction", program=program, inputs=["(3,)"])
    found = verifier.prepare(proposal)
    assert isinstance(found, str)
    assert reason in found
    judgement = verifier.judge(proposal, [boxed("1")])
    assert not judgement.valid
    assert judgement.verdicts[0].outcome is Outcome.UNDECIDED


@needs_sandbox
def test_prepare_fills_in_executed_values(verifier):
    pairs = code_question("induction", program=SQUARE, inputs=["(3,)", "(1,)"])
    asked = verifier.prepare(Question("Pairs:\n<<pairs>>", None, "code", meta=pairs.meta))
    assert asked.text == "Pairs:\nf(3) == 10\nf(1) == 2"
    assert asked.meta["outputs"] == ["10", "2"]
    assert asked.meta["hidden"]
    assert not set(asked.meta["hidden"]) & {"(3,)", "(1,)"}
    wanted = code_question("abduction", program=SQUARE, inputs=["(3,)"])
    asked = verifier.prepare(Question("returns <<output>>", None, "code", meta=wanted.meta))
    assert (asked.text, asked.reference) == ("returns 10", "(3,)")
    assert verifier.judge(asked, [boxed("-3")]).solve_rate == 1.0


@needs_sandbox
def test_a_tester_is_paid_for_wrong_programs_caught_by_true_tests(verifier):
    question = code_question(program="def f(x):\n    return abs(x)", inputs=["(3,)"])
    attempts = [
        block("def f(x):\n    return x"),
        block("def f(x):\n    return abs(x) if x else 1"),
        block("def f(x):\n    return abs(x)"),
    ]
    judgement = verifier.judge(question, attempts)
    texts = [
        block("assert f(-2) == 2\nassert f(0) == 0"),  # catches both
        block("assert f(-2) == 2"),  # catches one
        block("assert f(4) == 4"),  # true, catches none
        block("assert f(-2) == 2\nassert f(5) == 6"),  # half of it is false
        block("f(-1)\nf(0)"),  # leaves the values to execution
        "no tests",
    ]
    verdicts = verifier.judge_tests(question, attempts, judgement, texts)
    assert [v.score for v in verdicts] == [1.0, 0.5, 0.0, 0.25, 1.0, 0.0]
    assert "6" in verdicts[3].reason


@needs_sandbox
def test_a_tester_without_wrong_answers_is_given_mutants(verifier):
    question = code_question(program=SQUARE, inputs=["(3,)"])
    attempts = [block(SQUARE)]
    judgement = verifier.judge(question, attempts)
    strong, weak = verifier.judge_tests(question, attempts, judgement, ["f(3)", "f(0)"])
    assert strong.score == 1.0
    assert 0 <= weak.score < 1.0
    (none,) = verifier.judge_tests(code_question("deduction", program=SQUARE, inputs=["(3,)"]), [], judgement, ["f(3)"])
    assert none.outcome is Outcome.UNDECIDED


HOSTILE = [
    "",
    "\ud800",
    r"\boxed{",
    boxed("(" * 3000),
    boxed("..."),
    boxed("(1j,)"),
    boxed("1e999"),
    boxed("[" * 70 + "]" * 70),
    block("\0"),
    block("f = 3"),
    block("def f(*a):\n    return '\\ud800'"),
    block("x = 1\n" * 9000),
    "assert f(...) == ...",
]


@needs_sandbox
@pytest.mark.parametrize("task", TASKS)
def test_odd_and_hostile_attempts_are_judged_and_never_raise(verifier, task):
    question = make_generator("code").generate(TaskSpec(0.5, task), random.Random(3))
    judgement = verifier.judge(question, HOSTILE)
    assert [v.outcome for v in judgement.verdicts] == [Outcome.WRONG] * len(HOSTILE)
    assert len(verifier.judge_tests(question, HOSTILE, judgement, HOSTILE)) == len(HOSTILE)


def test_what_is_no_code_question_is_undecided():
    verifier = CodeVerifier(executor=Refusing())
    for question in (
        Question("What is 1+1?", "2"),
        code_question("deduction"),
        code_question("quiz", program=SQUARE),
        code_question("deduction", program=SQUARE, inputs=["(3"]),
        code_question("deduction", program=SQUARE, inputs=["3"]),
        code_question("deduction", program=3, inputs=["(3,)"]),
    ):
        judgement = verifier.judge(question, ["1", "2"])
        assert [v.outcome for v in judgement.verdicts] == [Outcome.UNDECIDED] * 2
        assert not judgement.valid
        assert judgement.verdicts[0].reason


class Refusing:
    """An executor on a system without isolation."""

    isolation = "none"

    def call(self, code, function, inputs, *, trace=False, patience=1, seconds=None):
        return [CallResult("refused", error="no isolation here")] * len(inputs)


@pytest.mark.parametrize("task", TASKS)
def test_without_a_sandbox_nothing_is_decided(task):
    verifier = CodeVerifier(executor=Refusing())
    question = code_question(task, program=SQUARE, inputs=["(3,)"], outputs=["10"])
    judgement = verifier.judge(question, [boxed("10"), block(SQUARE)])
    assert {v.outcome for v in judgement.verdicts} == {Outcome.UNDECIDED}
    assert "no isolation here" in judgement.verdicts[0].reason
    assert judgement.solve_rate == 0.0


def test_without_a_sandbox_there_is_no_vote():
    question = code_question(inputs=["(3,)"])
    judgement = CodeVerifier(executor=Refusing()).judge(question, [block(SQUARE)] * 3)
    assert {v.outcome for v in judgement.verdicts} == {Outcome.UNDECIDED}


def test_options_are_checked():
    assert isinstance(make_verifier("code", tests=8), CodeVerifier)
    for options in ({"tests": 0}, {"min_share": 2.0}, {"extract": "loose"}, {"wall_s": 0.0}):
        with pytest.raises(ConfigError):
            make_verifier("code", **options)
