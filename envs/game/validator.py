"""The words of a validator, a third role: it reads a question with an attempt and says whether the attempt holds.

What it learns comes from votes alone (CoVerRL, arXiv 2603.17775): an attempt that agrees with the majority is right,
one of the minority is wrong. Every question gives as many of the one kind as of the other, so that "yes to everything"
and "no to everything" are worth the same, and the length or the kind of a question says nothing. A question without a
minority gives none. Attempts are draws, so the first ones are a sample; attempts without an answer are left out, as
nobody needs to be taught that these do not hold. Its answer is one of two words in a box, so a rule judges it to the
letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...core.extraction import extract_answer
from ...core.records import Labelled, Question
from .domains import RoleWords

NAME = "validator"
YES, NO = "yes", "no"
PAIRS = 4
"""Pairs of a question at most."""


def pairs(labelled: Sequence[Labelled], most: int = PAIRS) -> Iterator[tuple[Labelled, str, bool]]:
    """A question, an attempt, and whether it is to be called right: right and wrong in turns.

    Args:
        most: pairs of a question at most.
    """
    for one in labelled:
        sides: dict[bool, list[str]] = {True: [], False: []}
        for attempt, matches in zip(one.attempts, one.matches, strict=True):
            if extract_answer(attempt) is not None:
                sides[matches].append(attempt)
        for right, wrong in list(zip(sides[True], sides[False], strict=False))[:most]:
            yield one, right, True
            yield one, wrong, False


def task(question: Question, attempt: str) -> Question:
    """A question and an attempt as a question to the validator, which nobody has answered.

    Short, because a tiny model reads letter by letter.
    """
    text = f"{question.text}\n{attempt.strip()}\nIs it right? \\boxed{{{YES}}} or \\boxed{{{NO}}}"
    return Question(text, None, question.domain, question.level, NAME)


def tasks(labelled: Sequence[Labelled]) -> list[Question]:
    """Balanced pairs with what is to be said of them as reference."""
    found = []
    for one, attempt, right in pairs(labelled):
        found.append(replace(task(one.question, attempt), reference=YES if right else NO))
    return found


VALIDATOR = RoleWords(tasks, "exact", claim=task)
