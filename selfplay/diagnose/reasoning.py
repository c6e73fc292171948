"""Is the reasoning sound, new, and short? Rigour, novelty and efficiency of worked attempts, checked symbolically.

A *step* is one equality an attempt writes down: `7*3=21` holds or not; `3x=15` holds if its root is the root of the
question's own equation. Only steps that can be read as exact mathematics are checked; prose is neither praised nor
blamed, and how much could be checked is reported beside every share.

A *method* is an attempt's sequence of step shapes, numbers blanked (`core/working/steps.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from ...core.extraction import last_boxed
from ...core.math_language import Linear, parse_expression
from ...core.working.steps import equalities, method_of

_GIVEN = re.compile(r"(?:solve(?: for x:)?|if)\s([-+*/()0-9x\s]+)=([-+*/()0-9x\s]+)", re.I)

REMEMBERED = 2**12
"""Sides of equalities whose value is kept: attempts at a question share most of them."""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What the steps of some attempts amount to. Shares are `None` where there was nothing to take a share of.

    Attributes:
        attempts: attempts looked at.
        steps: steps that could be checked.
        rigour: share of these that hold.
        sound: share of the attempts with steps whose steps all hold.
        lucky: share of the right attempts with steps that have a step which does not hold.
        worked: share of attempts that show a step at all.
        methods: number of different methods among right attempts.
        new_methods: share of these methods that no earlier round used.
        characters_per_correct: characters written, right or wrong, per right attempt.
    """

    attempts: int
    steps: int
    rigour: float | None
    sound: float | None
    lucky: float | None
    worked: float
    methods: int
    new_methods: float | None
    characters_per_correct: float | None


def steps_of(attempt: str, question: str = "") -> list[bool]:
    """Whether each checkable step of an attempt holds, in the order written."""
    return _steps(attempt, _root_of(question))


def _steps(attempt: str, root: Fraction | None) -> list[bool]:
    held = []
    for left, right in equalities(attempt):
        holds = _holds(left, right, root)
        if holds is not None:
            held.append(holds)
    return held


def measure_reasoning(
    questions: Sequence[str],
    groups: Sequence[Sequence[str]],
    right: Sequence[Sequence[bool]],
    known: Iterable[str] = (),
) -> tuple[Reasoning, set[str]]:
    """Measure attempts `groups[i]` at `questions[i]`.

    Args:
        right: whether each attempt is right.
        known: methods seen in earlier rounds.

    Returns:
        the measures, and the methods of the right attempts.
    """
    steps: list[bool] = []
    worked = sound = lucky = right_worked = correct = characters = attempts = 0
    methods: set[str] = set()
    for question, group, marks in zip(questions, groups, right, strict=True):
        root = _root_of(question)
        for attempt, ok in zip(group, marks, strict=True):
            held = _steps(attempt, root)
            attempts += 1
            characters += len(attempt)
            steps += held
            worked += bool(held)
            sound += bool(held) and all(held)
            if ok:
                correct += 1
                methods.add(method_of(attempt))
                right_worked += bool(held)
                lucky += bool(held) and not all(held)
    new = methods - set(known)
    return (
        Reasoning(
            attempts=attempts,
            steps=len(steps),
            rigour=_share(sum(steps), len(steps)),
            sound=_share(sound, worked),
            lucky=_share(lucky, right_worked),
            worked=_share(worked, attempts) or 0.0,
            methods=len(methods),
            new_methods=_share(len(new), len(methods)),
            characters_per_correct=_share(characters, correct),
        ),
        methods,
    )


def answered_right(attempt: str, reference: str | None) -> bool:
    """Whether the boxed answer is the reference, compared as exact numbers where both are."""
    answer = last_boxed(attempt)
    if answer is None or reference is None:
        return False
    try:
        return answer == reference or _value(answer) == _value(reference)
    except ValueError:
        return False


def _value(text: str) -> Fraction:
    value = parse_expression(text)
    if value.a:
        raise ValueError("not a number")
    return Fraction(value.b)


@lru_cache(REMEMBERED)
def _read(side: str) -> Linear | None:
    """A side of an equality; `None` if it cannot be read."""
    try:
        return parse_expression(side)
    except ValueError:
        return None


def _holds(left: str, right: str, root: Fraction | None) -> bool | None:
    one, other = _read(left), _read(right)
    if one is None or other is None:
        return None
    difference: Linear = one + -other
    if not one.a and not other.a:
        return difference.b == 0
    if root is None:
        return None
    return difference.at(root) == 0


def _root_of(question: str) -> Fraction | None:
    given = _GIVEN.search(question)
    if given is None:
        return None
    try:
        difference = parse_expression(given[1]) + -parse_expression(given[2])
    except ValueError:
        return None
    return Fraction(-difference.b / difference.a) if difference.a else None


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
