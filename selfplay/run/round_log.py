"""One round read back from the logs: what was asked, what is kept for training, and with which attempts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from ...core.errors import ConfigError, PluginError
from ...core.records import GIVEN, Labelled, Question
from ...envs.game.domains import held_out
from ...envs.game.screening import RULINGS, without_refused
from ..reviews.adoption import check_row
from ..reviews.outcomes import Outcome, outcomes, same_answer
from .question_log import question_of

Rows: TypeAlias = Callable[[str], list[dict[str, Any]]]
"""The name of a log → its rows of one round, in order."""


EDITOR = "human"
"""The author of a question that a person edited."""


def checked(log: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows for a log, unless they are reviews with a decision that nobody would obey.

    Raises:
        PluginError: says what is wrong with it.
    """
    for row in rows if log == "reviews" else ():
        try:
            check_row(row)
        except ConfigError as error:
            raise PluginError(
                f"a review has an index and a decision that can be obeyed: {error}; got {row!r:.120}"
            ) from None
    return rows


def asked(rows: Rows) -> list[tuple[int, Question]]:
    """The questions that are put to the solver, with their index in the log.

    Before there are attempts, what people decided about questions is obeyed; afterwards those that have attempts were
    asked, in the words of that time.
    """
    found = [(row["index"], question_of(row)) for row in rows("questions") if row["dropped"] is None]
    decided = outcomes(rows("reviews"), ("question",))
    if not decided:
        return found
    attempted = _asked_as(rows)
    if attempted:
        now = {index: _edited(question, attempted.get(index), decided.get(index)) for index, question in found}
        return [(index, question) for index, question in now.items() if question is not None and index in attempted]
    now = {}
    for index, question in found:
        one = decided.get(index)
        if one is None or one.trains:
            now[index] = _edited(question, None if one is None else one.question, one)
    return [(index, question) for index, question in now.items() if question is not None]


def kept(rows: Rows, valid: bool = False) -> list[tuple[int, Question]]:
    """The training questions with their label as reference, after reviews; see `reviews.outcomes`.

    What a person approved trains although its label was not valid, as one that was not confirmed; an edited label
    trains whatever the solve rate, which was measured against another one.

    Args:
        valid: as well those with a valid label that were not kept because of their solve rate.
    """
    written = {row["index"]: row for row in rows("labels")}
    labels = {index: row["label"] for index, row in written.items() if row["kept"] or (valid and row["valid"])}
    decided = outcomes(rows("reviews"))
    asked_as = _asked_as(rows) if any(outcome.question for outcome in decided.values()) else {}
    for index, outcome in decided.items():
        row = written.get(index)
        if outcome.trains and outcome.label is not None:
            labels[index] = outcome.label
        elif not outcome.trains or outcome.question not in (None, asked_as.get(index)):
            labels.pop(index, None)  # nobody knows the answer to a question in new words
        elif outcome.vouches and row is not None and not row["valid"] and row["label"] is not None:
            labels[index] = row["label"]
    found = []
    for index, question in asked(rows):
        one = decided.get(index)
        now = question if one is None else _edited(question, one.question, one)
        if index in labels and now is not None:
            found.append((index, with_label(now, labels[index])))
    return found


def _asked_as(rows: Rows) -> dict[int, str | None]:
    """In which words each question was asked; `None` for those of the log."""
    return {row["index"]: row.get("question") for row in rows("attempts")}


def _edited(question: Question, text: str | None, outcome: Outcome | None) -> Question | None:
    """The question in other words; `None` if these are a question of the exam."""
    if text is None or text == question.text:
        return question
    label = outcome.label if outcome is not None and outcome.question == text else None
    known = {} if label is None else {GIVEN: True}
    edited = replace(question, text=text, reference=label, author=EDITOR, meta=known)
    return None if held_out(edited) else edited


def with_label(question: Question, label: str) -> Question:
    """The question as it is trained on: its reference is the label, whatever anybody claims."""
    return replace(question, reference=label)


def labelled(rows: Rows, valid: bool = False) -> list[Labelled]:
    """The same with the attempts at each, and which of them match the label."""
    attempts, matches = _attempts(rows), _matches(rows)
    return [Labelled(question, tuple(attempts[i]), matches[i]) for i, question in kept(rows, valid) if i in matches]


def _attempts(rows: Rows) -> dict[int, list[str]]:
    """The attempts by question, with an empty text in place of each that the solver's policy refused."""
    reasons = {row["index"]: row.get(RULINGS) for row in rows("labels")}
    return {row["index"]: list(without_refused(row["attempts"], reasons.get(row["index"]))) for row in rows("attempts")}


def _matches(rows: Rows) -> dict[int, tuple[bool, ...]]:
    """Which attempts match the label, after reviews: those that gave the answer which somebody made the label."""
    decided, found = outcomes(rows("reviews")), {}
    asked_as = _asked_as(rows)
    for row in rows("labels"):
        index = row["index"]
        one, words = decided.get(index), asked_as.get(index)
        found[index] = tuple(row["matches"])
        if one is not None and one.decision == "edit" and (one.question, one.label) != (words, None):
            label = one.label if one.question in (None, words) else None
            given = row.get("answers", [None] * len(row["matches"]))
            found[index] = tuple(answer is not None and _equal(answer, label) for answer in given)
    return found


def _equal(answer: str, label: str | None) -> bool:
    return label is not None and same_answer(answer, label)


def solved(rows: Rows, above: float | None = None) -> list[Labelled]:
    """The training questions with the attempts and solutions known to be right: of an edited label, the attempts that
    gave it.

    Args:
        above: as well the valid questions that were not kept because their solve rate lies above this, and that no
            review decided about; `None` for none of them.
    """
    reviewed = outcomes(rows("reviews"))
    training = dict(kept(rows))
    if above is not None:
        labels = {row["index"]: row for row in rows("labels")}
        for index, question in asked(rows):
            row = labels.get(index)
            easy = row is not None and row["valid"] and not row["kept"] and row["solve_rate"] > above
            if easy and index not in reviewed and row is not None and row["label"] is not None:
                training[index] = with_label(question, row["label"])
    attempts, matches = _attempts(rows), _matches(rows)
    joined = {row["index"]: (row.get("solution"), row.get("parts", ())) for row in rows("labels")}
    edited = {index for index, outcome in reviewed.items() if outcome.decision == "edit"}
    found = []
    for index in sorted(training.keys() & matches.keys()):
        solution, parts = (None, ()) if index in edited else joined[index]
        given = tuple((text, worked) for text, worked in parts)
        found.append(Labelled(training[index], tuple(attempts[index]), matches[index], solution, given))
    return found
