"""Where a run stands: in words, and how long it will take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...pages.wording import counted
from ..reading.run_reader import RunReader
from ..reading.run_state import DONE, RunState


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands.

    Attributes:
        status: a key of `run_state.STATUS`.
        text: a sentence.
        done, total: stages; `total` is `None` where nobody knows.
        within: things of the present stage that are done, and all; `None` where it does not count.
        left_s: seconds until the end, if all goes on as lately; `None` while nothing is known.
        quiet_s: seconds since something was written; `None` if nothing was.
        open_items: what people have yet to decide before the run goes on from here.
    """

    status: str
    text: str
    done: int
    total: int | None
    within: tuple[int, int] | None
    left_s: float | None
    quiet_s: float | None
    open_items: int = 0


def standing_of(run: RunReader) -> Standing:
    """Where a run stands, from its state and its live feed."""
    live, status, (phase, _) = run.live, run.status, run.here
    done, total = _stages(run)
    within = None
    if status == "running":
        if live.step is not None and live.step.phase == phase and live.step.total:
            within = ((live.step.number or 0) + 1, live.step.total)
        elif live.count is not None and live.count.phase == phase and live.count.total:
            within = (live.count.done or 0, live.count.total)
    left = seconds_left(run) if status == "running" else None
    since = run.quiet_s if math.isfinite(run.quiet_s) else None
    return Standing(status, place_of(run), done, total, within, left, since, run.open_items)


def place_of(run: RunState) -> str:
    """Round and stage of a run in words, why it ended, and what people have yet to decide there."""
    state, status, (phase, number) = run.standing, run.status, run.here
    of = f" of {run.settings.rounds}" if run.settings.rounds else ""
    if status == "finished":
        return f"after round {state.round}{of}"
    if status == "starting":
        return "nothing is written yet"
    text = f"round {number}{of}, {phase}" if phase else "at the start"
    if status in ("ended", "failed") and run.ended:
        text += f" ({run.ended})"
    return f"{text}: {counted(run.open_items, 'item')} to decide" if run.open_items else text


def _stages(run: RunReader) -> tuple[int, int | None]:
    """Stages that are done, and all of them."""
    live = run.live.phase
    if live is not None and live.total:
        finished = run.standing.phase == DONE
        return (live.total if finished else live.step or 0), live.total
    done, rounds = run.timings.stages, run.settings.rounds
    if not rounds or run.settings.schedule or run.progress < 1:
        return done, None
    before = sum(row.round == 0 for row in run.timings.recent)
    if done > len(run.timings.recent):
        before = max(0, done - _completed(run))
    return done, max(done, before + rounds * len(run.settings.stages))


def _completed(run: RunReader) -> int:
    """Stages of the rounds from the first on that are done."""
    stages = [stage.partition("(")[0] if stage not in _phases(run) else stage for stage in run.settings.stages]
    state = run.standing
    inside = stages.index(state.phase) if state.phase in stages else 0
    return max(0, state.round - 1) * len(stages) + inside


def _phases(run: RunReader) -> set[str]:
    return set(run.timings.costs)


def seconds_left(run: RunReader) -> float | None:
    """The stages that are left, each as long as lately, less the time since the present one began."""
    state, settings = run.standing, run.settings
    if not settings.rounds or not settings.stages or settings.schedule:
        return None
    known = [
        run.timings.mean_seconds(stage) or run.timings.mean_seconds(stage.partition("(")[0])
        for stage in settings.stages
    ]
    if not any(known):
        return None
    seconds = [one or 0.0 for one in known]
    names = [stage if stage in _phases(run) else stage.partition("(")[0] for stage in settings.stages]
    at = names.index(state.phase) if state.phase in names else 0
    rest = sum(seconds[at:]) + max(0, settings.rounds - max(state.round, 1)) * sum(seconds)
    if state.round == 0:
        rest = settings.rounds * sum(seconds)
    begun = run.live.phase.time if run.live.phase is not None else None
    spent = min(seconds[at], max(0.0, run.clock() - begun)) if begun is not None else 0.0
    return max(0.0, rest - spent)
