"""Which table a row of `metrics.jsonl` or `guard.jsonl` belongs to: a log has rows of several kinds, a table of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]

KINDS = {
    "steps": "training steps of a role that plays: a table for each role, `steps_solver`",
    "labellings": "a labelling: what was asked, kept, and how right the labels were",
    "exams": "exams and validations",
    "gates": "which round is the best so far",
    "costs": "tokens of a stage",
    "policies": "what policies refused in a stage",
    "reviews": "what people had decided when a stage ended",
    "robustness": "the exam under perturbations",
    "adaptation": "how fast the held-out family is learnt",
    "feedback": "decisions of people as the stage `feedback` found them",
    "feedback_steps": "its training steps and looks",
    "supervised": "supervised stages and outer steps of meta-learning",
    "others": "rows of stages of somebody else's, and single remarks",
    "validations": "of `guard.jsonl`: what was measured",
    "events": "of `guard.jsonl`: alarms, changes of rates, rollbacks, damage",
}
"""The tables by name, each with what a row is."""
_BY_NAME = (
    ("best_round", "gates"),
    ("by_role", "costs"),
    ("policy", "policies"),
    ("review", "reviews"),
    ("robustness", "robustness"),
    ("adaptation", "adaptation"),
    ("feedback", "feedback"),
    ("exam", "exams"),
    ("turn_exam", "exams"),
    ("validation_accuracy", "exams"),
)
"""A name that only rows of one kind have."""


def kind_of(row: Row) -> str:
    """The table of a row of `metrics.jsonl`."""
    phase = str(row.get("phase", ""))
    for name, kind in _BY_NAME:
        if name in row:
            return kind
    if phase == "label" and "asked" in row:
        return "labellings"
    if phase == "feedback":
        return "feedback_steps"
    if "role" in row and "step" in row:
        return f"steps_{row['role']}"
    return "supervised" if "trained" in row else "others"


def guard_kind_of(row: Row) -> str:
    """The table of a row of `guard.jsonl`."""
    return "events" if "event" in row else "validations"
