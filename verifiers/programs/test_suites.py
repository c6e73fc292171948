"""Generated tests: labelled by the vote of executed programs, rated by the wrong programs they catch, minimised.

A program's *behaviour* is the tuple of what it did on each input. Programs are grouped by equal behaviour, and the
largest group that ever returned a value wins (AlphaCode's clustering, arXiv 2203.07814; CodeT's agreement, arXiv
2207.10397). Expected outputs are what the winning group, or a reference program, returned when it was run: never what a
model says they are. No code runs here: the observations come from `execution`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from ...core.literals import Value, text_of
from .literals import show

Behaviour: TypeAlias = tuple[str, ...]
"""What a program did on each input: the canonical text of a value, or `FAILED` and the kind of failure."""

FAILED = "!"
"""Begins the observation of a call that returned no value; no canonical value begins so."""
UNTRIED = f"{FAILED}untried"
"""The observation of an input that was not tried because an earlier one hung or crashed the program."""


@dataclass(frozen=True, slots=True)
class Test:
    """One input and what a right program does on it.

    Attributes:
        arguments: the argument tuple.
        expected: the value a right program returns.
        observation: the same as an observation, comparable with any program's.
        source: where the input came from: "given", "boundary", "mutation", "hypothesis", "drawn", "tester".
        power: share of the wrong programs at hand that it fails, in [0, 1].
    """

    __test__: ClassVar[bool] = False  # not pytest's
    arguments: tuple[Value, ...]
    expected: Value
    observation: str
    source: str
    power: float = 0.0

    def call(self, function: str) -> str:
        """`f(1, 2)`, shortened for people."""
        return call_text(function, self.arguments)

    def assertion(self, function: str) -> str:
        """`assert f(1, 2) == 3`, in full."""
        return f"assert {function}({', '.join(map(text_of, self.arguments))}) == {text_of(self.expected)}"


@dataclass(frozen=True, slots=True)
class Vote:
    """The outcome of a vote on behaviour.

    Attributes:
        members: the programs of the winning group, by position; empty when no program ever returned a value.
        behaviour: what they did, `None` when there is no winner.
        sizes: sizes of all groups, largest first.
        share, runner_up_share: of **all** programs, also those that never returned a value.
    """

    members: tuple[int, ...]
    behaviour: Behaviour | None
    sizes: tuple[int, ...]
    share: float
    runner_up_share: float

    @property
    def tied(self) -> bool:
        """Whether the runner-up is as large as the winner: then the earlier program decided, not the majority."""
        return len(self.sizes) > 1 and self.sizes[0] == self.sizes[1]


def vote(behaviours: Sequence[Behaviour | None]) -> Vote:
    """Group programs by behaviour; the largest group wins, of equals the one with fewer failures, then the earliest.

    Args:
        behaviours: one per program; `None` for an attempt without a program. Neither these nor programs that failed on
            every input ever form a group.
    """
    groups: dict[Behaviour, list[int]] = {}
    for index, behaviour in enumerate(behaviours):
        if behaviour is not None and any(not failed(observation) for observation in behaviour):
            groups.setdefault(behaviour, []).append(index)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), sum(map(failed, item[0])), item[1][0]))
    if not ranked:
        return Vote((), None, (), 0.0, 0.0)
    sizes = tuple(len(members) for _, members in ranked)
    second = sizes[1] / len(behaviours) if len(sizes) > 1 else 0.0
    return Vote(tuple(ranked[0][1]), ranked[0][0], sizes, sizes[0] / len(behaviours), second)


def failed(observation: str) -> bool:
    """Whether an observation is a failure, not a value."""
    return observation.startswith(FAILED)


def failures(tests: Sequence[Test], behaviour: Behaviour) -> list[int]:
    """The tests a program fails, by position; one that was not tried is no failure."""
    return [i for i, (test, seen) in enumerate(zip(tests, behaviour, strict=True)) if catches(test.observation, seen)]


def catches(right: str, seen: str) -> bool:
    """Whether a test that demands the observation `right` fails a program of which `seen` was observed."""
    return seen not in (right, UNTRIED)


def with_powers(tests: Sequence[Test], wrong: Sequence[Behaviour]) -> list[Test]:
    """The same tests, each with its discriminating power over these wrong programs."""
    return [
        Test(t.arguments, t.expected, t.observation, t.source, power)
        for t, power in zip(tests, powers([t.observation for t in tests], wrong), strict=True)
    ]


def powers(expected: Behaviour | Sequence[str], wrong: Sequence[Behaviour]) -> list[float]:
    """Per test, the share of wrong programs it fails; zeros when there is none."""
    if not wrong:
        return [0.0] * len(expected)
    return [sum(catches(right, behaviour[i]) for behaviour in wrong) / len(wrong) for i, right in enumerate(expected)]


def minimise(tests: Sequence[Test], wrong: Sequence[Behaviour], keep: int = 1) -> list[int]:
    """Positions of few tests that together still fail every wrong program that all of them fail (greedy set cover).

    The next test is the one that fails most programs not failed yet; of equals the one with the shortest call, which a
    person reads most easily.

    Args:
        keep: at least N tests, the most discriminating ones, if there are N.
    """
    caught = [
        frozenset(p for p, behaviour in enumerate(wrong) if catches(test.observation, behaviour[i]))
        for i, test in enumerate(tests)
    ]
    lengths = [len(text_of(test.arguments)) for test in tests]
    order = sorted(range(len(tests)), key=lambda i: (-len(caught[i]), lengths[i], i))
    chosen: list[int] = []
    left = frozenset[int]().union(*caught)
    while left:
        best = max(order, key=lambda i: (len(caught[i] & left), -lengths[i], -i))
        chosen.append(best)
        left -= caught[best]
    chosen += [i for i in order if i not in chosen][: max(0, keep - len(chosen))]
    return sorted(chosen)


def subsample(tests: Sequence[Test], count: int) -> list[Test]:
    """`count` of the tests: the given ones first, the others evenly spread, so that every source keeps its share."""
    given = [test for test in tests if test.source == "given"][:count]
    others = [test for test in tests if test.source != "given"]
    room = min(count - len(given), len(others))
    return given + [others[i * len(others) // room] for i in range(room)]


def shortest_failing(tests: Sequence[Test], behaviour: Behaviour) -> int | None:
    """The failed test with the shortest input, which is the easiest to act on; `None` if none is known to fail."""
    return min(failures(tests, behaviour), key=lambda i: (len(text_of(tests[i].arguments)), i), default=None)


def call_text(function: str, arguments: Sequence[Value]) -> str:
    """`f(1, 2)` as a person reads it; long arguments are shortened."""
    return f"{function}({', '.join(show(argument, 60) for argument in arguments)})"
