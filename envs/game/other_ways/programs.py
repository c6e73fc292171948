"""Programs are checked by running them: a verifier that does so needs no other way to ask."""

from __future__ import annotations

from ....core.code_questions import TASKS
from ....core.protocols import Rng
from ....core.records import OtherWay, Question


def program_ways(question: Question, label: str, rng: Rng) -> list[OtherWay]:
    """Execution, for any question about a program; nothing is asked."""
    return [OtherWay("executed")] if program_kind(question) == "program" else []


def program_kind(question: Question) -> str:
    """ "program" for a code question of any task, "other" for anything else."""
    return "program" if question.meta.get("task") in TASKS else "other"
