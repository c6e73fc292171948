"""The records that pass between challenger, solver, verifier and curriculum; frozen, slotted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .errors import ConfigError


class Outcome(Enum):
    """What a verifier concluded about one attempt."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNDECIDED = "undecided"
    """Time-out, unparsable reference, checker failure: never silently a reward, never silently a failure."""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What the curriculum asks for next.

    Attributes:
        level: difficulty in [0, 1]; what it means is the generator's business.
        kind: the generator's sub-kind to draw from, or `None` for the generator's own mix.
        meta: anything the curriculum wants handed back to it in `observe`.
    """

    level: float
    kind: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.level <= 1.0:
            raise ConfigError(f"TaskSpec.level must be in [0, 1], got {self.level!r}")


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        text: what the solver reads.
        reference: the answer somebody claims, or `None` when nobody claims one.
        domain: "maths", "code", ... ; verifiers may route on it.
        level: difficulty in [0, 1] asked of whoever wrote it, `None` when unknown.
        author: the generator or seat that wrote it.
        meta: domain data a verifier needs (test cases, units, a reasoning-gym entry), JSON-serialisable.
    """

    text: str
    reference: str | None = None
    domain: str = "maths"
    level: float | None = None
    author: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one attempt; build it with `Verdict.correct`, `.wrong` or `.undecided`.

    Attributes:
        outcome: the conclusion.
        score: reward in [0, 1]; `None` if and only if undecided.
        answer: the answer found in the attempt, `None` when none was found.
        reason: why, for people.
    """

    outcome: Outcome
    score: float | None
    answer: str | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.score is None) is not (self.outcome is Outcome.UNDECIDED):
            raise ConfigError(f"Verdict.score is None exactly for UNDECIDED, got {self.score!r} with {self.outcome}")
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            raise ConfigError(f"Verdict.score must be in [0, 1], got {self.score!r}")

    @classmethod
    def correct(cls, answer: str | None, reason: str = "", score: float = 1.0) -> Verdict:
        return cls(Outcome.CORRECT, score, answer, reason)

    @classmethod
    def wrong(cls, answer: str | None, reason: str = "", score: float = 0.0) -> Verdict:
        return cls(Outcome.WRONG, score, answer, reason)

    @classmethod
    def undecided(cls, reason: str, answer: str | None = None) -> Verdict:
        return cls(Outcome.UNDECIDED, None, answer, reason)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a verifier says of one question and all its m attempts; build it with `Judgement.of`.

    Attributes:
        verdicts: one per attempt, in the order of the attempts.
        label: the answer the attempts were held against (a reference or the winner of a vote), `None` if there is none.
        solve_rate: share of **all** m attempts that match the label; non-answers count as wrong. 0.0 for m = 0.
        valid: whether the question may be trained on, by this verifier's own gate.
        label_source: "reference", "vote", "sandbox", ...
        evidence: details for people and logs, JSON-serialisable.
    """

    verdicts: tuple[Verdict, ...]
    label: str | None
    solve_rate: float
    valid: bool = True
    label_source: str = "reference"
    evidence: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(
        cls,
        verdicts: Sequence[Verdict],
        *,
        label: str | None,
        label_source: str,
        valid: bool | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> Judgement:
        """Build a judgement whose `solve_rate` follows from its verdicts.

        Args:
            valid: `None` means "valid if there is a label".
        """
        correct = sum(v.outcome is Outcome.CORRECT for v in verdicts)
        rate = correct / len(verdicts) if verdicts else 0.0
        ok = label is not None if valid is None else valid
        return cls(tuple(verdicts), label, rate, ok, label_source, evidence or {})

    @property
    def correct_count(self) -> int:
        """Number of attempts that match the label, for comparisons on integers."""
        return sum(v.outcome is Outcome.CORRECT for v in self.verdicts)
