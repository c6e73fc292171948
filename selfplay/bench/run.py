"""The benchmark: agents × suites, every score with an interval, every pair of agents compared question by question.

    report = run_bench(load_contestants(["tiny", "oracle"]), load_suites("builtin"), BenchSettings(samples=8))

The numbers are those of `exams.result` plus what the answers cost. The first agent is the baseline of the comparisons;
where several are made, p-values are adjusted by Holm's method.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...core.protocols import Verifier
from ...core.seeding import integer_seed
from ..evaluation import ExamResult, Which, compare, run_exam
from ..exams.contamination import Contamination, check_contamination
from ..exams.suites import Suite
from ..run.provenance import describe_environment
from ..stats import Estimate, Paired, bootstrap, holm
from .agents import Contestant
from .record import Usage, record

Progress = Callable[[str, str, int, int], None]
DoneBy = Callable[[Verifier], Verifier]


@dataclass(frozen=True)
class BenchSettings:
    """What is fixed for all agents and suites of a benchmark.

    Attributes:
        samples: answers drawn per question, at the agent's own temperature; pass@k goes up to it.
        seed: of the samples.
        batch: prompts per call; part of what fixes the samples.
        greedy: whether agents that can also answer greedily.
    """

    samples: int = 8
    seed: int = 0
    batch: int = 64
    greedy: bool = True

    def __post_init__(self) -> None:
        if self.samples < 1 or self.batch < 1 or self.seed < 0:
            raise ConfigError(f"samples and batch must be at least 1 and seed at least 0, got {self}")


@dataclass(frozen=True)
class BenchEntry:
    """One agent on one suite.

    Attributes:
        exam: all counts and scores; its `seconds` are those of the sampled answers.
        usage: tokens, truncation, time and memory of the sampled answers.
    """

    agent: str
    suite: str
    exam: ExamResult
    usage: Usage

    @property
    def truncated_share(self) -> float | None:
        """Share of samples cut off by the token limit; `None` if the agent does not say."""
        cut = self.usage.truncated
        return None if cut is None else sum(cut) / max(1, len(cut) * self.exam.samples)

    @property
    def tokens_per_correct(self) -> Estimate | None:
        """Tokens drawn per correct sample, bootstrap interval over questions; `None` if tokens are not counted."""
        tokens = self.usage.tokens
        if tokens is None or not sum(self.exam.correct):
            return None
        return bootstrap([tokens, self.exam.correct], _ratio, seed=self.exam.seed, path=(self.suite, "tokens"))

    @property
    def seconds_per_correct(self) -> float | None:
        """Wall seconds of sampling per correct sample; `None` if none is correct."""
        correct = sum(self.exam.correct)
        return self.usage.seconds / correct if correct else None

    def as_dict(self) -> dict[str, Any]:
        tokens = self.tokens_per_correct
        return {
            "suite": self.suite,
            **self.exam.as_dict(),
            "usage": asdict(self.usage),
            "truncated_share": self.truncated_share,
            "tokens_per_correct": None if tokens is None else tokens.as_dict(),
            "seconds_per_correct": self.seconds_per_correct,
        }


@dataclass(frozen=True)
class Comparison:
    """`agent` against `baseline` on one suite; `adjusted` is the p-value after Holm's correction for all of them."""

    suite: str
    baseline: str
    agent: str
    on: Which
    result: Paired
    adjusted: float

    def as_dict(self) -> dict[str, Any]:
        head = {"suite": self.suite, "baseline": self.baseline, "agent": self.agent, "on": self.on}
        return {**head, **self.result.as_dict(), "adjusted_p_value": self.adjusted}


@dataclass(frozen=True)
class BenchReport:
    """A finished benchmark.

    Attributes:
        settings: what was asked for.
        suites: the questions, by suite.
        entries: one exam per agent and suite.
        comparisons: each agent with the first one, paired by question.
        contamination: per suite, against the training questions that were given; empty if none were.
        provenance: the date, and what `environment.describe_environment` tells: command, commit, versions, machine.
    """

    settings: BenchSettings
    suites: tuple[Suite, ...]
    entries: tuple[BenchEntry, ...]
    comparisons: tuple[Comparison, ...]
    contamination: dict[str, Contamination] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def entry(self, agent: str, suite: str) -> BenchEntry:
        """The exam of an `agent` on a `suite`."""
        return next(e for e in self.entries if (e.agent, e.suite) == (agent, suite))

    def warnings(self) -> list[str]:
        """What a reader of the table must know, in sentences."""
        notes = [f"{e.agent} on {e.suite}: {note}" for e in self.entries for note in e.exam.warnings()]
        notes += [f"{name}: {found}" for name, found in self.contamination.items() if not found.clean]
        for suite in self.suites:
            if suite.published and suite.name not in self.contamination:
                notes.append(f"{suite.name} is published: models may have been trained on it")
        return notes

    def contamination_lines(self) -> list[str]:
        """What is known of each suite's questions among training questions, in sentences; never empty."""
        if self.contamination:
            return [f"{name}: {found}" for name, found in self.contamination.items()]
        return ["not checked against a run's training questions; name the run with --run FOLDER"]

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON has it, warnings included."""
        return {
            "settings": asdict(self.settings),
            "suites": [
                {
                    "name": s.name,
                    "digest": s.digest,
                    "questions": len(s.questions),
                    "verifier": s.verifier,
                    "source": s.source,
                }
                for s in self.suites
            ],
            "entries": [entry.as_dict() for entry in self.entries],
            "comparisons": [comparison.as_dict() for comparison in self.comparisons],
            "contamination": {name: found.as_dict() for name, found in self.contamination.items()},
            "warnings": self.warnings(),
            "provenance": self.provenance,
        }


def run_bench(
    contestants: Sequence[Contestant],
    suites: Sequence[Suite],
    settings: BenchSettings = BenchSettings(),
    *,
    cache: Path | None = None,
    training: Sequence[str] | None = None,
    provenance: dict[str, Any] | None = None,
    progress: Progress | None = None,
    done_by: DoneBy = lambda verifier: verifier,
) -> BenchReport:
    """Examine every agent on every suite and compare them.

    Args:
        contestants: the agents, by name; the others are compared with the first.
        suites: what they are asked.
        settings: samples per question, seed, prompt.
        cache: folder in which answers are recorded; with it an interrupted benchmark resumes, and repeats itself.
        training: questions an agent was trained on, to look for among the exam's.
        provenance: the caller's own entries, over those found.
        progress: called with (agent, suite, questions done, questions in all).
        done_by: gives the work of graders to others.
    """
    examine = partial(_examine, settings=settings, cache=cache, progress=progress, done_by=done_by)
    entries = [examine(contestant, suite) for suite in suites for contestant in contestants]
    found = {}
    if training is not None:
        found = {suite.name: check_contamination([q.text for q in suite.questions], training) for suite in suites}
    return BenchReport(
        settings=settings,
        suites=tuple(suites),
        entries=tuple(entries),
        comparisons=tuple(_compare_all(entries, [suite.name for suite in suites])),
        contamination=found,
        provenance={"date": datetime.now(UTC).strftime("%Y-%m-%d"), **describe_environment(), **(provenance or {})},
    )


def _examine(
    contestant: Contestant,
    suite: Suite,
    settings: BenchSettings,
    cache: Path | None,
    progress: Progress | None,
    done_by: DoneBy,
) -> BenchEntry:
    recorder = record(contestant.agent, contestant.identity, cache)

    def report(done: int, total: int) -> None:
        if progress is not None:
            progress(contestant.name, suite.name, done, total)

    exam = run_exam(
        recorder,
        suite.questions,
        verifier=suite.verifier,
        vote=suite.vote,
        samples=settings.samples,
        greedy=settings.greedy,
        seed=integer_seed(settings.seed, "bench", suite.name),
        ask=contestant.ask,
        batch=settings.batch,
        progress=report,
        name=contestant.name,
        done_by=done_by,
    )
    return BenchEntry(contestant.name, suite.name, replace(exam, seconds=recorder.usage.seconds), recorder.usage)


def _compare_all(entries: Sequence[BenchEntry], suites: Sequence[str]) -> list[Comparison]:
    found: list[tuple[str, str, str, Which, Paired]] = []
    for suite in suites:
        baseline, *others = [entry for entry in entries if entry.suite == suite]
        for other in others:
            found.append((suite, baseline.agent, other.agent, "sampled", compare(baseline.exam, other.exam)))
            if baseline.exam.greedy and other.exam.greedy:
                result = compare(baseline.exam, other.exam, on="greedy")
                found.append((suite, baseline.agent, other.agent, "greedy", result))
    adjusted = holm([row[4].p_value for row in found])
    return [Comparison(*row, p_value) for row, p_value in zip(found, adjusted, strict=True)]


def _ratio(cost: Any, gain: Any) -> float:
    return float(cost.sum() / gain.sum()) if gain.sum() else math.nan
