"""The records that pass between challenger, solver, verifier and curriculum; frozen and slotted.

The three that every step of a game builds (TaskSpec, Verdict, Judgement) write their slots directly: the constructor
that `dataclass(frozen=True)` writes looks up `object.__setattr__` once per field and takes twice as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple

from .errors import ConfigError


def _slot_writers(record: type) -> list[Callable[[object, Any], None]]:
    """One function per field, in order, that writes it past the frozen `__setattr__`."""
    return [vars(record)[name].__set__ for name in record.__dataclass_fields__]  # type: ignore[attr-defined]


class Outcome(Enum):
    """What a verifier concluded about one attempt."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNDECIDED = "undecided"
    """Time-out, unparsable reference, checker failure: never silently a reward, never silently a failure."""

    @classmethod
    def _missing_(cls, value: object) -> Outcome:
        raise ConfigError(f"an outcome is one of {', '.join(repr(one.value) for one in cls)}, got {value!r}")


def _is_share(value: Any) -> bool:
    """Whether it is a number in [0, 1]."""
    try:
        return bool(0.0 <= value <= 1.0)
    except TypeError:
        return False


@dataclass(frozen=True, slots=True, init=False)
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

    def __init__(self, level: float, kind: str | None = None, meta: Mapping[str, Any] | None = None) -> None:
        if not _is_share(level):
            raise ConfigError(f"TaskSpec.level must be in [0, 1], got {level!r}")
        _set_level(self, level)
        _set_kind(self, kind)
        _set_meta(self, {} if meta is None else meta)


_set_level, _set_kind, _set_meta = _slot_writers(TaskSpec)


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        text: what the solver reads.
        reference: the answer somebody claims, or `None` when nobody claims one.
        domain: "math", "code", ... ; verifiers may route on it.
        level: difficulty in [0, 1] asked of whoever wrote it, `None` when unknown.
        author: the generator or role that wrote it.
        meta: domain data a verifier needs (test cases, units, a reasoning-gym entry), JSON-serialisable.
    """

    text: str
    reference: str | None = None
    domain: str = "math"
    level: float | None = None
    author: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name, value in (("text", self.text), ("reference", self.reference)):
            if not isinstance(value, str) and (name == "text" or value is not None):
                raise ConfigError(f"Question.{name} must be text, got {value!r:.80}")


@dataclass(frozen=True, slots=True, init=False)
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

    def __init__(self, outcome: Outcome, score: float | None, answer: str | None = None, reason: str = "") -> None:
        if (score is None) is not (outcome is Outcome.UNDECIDED):
            raise ConfigError(f"Verdict.score is None exactly for UNDECIDED, got {score!r} with {outcome}")
        if outcome.__class__ is not Outcome:
            raise ConfigError(f"Verdict.outcome must be an Outcome, such as Outcome.CORRECT, got {outcome!r}")
        if score is not None and not _is_share(score):
            raise ConfigError(f"Verdict.score must be in [0, 1], got {score!r}")
        _set_outcome(self, outcome)
        _set_score(self, score)
        _set_answer(self, answer)
        _set_reason(self, reason)

    @classmethod
    def correct(cls, answer: str | None, reason: str = "", score: float = 1.0) -> Verdict:
        """A right attempt: the `answer` found in it, `reason` for people, `score` in [0, 1]."""
        return cls(Outcome.CORRECT, score, answer, reason)

    @classmethod
    def wrong(cls, answer: str | None, reason: str = "", score: float = 0.0) -> Verdict:
        """A wrong attempt; `answer` is `None` where none was found, `score` in [0, 1] as a rule 0."""
        return cls(Outcome.WRONG, score, answer, reason)

    @classmethod
    def undecided(cls, reason: str, answer: str | None = None) -> Verdict:
        """An attempt that nobody could decide, for this `reason`: it has no score, and earns nothing."""
        return cls(Outcome.UNDECIDED, None, answer, reason)


_set_outcome, _set_score, _set_answer, _set_reason = _slot_writers(Verdict)


@dataclass(frozen=True, slots=True, init=False)
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

    def __init__(
        self,
        verdicts: tuple[Verdict, ...],
        label: str | None,
        solve_rate: float,
        valid: bool = True,
        label_source: str = "reference",
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        _set_verdicts(self, verdicts)
        _set_label(self, label)
        _set_solve_rate(self, solve_rate)
        _set_valid(self, valid)
        _set_label_source(self, label_source)
        _set_evidence(self, {} if evidence is None else evidence)

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


_set_verdicts, _set_label, _set_solve_rate, _set_valid, _set_label_source, _set_evidence = _slot_writers(Judgement)


REFUSED = "refused"
"""How the reason begins why a question was not asked, or an attempt not decided, that a policy refused."""
UNCHECKED = "unchecked"
"""The code of a text that a policy could not look at."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an output policy says of one text; `ALLOWED` where it has nothing to say.

    Attributes:
        refused: whether the text may neither be asked nor earn anything.
        code: the hazard, "S1" to "S14" of the MLCommons taxonomy; "unsafe" where none is named; "unchecked" where
            nobody could look at the text, refused or not; "" for a text that is allowed.
        why: the rule, for people.
    """

    refused: bool
    code: str = ""
    why: str = ""

    @property
    def reason(self) -> str:
        """As verdicts and logs have it: "refused: S9 (…)"."""
        return f"{REFUSED}: {self.code}" + (f" ({self.why})" if self.why else "")


ALLOWED = Ruling(False)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question with its label and the attempts that were made at it: what further roles are asked about.

    Attributes:
        question: its `reference` is the label.
        attempts: the solver's texts, in order.
        matches: for each attempt, whether it matches the label.
        solution: a worked solution that ends in the label and is no attempt, such as one put together from the
            solutions of parts; `None` where there is none.
        parts: these parts, each as a question and its solution.
    """

    question: Question
    attempts: tuple[str, ...]
    matches: tuple[bool, ...]
    solution: str | None = None
    parts: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if len(self.attempts) != len(self.matches):
            raise ConfigError(f"{len(self.attempts)} attempts need as many matches, got {len(self.matches)}")


@dataclass(frozen=True, slots=True)
class Request:
    """What a challenger is asked for besides a question; without either, it is asked as ever.

    Attributes:
        spec: the difficulty that is asked for, as a curriculum names it; a question of level x should be solved by
            1 − x of its attempts.
        near: a question that the solver did not solve; an easier relative of it is asked for.
    """

    spec: TaskSpec | None = None
    near: str | None = None

    def marked(self, question: Question) -> Question:
        """A question that was written on this request: with the level, and what `Question.meta` keeps of the rest."""
        if self.spec is not None:
            question = with_spec(replace(question, level=self.spec.level), self.spec)
        if self.near is not None:
            question = replace(question, meta={**question.meta, NEAR: self.near})
        return question


GIVEN = "given"
"""Under which `Question.meta` says that the reference was given with the question, by a data set or a file."""
SPEC, NEAR = "spec", "near"
"""Under which `Question.meta` keeps what was asked of its author: kind and meta of a `TaskSpec`, and `Request.near`."""


def with_spec(question: Question, spec: TaskSpec) -> Question:
    """The question, with those parts of its spec in `meta` that the question does not say itself."""
    kept = {"kind": spec.kind, "meta": dict(spec.meta)}
    return replace(question, meta={**question.meta, SPEC: kept}) if spec.kind or spec.meta else question


def spec_of(question: Question) -> TaskSpec | None:
    """What a curriculum had asked for when the question was written; `None` without a level."""
    if question.level is None:
        return None
    kept = question.meta.get(SPEC, {})
    return TaskSpec(question.level, kept.get("kind"), kept.get("meta"))


@dataclass(frozen=True, slots=True)
class OtherWay:
    """A question asked another way: what the solver must come to if its label is right.

    Attributes:
        name: "permuted", "split", "backward", "reworded"; "executed" where running a program made the label.
        texts: what is asked; () where nothing needs to be asked, because the label did not come from a vote.
        expected: what each of them must be answered; `None` means that all must get the same answer.
    """

    name: str
    texts: tuple[str, ...] = ()
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a perturbation makes of a question.

    Attributes:
        text: the new text.
        reference: the right answer to it where that is another one; `None` where it stays.
        injected: an instruction in the text that is none of the question's, exactly as it stands there; `None` for
            none. Attempts that quote it are read without it.
    """

    text: str
    reference: str | None = None
    injected: str | None = None


class Reward(NamedTuple):
    """What a challenger earns with one question.

    Attributes:
        value: the sum.
        terms: the named parts it is made of, as floats.
    """

    value: float
    terms: dict[str, float]
