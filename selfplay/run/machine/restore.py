"""The state of a run: what is committed of it, and going on from it.

It must fit the settings, and whoever keeps a part of it must be able to read that part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ....core.errors import RunError, SelfPlayError
from ....core.protocols import Curriculum
from ...hooks import Hook, RollBack
from ...roles.updates import steps_of
from ...settings.config import SOLVER
from ..stage import DONE

if TYPE_CHECKING:
    from ..run import SelfPlay
    from .state_machine import Run


def state_of(run: Run) -> dict[str, Any]:
    """Where a run stands, as `state.json` has it."""
    return {
        "round": run.round,
        "phase": run.phase,
        "step": run.step,
        "checkpoints": run.checkpoints,
        "references": run.references,
        "best": run.best,
        "rate_scale": run.rate_scale,
        **run.game_state(),
        "compute": run.compute.state_dict(),
        "part": run.schedule.state_dict(),
        "refusals": run.refusals.state_dict(),
        "hooks": {hook.name: state for hook in run.hooks if (state := hook.state_dict())},
    }


def best_of(run: SelfPlay, validation_accuracy: float) -> dict[str, Any]:
    """What is needed to come back to the present state, and how good it is."""
    return {
        "round": run.round,
        "validation_accuracy": validation_accuracy,
        "solver": run.checkpoints.get(SOLVER),
        "checkpoints": dict(run.checkpoints),
        "curriculum": run.curriculum.state_dict(),
    }


def go_back(run: Run, action: RollBack) -> None:
    """The best checkpoints again, optimisers and curriculum included.

    Raises:
        RunError: there is no best before a validation.
    """
    if not run.best:
        raise RunError(f"a hook asked to go back ({action.cause}) before a validation; add the stage 'evaluate'")
    run.checkpoints = dict(run.best["checkpoints"])
    run.come_back(run.best)
    run.rate_scale = action.scale
    run.take_back()


def check_position(run: Run) -> None:
    """Refuse to stand where the settings of a run know no place.

    Raises:
        RunError: names the round, stage or step.
    """
    where = f"{run.folder.path} stands at"
    if run.round > run.config.rounds:
        raise RunError(f"{where} round {run.round}, and its settings have rounds={run.config.rounds}")
    stages = [*run.schedule.order(run.round), DONE]
    if run.phase not in stages:
        known = ", ".join(stages)
        raise RunError(f"{where} stage {run.phase!r} of round {run.round}, which its settings do not have: {known}")
    own = (getattr(stage, "most_steps", 0) for stage in run.schedule.stages)
    most = max([*map(steps_of, run.config.roles.values()), *own])
    if run.step > most:
        raise RunError(f"{where} step {run.step}, and its settings have no more than {most} steps")
    for role in {*run.checkpoints, *run.references} - set(run.config.roles):
        raise RunError(f"{where} a checkpoint of the role {role!r}, which its settings do not have")


def restore(state: Mapping[str, Any], hooks: Iterable[Hook]) -> None:
    """Give hooks their part of a state back.

    Raises:
        RunError: one of them cannot read it; names it.
    """
    for hook in hooks:
        if hook.name in state.get("hooks", {}):
            load(f"hooks.{hook.name}", hook, state["hooks"][hook.name])


def load(name: str, part: Curriculum | Hook, state: Mapping[str, Any]) -> None:
    """Give one part its state back.

    Raises:
        RunError: it cannot read it; names the part.
    """
    try:
        part.load_state_dict(state)
    except SelfPlayError as error:
        raise RunError(f"{name} in state.json cannot be used: {error}") from error
    except Exception as error:  # whatever a plug-in makes of a state that is not its own
        raise RunError(f"{name} in state.json cannot be used: {type(error).__name__}: {error}") from error
