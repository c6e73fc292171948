"""What every stage must look like."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable

from ..errors import PluginError
from ..protocols import Stage
from .findings import Findings


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
