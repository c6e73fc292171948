"""Variants by length of question, where an exam has lengths: what the base could answer, and what came to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..exams.result import ExamResult, Score
from ..pages.tables import markdown_table
from .results import Ablation

BASE = "base"


def tables_by_length(ablation: Ablation) -> list[str]:
    """A Markdown table each of greedy and sampled answers, of the majority, and of pass@k; none without lengths.

    The base stands first. Cells are per cent, means over seeds; pass@k is that of the exam with many samples.
    """
    runs = {result.name: result.runs for result in ablation.results}
    first = next(iter(runs.values()), [])
    exams = {BASE: [run.before for run in first], **{name: [run.after for run in own] for name, own in runs.items()}}
    many = {
        BASE: [run.many_before for run in first],
        **{name: [run.many_after for run in own] for name, own in runs.items()},
    }
    large = {name: [exam for exam in own if exam is not None] for name, own in many.items()}
    found = [_table(exams, "greedy"), _table(exams, "sampled"), _table(exams, "majority"), _table(large, "pass")]
    return [table for table in found if table]


def _table(exams: Mapping[str, Sequence[ExamResult]], score: Score) -> str:
    rates = {name: found for name, own in exams.items() if (found := _by_length(own, score))}
    if not rates:
        return ""
    samples = next(iter(exams[name] for name in rates))[0].samples
    title = {"majority": f"majority of {samples}", "pass": f"pass@{samples}"}.get(score, score)
    cells = [[name, *(f"{100 * rate:.0f}" for rate in found.values())] for name, found in rates.items()]
    return "\n".join(markdown_table([f"{title}, %", *next(iter(rates.values()))], cells))


def _by_length(exams: Sequence[ExamResult], score: Score) -> dict[str, float]:
    """Length → mean over the exams."""
    tables = [exam.breakdown("length", score) for exam in exams]
    return {
        length: float(np.mean([table[length].value for table in tables if length in table]))
        for length in (tables[0] if tables else ())
    }
