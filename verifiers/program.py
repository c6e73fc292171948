"""`code`: answers to code questions, judged by executing programs in the sandbox.

Routes on `question.meta["task"]` (see `code_questions`):

    deduction   the answered value is compared with what the program returned when it was run
    abduction   the program is run on every proposed input
    induction   the answered program is run on the shown and the hidden inputs
    program     likewise on generated tests; without a reference program the attempts' behaviour is put to the vote

Values are compared as data in our own process; expected values never enter the sandbox. A wrong attempt's evidence
names the shortest failing input, the expected and the actual value, and the line where it went wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from ..core.errors import ConfigError
from ..core.extraction import Mode, extract_answer, last_boxed
from ..core.protocols import BaseVerifier
from ..core.records import Judgement, Question, Verdict
from .code_blocks import defined_names, find_code, syntax_error
from .code_questions import CodeQuestion, Labelled, completed, digest, inputs_for, label, read_question
from .execution import Executor, Fault, SandboxExecutor, behaviour, locate, observation
from .input_sources import COUNT
from .literals import Value, canonical, find_arguments, find_literal, same, show
from .sandbox import CallResult
from .tests import Behaviour, Test, call_text, minimise, shortest_failing, vote, weighed

_REMEMBERED = 512


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
        self.tests, self.extract, self.min_share, self.seed = tests, extract, min_share, seed
        self.executor = executor or SandboxExecutor(
            wall_s=wall_s, cpu_s=cpu_s, memory_mb=memory_mb, isolation=isolation
        )
        self._labels: OrderedDict[str, Labelled] = OrderedDict()

    # --- the label -------------------------------------------------------------------------------------------------

    def label(self, question: Question) -> Labelled:
        """Tests of a question that has a reference program, from its execution; remembered.

        Raises:
            ValueError: no code question, or no reference program.
        """
        code = read_question(question)
        if code.program is None:
            raise ValueError("the question has no reference program")
        key = digest(question)
        found = self._labels.get(key)
        if found is None:
            found = label(self.executor, code, inputs_for(code, key, self.seed, self.tests))
            if not found.refused:
                self._labels[key] = found
            while len(self._labels) > _REMEMBERED:
                self._labels.popitem(last=False)
        return found

    def prepare(self, question: Question) -> Question | str:
        """Complete a challenger's proposal with executed values, or say why it makes no question.

        Fills `meta["outputs"]`, an induction's `meta["hidden"]`, the reference, and the places marked `<<output>>` and
        `<<pairs>>` in the text. A question without a reference program is handed back as it is.
        """
        try:
            code = read_question(question)
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
        try:
            code = read_question(question)
            if code.program is None:
                return self._judge_by_vote(code, question, attempts)
            labelled = self.label(question)
        except ValueError as error:
            return _undecided(str(error), attempts, {})
        evidence = self._evidence(code, labelled)
        if labelled.reason or not labelled.tests:
            return _undecided(labelled.reason or "the program returned no value on any input", attempts, evidence)
        if code.task == "deduction":
            verdicts = [self._judge_value(code, labelled.tests[0], attempt) for attempt in attempts]
            found = repr(labelled.tests[0].expected)
        elif code.task == "abduction":
            verdicts = self._judge_inputs(code, labelled.tests[0], attempts)
            found = repr(labelled.tests[0].arguments)
        else:
            verdicts = self._judge_programs(code, labelled.tests, labelled.with_output, attempts, evidence)
            found = code.program
        return Judgement.of(verdicts, label=found, label_source="sandbox", evidence=evidence)

    def _evidence(self, code: CodeQuestion, labelled: Labelled) -> dict[str, Any]:
        evidence: dict[str, Any] = {"task": code.task, "isolation": self.executor.isolation}
        if labelled.claims_right is not None:
            evidence["claims_right"] = labelled.claims_right
        return evidence

    def _judge_value(self, code: CodeQuestion, test: Test, attempt: str) -> Verdict:
        answer = self._value_text(attempt)
        if answer is None:
            return Verdict.wrong(None, "no answer")
        value = find_literal(answer)
        if value is not None and same(value[0], test.expected):
            return Verdict.correct(answer, "is what the program returned")
        if isinstance(test.expected, str) and answer == test.expected:
            return Verdict.correct(answer, "is what the program returned, without quotes")
        call = call_text(code.function, test.arguments)
        return Verdict.wrong(answer, f"{call} returned {show(test.expected)}, not {answer[:80]}")

    def _judge_inputs(self, code: CodeQuestion, test: Test, attempts: Sequence[str]) -> list[Verdict]:
        """Abduction: run the program on every distinct input proposed."""
        assert code.program is not None
        answers = [self._value_text(attempt) for attempt in attempts]
        proposals: dict[str, tuple[Value, ...]] = {}
        keys: list[str | None] = []
        for answer in answers:
            arguments = None if answer is None else find_arguments(answer, code.arity)
            keys.append(None if arguments is None else canonical(arguments))
            if arguments is not None:
                proposals.setdefault(canonical(arguments), arguments)
        results = dict(zip(proposals, self._call_each(code, list(proposals.values())), strict=True))
        wanted = canonical(test.expected)
        verdicts = []
        for answer, key in zip(answers, keys, strict=True):
            if answer is None:
                verdicts.append(Verdict.wrong(None, "no answer"))
            elif key is None:
                verdicts.append(Verdict.wrong(answer, "not an argument tuple of Python literals"))
            else:
                verdicts.append(_input_verdict(code, answer, proposals[key], results[key], wanted, test.expected))
        return verdicts

    def _call_each(self, code: CodeQuestion, inputs: list[tuple[Value, ...]]) -> list[CallResult]:
        """All inputs in one fork; those that a bad neighbour may have spoilt once more, alone."""
        assert code.program is not None
        if not inputs:
            return []
        results = list(self.executor.call(code.program, code.function, inputs))
        if len(inputs) > 1:
            for place, result in enumerate(results):
                if result.status not in ("ok", "error", "refused"):
                    results[place] = self.executor.call(code.program, code.function, [inputs[place]])[0]
        return results

    def _judge_programs(
        self,
        code: CodeQuestion,
        tests: Sequence[Test],
        with_output: bool,
        attempts: Sequence[str],
        evidence: dict[str, Any],
    ) -> list[Verdict]:
        """Induction and program: run every distinct program on all tests."""
        programs = [find_code(attempt, code.function) for attempt in attempts]
        seen = self.behaviours(programs, code.function, [t.arguments for t in tests], with_output)
        rulings = {
            program: self._rule(program, code.function, tests, behaviour, with_output)
            for program, behaviour in seen.items()
        }
        wrong = [b for program, b in seen.items() if not rulings[program][0].score]
        _describe_suite(evidence, code.function, weighed(tests, wrong), wrong)
        failing = []
        for place, program in enumerate(programs):
            fault = None if program is None else rulings[program][1]
            if fault is not None:
                failing.append({"attempt": place, **fault.record()})
        evidence["failing"] = failing
        return [Verdict.wrong(None, "no program") if p is None else rulings[p][0] for p in programs]

    def behaviours(
        self, programs: Sequence[str | None], function: str, inputs: Sequence[tuple[Value, ...]], with_output: bool
    ) -> dict[str, Behaviour]:
        """What each distinct program does on the inputs; one that does not parse fails on all."""
        found: dict[str, Behaviour] = {}
        for program in programs:
            if program is None or program in found:
                continue
            if syntax_error(program)[1]:
                found[program] = ("!error SyntaxError",) * len(inputs)
            else:
                found[program] = behaviour(self.executor.call(program, function, inputs), with_output)
        return found

    def _rule(
        self, program: str, function: str, tests: Sequence[Test], seen: Behaviour, with_output: bool
    ) -> tuple[Verdict, Fault | None]:
        if any(observed.startswith("!refused") for observed in seen):
            return Verdict.undecided("the sandbox refuses to run", program), None
        place = shortest_failing(tests, seen)
        if place is None:
            return Verdict.correct(program, f"passes all {len(tests)} tests"), None
        if not syntax_error(program)[1] and function not in defined_names(program):
            names = ", ".join(defined_names(program)) or "nothing"
            return Verdict.wrong(program, f"defines no {function}; it defines {names}"), None
        fault = locate(self.executor, program, function, tests[place], with_output)
        return Verdict.wrong(program, fault.sentence()), fault

    def _judge_by_vote(self, code: CodeQuestion, question: Question, attempts: Sequence[str]) -> Judgement:
        """Program without a reference: the largest group of programs that behave alike is the label."""
        programs = [find_code(attempt, code.function) for attempt in attempts]
        present = sorted({p for p in programs if p is not None}, key=lambda p: (len(p), p))
        inputs = inputs_for(code, digest(question), self.seed, self.tests, present)
        evidence: dict[str, Any] = {"task": code.task, "isolation": self.executor.isolation}
        arguments = [i.arguments for i in inputs]
        seen = self.behaviours(programs, code.function, arguments, with_output=False)
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
        values = self.executor.call(winner, code.function, arguments)
        tests = [
            Test(one.arguments, value.value, observation(value), one.source)
            for one, value in zip(inputs, values, strict=True)
            if value.status == "ok"
        ]
        verdicts = self._judge_programs(code, tests, False, attempts, evidence)
        valid = bool(tests) and result.share >= self.min_share and len({t.observation for t in tests}) > 1
        return Judgement.of(verdicts, label=winner, label_source="vote", valid=valid, evidence=evidence)

    def _value_text(self, attempt: str) -> str | None:
        boxed = last_boxed(attempt)
        if boxed is not None or self.extract == "strict":
            return boxed
        whole = attempt.strip()
        if whole and find_literal(whole) is not None:
            return whole
        return extract_answer(attempt, self.extract)


def _input_verdict(
    code: CodeQuestion, answer: str, arguments: tuple[Value, ...], result: CallResult, wanted: str, expected: Value
) -> Verdict:
    call = call_text(code.function, arguments)
    if result.status == "refused":
        return Verdict.undecided("the sandbox refuses to run", answer)
    if result.status != "ok":
        return Verdict.wrong(answer, f"{call} gave {result.error or result.status}, expected {show(expected)}")
    if canonical(result.value) == wanted:
        return Verdict.correct(answer, f"{call} returned {show(expected)}")
    return Verdict.wrong(answer, f"{call} returned {show(result.value)}, expected {show(expected)}")


def _describe_suite(evidence: dict[str, Any], function: str, tests: Sequence[Test], wrong: Sequence[Behaviour]) -> None:
    """The number of tests, and the few that tell the programs at hand apart."""
    kept = minimise(tests, wrong)
    evidence["tests"] = len(tests)
    evidence["suite"] = [{"test": tests[i].assertion(function)[:400], "power": tests[i].power} for i in kept]


def _undecided(reason: str, attempts: Sequence[str], evidence: dict[str, Any]) -> Judgement:
    verdicts = [Verdict.undecided(reason) for _ in attempts]
    return Judgement.of(verdicts, label=None, label_source="sandbox", valid=False, evidence=evidence)
