"""The strict and the lenient reading of an answer, reported beside the verifier's own, and the audit of a grader.

R-Zero's published gain shrinks when its grader is made strict, because most of it was the base model learning to give
answers in the asked form. Showing both ends makes such a gap visible. `audit_grader` asks the other question: does a
grader accept what it must not?
"""

from __future__ import annotations

import re

from ..core.extraction import find_boxes
from ..core.records import Question

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:/\d+|\.\d+)?(?![\w]|\.\d)")


def strictly_given(question: Question, attempt: str) -> bool:
    r"""Whether a (correct) attempt commits to one answer in the asked form: boxed, and not two different boxes.

    Only maths questions ask for a box; elsewhere the form is the verifier's business.
    """
    if question.domain != "maths":
        return True
    return len({box.content.strip() for box in find_boxes(attempt)}) == 1


def mentions(question: Question, attempt: str) -> bool:
    """Whether the reference stands in the attempt at all: what the laxest grader in use would accept."""
    reference = (question.reference or "").strip()
    if question.domain != "maths" or not reference:
        return False
    if _NUMBER.fullmatch(reference):
        return any(found[0] == reference for found in _NUMBER.finditer(attempt.replace("+", " ")))
    return reference in attempt
