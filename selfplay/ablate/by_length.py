"""Variants by length of question, where an exam has lengths: what the base could answer, and what came to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ..exams.result import ExamResult, Score
from ..pages.wording import points
from ..stats import Paired, paired
from .results import Ablation

Rows = tuple[list[str], list[list[str]]]

BASE = "base"
BEYOND = 0.35
"""Greedy accuracy of the base up to which a length counts as beyond it."""
SHORT = 4
"""So many of the shortest lengths show what was forgotten."""


def rows_by_length(ablation: Ablation) -> list[Rows]:
    """Header and cells each of greedy and sampled answers, of the majority, and of pass@k; none without lengths.

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
    found = [_rows(exams, "greedy"), _rows(exams, "sampled"), _rows(exams, "majority"), _rows(large, "pass")]
    return [rows for rows in found if rows is not None]


def ability_rows(ablation: Ablation) -> Rows:
    """Header and cells of what is new, all seeds together: greedy points gained on the lengths at which the base is
    right in at most `BEYOND`, the same of pass@k in the exam with many samples, and what was forgotten on the `SHORT`
    shortest lengths. No cells without lengths, or where the base can do all of them."""
    runs = [run for result in ablation.results[:1] for run in result.runs]
    base = _by_length([run.before for run in runs], "greedy")
    hard, short = {length for length, rate in base.items() if rate <= BEYOND}, set([*base][:SHORT])
    many = [run.many_before for run in runs if run.many_before is not None]
    name = f"pass@{many[0].samples}" if many else "pass@k"
    header = ["variant", f"greedy at {_span(hard)} operations", f"{name} there", f"greedy at {_span(short)}"]
    cells = []
    for result in ablation.results if hard else ():
        ends = [(run.before, run.after) for run in result.runs]
        large = [(one.many_before, one.many_after) for one in result.runs if one.many_before and one.many_after]
        gains = [_gain(ends, hard, "greedy"), _gain(large, hard, "pass"), _gain(ends, short, "greedy")]
        cells.append([result.name, *(points(gain) for gain in gains)])
    return header, cells


def _span(lengths: Collection[str]) -> str:
    """Lengths as a text: 10–16, or one by one where there are gaps."""
    numbers = sorted(map(int, lengths))
    if numbers and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}–{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
    return ", ".join(map(str, numbers))


def _gain(ends: Sequence[tuple[ExamResult, ExamResult]], lengths: Collection[str], score: Score) -> Paired | None:
    """The second exams against the first ones, on questions of these lengths alone."""
    rows: list[list[float]] = [
        [rate for exam in exams for length, rate in exam.by_question("length", score) if length in lengths]
        for exams in zip(*ends, strict=True)
    ]
    return paired(rows[0], rows[1]) if rows and rows[0] else None


def _rows(exams: Mapping[str, Sequence[ExamResult]], score: Score) -> Rows | None:
    rates = {name: found for name, own in exams.items() if (found := _by_length(own, score))}
    if not rates:
        return None
    samples = next(iter(exams[name] for name in rates))[0].samples
    title = {"majority": f"majority of {samples}", "pass": f"pass@{samples}"}.get(score, score)
    cells = [[name, *(f"{100 * rate:.0f}" for rate in found.values())] for name, found in rates.items()]
    return [f"{title}, %", *next(iter(rates.values()))], cells


def _by_length(exams: Sequence[ExamResult], score: Score) -> dict[str, float]:
    """Length → mean over the exams."""
    tables = [exam.breakdown("length", score) for exam in exams]
    return {
        length: float(np.mean([table[length].value for table in tables if length in table]))
        for length in (tables[0] if tables else ())
    }
