"""What the parts of a run must look like: stages, and updates."""

from __future__ import annotations

import inspect
import math
from collections.abc import Collection, Iterable

from ..errors import PluginError
from ..protocols import Stage, Update
from .findings import Findings

STEPS, RATE = 7, 1e-3


def check_stage(stage: Stage, *, skip: Collection[str] = ()) -> list[str]:
    """Check the shape of a stage: a name, and `run`, which takes a run.

    Only the shape. That a stage can be entered again after a kill, and draws from streams of its own, shows in a run
    folder alone: write a test that runs it twice on one.

    Args:
        stage: what `make_stage` would give.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(stage, Stage):
        raise PluginError(f"{type(stage).__name__} is not a stage: it needs a name, and run(run)")
    found = Findings(f"stage {type(stage).__name__}", skip)
    found.check("name", lambda: _name_problems(stage))
    found.check("run", lambda: _run_problems(stage))
    return found.report()


def _name_problems(stage: Stage) -> Iterable[str]:
    name: object = stage.name
    if not isinstance(name, str) or not name or name != name.strip() or "\n" in name:
        yield f"the name is {name!r}, expected one line of text"
    if stage.name != name:
        yield "the name changes from one look to the next"


def _run_problems(stage: Stage) -> Iterable[str]:
    try:
        inspect.signature(stage.run).bind(object())
    except TypeError as error:
        yield f"run does not take one argument, the run: {error}"


def check_update(update: Update, *, skip: Collection[str] = ()) -> list[str]:
    """Check the shape of an update: how many steps it takes, at which learning rates, and that it can begin.

    Only the shape. That it learns, and goes on after a kill to the same end, shows with a trainer alone: write a test
    that takes a step twice.

    Args:
        update: what `make_update` would give.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(update, Update):
        raise PluginError(f"{type(update).__name__} is not an update: it has steps, rate and begin")
    found = Findings(f"update {type(update).__name__}", skip)
    found.check("steps", lambda: _steps_problems(update))
    found.check("rate", lambda: _rate_problems(update))
    found.check("begin", lambda: _begin_problems(update))
    return found.report()


def _steps_problems(update: Update) -> Iterable[str]:
    steps: object = update.steps(STEPS)
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 0:
        yield f"steps({STEPS}) is {steps!r}, expected a whole number >= 0"
    elif steps != update.steps(STEPS):
        yield "steps changes from one look to the next"


def _rate_problems(update: Update) -> Iterable[str]:
    steps = update.steps(STEPS)
    rates = [update.rate(RATE, step, steps) for step in range(steps)]
    for step, rate in enumerate(rates):
        if not isinstance(rate, float) or not math.isfinite(rate) or rate <= 0:
            yield f"the rate of step {step} of {steps} is {rate!r}, expected a positive number"
    if rates != [update.rate(RATE, step, steps) for step in range(steps)]:
        yield "rates change from one look to the next: a resumed stage would not be the same"


def _begin_problems(update: Update) -> Iterable[str]:
    try:
        inspect.signature(update.begin).bind(object(), object())
    except TypeError as error:
        yield f"begin does not take a trainer and batches: {error}"
