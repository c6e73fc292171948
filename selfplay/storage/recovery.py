"""When a checkpoint is damaged: go back to the newest state of the run whose checkpoints are all whole.

Beside its weights each checkpoint keeps `snapshot.json`, the run's state as committed with it, which says how long each
log was. Putting it back cuts the logs to that length, so folder, weights and curriculum agree; the run then repeats
what followed, from the same random streams.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.errors import RunError
from .checkpoint import check_checkpoint
from .run_folder import RunFolder, read_json, write_json

SNAPSHOT = "snapshot.json"


def keep_snapshot(checkpoint: Path, state: Mapping[str, Any]) -> None:
    """Store the state that was committed with a checkpoint inside it."""
    write_json(checkpoint / SNAPSHOT, state)


def recover(folder: RunFolder) -> str | None:
    """Make sure the checkpoints a resumed run names are whole, going back in time where they are not.

    Returns what was wrong and what was done, for people; `None` if nothing was.
    """
    damage = _damage(folder, folder.state)
    if damage is None:
        for name in needed_checkpoints(folder.state):
            _complete(folder, name)
        return None
    state = _newest_sound(folder)
    _forget_what_followed(folder, state)
    for name in folder.state["logs"]:
        os.truncate(folder.log_path(name), state["logs"].get(name, 0))
    where = f"round {state['round']}, {state['phase']}" if "phase" in state else "the start"
    report = f"{damage}; the run goes on from {where}"
    event = {"event": "damage", "role": None, "step": None, "name": "checkpoint", "value": None, "limit": None}
    here = {"round": state.get("round", 0), "phase": state.get("phase", "evaluate")}
    folder.state = state
    folder.log("guard", [{**here, **event, "why": report}])
    folder.commit({name: value for name, value in state.items() if name not in ("logs", "settings")})
    return report


def _complete(folder: RunFolder, name: str) -> None:
    """Give a checkpoint its snapshot if the run was killed after the commit and before it was kept."""
    checkpoint = folder.path / "checkpoints" / name
    if not (checkpoint / SNAPSHOT).exists():
        keep_snapshot(checkpoint, folder.state)


def _newest_sound(folder: RunFolder) -> dict[str, Any]:
    """The state with the longest logs among those whose checkpoints are whole; the very start if there is none."""
    states = [_snapshot(path) for path in (folder.path / "checkpoints").iterdir()]
    sound = [state for state in states if state is not None and _damage(folder, state) is None]
    return max(sound, key=_age, default={"logs": {}})


def _snapshot(checkpoint: Path) -> dict[str, Any] | None:
    """The state kept in a checkpoint; `None` if there is none that can be read."""
    try:
        return read_json(checkpoint / SNAPSHOT)
    except RunError:
        return None


def _age(state: Mapping[str, Any]) -> int:
    """Grows with every commit that comes with a checkpoint."""
    return int(state["logs"].get("metrics", 0))


def _forget_what_followed(folder: RunFolder, state: Mapping[str, Any]) -> None:
    """Remove the checkpoints of the future that is given up, so that nobody ever goes back to it."""
    for path in (folder.path / "checkpoints").iterdir():
        kept = _snapshot(path)
        if path.name not in needed_checkpoints(state) and (kept is None or _age(kept) > _age(state)):
            shutil.rmtree(path)


def _damage(folder: RunFolder, state: Mapping[str, Any]) -> str | None:
    """What is wrong with the checkpoints a state names, the best included."""
    for name in sorted(needed_checkpoints(state)):
        try:
            check_checkpoint(folder.path / "checkpoints" / name)
        except RunError as error:
            return str(error)
    return None


def needed_checkpoints(state: Mapping[str, Any]) -> set[str]:
    """The checkpoints a state needs: those of the roles, their KL references, and the best."""
    tables = (state, "checkpoints"), (state, "references"), (state.get("best", {}), "checkpoints")
    return {name for holder, table in tables for name in holder.get(table, {}).values()}
