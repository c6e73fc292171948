"""What a test of a function earns: the share of its wrong programs that it catches, and nothing for a broken one."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym import Outcome, Question, make_generator, make_verifier
from selfplay_gym.core.code_questions import CodeQuestion
from selfplay_gym.core.conformance.verifier import HOSTILE
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Labelled, TaskSpec
from selfplay_gym.envs.game.tester import example, task
from selfplay_gym.testing import check_verifier
from selfplay_gym.verifiers.programs.tester.verifier import UnitTestVerifier
from selfplay_gym.verifiers.sandbox import probe

pytestmark = pytest.mark.skipif(probe().refusal is not None, reason=f"no sandbox here: {probe().refusal}")

PARITY = "def f(x):\n    return 3*x if x % 2 == 0 else x + 40"
LOOP = (
    "def f(n):\n    total = 0\n    while n != 0:\n        n -= 1\n        total += 2 if n > 3 else 5\n    return total"
)


@pytest.fixture(scope="module")
def verifier():
    return make_verifier("unit-tests", wall_s=0.3)


def function(program, *inputs, wrong=(), name="f"):
    code = CodeQuestion("program", name, program, tuple(inputs))
    return Question("?", program, "code", None, "tester", {**code.as_meta(), "wrong": list(wrong)})


def scores(verifier, question, *texts):
    return [verdict.score for verdict in verifier.judge(question, texts).verdicts]


def test_a_test_earns_the_share_of_wrong_programs_that_it_catches(verifier):
    asked = function(PARITY, (3,), (4,), wrong=[])
    judged = verifier.judge(asked, ["f(4)", "f(3)", "assert f(4) == 12", "f(4)\nf(3)"])
    wrong = verifier.suspects(asked).programs
    caught = [[_value(program, x) != _value(PARITY, x) for program in wrong] for x in (4, 3)]
    even, odd = (sum(one) / len(wrong) for one in caught)
    assert 0 < odd < 1
    assert 0 < even < 1
    assert [verdict.score for verdict in judged.verdicts] == [even, odd, even, even]  # of two tests the first counts
    assert judged.evidence["measures"] == {
        "counted_share": 1.0,
        "caught_per_test": pytest.approx(len(wrong) * (3 * even + odd) / 4),
        "wrong_programs": float(len(wrong)),
    }


def _value(program, x):
    space: dict[str, object] = {}
    exec(program, space)  # noqa: S102  (ours, and a mutant of ours)
    try:
        return space["f"](x)
    except Exception as error:  # noqa: BLE001
        return type(error)


def test_wrong_attempts_are_the_wrong_programs_where_there_are_any(verifier):
    wrong = ["```python\ndef f(x):\n    return 3*x\n```", "no program", "def f(x):\n    return x + 40 if x % 2 else 0"]
    asked = function(PARITY, (3,), (4,), wrong=[*wrong, PARITY])  # what does nothing else is not wrong
    assert scores(verifier, asked, "f(3)", "f(4)", "f(0)", "f(20)") == [0.5, 0.5, 0.0, 0.5]
    assert verifier.suspects(asked).apart


def test_what_every_input_catches_is_no_wrong_program_unless_there_is_no_other(verifier):
    easy, hard = "def f(x):\n    return None", "def f(x):\n    return 3*x"
    assert len(verifier.suspects(function(PARITY, (3,), (4,), wrong=[easy, hard])).programs) == 1
    assert scores(verifier, function(PARITY, (3,), (4,), wrong=[easy]), "f(1)") == [1.0]


@pytest.mark.parametrize(
    "text",
    [
        *HOSTILE,
        "",
        "I do not know",
        "f(",
        "g(4)",
        "f(x)",
        "f(__import__('os')._exit(1))",
        "f(4, 5)",
        "f('four')",
        "f()",
        "assert f(4) == 13",
        "assert not f(4)",
        "f(" + "[" * 3000 + "]" * 3000 + ")",
        "f(" + "9" * 5000 + ")",
        "f(10**10**10)",
    ],
)
def test_a_broken_test_earns_nothing_and_takes_nothing_from_its_neighbours(verifier, text):
    asked = function(PARITY, (3,), (4,))
    alone = scores(verifier, asked, "f(4)")[0]
    assert scores(verifier, asked, text, "f(4)") == [0.0, alone]


def test_an_input_on_which_the_function_hangs_earns_nothing_and_the_others_are_tried(verifier):
    asked, started = function(LOOP, (3,), (5,)), time.monotonic()
    judged = verifier.judge(asked, ["f(-1)", "f(2)", "f(-3)", "f(4)"])
    assert [verdict.score for verdict in judged.verdicts][::2] == [0.0, 0.0]
    assert [verdict.score for verdict in judged.verdicts][1::2] == scores(verifier, asked, "f(2)", "f(4)")
    assert min(scores(verifier, asked, "f(2)", "f(4)")) > 0
    assert time.monotonic() - started < 20


def test_programs_that_hang_are_not_among_the_wrong_ones(verifier):
    hanging = [program for program in verifier.suspects(function(LOOP, (3,), (5,))).programs if "n += 1" in program]
    assert hanging == []


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (Question("What is 1+2?", "3"), "no code question"),
        (Question("?", None, "code", meta={"task": "program", "program": None}), "no accepted program"),
        (function("def f(x):\n    return 5", (1,), (2,)), "does not depend on the input"),
        (function("import random\ndef f(x):\n    return random.random()", (1,)), "imports random"),
        (function("seen = []\ndef f(x):\n    seen.append(x)\n    return x + len(seen)", (1,), (2,)), "two runs differ"),
        (function("def f(x):\n    while True: pass", (1,)), "no value"),
        (function("def f(:", (1,)), "does not parse"),
        (Question("?", PARITY, "code", meta={**function(PARITY, (1,)).meta, "wrong": 3}), "the checker failed"),
    ],
)
def test_where_nothing_can_be_said_tests_are_undecided(verifier, question, reason):
    judged = verifier.judge(question, ["f(1)", ""])
    assert {verdict.outcome for verdict in judged.verdicts} == {Outcome.UNDECIDED}
    assert all(reason in verdict.reason for verdict in judged.verdicts)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["deduction:short", "code"]))
def test_generated_functions_give_fair_tasks(seed, generator):
    """A valid call earns a share of wrong programs that our own interpreter of Python confirms."""
    rng = random.Random(seed)
    asked = task(Labelled(make_generator(generator).generate(TaskSpec(rng.random()), rng), (), ()))
    verifier = make_verifier("unit-tests", programs=8)
    judged = verifier.judge(asked, [example(asked), "f()"])
    if judged.valid:
        assert judged.evidence["wrong_programs"] <= 8
        assert judged.verdicts[0].reason.startswith("counts")
        assert judged.verdicts[1].score == 0.0
        assert judged == verifier.judge(asked, [example(asked), "f()"])


def test_it_keeps_the_contract_of_verifiers_and_refuses_odd_options():
    check_verifier(UnitTestVerifier(), question=function(PARITY, (3,), (4,)), right="f(5)", wrong="f('')")
    for options in ({"programs": 0}, {"programs": 1000}, {"wall_s": 0.0}):
        with pytest.raises(ConfigError):
            UnitTestVerifier(**options)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("def f(x):\n    print('z' * 10**6)\n    return x * 2", "prints and returns more than 2000"),
        ("def f(x):\n    for i in range(2000): print(i)\n    return x + 1", "prints and returns more than 2000"),
        ("def f(x):\n    return str(x) * 3000", "prints and returns more than 2000"),
        ("def f(x):\n    return 'a' * 10**6", "more than result_kb"),
        ("def f(x):\n    return [str(x) * 50] * 10**3", "more than result_kb"),
    ],
)
def test_a_function_that_prints_or_returns_much_is_no_task(verifier, program, reason):
    judged = verifier.judge(function(program, (1,), (2,)), ["f(1)", "f(2)"])
    assert {verdict.outcome for verdict in judged.verdicts} == {Outcome.UNDECIDED}
    assert reason in judged.verdicts[0].reason


def test_of_a_wrong_program_that_prints_much_only_the_beginning_is_seen(verifier, monkeypatch):
    chatty = "```python\ndef f(x):\n    print('z' * 10**6)\n    return x\n```"
    asked = function("def f(x):\n    print(x)\n    return 2 * x", (1,), (2,), wrong=[chatty])
    seen, call = [], verifier._code.executor.call

    def watched(*arguments, **options):
        found = call(*arguments, **options)
        seen.extend(len(result.stdout) for result in found)
        return found

    monkeypatch.setattr(verifier._code.executor, "call", watched)
    assert scores(verifier, asked, "f(1)") == [1.0]
    assert max(seen) == 4096
