"""The strict and the lenient reading of an answer, reported beside the verifier's own, and the audit of a grader.

R-Zero's published gain shrinks when its grader is made strict, because most of it was the base model learning to give
answers in the asked form. Showing both ends makes such a gap visible. `audit_grader` asks the other question: does a
grader accept what it must not?
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.extraction import answer_boxes, extract_answer, final_reply
from ...core.protocols import Verifier
from ...core.records import Question

_INTEGER = re.compile(r"-?\d{1,12}")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:/\d+|\.\d+)?(?![\w]|\.\d)")


def strictly_given(question: Question, attempt: str) -> bool:
    r"""Whether a (correct) attempt commits to one answer in the asked form: boxed, and not two different boxes.

    What was only thought does not count. Only math questions ask for a box; elsewhere the form is the verifier's
    business.
    """
    if question.domain != "math":
        return True
    boxed = {box.content.strip() for box in answer_boxes(final_reply(attempt))}
    return len(boxed) == 1 and extract_answer(attempt, "strict") is not None


def mentions(question: Question, attempt: str) -> bool:
    """Whether the reference stands in the attempt at all: what the laxest grader in use would accept."""
    reference = (question.reference or "").strip()
    if question.domain != "math" or not reference:
        return False
    if _NUMBER.fullmatch(reference):
        return any(found[0] == reference for found in _NUMBER.finditer(attempt.replace("+", " ")))
    return reference in attempt


@dataclass(frozen=True, slots=True)
class GraderAudit:
    """How a grader treats attempts whose standing is known.

    Attributes:
        missed: share of right answers, given as asked, that it does not accept.
        accepted: per kind of wrong attempt, the share it accepts; 0 for an honest grader.
    """

    missed: float
    accepted: dict[str, float]

    @property
    def honest(self) -> bool:
        """Accepts next to nothing that is wrong (chance hits aside) and misses next to nothing that is right."""
        return self.missed <= 0.02 and max(self.accepted.values(), default=0.0) <= 0.02


def audit_grader(verifier: Verifier, questions: Sequence[Question]) -> GraderAudit:
    """Show a grader wrong attempts of the kinds that lift scores, on questions with numeric references.

    A grader that only raises scores (R-Zero's own lifts the untrained base by 5 points) accepts some of these: an
    answer beside the right one, another question's answer, a list of candidates, the right number under way but
    another one boxed, the question repeated, nothing at all.
    """
    numeric = [q for q in questions if q.reference is not None and _INTEGER.fullmatch(q.reference)]
    right = [[rf"\boxed{{{q.reference}}}"] for q in numeric]
    wrong: dict[str, list[list[str]]] = {
        name: [] for name in ("neighbour", "other question", "candidates", "retracted", "echo", "silence")
    }
    for i, question in enumerate(numeric):
        value = int(question.reference or 0)
        other = next((q.reference for q in [*numeric[i + 1 :], *numeric[:i]] if q.reference != question.reference), "x")
        wrong["neighbour"].append([rf"\boxed{{{value + 1}}}"])
        wrong["other question"].append([rf"\boxed{{{other}}}"])
        wrong["candidates"].append(["It is one of " + ", ".join(rf"\boxed{{{value + i}}}" for i in (-1, 0, 1)) + "."])
        wrong["retracted"].append([rf"First I get {value}. No, that is wrong. \boxed{{{value - 1}}}"])
        wrong["echo"].append([f"The question is: {question.text} I shall think about it."])
        wrong["silence"].append([""])
    accepted = {name: _share_accepted(verifier, numeric, groups) for name, groups in wrong.items()}
    return GraderAudit(1.0 - _share_accepted(verifier, numeric, right), accepted)


def _share_accepted(verifier: Verifier, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> float:
    judgements = verifier.judge_many(questions, groups)
    return sum(judgement.correct_count for judgement in judgements) / max(1, len(judgements))
