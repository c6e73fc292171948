"""Nothing that a program returns or a challenger proposes raises in the host: values × tasks × both chairs."""

from __future__ import annotations

import itertools
import json

import pytest

from selfplay_gym import Outcome, Question
from selfplay_gym.core.code_questions import TASKS, CodeQuestion
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.game.code_domain import read_code
from selfplay_gym.verifiers.programs import verifier as module
from selfplay_gym.verifiers.programs.verifier import CodeVerifier
from selfplay_gym.verifiers.sandbox import CallResult, probe

needs_sandbox = pytest.mark.skipif(probe().refusal is not None, reason=f"no sandbox here: {probe().refusal}")

VALUES = [
    *("10**5000 + x", "[10**5000 + x]", "{1: 10**5000, 2: x}", "{10**5000: x}", "(-(10**5000),)", "{10**400 + x}"),
    *("Fraction(10**5000, 3)", "Fraction(10**2000, 3 + x)", "Fraction(x, 7)", "Decimal(10)**5000", "Decimal('NaN')"),
    *("float('inf')", "[float('nan'), x]", "-float('inf') * x", "complex(x, float('inf'))", "1e308 * 10", "5e-324"),
    *("range(10**12 + x)", "range(x, -10**15, -1)", "[range(10**9)] * 99", "bytearray(50_000)", "bytes(50_000)"),
    *("set(range(4_000))", "deque(range(9_000))", "frozenset({x})", "Counter('aab')", "OrderedDict(a=x)"),
    *(
        "chr(0xd800) * 9",
        "' printed ' * x",
        "chr(0) * 9_999",
        "'\\\\N{BELL}\\u202e'",
        "'[' * 9_999",
        "(i for i in 'x')",
    ),
    *("...", "NotImplemented", "type(x)", "ValueError(x)", "memoryview(b'x')", "array('i', [x])", "print('x') or x"),
    *("[[[[[[[[[[[[]]]]]]]]]]]] * x", "print(10**4000) or [x]", "exit(x)", "globals()", "{(): {(): {(): x}}}", "-0.0"),
]
HEADER = (
    "from fractions import Fraction\nfrom decimal import Decimal\nfrom array import array\n"
    "from collections import Counter, OrderedDict, deque\n"
)
SOME_TASKS = [
    *("deduction", "program"),
    *(pytest.param(task, marks=pytest.mark.slow) for task in ("abduction", "induction")),
]
SQUARE = "def f(x):\n    return x * x + 1"


def program(value: str) -> str:
    return f"{HEADER}def f(x):\n    return {value}"


def block(code: str) -> str:
    return f"```python\n{code}\n```"


def code_question(task: str, source: str | None, *inputs: str, **more) -> Question:
    meta = {
        "task": task,
        "function": "f",
        "program": source,
        "inputs": list(inputs or ("(3,)", "(1,)", "(2,)")),
        **more,
    }
    return Question("<<output>> <<pairs>>", None, "code", meta=meta)


@pytest.fixture(scope="module")
def verifier() -> CodeVerifier:
    return CodeVerifier(tests=4, wall_s=1.0)


@needs_sandbox
@pytest.mark.parametrize("task", ["program", pytest.param("induction", marks=pytest.mark.slow)])
def test_whatever_a_solver_s_program_returns_is_a_wrong_answer(verifier, task):
    attempts = [block(program(value)) for value in VALUES]
    judgement = verifier.judge(code_question(task, SQUARE), attempts)
    found = {v.reason for v in judgement.verdicts if v.outcome is not Outcome.WRONG}
    assert found == set()
    json.dumps(dict(judgement.evidence))


@needs_sandbox
@pytest.mark.parametrize("task", SOME_TASKS)
def test_whatever_a_challenger_s_program_returns_is_a_question_or_a_reason(verifier, task):
    for value in VALUES:
        asked = verifier.prepare(code_question(task, program(value)))
        if isinstance(asked, str):
            assert asked
            assert "checker failed" not in asked, (value, asked)
            continue
        json.dumps(dict(asked.meta))
        CodeQuestion.of(asked)  # it can be read back, also from a file
        judgement = verifier.judge(asked, [block(asked.meta["program"]), rf"\boxed{{{asked.reference}}}", "no", ""])
        assert not any("checker failed" in v.reason for v in judgement.verdicts), (value, judgement)
        assert judgement.verdicts[2].outcome is not Outcome.CORRECT


PROPOSED = [
    *("9" * 400, "-" + "9" * 4_000, "0x" + "f" * 450, "1e400", "[1e999]", "{1: (1e400,)}", "1e400j", "1e-999", "..."),
    *(
        "5.1",
        "1e308",
        "-1e308",
        "10**2",
        "9" * 300,
        "-" + "9" * 300,
        "'\\ud800'",
        "b'\\xff'",
        "-" * 400 + "1",
        "(" * 300,
    ),
    *("[" * 49 + "]" * 49, "(" * 40 + "1" + ",)" * 40, "{0:" * 40 + "1" + "}" * 40, "{(): {(): ()}}"),
    *("[" + "1," * 200 + "]", "1," * 200 + "1", "[1, 'a', None, (1, [2]), {1: {2}}]", "('a'," * 30 + ")" * 30),
]


@needs_sandbox
@pytest.mark.parametrize("task", SOME_TASKS)
def test_whatever_inputs_are_proposed_nothing_raises(verifier, task):
    for value in PROPOSED:
        for meta in (f"({value},)", f"([{value}],)"):
            judgement = verifier.judge(code_question(task, SQUARE, meta), [block(SQUARE), r"\boxed{1}"])
            assert not any("checker failed" in v.reason for v in judgement.verdicts), (value, judgement)
        for calls in (f"f({value})", f"f({value})\nf(2)\nf(3)\nf(4)"):
            text = f"<question>task: {task}\n```python\n{SQUARE}\n```\nsquare it\n{calls}</question>"
            asked = read_code(text)
            if not isinstance(asked, str):
                found = verifier.prepare(asked)
                assert not (isinstance(found, str) and "checker failed" in found), (value, found)


def test_a_long_number_in_a_short_question_is_read_or_refused():
    for digits in (500, 5_000, 15_000):
        asked = read_code(f"<question>f=lambda x: x+1. f(0x{'f' * digits})=?</question>")
        assert isinstance(asked, str | Question)


@needs_sandbox
def test_numbers_in_a_question_s_data_are_bounded_too(verifier):
    for value in (float("inf"), float("nan"), 10**400, [10**5000], {"a": 1e400}):
        judgement = verifier.judge(code_question("deduction", SQUARE, inputs=[[value]]), ["1"])
        assert judgement.verdicts[0].outcome is Outcome.UNDECIDED
        assert "inputs" in judgement.verdicts[0].reason


class Failing:
    """An executor that fails on our side, in every way it can."""

    isolation = "full"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def call(self, code, function, inputs, *, trace=False, patience=1, seconds=None):
        raise self.error


class Unprintable(Exception):
    def __str__(self):
        return str(10**5000)


ERRORS = [ValueError("x"), OverflowError(), MemoryError(), RecursionError("deep"), Unprintable(), KeyError(10**5000)]
ERRORS += [TypeError("x" * 9_999), OSError(28, "no space"), ConfigError("refused")]


@pytest.mark.parametrize(("task", "at"), list(itertools.product(TASKS, range(len(ERRORS)))))
def test_what_fails_on_our_side_is_undecided_with_the_reason(task, at):
    verifier = CodeVerifier(executor=Failing(ERRORS[at]))
    question = code_question(task, SQUARE)
    (judgement,) = verifier.judge_many([question], [[block(SQUARE), r"\boxed{10}"]])
    assert {v.outcome for v in judgement.verdicts} == {Outcome.UNDECIDED}
    assert all(v.reason and len(v.reason) < 300 for v in judgement.verdicts)
    assert not judgement.valid
    reason = verifier.prepare(question)
    assert isinstance(reason, str)
    assert reason
    for verdict in verifier.judge_tests(question, [block(SQUARE)], judgement, ["assert f(1) == 2"]):
        assert verdict.outcome is Outcome.UNDECIDED


def test_ctrl_c_is_no_failure():
    with pytest.raises(KeyboardInterrupt):
        CodeVerifier(executor=Failing(KeyboardInterrupt())).judge(code_question("program", SQUARE), [block(SQUARE)])


def test_an_unknown_isolation_is_an_error_at_once():
    with pytest.raises(ConfigError, match="isolation"):
        CodeVerifier(isolation="docker")


class Scripted:
    """An executor with given answers to inputs; `None` is an input for which no time was left."""

    isolation = "full"

    def __init__(self, answers: dict[str, list]) -> None:
        self.answers = answers

    def call(self, code, function, inputs, *, trace=False, patience=1, seconds=None):
        if "__selfplay_traced__" in code:
            return [CallResult("error", error="not traced")] * len(inputs)
        given = self.answers.get(code)
        if given is None:
            return [CallResult("ok", arguments[0] * 2) for arguments in inputs]
        left = dict(zip([1, 2, 3], given, strict=True))
        return [
            CallResult("timeout", error="no time", detail={"untried": True})
            if left[one] is None
            else CallResult("ok", left[one])
            for (one,) in inputs
        ]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([2, 4, 6], Outcome.CORRECT),
        ([2, 4, None], Outcome.UNDECIDED),
        ([None, None, None], Outcome.UNDECIDED),
        ([2, 5, None], Outcome.WRONG),
        ([None, None, 7], Outcome.WRONG),
    ],
)
def test_untried_tests_are_neither_passed_nor_failed(answers, outcome):
    meta = {"inputs": ["(1,)", "(2,)"], "hidden": ["(3,)"], "outputs": ["2", "4"]}
    question = Question("", None, "code", meta={"task": "induction", "program": "def f(x):\n    return x * 2", **meta})
    attempt = "def f(x):\n    return 2 * x"
    judgement = CodeVerifier(executor=Scripted({attempt: answers})).judge(question, [block(attempt)])
    assert judgement.verdicts[0].outcome is outcome
    assert judgement.evidence.get("untried", 0) == (None in answers)
    assert module.UNTRIED not in judgement.verdicts[0].reason
