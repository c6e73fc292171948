"""*Curves*: the training steps of every role and of the stage `feedback`, and the exam after every round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...league.progress import cross_play_table, learners, worst_by_round
from ...pages.figures import COLOURS, GOOD, MUTED, SOLVER, VOTE
from ...report.curves import REST, SUPERVISED_CURVES, TERM, Curves, curves_of, reward_curves
from ...settings.config import SOLVER as ANSWERING
from ..reading.run_reader import RunReader
from ..reading.tallies import MetricsTally, RoleSteps
from .parts import SERIES, Part, part
from .svg import Chart, Line

UPDATE_CURVES = (
    Curves("Length of the completions", "tokens", (("mean_length", "mean length", SOLVER, "-"),)),
    Curves("Loss", "GRPO, or nats per token", (("loss", "loss", SOLVER, "-"),)),
    Curves("Gradient norm", "before clipping", (("grad_norm", "gradient norm", SOLVER, "-"),)),
    Curves("Size of the updates", "norm of the change", (("update_norm", "change of all weights", SOLVER, "-"),)),
    Curves("Spread of the rewards", "standard deviation", (("reward_std", "standard deviation", SOLVER, "-"),)),
    Curves("Tokens that were clipped", "%", (("clip_share", "clipped", SOLVER, "-"),)),
    Curves("Learning rate", "per step", (("learning_rate", "learning rate", MUTED, "-"),)),
)
"""What the report leaves to those who look closely."""
FEEDBACK_CURVES = (
    Curves("Right on what is set aside", "%", (("held_out_accuracy", "right", GOOD, "-"),)),
    Curves("Loss on what is set aside", "mean", (("held_out_loss", "loss", VOTE, "-"),)),
    Curves("Pairs told apart as people did", "%", (("preferred_share", "told apart", SOLVER, "-"),)),
    Curves("Margin of the pairs", "mean βΔ", (("margin", "margin", SOLVER, "-"),)),
    Curves("Drift from the base", "KL, nats per token", (("kl", "KL to the base", SOLVER, "-"),)),
    *UPDATE_CURVES,
)
"""Of the stage `feedback`, a part at a time, besides the reward: labels learn by GRPO, pairs by another loss."""


def curves(run: RunReader) -> list[Part]:
    """The parts of the page."""
    metrics = run.metrics
    exams = part("exams", charts=exam_charts(metrics), steps=bool(metrics.roles or metrics.feedback))
    roles = [
        _steps(f"role-{at}", name.capitalize(), _charts(role, _curves_of(run, name, role)))
        for at, (name, role) in enumerate(metrics.roles.items())
    ]
    feedback = [
        _steps(f"feedback-{at}", f"Learning from reviews: {name}", _charts(steps, _of_feedback(run, steps)))
        for at, (name, steps) in enumerate(metrics.feedback.items())
    ]
    return [exams, _league(metrics), *roles, *feedback]


def _league(metrics: MetricsTally) -> Part:
    """The games with a league: the worst score of every round, and every round against every snapshot."""
    trend = worst_by_round(metrics.games)
    lines = [
        Line(
            line,
            [(float(one.round), one.score.value) for one in trend if one.line == line],
            str(place % len(COLOURS) + 1),
            bounds=[(one.score.low, one.score.high) for one in trend if one.line == line],
        )
        for place, line in enumerate(dict.fromkeys(one.line for one in trend))
    ]
    ticks = [(float(number), str(number)) for number in sorted({one.round for one in trend})]
    charts = [Chart("Worst score against a snapshot", "%", lines, ticks, "round")] if trend else []
    tables = [(role, *cross_play_table(metrics.games, role)) for role in learners(metrics.games)]
    shown = [(role, *latest(header, cells)) for role, header, cells in tables if len(header) > 1]
    return part("league", charts=charts, tables=shown)


def latest(header: list[str], cells: list[list[str]], most: int = 12) -> tuple[list[str], list[list[str]]]:
    """The last rows and columns of a table that begins with names."""
    return [*header[:1], *header[1:][-most:]], [[*row[:1], *row[1:][-most:]] for row in cells[-most:]]


def _steps(at: str, title: str, charts: list[Chart]) -> Part:
    """The part of a role, or of one part of `feedback`; one that does not train at this moment stays as it is."""
    return Part(at, part("role", at=at, title=title, charts=charts).html)


def _curves_of(run: RunReader, name: str, role: RoleSteps) -> Sequence[Curves]:
    """The report's curves of a role, then those of the update."""
    supervised = SUPERVISED_CURVES if "distinct_questions" in role.curves else ()
    return (*curves_of(name, _reward(run, name), _terms(role)), *supervised, *UPDATE_CURVES)


def _of_feedback(run: RunReader, steps: RoleSteps) -> Sequence[Curves]:
    """Those of a part of `feedback`, the reward in the place it has."""
    reward = reward_curves(ANSWERING, _reward(run, ANSWERING), _terms(steps))
    return (*FEEDBACK_CURVES[:2], reward, *FEEDBACK_CURVES[2:])


def _reward(run: RunReader, name: str) -> Any:
    """The setting of a role; `None` where it cannot be read."""
    role = run.settings.roles.get(name)
    return role.get("reward") if isinstance(role, dict) else None


def _terms(role: RoleSteps) -> list[str]:
    return [*role.terms, *[REST] * role.leaves]


def exam_charts(metrics: MetricsTally) -> list[Chart]:
    """Accuracy in the held-out exam; empty before the first."""
    exams = metrics.exams.items()
    if not exams:
        return []
    sampled = [(float(number), exam.accuracy) for number, exam in exams]
    greedy = [(float(number), exam.greedy) for number, exam in exams if exam.greedy is not None]
    votes = [(float(n), exam.majority[k]) for n, exam in exams if (k := str(exam.samples)) in exam.majority]
    lines = [
        Line(label, [(x, rate.value) for x, rate in rates], series, style, [(rate.low, rate.high) for _, rate in rates])
        for label, rates, series, style in (
            ("sampled", sampled, "1", "-"),
            ("greedy", greedy, "2", "--"),
            (f"majority@{exams[-1][1].samples}", votes, "4", ":"),
        )
    ]
    return [Chart("Exam accuracy", "%", lines, round_ticks([number for number, _ in exams]), "round")]


def round_ticks(numbers: Sequence[int]) -> list[tuple[float, str]]:
    """Rounds as ticks; the base has a name."""
    return [(float(number), "base" if number == 0 else str(number)) for number in numbers]


def _charts(role: RoleSteps, curves: Sequence[Curves]) -> list[Chart]:
    """Those of the figures that have anything to show."""
    known = {**role.curves, **{TERM + name: series for name, series in role.terms.items()}, REST: role.rest}
    ticks = [(float(step), str(number)) for step, number in role.starts.items()]
    along = f"round ({role.count:,} training steps)"
    shown, charts = set[str](), []
    for one in curves:
        lines = [
            Line(label, known[measure].points(), SERIES.get(colour, "1"), style)
            for measure, label, colour, style in one.lines
            if measure in known
        ]
        measures = {line[0] for line in one.lines}
        if lines and not measures <= shown:
            charts.append(Chart(one.title, one.unit, lines, ticks, along))
        shown |= measures
    return charts
