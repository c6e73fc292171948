"""Known answers as labels: what a data set, a file or a generator knows is never replaced by a vote.

What a *challenger* says about its own question is a claim, and no reference. Which of the others are labels is
`labels.references`: by default only those that were given with the questions, since a generator's computed answers
would be outside knowledge in a run that is to show what self-play does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ....core.protocols import BaseVerifier, Verifier
from ....core.records import GIVEN, Judgement, Question
from ....core.registries import make_verifier
from ...exams.suites import grader_of
from ...settings.config import CHALLENGER

Key = TypeVar("Key")


def owns_label(question: Question, references: str) -> bool:
    """Whether the reference of a question is its label, by `labels.references`."""
    if question.reference is None or question.author == CHALLENGER or references == "none":
        return False
    return references == "known" or question.meta.get(GIVEN) is True


class Graded(BaseVerifier):
    """Judges each question by the grader of its own domain, or of its data set, against its reference."""

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return make_verifier(grader_of(question)).judge(question, attempts)

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        return in_parts(questions, groups, grader_of, make_verifier)


class ByDomain(BaseVerifier):
    """Judges the questions of one domain by a verifier, and those of others as `Graded` does.

    Args:
        domain: name of the domain.
        verifier: judges its questions.
    """

    def __init__(self, domain: str, verifier: Verifier) -> None:
        self.domain, self.verifier, self.others = domain, verifier, Graded()

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return (self.verifier if question.domain == self.domain else self.others).judge(question, attempts)

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        def verifier(own: bool) -> Verifier:
            return self.verifier if own else self.others

        return in_parts(questions, groups, lambda question: question.domain == self.domain, verifier)


def in_parts(
    questions: Sequence[Question],
    groups: Sequence[Sequence[str]],
    part: Callable[[Question], Key],
    verifier: Callable[[Key], Verifier],
) -> list[Judgement]:
    """Judge every part of a batch by a verifier of its own; judgements come in the order of the questions.

    Args:
        part: which part a question is of.
        verifier: judges a part.
    """
    parts: dict[Key, list[int]] = {}
    for i, question in enumerate(questions):
        parts.setdefault(part(question), []).append(i)
    judged: dict[int, Judgement] = {}
    for key, places in parts.items():
        own = verifier(key).judge_many([questions[i] for i in places], [groups[i] for i in places])
        judged |= dict(zip(places, own, strict=True))
    return [judged[i] for i in range(len(questions))]
