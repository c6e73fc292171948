"""The wrong programs that tests are held against: mutants, or attempts, that are seen to do something else."""

from __future__ import annotations

from collections.abc import Sequence

from ....core.literals import Value
from ..execution import Executor, TimedExecutor, behaviour, executors, results_of
from ..test_suites import FAILED, UNTRIED, Behaviour, Test, failures

Inputs = Sequence[tuple[Value, ...]]

_RUN = "run"
_TOGETHER = """
sources, spaces = {sources!r}, {{}}
def {run}(which, *arguments):
    if which not in spaces:
        space = {{"__name__": "__main__"}}
        exec(compile(sources[which], "<program>", "exec", dont_inherit=True), space)
        spaces[which] = space
    return spaces[which][{function!r}](*arguments)
"""


def run_together(
    run: TimedExecutor, programs: Sequence[str], function: str, inputs: Inputs, with_output: bool = False
) -> list[Behaviour]:
    """What each of some programs does on the inputs, all of them in one fork: a fork takes longer than a small program.

    One that hangs or crashes ends the fork; the rest of its inputs is not tried, and the programs behind it go on in
    another. Programs of different authors are better run apart: in one process each can reach the others.
    """
    found: list[Behaviour] = []
    while inputs and len(found) < len(programs):
        left = programs[len(found) :]
        source = _TOGETHER.format(sources=list(left), run=_RUN, function=function)
        calls = [(which, *arguments) for which in range(len(left)) for arguments in inputs]
        seen = behaviour(run.call(source, _RUN, calls), with_output)
        size = len(inputs)
        found += [seen[at : at + size] for at in range(0, _done(seen, size) * size, size)]
    return found or [()] * len(programs)


def _done(seen: Behaviour, size: int) -> int:
    """Of how many programs anything was seen before a fork was lost; all, where there is no time for another."""
    lost = seen.index(UNTRIED) if UNTRIED in seen else 0
    return (lost - 1) // size + 1 if lost else len(seen) // size


def run_apart(
    executor: Executor, programs: Sequence[str], function: str, inputs: Inputs, wall_s: float, with_output: bool = False
) -> list[Behaviour]:
    """The same with a fork, and equal time, for each."""
    results = results_of(executors(executor, programs, wall_s), function, inputs)
    return [behaviour(results[program], with_output) for program in programs]


def wrong_ones(programs: Sequence[str], tests: Sequence[Test], seen: Sequence[Behaviour]) -> list[str]:
    """The programs that are seen to fail a test, without those that every test fails, unless there are no others.

    What every input catches says nothing about a test. One that hangs is left out: each test would cost its time again.

    Args:
        seen: what each program did on the inputs of the tests.
    """
    failed = {program: len(failures(tests, one)) for program, one in zip(programs, seen, strict=True) if not _slow(one)}
    wrong = [program for program, count in failed.items() if count]
    return [program for program in wrong if failed[program] < len(tests)] or wrong


def _slow(seen: Behaviour) -> bool:
    return any(observed == UNTRIED or observed.startswith(f"{FAILED}timeout") for observed in seen)
