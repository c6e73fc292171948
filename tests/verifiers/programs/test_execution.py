"""The time of a program and of a group: bounded, in equal shares, and what is left is untried."""

from __future__ import annotations

import time

import pytest

from selfplay_gym import Outcome, Question
from selfplay_gym.verifiers.programs import execution
from selfplay_gym.verifiers.programs.execution import OF_A_GROUP, OF_A_PROGRAM, TimedExecutor, behaviour, executors
from selfplay_gym.verifiers.programs.test_suites import UNTRIED
from selfplay_gym.verifiers.programs.verifier import CodeVerifier
from selfplay_gym.verifiers.sandbox import CallResult, Limits, call_many, probe

needs_sandbox = pytest.mark.skipif(probe().refusal is not None, reason=f"no sandbox here: {probe().refusal}")


class Slow:
    """Takes a second of a clock of its own for each input."""

    isolation = "full"

    def __init__(self, monkeypatch) -> None:
        self.now, self.asked = 0.0, []
        monkeypatch.setattr(execution.time, "monotonic", lambda: self.now)

    def call(self, code, function, inputs, *, trace=False, patience=1, seconds=None):
        self.asked.append(seconds)
        self.now += min(seconds, len(inputs))
        return [CallResult("ok", 1)] * len(inputs)


def test_what_a_call_takes_is_taken_from_the_next(monkeypatch):
    slow = Slow(monkeypatch)
    run = TimedExecutor(slow, 5.0)
    assert behaviour(run.call("", "f", [(1,), (2,)])) == ("1", UNTRIED)  # one object twice stands for the rest
    run.call("", "f", [(1,)], seconds=0.5)
    run.call("", "f", [(1,)] * 9)
    assert slow.asked == [5.0, 0.5, 2.5]
    assert behaviour(run.call("", "f", [(1,)] * 3)) == (UNTRIED,) * 3
    assert len(slow.asked) == 3


@pytest.mark.parametrize(("programs", "share"), [(1, OF_A_PROGRAM), (4, OF_A_PROGRAM), (10, OF_A_GROUP / 10)])
def test_a_group_shares_its_time_equally(programs, share):
    runs = executors(None, [str(i) for i in range(programs)] * 2, wall_s=2.0)
    assert len(runs) == programs
    assert {run.left for run in runs.values()} == {2.0 * min(OF_A_PROGRAM, share)}


@needs_sandbox
def test_time_for_all_inputs_together():
    code = "import time\ndef f(x):\n    time.sleep(0.1)\n    return x"
    started = time.monotonic()
    results = call_many(code, "f", [(x,) for x in range(400)], limits=Limits(wall_s=5), total_s=0.5)
    assert time.monotonic() - started < 20
    assert results[0].value == 0
    assert results[-1].detail["untried"]
    assert "not tried" in results[-1].error
    assert behaviour(results)[-1] == UNTRIED
    assert [r.status for r in call_many("def f(x): return x", "f", [(1,)] * 3, total_s=0)] == ["timeout"] * 3


@needs_sandbox
@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(0.2); return 0",
        "import time, os; time.sleep(0.1); os._exit(0)",
        "import sys\n    while sys.gettrace(): pass\n    return 0",
    ],
)
def test_one_program_takes_at_most_four_times_the_limit_of_one_call(body):
    wall_s = 0.3
    verifier = CodeVerifier(wall_s=wall_s)
    question = Question("", None, "code", meta={"task": "program", "program": "def f(x): return x", "inputs": ["(3,)"]})
    verifier.label(question)
    started = time.monotonic()
    (verdict,) = verifier.judge(question, [f"```python\ndef f(x):\n    {body}\n```"]).verdicts
    assert time.monotonic() - started < 4 * wall_s + 2  # a busy machine is no fault
    assert verdict.outcome is Outcome.WRONG


@needs_sandbox
def test_a_slow_reference_is_tested_on_what_could_be_run_twice():
    program = "def f(x):\n    return sum(range(10**6)) + x"
    question = Question("", meta={"task": "program", "function": "f", "program": program, "inputs": ["(3,)"]})
    found = CodeVerifier(wall_s=0.4).label(question)
    assert found.reason == ""
    assert 0 < len(found.tests) < 64
