"""Verifiers made of verifiers: `cascade`, `weighted`, `self-answer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.protocols import BaseVerifier, Verifier
from ...core.records import Judgement, Outcome, Question, Verdict
from ...core.registries import make_verifier
from ...core.sums import finite_total
from ..answers.equal import compare, no_oracle
from ..answers.parsing.locate import locate_reference
from ..answers.policy import Policy

Given = str | Mapping[str, Any] | Verifier
"""A verifier by name, by dict, or as an object."""

_FINAL = {"format": ("wrong",)}
"""What a stage may decide for good; a boxed answer is a reason to look at it, not to accept it."""
_ANY = ("correct", "wrong")
_CONTROLS = frozenset({"format", "random"})
"""Label sources of verifiers that know nothing of the answer."""
_VOTES = frozenset({"vote", "checked"})
"""Label sources that are agreement among the attempts, not knowledge."""


def _is_vote(judgement: Judgement) -> bool:
    return judgement.label_source in _VOTES


def _knows(judgement: Judgement) -> bool:
    """Whether a judgement holds the attempts against something known: it has a label that no vote made, or accepted one
    attempt. What it leaves undecided is then for no vote to decide."""
    known = judgement.label is not None or judgement.correct_count > 0
    return known and not _is_vote(judgement) and judgement.label_source not in _CONTROLS


class CascadeVerifier(BaseVerifier):
    """Every attempt goes from stage to stage until one decides it.

    The label is that of the first stage that decided an attempt correct, else of the first that has one; `valid` is
    that stage's. An attempt nobody decides stays undecided. A vote decides only where no stage before it knows: once
    one has a label of its own, or accepted an attempt, agreement among the others is no evidence against it.

    Args:
        stages: verifiers, cheapest first. A dict may name the outcomes that are final: `{"name": "sympy", "final":
            ["correct"]}`; the default is both, for `format` only "wrong".
    """

    def __init__(self, stages: Sequence[Given] = ("format", "sympy", "majority")) -> None:
        if not stages or isinstance(stages, str):
            raise ConfigError(f"a cascade needs a list of stages, got {stages!r}")
        self.stages = [_stage(given) for given in stages]

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        verdicts: list[Verdict | None] = [None] * len(attempts)
        decided_by: list[str | None] = [None] * len(attempts)
        held: list[tuple[str, Judgement]] = []
        for name, verifier, final in self.stages:
            if None not in decided_by and held:
                break
            judgement = verifier.judge(question, attempts)
            if _is_vote(judgement) and any(_knows(earlier) for _, earlier in held):
                continue
            held.append((name, judgement))
            for index, verdict in enumerate(judgement.verdicts):
                if decided_by[index] is None:
                    verdicts[index] = verdict
                    if verdict.outcome.value in final:
                        decided_by[index] = name
        settled = [
            verdict
            if by is not None or verdict is None
            else Verdict.undecided(f"no stage decides: {verdict.reason}", verdict.answer)
            for verdict, by in zip(verdicts, decided_by, strict=True)
        ]
        leading = self._leading(held, decided_by, settled)
        evidence = {
            "decided_by": decided_by,
            "label_from": None if leading is None else leading[0],
            "stages": {name: dict(judgement.evidence) for name, judgement in held},
        }
        return Judgement.of(
            [verdict for verdict in settled if verdict is not None],
            label=None if leading is None else leading[1].label,
            label_source="cascade",
            valid=False if leading is None else leading[1].valid,
            evidence=evidence,
        )

    @staticmethod
    def _leading(
        held: list[tuple[str, Judgement]], decided_by: list[str | None], settled: list[Verdict | None]
    ) -> tuple[str, Judgement] | None:
        correct = {
            by
            for by, verdict in zip(decided_by, settled, strict=True)
            if verdict and verdict.outcome is Outcome.CORRECT
        }
        for wanted in (correct, {name for name, _ in held}):
            for name, judgement in held:
                if name in wanted and judgement.label is not None:
                    return name, judgement
        return None


def _stage(given: Given) -> tuple[str, Verifier, tuple[str, ...]]:
    name = (
        given
        if isinstance(given, str)
        else given.get("name", "?")
        if isinstance(given, Mapping)
        else type(given).__name__
    )
    final = _FINAL.get(str(name), _ANY)
    if isinstance(given, Mapping) and "final" in given:
        final = tuple(given["final"])
        given = {key: value for key, value in given.items() if key != "final"}
        if not final or not set(final) <= set(_ANY):
            raise ConfigError(f"'final' of a stage takes 'correct' and 'wrong', got {list(final)}")
    return str(name), make_verifier(given), final


class WeightedVerifier(BaseVerifier):
    """The weighted mean of several verifiers' scores; undecided ones do not count.

    Where one that knows the answer leaves an attempt undecided, votes about it do not count either.

    Args:
        members: verifier to weight > 0, by name, or a list of (verifier, weight).
        threshold: score from which an attempt counts as correct.
        partial: whether the score of a wrong attempt is kept as reward, instead of 0.
    """

    def __init__(
        self,
        members: Mapping[str, float] | Sequence[tuple[Given, float]],
        threshold: float = 0.5,
        partial: bool = False,
    ) -> None:
        pairs: list[tuple[Given, float]] = list(members.items()) if isinstance(members, Mapping) else list(members)
        if not pairs or any(not weight > 0 for _, weight in pairs) or finite_total(w for _, w in pairs) is None:
            raise ConfigError(f"members need weights > 0 of a finite sum, got {members!r}")
        if not 0.0 < threshold <= 1.0:
            raise ConfigError(f"threshold must be in (0, 1], got {threshold!r}")
        self.members = [(make_verifier(given), float(weight)) for given, weight in pairs]
        self.threshold, self.partial = threshold, partial

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        judgements = [(verifier.judge(question, attempts), weight) for verifier, weight in self.members]
        verdicts = [
            self._verdict([(judgement.verdicts[index], weight) for judgement, weight in _heard(judgements, index)])
            for index in range(len(attempts))
        ]
        labelled = next((judgement for judgement, _ in judgements if judgement.label is not None), None)
        evidence = {"solve_rates": [judgement.solve_rate for judgement, _ in judgements]}
        return Judgement.of(
            verdicts,
            label=None if labelled is None else labelled.label,
            label_source="weighted",
            valid=all(judgement.valid for judgement, _ in judgements),
            evidence=evidence,
        )

    def _verdict(self, verdicts: list[tuple[Verdict, float]]) -> Verdict:
        heard = [(verdict.score, weight) for verdict, weight in verdicts if verdict.score is not None]
        answer = next((verdict.answer for verdict, _ in verdicts if verdict.answer is not None), None)
        if not heard:
            return Verdict.undecided("no member decides", answer)
        score = sum(value * weight for value, weight in heard) / sum(weight for _, weight in heard)
        reason = f"weighted score {score:.3f}"
        if score >= self.threshold:
            return Verdict.correct(answer, reason, score=score if self.partial else 1.0)
        return Verdict.wrong(answer, reason, score=score if self.partial else 0.0)


def _heard(judgements: list[tuple[Judgement, float]], index: int) -> list[tuple[Judgement, float]]:
    """The judgements that count for one attempt."""
    undecided = any(
        _knows(judgement) and judgement.verdicts[index].outcome is Outcome.UNDECIDED for judgement, _ in judgements
    )
    return [pair for pair in judgements if not (undecided and _is_vote(pair[0]))]


class SelfAnswerVerifier(BaseVerifier):
    """A vote whose winner must be what the question's author answered too: a gate against questions nobody understands.

    The author's answer is `question.reference`; the verdicts are the vote's, `valid` is its agreement with the author.

    Args:
        vote: the verifier that labels, default `majority`.
        policy: when the two answers are the same.
    """

    def __init__(self, vote: Given = "majority", policy: Policy | Mapping[str, Any] | None = None) -> None:
        self.vote = make_verifier(vote)
        self.policy = Policy.of(policy)

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        voted = self.vote.judge(question, attempts)
        agrees = None
        own = locate_reference(question.reference)
        if own is not None and voted.label is not None:
            agrees = compare(own, voted.label, self.policy, no_oracle).outcome
        evidence = dict(voted.evidence) | {"self_answer": None if agrees is None else agrees.value}
        return Judgement.of(
            voted.verdicts,
            label=voted.label,
            label_source=voted.label_source,
            valid=voted.valid and agrees is Outcome.CORRECT,
            evidence=evidence,
        )
