"""The reward of the tester role: unit tests are run on programs, and rewarded for the wrong programs they catch.

CURE (arXiv 2506.03136, section 3) rewards a unit test that every accepted program passes and wrong ones fail. Kept: a
test counts only if all accepted programs pass it, and its reward is the share of wrong programs it catches. What
differs: a tester writes several tests at once. Its reward is the share of wrong programs that its counted tests catch
together, times the share of its tests that count, so that false tests lower it. A test may leave its output open
(`f(3)`); then the value on which the accepted programs agree is the label.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....core.code_questions import CodeQuestion
from ....core.literals import Value, node_literal
from ....core.records import Judgement, Outcome, Verdict
from ..code_blocks import find_code, parse
from ..execution import TimedExecutor, behaviour
from ..literals import canonical
from ..test_suites import Behaviour, call_text, catches, failed

MOST_TESTS = 32
"""Further tests of one completion are not read."""


@dataclass(frozen=True, slots=True)
class UnitTest:
    """A test as written.

    Attributes:
        arguments: the argument tuple.
        expected: the stated value in a 1-tuple, `None` when the test states none.
    """

    arguments: tuple[Value, ...]
    expected: tuple[Value] | None = None


@dataclass(frozen=True, slots=True)
class UnitTestResult:
    """What one test found.

    Attributes:
        test: the test.
        counts: whether every accepted program passes it.
        caught: the wrong programs it fails, by position; empty when it does not count.
        reason: why it does not count, "" when it does.
    """

    test: UnitTest
    counts: bool
    caught: frozenset[int]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnitTestReport:
    """What the tests of one tester found together.

    Attributes:
        results: one per test.
        wrong: number of wrong programs there were to catch.
    """

    results: tuple[UnitTestResult, ...]
    wrong: int

    @property
    def caught(self) -> frozenset[int]:
        """Wrong programs failed by a test that counts."""
        return frozenset[int]().union(*(result.caught for result in self.results))

    @property
    def score(self) -> float:
        """Share of wrong programs caught, times the share of tests that count; in [0, 1]."""
        if not self.results or not self.wrong:
            return 0.0
        counted = sum(result.counts for result in self.results) / len(self.results)
        return len(self.caught) / self.wrong * counted

    def sentence(self) -> str:
        """For people: `2 of 3 tests count; they catch 4 of 5 wrong programs`."""
        counted = f"{sum(result.counts for result in self.results)} of {len(self.results)} tests count"
        text = f"{counted}; they catch {len(self.caught)} of {self.wrong} wrong programs"
        flaw = next((result.reason for result in self.results if result.reason), "")
        return f"{text} ({flaw})" if flaw else text


def read_unit_tests(text: str, function: str) -> list[UnitTest]:
    """The distinct tests in a completion, at most `MOST_TESTS`.

    Read, never run: `assert f(1) == 2`, `f(1) == 2`, `assert f(1) is None`, `assert f(1)`, `assert not f(1)`, `f(1)`,
    with literal arguments, at the top level or inside test functions. Anything else is passed over.
    """
    code = find_code(text)
    tree = parse(code if code is not None else text)
    if tree is None:
        tree = parse(
            "\n".join(line for line in text.split("\n") if line.strip().startswith(("assert ", f"{function}(")))
        )
    found: dict[str, UnitTest] = {}
    for node in ast.walk(tree) if tree is not None else ():
        test = None
        if isinstance(node, ast.Assert):
            test = _unit_test(node.test, function, asserted=True)
        elif isinstance(node, ast.Expr):
            test = _unit_test(node.value, function, asserted=False)
        if test is not None:
            found.setdefault(canonical(test.arguments), test)
    return list(found.values())[:MOST_TESTS]


def _unit_test(node: ast.expr, function: str, asserted: bool) -> UnitTest | None:
    match node:
        case ast.Compare(left, [ast.Eq() | ast.Is()], [right]):
            for call, stated in ((left, right), (right, left)):
                arguments, value = _arguments(call, function), node_literal(stated)
                if arguments is not None and value is not None:
                    return UnitTest(arguments, value)
            return None
        case ast.UnaryOp(ast.Not(), call) if asserted:
            arguments = _arguments(call, function)
            return None if arguments is None else UnitTest(arguments, (False,))
    arguments = _arguments(node, function)
    if arguments is None:
        return None
    return UnitTest(arguments, (True,)) if asserted else UnitTest(arguments)


def _arguments(node: ast.expr, function: str) -> tuple[Value, ...] | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function):
        return None
    values = [node_literal(argument) for argument in node.args]
    if node.keywords or any(value is None for value in values):
        return None
    return tuple(value[0] for value in values if value is not None)


def judged_programs(code: CodeQuestion, attempts: Sequence[str], judgement: Judgement) -> tuple[list[str], list[str]]:
    """The programs that tests are held against: the reference and those judged correct, and those judged wrong."""
    accepted = [] if code.program is None else [code.program]
    wrong: list[str] = []
    for attempt, verdict in zip(attempts, judgement.verdicts, strict=True):
        program = find_code(attempt, code.function)
        if program is not None and verdict.outcome is not Outcome.UNDECIDED:
            (accepted if verdict.outcome is Outcome.CORRECT else wrong).append(program)
    return accepted, wrong


def judge_unit_tests(
    text: str, function: str, runs: Mapping[str, TimedExecutor], accepted: Sequence[str], wrong: Sequence[str]
) -> Verdict:
    """What a tester's text earns; undecided where an accepted program had no time left for its tests."""
    tests = read_unit_tests(text, function)
    if not tests:
        return Verdict.wrong(None, "no test")
    report = run_unit_tests(runs, function, tests, accepted, wrong)
    answer = "; ".join(call_text(function, test.arguments) for test in tests)
    if any(runs[program].left <= 0 for program in accepted):
        return Verdict.undecided("the time of an accepted program was used up", answer)
    if report.score > 0:
        return Verdict.correct(answer, report.sentence(), report.score)
    return Verdict.wrong(answer, report.sentence())


def run_unit_tests(
    runs: Mapping[str, TimedExecutor],
    function: str,
    tests: Sequence[UnitTest],
    accepted: Sequence[str],
    wrong: Sequence[str],
) -> UnitTestReport:
    """Run tests on programs, each program once with all inputs.

    Args:
        runs: what runs each of the programs.
        accepted: programs taken to be right; without one, no test counts.
        wrong: programs taken to be wrong.
    """
    inputs = [test.arguments for test in tests]
    if not inputs:
        return UnitTestReport((), len(wrong))
    right = [behaviour(runs[program].call(program, function, inputs)) for program in accepted]
    faulty = [behaviour(runs[program].call(program, function, inputs)) for program in wrong]
    return hold(function, tests, right, faulty)


def hold(
    function: str, tests: Sequence[UnitTest], right: Sequence[Behaviour], faulty: Sequence[Behaviour]
) -> UnitTestReport:
    """Hold tests against what programs did on their inputs.

    Args:
        right: of each accepted program; without one, no test counts.
        faulty: of each wrong program.
    """
    results = []
    for index, test in enumerate(tests):
        reason = _flaw(test, function, [seen[index] for seen in right])
        label = right[0][index] if right else ""
        caught = frozenset() if reason else frozenset(p for p, seen in enumerate(faulty) if catches(label, seen[index]))
        results.append(UnitTestResult(test, not reason, caught, reason))
    return UnitTestReport(tuple(results), len(faulty))


def _flaw(test: UnitTest, function: str, observed: Sequence[str]) -> str:
    """Why a test does not count; "" if it does."""
    call = call_text(function, test.arguments)
    if not observed:
        return "there is no accepted program to hold tests against"
    if any(map(failed, observed)):
        return f"{call} has no value in an accepted program"
    if len(set(observed)) > 1:
        return f"accepted programs differ on {call}"
    if test.expected is not None and canonical(test.expected[0]) != observed[0]:
        return f"{call} is {observed[0][:60]} in accepted programs, not {canonical(test.expected[0])[:60]}"
    return ""
