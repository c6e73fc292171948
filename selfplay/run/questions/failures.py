"""How the perturbed questions of earlier rounds went: what an adversary among the sources learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.perturbed import perturbation_of
from ....core.records import Question
from ..question_log import question_of
from .past import labelled_earlier

if TYPE_CHECKING:
    from ..run import SelfPlay


def failures(run: SelfPlay) -> list[tuple[Question, float]]:
    """The perturbed questions of earlier rounds in order, each with the share of attempts that failed.

    All failed where the label is wrong, since the attempts behind it are. A label that nobody knows to be right or
    wrong says nothing, and its question is left out.
    """
    found = []
    for row, label in labelled_earlier(run):
        question = question_of(row)
        if label["label_right"] is not None and perturbation_of(question) is not None:
            found.append((question, 1.0 - label["solve_rate"] if label["label_right"] else 1.0))
    return found
