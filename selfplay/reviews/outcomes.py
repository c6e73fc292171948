"""What a round's questions and labels are after people looked at them, and where people contradict each other.

- A reviewer's last decision on an item that was not taken back stands.
- Two reviewers whose decisions come to the same agree; the later one holds (1/2 and 0.5 are the same label).
- Two reviewers whose decisions come to different things contradict each other: the question does not train, until one
  of them decides anew or takes a decision back. Who decided later does not matter, nor how many said what.
- Where a gate asks for several reviewers, an item is open until so many people have decided. If they contradict each
  other it is open no longer, and unsettled: a third opinion would be a vote, and votes are what made the label.
- What a stage wrote by a rule holds only where no person decided.
- A question is rejected if it or its label is; an edited question replaces what was said about the label
  of the old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...core.math_language import parse_expression
from .decisions import Decision, says_nothing, standing

LONGEST_NUMBER = 1_000
"""Characters of a text that is read as a number: queues are looked at often, and reading long ones takes seconds."""
_DECIMAL = re.compile(r"[-+]?\d{1,30}\.\d{1,30}", re.A)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question of a round.

    Attributes:
        decision: "approve", "edit", "reject", or "disputed" where reviewers contradict each other.
        question: its new text; `None` if that was not edited.
        label: its new label; `None` if that was not edited, or is not known for an edited question.
        vouches: whether a person, and not only a rule, says what the label is.
    """

    decision: str
    question: str | None = None
    label: str | None = None
    vouches: bool = False

    @property
    def trains(self) -> bool:
        """Whether nobody keeps the question out of training."""
        return self.decision in ("approve", "edit")


def outcomes(rows: Iterable[Mapping[str, Any]], kinds: Sequence[str] = ("question", "label")) -> dict[int, Outcome]:
    """What became of the questions of one round, by index; those that nobody decided about are not there.

    Args:
        rows: of the reviews of that round.
        kinds: of the items whose decisions count.
    """
    found: dict[int, dict[str, Outcome]] = {}
    for own in standing(decisions_in(rows)).values():
        one = next(iter(own.values()))
        if one.kind in kinds:
            found.setdefault(one.index, {})[one.kind] = outcome_of(own)
    return {index: _together(kinds_of) for index, kinds_of in found.items()}


def decisions_in(rows: Iterable[Mapping[str, Any]]) -> list[Decision]:
    """The decisions in rows of one round, of which some may not name it."""
    named = (row if "id" in row else {"round": 0, **row} for row in rows if not says_nothing(row))
    return [Decision.of(row) for row in named]


def outcome_of(own: Mapping[str, Decision]) -> Outcome:
    """What the standing decisions of the reviewers of one question or label come to; at least one."""
    people = [decision for who, decision in own.items() if who]
    decisions = people or list(own.values())
    last = decisions[-1]
    if any(not come_to_the_same(last, other) for other in decisions[:-1]):
        return Outcome("disputed")
    question = label = None
    if last.decision == "edit":
        question, label = (
            (last.after["question"], last.after["label"]) if last.kind == "question" else (None, last.after)
        )
    return Outcome(last.decision, question, label, bool(people) and (last.kind == "label" or label is not None))


def has_enough(own: Mapping[str, Decision], reviewers: int) -> bool:
    """Whether as many have decided about an item as were asked; where that is one, a rule of a stage will do.

    Args:
        own: what stands, by reviewer.
    """
    return len(people(own)) >= reviewers if reviewers > 1 else bool(own)


def people(own: Mapping[str, Decision]) -> list[str]:
    """Who of those who decided is no rule of a stage."""
    return [who for who in own if who]


def come_to_the_same(one: Decision, other: Decision) -> bool:
    """Whether two decisions on one item have the same effect."""
    if one.decision == other.decision == "edit" and one.kind == "question":
        texts = one.after["question"].strip() == other.after["question"].strip()
        labels = one.after["label"], other.after["label"]
        return texts and (labels[0] == labels[1] or (None not in labels and same_answer(*labels)))
    if one.kind == "label" and {one.decision, other.decision} <= {"approve", "edit"}:
        labels = _label_after(one), _label_after(other)
        if None not in labels:
            return same_answer(*labels)
    if one.kind == "attempt":
        return bool(one.after == other.after)
    return (one.decision, one.after) == (other.decision, other.after)


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are the same text or, if they are not too long to read, exact numbers of the same value."""
    if one.strip() == other.strip():
        return True
    if max(len(one), len(other)) > LONGEST_NUMBER:
        return False
    values = _number(one), _number(other)
    return None not in values and values[0] == values[1]


def _together(by_kind: Mapping[str, Outcome]) -> Outcome:
    """A question and its label in one."""
    found = list(by_kind.values())
    for kept_out in ("reject", "disputed"):
        for one in found:
            if one.decision == kept_out:
                return one
    question = by_kind.get("question")
    if question is not None and (question.decision == "edit" or "label" not in by_kind):
        return question
    return by_kind["label"]


def _label_after(decision: Decision) -> Any:
    return decision.after if decision.decision == "edit" else decision.before


def _number(text: str) -> Fraction | None:
    if _DECIMAL.fullmatch(text.strip()):
        return Fraction(text.strip())
    try:
        value = parse_expression(text)
    except ValueError:
        return None
    return None if value.a else Fraction(value.b)
