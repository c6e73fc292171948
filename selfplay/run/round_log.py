"""One round read back from the logs: what was asked, what is kept for training, and with which attempts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from ...core.errors import PluginError
from ...core.records import Labelled, Question
from ...envs.game.screening import RULINGS, without_refused
from .question_log import question_of

Rows: TypeAlias = Callable[[str], list[dict[str, Any]]]
"""The name of a log → its rows of one round, in order."""


DECISIONS = ("approve", "edit", "reject", "prefer")


def checked(log: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows for a log, unless they are reviews with a decision that nobody would obey.

    Raises:
        PluginError: names the decision, or what is missing.
    """
    for row in rows if log == "reviews" else ():
        if row.get("decision") not in DECISIONS or type(row.get("index")) is not int:
            wanted = f"an index and a decision, {' | '.join(DECISIONS)}"
            raise PluginError(f"a review has {wanted}; got {row!r:.120}")
        if row["decision"] == "edit" and not isinstance(row.get("after"), str):
            raise PluginError(f"the review that edits question {row['index']} must say what the label is 'after' it")
    return rows


def asked(rows: Rows) -> list[tuple[int, Question]]:
    """The questions that are put to the solver, with their index in the log."""
    return [(row["index"], question_of(row)) for row in rows("questions") if row["dropped"] is None]


def kept(rows: Rows, valid: bool = False) -> list[tuple[int, Question]]:
    """The training questions with their label as reference, after reviews: the last decision on each counts.

    Args:
        valid: as well those with a valid label that were not kept because of their solve rate.
    """
    labels = {row["index"]: row["label"] for row in rows("labels") if row["kept"] or (valid and row["valid"])}
    for review in rows("reviews"):
        if review["decision"] == "reject":
            labels.pop(review["index"], None)
        elif review["decision"] == "edit" and review["index"] in labels:
            labels[review["index"]] = review["after"]
    return [(index, with_label(question, labels[index])) for index, question in asked(rows) if index in labels]


def with_label(question: Question, label: str) -> Question:
    """The question as it is trained on: its reference is the label, whatever anybody claims."""
    return replace(question, reference=label)


def labelled(rows: Rows, valid: bool = False) -> list[Labelled]:
    """The same with the attempts at each, and which of them match the label."""
    attempts = _attempts(rows)
    matches = {row["index"]: row["matches"] for row in rows("labels")}
    return [Labelled(question, tuple(attempts[i]), tuple(matches[i])) for i, question in kept(rows, valid)]


def _attempts(rows: Rows) -> dict[int, list[str]]:
    """The attempts by question, with an empty text in place of each that the solver's policy refused."""
    reasons = {row["index"]: row.get(RULINGS) for row in rows("labels")}
    return {row["index"]: list(without_refused(row["attempts"], reasons.get(row["index"]))) for row in rows("attempts")}


def solved(rows: Rows, above: float | None = None) -> list[Labelled]:
    """The training questions with the attempts and solutions known to be right: none, where a review edited the label.

    Args:
        above: as well the valid questions that were not kept because their solve rate lies above this, and that no
            review decided about; `None` for none of them.
    """
    reviewed = {review["index"]: review["decision"] for review in rows("reviews")}
    training = dict(kept(rows))
    if above is not None:
        labels = {row["index"]: row for row in rows("labels")}
        for index, question in asked(rows):
            row = labels.get(index)
            easy = row is not None and row["valid"] and not row["kept"] and row["solve_rate"] > above
            if easy and index not in reviewed and row is not None and row["label"] is not None:
                training[index] = replace(question, reference=row["label"])
    attempts = _attempts(rows)
    matches = {row["index"]: row["matches"] for row in rows("labels")}
    joined = {row["index"]: (row.get("solution"), row.get("parts", ())) for row in rows("labels")}
    edited = {row["index"] for row in rows("reviews") if row["decision"] == "edit"}
    found = []
    for index in sorted(training):
        right = [index not in edited and match for match in matches[index]]
        solution, parts = (None, ()) if index in edited else joined[index]
        given = tuple((text, worked) for text, worked in parts)
        found.append(Labelled(training[index], tuple(attempts[index]), tuple(right), solution, given))
    return found
