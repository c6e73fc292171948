"""What every tracker must do."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import PluginError
from ..protocols import TrackedRun, Tracker
from .findings import Findings, global_randomness_problems
from .verifier import HOSTILE

MEASURES = {
    "round": 1.0,
    "solver/loss": -0.25,
    "train(solver)/reward_terms/a.b-c": 1e-12,
    "evaluate/by kind/x²": 3,
}
TEXTS = tuple(text[:2000].encode("utf-8", "replace").decode().replace("\0", "") for text in HOSTILE)
SETTINGS: dict[str, str | int | float | bool] = {
    "seed": 0,
    "env": "SelfPlayMath-v0",
    "live.on": True,
    "labels.margin": 0.5,
    "text": "x" * 9000,
}
COLUMNS = ("round", "question", "label", "solve_rate", "kept")


def check_tracker(tracker: Tracker, *, skip: Collection[str] = ()) -> list[str]:
    """Check a tracker on a small run that is stopped and resumed: names and texts of any kind, nothing global touched.

    That there is one curve after the resume, shows where the tracker keeps it: write a test that reads it back.

    Args:
        tracker: what `make_tracker` would give.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(tracker, Tracker):
        raise PluginError(f"{type(tracker).__name__} is not a tracker: it needs begin, log, table and end")
    found = Findings(f"tracker {type(tracker).__name__}", skip)
    with tempfile.TemporaryDirectory() as folder:
        run = TrackedRun("a run", f"{random.SystemRandom().randrange(16**12):012x}", Path(folder), SETTINGS)
        found.check("new run", lambda: _played(tracker, run, 3, "stopped"))
        found.check("resumed run", lambda: _played(tracker, replace(run, step=2), 3, "done"))
        found.check("randomness", lambda: global_randomness_problems(lambda: _quietly(tracker, replace(run, step=5))))
    return found.report()


def _played(tracker: Any, run: TrackedRun, steps: int, reason: str) -> Iterable[str]:
    """A few steps of a run; each call must give nothing."""
    rows = [[1, text, None, 0.5, True] for text in TEXTS]
    after = run.step + steps
    given: list[object] = [tracker.begin(run)]
    given += [tracker.log(MEASURES, step) for step in range(run.step, after)]
    given += [tracker.table("completions", COLUMNS, table, after) for table in (rows, [])]
    given += [tracker.log({}, after), tracker.end(reason)]
    for one in given:
        if one is not None:
            yield f"a call gave {one!r:.60}, expected nothing"


def _quietly(tracker: Tracker, run: TrackedRun) -> None:
    for _ in _played(tracker, run, 1, "failed"):
        pass
