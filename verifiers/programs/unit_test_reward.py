"""The tester's seat: tests written against programs, and what they are worth.

CURE (arXiv 2506.03136, section 3) pays a unit test for passing every accepted program and failing wrong ones. Kept: a
test counts only if all accepted programs pass it, and is worth the share of wrong programs it catches. What differs: a
tester writes several tests at once, so its reward is the share of wrong programs that its counted tests catch together,
times the share of its tests that count; writing false tests by the dozen does not pay. A test may leave its output open
(`f(3)`); then the accepted programs' common value is the label, by execution.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.literals import Value, node_literal
from .code_blocks import find_code, parse
from .execution import Executor, behaviour
from .literals import canonical
from .test_suites import call_text, failed

MOST_TESTS = 32
"""Further tests of one completion are not read."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A test as written.

    Attributes:
        arguments: the argument tuple.
        expected: the stated value in a 1-tuple, `None` when the test states none.
    """

    arguments: tuple[Value, ...]
    expected: tuple[Value] | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one test is worth.

    Attributes:
        claim: the test.
        counts: whether every accepted program passes it.
        caught: the wrong programs it fails, by position; empty when it does not count.
        reason: why it does not count, "" when it does.
    """

    claim: Claim
    counts: bool
    caught: frozenset[int]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TesterReport:
    """What a tester's tests are worth together.

    Attributes:
        rulings: one per test.
        wrong: number of wrong programs there were to catch.
    """

    rulings: tuple[Ruling, ...]
    wrong: int

    @property
    def caught(self) -> frozenset[int]:
        """Wrong programs failed by a test that counts."""
        return frozenset[int]().union(*(ruling.caught for ruling in self.rulings))

    @property
    def score(self) -> float:
        """Share of wrong programs caught, times the share of tests that count; in [0, 1]."""
        if not self.rulings or not self.wrong:
            return 0.0
        counted = sum(ruling.counts for ruling in self.rulings) / len(self.rulings)
        return len(self.caught) / self.wrong * counted

    def sentence(self) -> str:
        """For people: `2 of 3 tests count; they catch 4 of 5 wrong programs`."""
        counted = f"{sum(ruling.counts for ruling in self.rulings)} of {len(self.rulings)} tests count"
        text = f"{counted}; they catch {len(self.caught)} of {self.wrong} wrong programs"
        flaw = next((ruling.reason for ruling in self.rulings if ruling.reason), "")
        return f"{text} ({flaw})" if flaw else text


def read_tests(text: str, function: str) -> list[Claim]:
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
    found: dict[str, Claim] = {}
    for node in ast.walk(tree) if tree is not None else ():
        claim = None
        if isinstance(node, ast.Assert):
            claim = _claim(node.test, function, asserted=True)
        elif isinstance(node, ast.Expr):
            claim = _claim(node.value, function, asserted=False)
        if claim is not None:
            found.setdefault(canonical(claim.arguments), claim)
    return list(found.values())[:MOST_TESTS]


def _claim(node: ast.expr, function: str, asserted: bool) -> Claim | None:
    match node:
        case ast.Compare(left, [ast.Eq() | ast.Is()], [right]):
            for call, stated in ((left, right), (right, left)):
                arguments, value = _arguments(call, function), node_literal(stated)
                if arguments is not None and value is not None:
                    return Claim(arguments, value)
            return None
        case ast.UnaryOp(ast.Not(), call) if asserted:
            arguments = _arguments(call, function)
            return None if arguments is None else Claim(arguments, (False,))
    arguments = _arguments(node, function)
    if arguments is None:
        return None
    return Claim(arguments, (True,)) if asserted else Claim(arguments)


def _arguments(node: ast.expr, function: str) -> tuple[Value, ...] | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function):
        return None
    values = [node_literal(argument) for argument in node.args]
    if node.keywords or any(value is None for value in values):
        return None
    return tuple(value[0] for value in values if value is not None)


def judge_tests(
    executor: Executor, function: str, claims: Sequence[Claim], accepted: Sequence[str], wrong: Sequence[str]
) -> TesterReport:
    """Hold tests against programs, each run once on all inputs.

    Args:
        accepted: programs taken to be right; without one, no test counts.
        wrong: programs taken to be wrong.
    """
    inputs = [claim.arguments for claim in claims]
    if not inputs:
        return TesterReport((), len(wrong))
    right = [behaviour(executor.call(program, function, inputs)) for program in accepted]
    faulty = [behaviour(executor.call(program, function, inputs)) for program in wrong]
    rulings = []
    for place, claim in enumerate(claims):
        reason = _flaw(claim, function, [seen[place] for seen in right])
        label = right[0][place] if right else ""
        caught = frozenset() if reason else frozenset(p for p, seen in enumerate(faulty) if seen[place] != label)
        rulings.append(Ruling(claim, not reason, caught, reason))
    return TesterReport(tuple(rulings), len(wrong))


def _flaw(claim: Claim, function: str, observed: Sequence[str]) -> str:
    """Why a test does not count; "" if it does."""
    call = call_text(function, claim.arguments)
    if not observed:
        return "there is no accepted program to hold tests against"
    if any(map(failed, observed)):
        return f"{call} has no value in an accepted program"
    if len(set(observed)) > 1:
        return f"accepted programs differ on {call}"
    if claim.expected is not None and canonical(claim.expected[0]) != observed[0]:
        return f"{call} is {observed[0][:60]} in accepted programs, not {canonical(claim.expected[0])[:60]}"
    return ""


def record(report: TesterReport, function: str) -> list[dict[str, Any]]:
    """The rulings as plain JSON values."""
    return [
        {
            "test": call_text(function, ruling.claim.arguments),
            "counts": ruling.counts,
            "caught": sorted(ruling.caught),
            "power": len(ruling.caught) / report.wrong if report.wrong else 0.0,
            "reason": ruling.reason,
        }
        for ruling in report.rulings
    ]
