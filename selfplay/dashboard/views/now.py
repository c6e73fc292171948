"""*Now*: where the run stands, what is being asked and answered, and what the guard says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from ...report.guard import KINDS, GuardEvent, guard_event
from ..reading.live import Asked
from ..reading.run_reader import RunReader
from ..reading.run_state import STATUS
from ..reading.series import LARGEST
from .parts import Part, part
from .standing import standing_of

SHOWN_ASKED = 12
"""Questions that are shown."""
SHOWN_ALARMS = 8


def now(run: RunReader) -> list[Part]:
    """The parts of the page."""
    standing, events = standing_of(run), events_of(run)
    said = [event.why for event in events if event.why]
    fresh = [alarm for alarm in run.live.alarms if not any(why in alarm.message for why in said)]  # not yet in the log
    return [
        part("standing", standing=standing, word=STATUS[standing.status], tiles=_tiles(run), **_step(run)),
        part("alarms", alarms=fresh[-SHOWN_ALARMS:][::-1], events=events[::-1], kinds=KINDS),
        part("asked", asked=asked_of(run), live=bool(run.live.asked), position=run.standing),
    ]


def events_of(run: RunReader) -> list[GuardEvent]:
    """The last things that the guard said or did."""
    rows = list(run.guard.events)[-SHOWN_ALARMS:]
    return [guard_event(msgspec.structs.asdict(row), 0.0) for row in rows]


def asked_of(run: RunReader) -> list[dict[str, Any]]:
    """The last questions, newest first: of the live feed, or else of the logs."""
    found = list(run.live.asked.values()) or _logged(run)
    labels = {(row.round, row.index): row for row in run.labels.latest}
    for one in found[-SHOWN_ASKED:]:
        label = labels.get((one.round or 0, one.index))
        if label is not None and one.label == label.label:
            one.kept, one.right = label.kept, label.label_right
    return [{"of": one, "answers": _answers(one)} for one in found[-SHOWN_ASKED:][::-1]]


def _logged(run: RunReader) -> list[Asked]:
    """The last questions of the logs, with what is there of attempts and labels."""
    attempts = {(row.round, row.index): row for row in run.attempts.latest}
    labels = {(row.round, row.index): row for row in run.labels.latest}
    found = []
    for row in run.questions.latest:
        one = Asked(row.round, row.phase, row.index, row.text, row.source or row.author, row.level, row.dropped)
        tried, label = attempts.get((row.round, row.index)), labels.get((row.round, row.index))
        if tried is not None:
            one.attempts = tried.attempts
        if label is not None:
            one.answers, one.solve_rate, one.label = label.answers, label.solve_rate, label.label
            one.votes = dict(Counter(answer for answer in label.answers if answer is not None).most_common(12))
        found.append(one)
    return found


def _answers(one: Asked) -> list[tuple[str, int, float, bool]]:
    """The most frequent answers: text, attempts, share of the most frequent one, whether it is the label."""
    ranked = sorted(one.votes.items(), key=lambda item: -item[1])[:5]
    whole = max(1, sum(one.votes.values()), len(one.answers))
    return [(text, count, count / whole, text == one.label) for text, count in ranked]


def _step(run: RunReader) -> dict[str, Any]:
    """Whose the last training step was, and what it measured: the few figures that a person follows."""
    step = run.live.step
    if step is None:
        return {"whose": "", "step": []}
    names = ("mean_reward", "uncertainty", "band_share", "loss", "kl", "entropy", "grad_norm", "mean_length")
    found = [(name, step.measures.get(name)) for name in names]
    shown = [(name, value) for name, value in found if isinstance(value, int | float) and abs(value) < LARGEST]
    return {"whose": ", ".join(filter(None, (step.role, step.phase))), "step": shown}


def _tiles(run: RunReader) -> Sequence[tuple[str, str, str]]:
    """The run in a few numbers: (what, value, explanation)."""
    tiles = []
    last = run.live.last
    if last is not None and last.tokens_per_s is not None and run.status == "running":
        tiles.append(("Speed", f"{last.tokens_per_s:,.0f}", "tokens per second, sampled, over 10 s"))
    elif run.metrics.tokens and run.timings.seconds:
        tiles.append(
            ("Speed", f"{run.metrics.tokens / run.timings.seconds:,.0f}", "tokens counted per second, whole run")
        )
    exams = run.metrics.exams.items()
    if exams:
        values = [f"{100 * exam.accuracy.value:.1f}" for _, exam in (exams[0], exams[-1])]
        where = "of the base" if len(exams) == 1 else f"base → round {exams[-1][0]}"
        text = values[0] if len(exams) == 1 else " → ".join(values)
        tiles.append(("Exam accuracy", f"{text} %", f"held out, sampled; {where}"))
    labellings = run.metrics.labellings.items()
    if labellings:
        number, row = labellings[-1]
        if row.label_accuracy is not None:
            tiles.append(
                ("Asked labels right", f"{100 * row.label_accuracy:.0f} %", f"of all that is known; round {number}")
            )
        if row.kept_share is not None:
            tiles.append(("Questions kept", f"{100 * row.kept_share:.0f} %", f"in the band; round {number}"))
    if run.metrics.best_round is not None:
        best = run.metrics.best_round
        tiles.append(("Best solver", "base" if best == 0 else f"round {best}", "by the validation"))
    return tiles
