"""`unit-tests`: what a tester's test of a function is worth, by the wrong programs that it catches.

The reward is CURE's (arXiv 2506.03136, section 3): a test counts if the accepted program passes it, and earns the
share of the wrong programs that fail it. A completion is one test: of several the first is taken, so that nobody earns
by writing more of them. Here the test may be an input alone, `f(3)`; what the accepted program returns, in two runs,
is then what others must return. What differs: where no attempt at the function is wrong, its mutants are the wrong
programs. Only those are taken that some generated input tells from the function, since a mutant may be equivalent, and
that some other does not, where there are such: what every input catches says nothing about a test.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ....core.code_questions import CodeQuestion
from ....core.errors import ConfigError
from ....core.literals import Value
from ....core.protocols import BaseVerifier
from ....core.records import Judgement, Question, Verdict
from ..code_blocks import find_code
from ..execution import OF_A_GROUP, Executor, SandboxExecutor, TimedExecutor, behaviour, failure
from ..labelling import digest
from ..literals import canonical
from ..mutants import mutants
from ..test_suites import UNTRIED, call_text, failed
from ..verifier import CodeVerifier
from .unit_test_reward import UnitTest, UnitTestResult, hold, read_unit_tests
from .wrong_programs import run_apart, run_together, wrong_ones

WRONG_ATTEMPTS = "wrong"
"""Under which `Question.meta` holds texts of wrong attempts at the function."""
COUNTS = "counts"
"""Begins the reason of every verdict on a test that the accepted program passes."""
OUTPUT_KB, RESULT_KB = 4, 16
"""What a call may print, and return encoded: all of it is seen of every wrong program on every input."""
LONGEST = 2_000
"""Characters that a function may print and return on one input, to be one that tests are written for."""
_REMEMBERED = 512


class Suspects(NamedTuple):
    """Programs that tests of a function are held against.

    Attributes:
        programs: each of them wrong.
        apart: whether they are from different authors.
        with_output: whether what the function prints belongs to what it does.
    """

    programs: list[str]
    apart: bool
    with_output: bool


class UnitTestVerifier(BaseVerifier):
    """Judges tests of the reference program of a code question.

    Args:
        programs: attempts, or mutants, that wrong programs are looked for among, at most, ≥ 1.
        wall_s, cpu_s, memory_mb: limits of one call, of one program.
        isolation: a lower isolation level by name, where the full one cannot be had.
        seed: root of the random streams of the inputs that tell wrong programs.
        executor: runs programs; `None` is the sandbox.

    Raises:
        ConfigError: an option out of range.
    """

    def __init__(
        self,
        *,
        programs: int = 32,
        wall_s: float = 1.0,
        cpu_s: float = 1.0,
        memory_mb: int = 256,
        isolation: str | None = None,
        seed: int = 0,
        executor: Executor | None = None,
    ) -> None:
        if not 1 <= programs <= 256:
            raise ConfigError(f"unit-tests needs programs in 1..256, got {programs!r}")
        self.programs = programs
        executor = executor or SandboxExecutor(
            wall_s=wall_s,
            cpu_s=cpu_s,
            memory_mb=memory_mb,
            output_kb=OUTPUT_KB,
            result_kb=RESULT_KB,
            isolation=isolation,
        )
        self._code = CodeVerifier(wall_s=wall_s, seed=seed, executor=executor)
        self._suspects: OrderedDict[str, Suspects] = OrderedDict()

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        """One verdict per test; `evidence["measures"]` has what a run logs of them. Never raises, as `CodeVerifier`."""
        try:
            return self._judge(question, attempts)
        except ValueError as error:
            return _undecided(str(error), attempts)
        except Exception as error:  # noqa: BLE001  (whatever a program brought us to, it is not worth a run)
            return _undecided(failure(error), attempts)

    def _judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        code = CodeQuestion.of(question)
        if code.program is None:
            raise ValueError("there is no accepted program to test")
        suspects = self.suspects(question)
        if not suspects.programs:
            raise ValueError("there is no wrong program to catch")
        read = [read_unit_tests(text, code.function)[:1] for text in attempts]
        verdicts = iter(self._verdicts(code.function, code.program, suspects, [test for one in read for test in one]))
        given = [next(verdicts) if one else Verdict.wrong(None, "no test") for one in read]
        return Judgement.of(given, label=code.program, label_source="sandbox", evidence=_evidence(given, suspects))

    def _verdicts(
        self, function: str, program: str, suspects: Suspects, tests: Sequence[UnitTest]
    ) -> Sequence[Verdict]:
        keys = [canonical(test.arguments) for test in tests]
        inputs = dict(zip(keys, (test.arguments for test in tests), strict=True))
        seen = self._seen(function, program, suspects, inputs)
        by_program = [tuple(observed) for observed in zip(*(seen[key] for key in keys), strict=True)]
        report = hold(function, tests, by_program[:2], by_program[2:])
        untried = [UNTRIED in seen[key][:2] for key in keys]
        return [_verdict(one, function, report.wrong, slow) for one, slow in zip(report.results, untried, strict=True)]

    def _seen(
        self, function: str, program: str, suspects: Suspects, inputs: Mapping[str, tuple[Value, ...]]
    ) -> dict[str, list[str]]:
        """What each input shows of the accepted program, in two runs, and of each wrong one.

        Where the first run shows no value, nothing else is run: such an input may hang.
        """
        run, with_output = self._run(), suspects.with_output
        results = run.call(program, function, [*inputs.values()], patience=max(1, len(inputs)))
        first = dict(zip(inputs, behaviour(results, with_output), strict=True))
        valued = [key for key, observed in first.items() if not failed(observed)]
        both, tried = [program, *suspects.programs], [inputs[key] for key in valued]
        if suspects.apart:
            behaviours = run_apart(self._code.executor, both, function, tried, self._code.wall_s, with_output)
        else:
            behaviours = run_together(run, both, function, tried, with_output)
        seen = {key: [observed, observed, *[UNTRIED] * len(suspects.programs)] for key, observed in first.items()}
        for place, key in enumerate(valued):
            seen[key][1:] = [behaved[place] for behaved in behaviours]
        return seen

    def suspects(self, question: Question) -> Suspects:
        """The wrong programs for a question with a reference program; remembered.

        Raises:
            ValueError: no such question, or none can be made of its program; the message says why.
        """
        key = digest(question)
        if key not in self._suspects:
            self._suspects[key] = self._found(question)
            while len(self._suspects) > _REMEMBERED:
                self._suspects.popitem(last=False)
        return self._suspects[key]

    def _found(self, question: Question) -> Suspects:
        code, labelled = CodeQuestion.of(question), self._code.label(question)
        if labelled.reason or not labelled.tests:
            raise ValueError(labelled.reason or "the program returned no value on any input")
        longest = max(labelled.tests, key=lambda test: len(test.observation))
        if len(longest.observation) > LONGEST:
            call = call_text(code.function, longest.arguments)
            raise ValueError(f"{call} prints and returns more than {LONGEST} characters, which nobody tests for")
        inputs, program = [test.arguments for test in labelled.tests], code.program or ""
        attempts = [find_code(str(text), code.function) for text in question.meta.get(WRONG_ATTEMPTS, ())]
        written = [*dict.fromkeys(attempt for attempt in attempts if attempt is not None)][: self.programs]
        seen = run_apart(self._code.executor, written, code.function, inputs, self._code.wall_s, labelled.with_output)
        wrong = wrong_ones(written, labelled.tests, seen)
        if wrong:
            return Suspects(wrong, True, labelled.with_output)
        made = [mutant.source for mutant in mutants(program, limit=self.programs)]
        seen = run_together(self._run(), made, code.function, inputs, labelled.with_output)
        return Suspects(wrong_ones(made, labelled.tests, seen), False, labelled.with_output)

    def _run(self) -> TimedExecutor:
        return TimedExecutor(self._code.executor, OF_A_GROUP * self._code.wall_s)


def _verdict(result: UnitTestResult, function: str, wrong: int, untried: bool) -> Verdict:
    answer = call_text(function, result.test.arguments)
    if untried:
        return Verdict.undecided("the time of the accepted program was used up", answer)
    if not result.counts:
        return Verdict.wrong(answer, result.reason)
    reason = f"{COUNTS}: it catches {len(result.caught)} of {wrong} wrong programs"
    share = len(result.caught) / wrong
    return Verdict.correct(answer, reason, share) if share else Verdict.wrong(answer, reason)


def _evidence(verdicts: Sequence[Verdict], suspects: Suspects) -> dict[str, Any]:
    """How many wrong programs there were, and what a run logs the means of."""
    wrong = len(suspects.programs)
    if not verdicts:
        return {"wrong_programs": wrong}
    counted = sum(verdict.reason.startswith(COUNTS) for verdict in verdicts) / len(verdicts)
    caught = sum(wrong * (verdict.score or 0.0) for verdict in verdicts) / len(verdicts)
    measures = {"counted_share": counted, "caught_per_test": caught, "wrong_programs": float(wrong)}
    return {"wrong_programs": wrong, "measures": measures}


def _undecided(reason: str, attempts: Sequence[str]) -> Judgement:
    verdicts = [Verdict.undecided(reason) for _ in attempts]
    return Judgement.of(verdicts, label=None, label_source="sandbox", valid=False)
