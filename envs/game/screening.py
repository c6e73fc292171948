"""What stands between answers and their verifier: how they are read, and an output policy.

A refused answer is not seen by the verifier, and its verdict is undecided.

The verifier gets an empty text in its place: an attempt without an answer, which cannot vote and counts as wrong in the
solve rate. `Game` does the same for questions: a refused one is not asked and worth 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...core.perturbed import PERTURBATION, as_read
from ...core.protocols import BaseVerifier, OutputPolicy, Verifier, rulings
from ...core.records import Judgement, Outcome, Question, Ruling, Verdict

RULINGS = "refused"
"""Where the evidence of a judgement keeps why attempts were refused: a reason per attempt, `None` for the rest."""


class ScreenedVerifier(BaseVerifier):
    """Judges what a policy allows.

    Args:
        verifier: judges it.
        policy: looks at the attempts first.
        role: who wrote them.
    """

    def __init__(self, verifier: Verifier, policy: OutputPolicy, role: str) -> None:
        self.verifier, self.policy, self.role = verifier, policy, role

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return self.judge_many([question], [attempts])[0]

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        ruled = ruled_groups(self.policy, self.role, [question.text for question in questions], groups)
        judged = self.verifier.judge_many(questions, [allowed(*pair) for pair in zip(groups, ruled, strict=True)])
        if not isinstance(judged, list | tuple) or len(judged) != len(ruled):
            return judged  # a broken verifier: whoever asked says so
        return [_undecided(judgement, group) for judgement, group in zip(judged, ruled, strict=True)]


class ReadingVerifier(BaseVerifier):
    """Judges attempts without the injected instructions that they quote, see `core.perturbed.as_read`.

    Args:
        verifier: judges them.
    """

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        if PERTURBATION in question.meta:
            attempts = as_read([question], [attempts])[0]
        return self.verifier.judge(question, attempts)

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        return self.verifier.judge_many(questions, as_read(questions, groups))


def screened(verifier: Verifier, policy: OutputPolicy | None, role: str) -> Verifier:
    """The verifier as the attempts of a role are put to it: read, and under its policy where there is one."""
    return ReadingVerifier(verifier if policy is None else ScreenedVerifier(verifier, policy, role))


def ruled_groups(
    policy: OutputPolicy, role: str, asked: Sequence[str], groups: Sequence[Sequence[str]]
) -> list[list[Ruling]]:
    """A ruling on each answer in `groups[i]` to `asked[i]`, all looked at in one call."""
    texts = [text for group in groups for text in group]
    questions = [question for question, group in zip(asked, groups, strict=True) for _ in group]
    found = iter(rulings(policy, texts, role, questions))
    return [[next(found) for _ in group] for group in groups]


def allowed(attempts: Sequence[str], ruled: Iterable[Ruling]) -> Sequence[str]:
    """The attempts with an empty text in place of each refused one."""
    ruled = list(ruled)
    if not any(ruling.refused for ruling in ruled):
        return attempts
    return ["" if ruling.refused else text for text, ruling in zip(attempts, ruled, strict=True)]


def without_refused(attempts: Sequence[str], reasons: Sequence[str | None] | None) -> Sequence[str]:
    """The same, by the reasons that a judgement's evidence or a row of the labels keeps; `None` for no refusals."""
    if reasons is None:
        return attempts
    return [text if reason is None else "" for text, reason in zip(attempts, reasons, strict=True)]


def _undecided(judgement: Judgement, ruled: Sequence[Ruling]) -> Judgement:
    """The judgement with undecided verdicts on refused attempts, which no verifier can have held to be right."""
    if not any(ruling.refused for ruling in ruled) or len(judgement.verdicts) != len(ruled):
        return judgement
    paired = list(zip(judgement.verdicts, ruled, strict=True))
    verdicts = tuple(Verdict.undecided(ruling.reason) if ruling.refused else verdict for verdict, ruling in paired)
    evidence = {**judgement.evidence, RULINGS: [ruling.reason if ruling.refused else None for ruling in ruled]}
    lost = sum(ruling.refused and verdict.outcome is Outcome.CORRECT for verdict, ruling in paired)
    rate = judgement.solve_rate if not lost else (judgement.correct_count - lost) / len(verdicts)
    return replace(judgement, verdicts=verdicts, solve_rate=rate, evidence=evidence)
