"""`code`: answers to code questions, judged by executing programs in the sandbox.

Routes on `question.meta["task"]` (see `core.code_questions`):

    deduction   the answered value is compared with what the program returned when it was run
    abduction   the program is run on every proposed input
    induction   the answered program is run on the shown and the hidden inputs
    program     likewise on generated tests; without a reference program the attempts' behaviour is put to the vote

Values are compared as data in our own process; expected values never enter the sandbox. A wrong attempt's evidence
names the shortest failing input, the expected and the actual value, and the line where it went wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...core.code_questions import PROGRAM_TASKS, CodeQuestion
from ...core.errors import ConfigError, with_article
from ...core.extraction import Mode, extract_answer
from ...core.literals import text_of
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Outcome, Question, Verdict
from .code_blocks import defined_names, find_code, syntax_error
from .execution import Executor, SandboxExecutor, TimedExecutor, behaviour, executors, failure, results_of
from .fault_localisation import Fault, locate_fault
from .input_generation import COUNT
from .labelling import Labelled, completed, digest, inputs_for, label
from .mutants import mutants
from .test_suites import (
    UNTRIED,
    Behaviour,
    Test,
    failures,
    minimise,
    shortest_failing,
    subsample,
    vote,
    with_powers,
)
from .tester.unit_test_reward import judge_unit_tests, judged_programs
from .value_answers import judge_inputs, judge_output, value_text

SPARE = 3
"""How many times as many inputs are made when a program has no value on some of the first ones."""
_REMEMBERED = 512
MOST_PROGRAMS = 16
"""Accepted, and wrong, programs that a tester's tests are held against."""


class CodeVerifier(BaseVerifier):
    """Judges programs by running them.

    Args:
        tests: inputs per *program* question, ≥ 1.
        extract: "lenient" (default) or "strict" (values must be boxed), see `core.extraction`.
        min_share: least share of all attempts that must behave alike for a vote to count, in [0, 1].
        wall_s, cpu_s, memory_mb: limits of one call, of one program.
        isolation: a lower isolation level by name, where the full one cannot be had.
        seed: root of the random streams of generated tests.
        executor: runs programs; `None` is the sandbox.

    Raises:
        ConfigError: an option out of range.
    """

    def __init__(
        self,
        *,
        tests: int = COUNT,
        extract: Mode = "lenient",
        min_share: float = 0.0,
        wall_s: float = 2.0,
        cpu_s: float = 1.0,
        memory_mb: int = 256,
        isolation: str | None = None,
        seed: int = 0,
        executor: Executor | None = None,
    ) -> None:
        if not 1 <= tests <= 1024:
            raise ConfigError(f"code needs tests in 1..1024, got {tests!r}")
        if not 0.0 <= min_share <= 1.0:
            raise ConfigError(f"code needs min_share in [0, 1], got {min_share!r}")
        extract_answer("", extract)
        self.tests, self.extract, self.min_share, self.seed, self.wall_s = tests, extract, min_share, seed, wall_s
        self.executor = executor or SandboxExecutor(
            wall_s=wall_s, cpu_s=cpu_s, memory_mb=memory_mb, isolation=isolation
        )
        self._labels: OrderedDict[str, Labelled] = OrderedDict()

    # --- the label -------------------------------------------------------------------------------------------------

    def label(self, question: Question, run: TimedExecutor | None = None) -> Labelled:
        """Tests of a question that has a reference program, from its execution; remembered.

        Args:
            run: what runs the reference program, within the time it has.

        Raises:
            ValueError: no code question, or no reference program.
        """
        code = CodeQuestion.of(question)
        if code.program is None:
            raise ValueError("the question has no reference program")
        key = digest(question)
        found = self._labels.get(key)
        if found is None:
            run = run or self._executor_of(code.program)
            found = label(run, code, inputs_for(code, key, self.seed, self.tests))
            if code.task == "program" and 0 < len(found.tests) < self.tests:  # many inputs lay outside the domain
                more = label(run, code, inputs_for(code, key, self.seed, SPARE * self.tests))
                if len(more.tests) > len(found.tests):
                    found = replace(more, tests=tuple(subsample(more.tests, self.tests)))
            if not found.refused:
                self._labels[key] = found
            while len(self._labels) > _REMEMBERED:
                self._labels.popitem(last=False)
        return found

    def _executor_of(self, program: str) -> TimedExecutor:
        return executors(self.executor, [program], self.wall_s)[program]

    def prepare(self, question: Question) -> Question | str:
        """Complete a challenger's proposal with executed values, or give the reason why it cannot be a question.

        Fills `meta["outputs"]`, an induction's `meta["hidden"]`, the reference, and the placeholders `<<output>>` and
        `<<pairs>>` in the text. A question without a reference program is handed back as it is. Never raises.
        """
        try:
            return self._prepared(question)
        except Exception as error:  # noqa: BLE001  (a proposal costs itself, never the run)
            return failure(error)

    def _prepared(self, question: Question) -> Question | str:
        try:
            code = CodeQuestion.of(question)
            if code.program is None:
                return question
            labelled = self.label(question)
        except ValueError as error:
            return str(error)
        if labelled.reason:
            return labelled.reason
        return completed(question, code, labelled.tests)

    # --- judging ---------------------------------------------------------------------------------------------------

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        """Never raises: what fails on our side leaves every attempt undecided, with the reason."""
        try:
            return self._judge(question, attempts)
        except Exception as error:  # noqa: BLE001  (whatever a program brought us to, it is not worth a run)
            return _undecided(failure(error), attempts, {})

    def _judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        try:
            code = CodeQuestion.of(question)
            if code.program is None:
                return self._judge_by_vote(code, question, attempts)
            run = self._executor_of(code.program)
            labelled = self.label(question, run)
        except ValueError as error:
            return _undecided(str(error), attempts, {})
        evidence = self._evidence(code, labelled)
        if labelled.reason or not labelled.tests:
            return _undecided(labelled.reason or "the program returned no value on any input", attempts, evidence)
        if code.task == "deduction":
            answers = [value_text(attempt, self.extract) for attempt in attempts]
            verdicts = [judge_output(code, labelled.tests[0], answer) for answer in answers]
            found = text_of(labelled.tests[0].expected)
        elif code.task == "abduction":
            answers = [value_text(attempt, self.extract) for attempt in attempts]
            verdicts = judge_inputs(run, code, labelled.tests[0], answers)
            found = text_of(labelled.tests[0].arguments)
        else:
            programs = [find_code(attempt, code.function) for attempt in attempts]
            runs = self._executors(programs)
            results = results_of(runs, code.function, [test.arguments for test in labelled.tests])
            seen = {program: behaviour(result, labelled.with_output) for program, result in results.items()}
            verdicts = self._judge_programs(
                code.function, labelled.tests, labelled.with_output, programs, seen, runs, evidence
            )
            found = code.program
        return Judgement.of(verdicts, label=found, label_source="sandbox", evidence=evidence)

    def _evidence(self, code: CodeQuestion, labelled: Labelled) -> dict[str, Any]:
        evidence: dict[str, Any] = {"task": code.task, "isolation": self.executor.isolation}
        if labelled.claims_right is not None:
            evidence["claims_right"] = labelled.claims_right
        return evidence

    def _executors(self, programs: Sequence[str | None]) -> dict[str, TimedExecutor]:
        return executors(self.executor, [program for program in programs if program is not None], self.wall_s)

    def _judge_programs(
        self,
        function: str,
        tests: Sequence[Test],
        with_output: bool,
        programs: Sequence[str | None],
        seen: Mapping[str, Behaviour],
        runs: Mapping[str, TimedExecutor],
        evidence: dict[str, Any],
    ) -> list[Verdict]:
        """Induction and program: every distinct program by what was seen of it on all tests."""
        rulings = {
            program: self._rule(program, runs[program], function, tests, behaved, with_output)
            for program, behaved in seen.items()
        }
        wrong = [behaved for program, behaved in seen.items() if rulings[program][0].outcome is Outcome.WRONG]
        _describe_suite(evidence, function, with_powers(tests, wrong), wrong)
        failing = []
        for index, program in enumerate(programs):
            fault = None if program is None else rulings[program][1]
            if fault is not None:
                failing.append({"attempt": index, **fault.record()})
        evidence["failing"] = failing
        untried = sum(UNTRIED in behaved for behaved in seen.values())
        if untried:
            evidence["untried"] = untried
        return [Verdict.wrong(None, "no program") if p is None else rulings[p][0] for p in programs]

    def _rule(
        self,
        program: str,
        run: TimedExecutor,
        function: str,
        tests: Sequence[Test],
        seen: Behaviour,
        with_output: bool,
    ) -> tuple[Verdict, Fault | None]:
        if any(observed.startswith("!refused") for observed in seen):
            return Verdict.undecided("the sandbox refuses to run", program), None
        index = shortest_failing(tests, seen)
        if index is None and UNTRIED in seen:
            tried = len(tests) - seen.count(UNTRIED)
            return Verdict.undecided(
                f"its time was used up: {tried} of {len(tests)} tests tried, all passed", program
            ), None
        if index is None:
            return Verdict.correct(program, f"passes all {len(tests)} tests"), None
        if not syntax_error(program)[1] and function not in defined_names(program):
            names = ", ".join(defined_names(program)) or "nothing"
            return Verdict.wrong(program, f"defines no {function}; it defines {names}"), None
        fault = locate_fault(run, program, function, tests, seen, index, with_output)
        return Verdict.wrong(program, fault.sentence()), fault

    def _judge_by_vote(self, code: CodeQuestion, question: Question, attempts: Sequence[str]) -> Judgement:
        """Program without a reference: the largest group of programs that behave alike is the label."""
        programs = [find_code(attempt, code.function) for attempt in attempts]
        present = sorted({p for p in programs if p is not None}, key=lambda p: (len(p), p))
        inputs = inputs_for(code, digest(question), self.seed, self.tests, present)
        evidence: dict[str, Any] = {"task": code.task, "isolation": self.executor.isolation}
        runs = self._executors(programs)
        results = results_of(runs, code.function, [one.arguments for one in inputs])
        seen = {program: behaviour(result) for program, result in results.items()}
        if any(observed.startswith("!refused") for b in seen.values() for observed in b):
            return _undecided("the sandbox refuses to run", attempts, evidence)
        result = vote([None if p is None else seen[p] for p in programs])
        evidence["vote"] = {
            "sizes": list(result.sizes),
            "share": result.share,
            "runner_up_share": result.runner_up_share,
        }
        if result.behaviour is None:
            verdicts = [Verdict.wrong(p, "no program" if p is None else "returned no value") for p in programs]
            return Judgement.of(verdicts, label=None, label_source="vote", valid=False, evidence=evidence)
        winner = min((programs[i] or "" for i in result.members), key=lambda p: (len(p), p))
        kept = [index for index, value in enumerate(results[winner]) if value.status == "ok"]
        tests = [Test(inputs[i].arguments, results[winner][i].value, seen[winner][i], inputs[i].source) for i in kept]
        behaved = {program: tuple(each[i] for i in kept) for program, each in seen.items()}
        verdicts = self._judge_programs(code.function, tests, False, programs, behaved, runs, evidence)
        differing = len({test.observation for test in tests}) > 1
        valid = differing and not result.tied and result.share >= self.min_share
        return Judgement.of(verdicts, label=winner, label_source="vote", valid=valid, evidence=evidence)

    # --- the tester's role -----------------------------------------------------------------------------------------

    def asks_for_program(self, question: Question) -> bool:
        """Whether the answers to a question are programs, which a tester can test."""
        return question.meta.get("task") in PROGRAM_TASKS

    def judge_tests(
        self, question: Question, attempts: Sequence[str], judgement: Judgement, texts: Sequence[str]
    ) -> list[Verdict]:
        """The reward of unit tests that testers wrote, one verdict per text; see `unit_test_reward`.

        Accepted programs are the reference and the attempts judged correct; wrong ones the other attempts' programs,
        or, where there is none, mutants of the reference that the generated tests catch.

        Args:
            judgement: of these attempts at this question, by this verifier.
        """
        try:
            code = CodeQuestion.of(question)
            if not code.asks_for_program:
                raise ValueError(f"{with_article(code.task)} question asks for no program, so there is nothing to test")
            accepted, wrong = self.programs_to_test(question, code, attempts, judgement)
            if not accepted or not wrong:
                raise ValueError(f"there is no {'wrong' if accepted else 'accepted'} program to test")
            both = [*accepted, *wrong]
            return [judge_unit_tests(text, code.function, self._executors(both), accepted, wrong) for text in texts]
        except ValueError as error:
            return [Verdict.undecided(str(error)) for _ in texts]
        except Exception as error:  # noqa: BLE001  (as in `judge`)
            return [Verdict.undecided(failure(error)) for _ in texts]

    def programs_to_test(
        self, question: Question, code: CodeQuestion, attempts: Sequence[str], judgement: Judgement
    ) -> tuple[list[str], list[str]]:
        """The accepted and the wrong programs, each distinct, at most `MOST_PROGRAMS`."""
        accepted, wrong = judged_programs(code, attempts, judgement)
        if not wrong and code.program is not None:
            wrong = self._caught_mutants(question, code)
        return list(dict.fromkeys(accepted))[:MOST_PROGRAMS], list(dict.fromkeys(wrong))[:MOST_PROGRAMS]

    def _caught_mutants(self, question: Question, code: CodeQuestion) -> list[str]:
        """Mutants of the reference that some test catches: the others may be equivalent to it."""
        labelled = self.label(question)
        sources: list[str | None] = [m.source for m in mutants(code.program or "", limit=MOST_PROGRAMS)]
        inputs = [test.arguments for test in labelled.tests]
        results = results_of(self._executors(sources), code.function, inputs)
        seen = {program: behaviour(result, labelled.with_output) for program, result in results.items()}
        return [program for program, behaved in seen.items() if failures(labelled.tests, behaved)]


def _describe_suite(evidence: dict[str, Any], function: str, tests: Sequence[Test], wrong: Sequence[Behaviour]) -> None:
    """The number of tests, and the few that distinguish the programs at hand."""
    kept = minimise(tests, wrong)
    evidence["tests"] = len(tests)
    evidence["suite"] = [{"test": tests[i].assertion(function)[:400], "power": tests[i].power} for i in kept]


def _undecided(reason: str, attempts: Sequence[str], evidence: dict[str, Any]) -> Judgement:
    verdicts = [Verdict.undecided(reason) for _ in attempts]
    return Judgement.of(verdicts, label=None, label_source="sandbox", valid=False, evidence=evidence)
