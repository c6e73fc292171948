"""The exam: an agent answers fixed questions several times, a verifier grades, and every number has an interval.

    questions = held_out_questions("mixed", 500)
    before, after = run_exam(base, questions), run_exam(trained, questions)
    print(after.accuracy, compare(before, after))

Three habits of published self-play results are made visible here rather than repeated: greedy decoding counted k
times (samples that never vary are reported as such, and get no pass@k), a lenient grader shown alone (strict and
lenient stand side by side), and intervals that take samples of one question for independent ones (they cluster, see
`stats.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from ..core.errors import ConfigError
from ..core.math_language import key
from ..core.perturbed import as_read
from ..core.protocols import Agent, Verifier, unreadable
from ..core.protocols.completions import completions_of
from ..core.records import Outcome, Question
from ..core.registries import make_verifier
from ..core.seeding import integer_seed
from .exams.grading import mentions, strictly_given
from .exams.questions import held_out_questions, kind_of, length_of
from .exams.result import ExamResult, powers
from .stats import Paired, paired, pass_at_k

__all__ = ["Adjustable", "ExamResult", "compare", "held_out_questions", "pass_at_k", "run_exam"]

Which = Literal["sampled", "greedy", "majority"]

_PER_QUESTION = (
    *("keys", "kinds", "levels", "correct", "strict", "lenient", "invalid", "undecided"),
    *("characters", "distinct", "greedy", "vote_share", "unanswered", "guessed", "lengths"),
)


@runtime_checkable
class Adjustable(Protocol):
    """An agent whose sampling can be changed, as language models' can; scripted agents are not."""

    def with_settings(self, *, temperature: float) -> Agent:
        """The same agent sampling at another temperature; 0 is greedy."""
        ...


def run_exam(
    agent: Agent,
    questions: Sequence[Question],
    *,
    verifier: str | Mapping[str, Any] | Verifier = "sympy",
    vote: str | Mapping[str, Any] | Verifier | None = "majority",
    samples: int = 8,
    greedy: bool = True,
    seed: int = 0,
    ask: Callable[[Question], str] = lambda question: question.text,
    batch: int = 64,
    progress: Callable[[int, int], None] | None = None,
    name: str | None = None,
    done_by: Callable[[Verifier], Verifier] = lambda verifier: verifier,
) -> ExamResult:
    """Let `agent` answer every question `samples` times, and once greedily if it can.

    Args:
        verifier: grades against `Question.reference`.
        vote: finds the majority answer; `None` leaves majority and calibration out.
        greedy: whether to ask for a greedy answer, too; agents without that mode are not asked.
        ask: the prompt for a question.
        batch: prompts per call of the agent; part of what fixes the samples, like `seed`.
        progress: called with (questions done, questions in all).
        name: how the agent is called in the result.
        done_by: gives the work of grader and voter to others.

    Raises:
        ConfigError: fewer than one sample, or a question without a reference.
        PluginError: the agent gave something else than so many texts per prompt.
    """
    if samples < 1 or batch < 1:
        raise ConfigError(f"an exam needs samples >= 1 and batch >= 1, got {samples} and {batch}")
    for question in questions:
        if question.reference is None:
            raise ConfigError(f"an exam question needs a reference answer; this one has none: {question.text!r}")
    grader = make_verifier(verifier)
    voter = None if vote is None else make_verifier(vote)
    decisive = agent.with_settings(temperature=0) if greedy and isinstance(agent, Adjustable) else None
    tally = _Tally(done_by(grader), None if voter is None else done_by(voter), samples)
    for start in range(0, len(questions), batch):
        part = questions[start : start + batch]
        prompts = [ask(question) for question in part]
        begun = time.perf_counter()
        groups = completions_of(agent, prompts, n=samples, seed=integer_seed(seed, "exam", start))
        single: list[list[str]] = []
        if decisive is not None:
            single = completions_of(decisive, prompts, n=1, seed=integer_seed(seed, "greedy", start))
        tally.seconds += time.perf_counter() - begun
        tally.add(part, groups, single)
        tally.rows["unanswered"] += unreadable(agent, prompts)
        tally.rows["guessed"] += guessed(agent, prompts)
        if progress is not None:
            progress(start + len(part), len(questions))
    return tally.result(
        agent=name or str(getattr(agent, "name", type(agent).__name__)),
        verifier=verifier if isinstance(verifier, str) else type(grader).__name__,
        seed=seed,
    )


def guessed(agent: Agent, prompts: Sequence[str]) -> list[bool]:
    """To which prompts a scripted agent of known skill answers by chance; others do not say."""
    ask = getattr(agent, "guessed", None)
    return [False] * len(prompts) if ask is None else list(ask(prompts))


class _Tally:
    """Grades batches and keeps the counts."""

    def __init__(self, grader: Verifier, voter: Verifier | None, samples: int) -> None:
        self.grader, self.voter, self.samples, self.seconds = grader, voter, samples, 0.0
        self.rows: dict[str, list[Any]] = {name: [] for name in _PER_QUESTION}
        sizes = sorted({*powers(samples)[1:], samples} - {1})
        self.votes: dict[int, list[bool]] = {k: [] for k in sizes} if voter else {}

    def add(self, questions: Sequence[Question], groups: list[list[str]], single: list[list[str]]) -> None:
        read = as_read(questions, groups)
        for question, group, judgement in zip(questions, read, self.grader.judge_many(questions, read), strict=True):
            right = [verdict.outcome is Outcome.CORRECT for verdict in judgement.verdicts]
            row = {
                "keys": key(question.text),
                "kinds": kind_of(question),
                "levels": question.level,
                "lengths": length_of(question),
                "correct": sum(right),
                "strict": sum(ok and strictly_given(question, text) for ok, text in zip(right, group, strict=True)),
                "lenient": sum(ok or mentions(question, text) for ok, text in zip(right, group, strict=True)),
                "invalid": sum(v.answer is None and v.outcome is not Outcome.CORRECT for v in judgement.verdicts),
                "undecided": sum(v.outcome is Outcome.UNDECIDED for v in judgement.verdicts),
            }
            for name, value in row.items():
                self.rows[name].append(value)
        self.rows["characters"] += [sum(map(len, group)) for group in groups]
        self.rows["distinct"] += [len(set(group)) for group in groups]
        if single:
            judged = self.grader.judge_many(questions, as_read(questions, single))
            self.rows["greedy"] += [judgement.correct_count == 1 for judgement in judged]
        self._add_votes(questions, read)

    def _add_votes(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> None:
        for k, right in self.votes.items():
            assert self.voter is not None
            elections = self.voter.judge_many(questions, [group[:k] for group in groups])
            winners = [[] if e.label is None else [rf"\boxed{{{e.label}}}"] for e in elections]
            right += [j.correct_count == 1 for j in self.grader.judge_many(questions, winners)]
            if k == self.samples:
                self.rows["vote_share"] += [e.solve_rate for e in elections]

    def result(self, agent: str, verifier: str, seed: int) -> ExamResult:
        for name in ("unanswered", "guessed", "lengths"):
            if all(value is None or value is False for value in self.rows[name]):
                self.rows[name] = []
        return ExamResult(
            agent=agent,
            verifier=verifier,
            seed=seed,
            samples=self.samples,
            votes=self.votes,
            seconds=self.seconds,
            **self.rows,
        )


def compare(before: ExamResult, after: ExamResult, on: Which = "sampled") -> Paired:
    """Difference of two exams over the same questions, in points; positive if `after` is better than `before`.

    `on` is which accuracy: that of samples, greedy answers, or the majority of samples.

    Raises:
        ConfigError: other questions, another number of samples, or a score one of them does not have.
    """
    if before.keys != after.keys:
        raise ConfigError(f"the exams of {before.agent!r} and {after.agent!r} asked different questions")
    if on == "sampled":
        if before.samples != after.samples:
            raise ConfigError(f"the exams drew {before.samples} and {after.samples} samples; run both with the same")
        return paired(before.correct, after.correct, before.samples)
    rows = []
    for exam in (before, after):
        row = exam.greedy if on == "greedy" else exam.votes.get(exam.samples, [])
        if len(row) != len(exam.keys):
            raise ConfigError(f"the exam of {exam.agent!r} has no {on} answers to compare")
        rows.append(row)
    return paired(rows[0], rows[1])
