"""Programs that run in one fork behave as each does in a fork of its own, also where some hang or crash."""

from __future__ import annotations

import pytest

from selfplay_gym.core.literals import text_of
from selfplay_gym.verifiers.programs.execution import SandboxExecutor, TimedExecutor
from selfplay_gym.verifiers.programs.mutants import mutants
from selfplay_gym.verifiers.programs.test_suites import UNTRIED, Test
from selfplay_gym.verifiers.programs.tester.wrong_programs import run_apart, run_together, wrong_ones
from selfplay_gym.verifiers.sandbox import CallResult, probe

needs_sandbox = pytest.mark.skipif(probe().refusal is not None, reason=f"no sandbox here: {probe().refusal}")

ODD = [
    "def f(x):\n    return x + 1",
    "def f(:",
    "f = lambda x: [x] * x",
    "def f(x):\n    while x > 1: pass\n    return x",
    "state = 0\ndef f(x):\n    global state\n    state += x\n    return state",
    "def g(x):\n    return x",
    "raise ValueError('at the top')",
    "import os\ndef f(x):\n    os._exit(x)",
    "def f(x):\n    raise SystemExit(3)",
    "def f(x):\n    print(x)\n    return {x: (x,)}",
    "while True: pass",
    "def f(x):\n    return f(x)",
]
INPUTS = [(0,), (2,), (5,)]


@needs_sandbox
@pytest.mark.parametrize("with_output", [False, True])
def test_together_they_do_what_each_does_alone(with_output):
    executor = SandboxExecutor(wall_s=0.3)
    together = run_together(TimedExecutor(executor, 60.0), ODD, "f", INPUTS, with_output)
    alone = run_apart(executor, ODD, "f", INPUTS, 30.0, with_output)
    assert [len(seen) for seen in together] == [len(INPUTS)] * len(ODD)
    for program, one, other in zip(ODD, together, alone, strict=True):
        assert [_kind(seen) for seen in one] == [_kind(seen) for seen in other], program


def _kind(seen):
    """A value as it is; a failure is a failure, whatever says so, and what was not tried is none of both."""
    if seen == UNTRIED:
        return "!"
    return "!" if seen.startswith("!") else seen


@needs_sandbox
def test_mutants_together_are_mutants_alone():
    loop = "    for v in xs:\n        if v % 2 == 0:\n            total += v * k\n"
    source = f"def f(xs, k):\n    total = 0\n{loop}    return total"
    programs, inputs = [mutant.source for mutant in mutants(source)], [([1, 2, 3, 4], 2), ([], 1), ([-2], 3)]
    executor = SandboxExecutor()
    assert run_together(TimedExecutor(executor, 60.0), programs, "f", inputs) == run_apart(
        executor, programs, "f", inputs, 2.0
    )


class Counted:
    """Answers every call with its input, and loses the fork at some; counts forks."""

    isolation = "full"

    def __init__(self, lost=()):
        self.forks, self.lost = 0, lost

    def call(self, code, function, inputs, *, trace=False, patience=1, seconds=None):
        self.forks += 1
        found = []
        for arguments in inputs:
            if arguments[1:] in self.lost:
                gone = CallResult("timeout", error="it hangs")
                return [*found, *[gone] * (len(inputs) - len(found))]
            found.append(CallResult("ok", arguments[1]))
        return found


def test_one_fork_is_enough_unless_one_is_lost():
    inputs = [(1,), (2,), (3,)]
    quick, hanging, at_once = Counted(), Counted([(2,)]), Counted([(1,)])
    assert run_together(TimedExecutor(quick, 9.0), ["a", "b", "c"], "f", inputs) == [("1", "2", "3")] * 3
    assert (
        run_together(TimedExecutor(hanging, 9.0), ["a", "b"], "f", inputs) == [("1", "!timeout it hangs", UNTRIED)] * 2
    )
    assert (
        run_together(TimedExecutor(at_once, 9.0), ["a", "b"], "f", inputs)
        == [("!timeout it hangs", UNTRIED, UNTRIED)] * 2
    )
    assert (quick.forks, hanging.forks, at_once.forks) == (1, 2, 2)
    assert run_together(TimedExecutor(quick, 9.0), ["a", "b"], "f", []) == [(), ()]
    assert run_together(TimedExecutor(quick, 9.0), [], "f", inputs) == []


def test_without_time_nothing_is_tried():
    nothing = run_together(TimedExecutor(Counted(), 0.0), ["a", "b"], "f", [(1,), (2,)])
    assert nothing == [(UNTRIED, UNTRIED)] * 2


def test_wrong_ones_are_those_that_some_inputs_tell_apart():
    tests = [Test((x,), x, text_of(x), "given") for x in (1, 2)]
    seen = {"same": ("1", "2"), "half": ("1", "9"), "all": ("8", "9"), "hangs": ("!timeout", UNTRIED)}
    assert wrong_ones(list(seen), tests, list(seen.values())) == ["half"]
    easy = {name: seen[name] for name in ("same", "all")}
    assert wrong_ones(list(easy), tests, list(easy.values())) == ["all"]
