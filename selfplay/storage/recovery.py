"""When something in a run folder is damaged: it is named, and the run goes back to its newest state that is whole.

Beside its weights each checkpoint keeps `snapshot.json`, the run's state as committed with it, which says how long each
log was and what its checksum was. Putting it back cuts the logs to that length, so folder, weights and curriculum
agree; the run then repeats what followed, from the same random streams. Where nothing whole is left, nothing is
touched.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...core.errors import RunError
from .checkpoint import SNAPSHOT, check_checkpoint
from .files import remove, write_sealed
from .run_folder import STATE, DamageError, RunFolder, read_state

SET_ASIDE = ".damaged"
"""Ends the name of a damaged checkpoint that nobody needs: it stays for a person to look at."""


def keep_snapshot(checkpoint: Path, state: Mapping[str, Any]) -> None:
    """Store the state that was committed with a checkpoint inside it."""
    write_sealed(checkpoint / SNAPSHOT, state)


def reopen(path: Path) -> tuple[RunFolder, str | None]:
    """Open a run to continue it, every file of it checked; where something is damaged, at an earlier state.

    Returns the folder, and what was wrong and what was done about it, for people; `None` if nothing was.

    Raises:
        RunError: no run there, or damage that no earlier state can do without; nothing was touched.
    """
    store = path / "checkpoints"
    if store.is_symlink() or (store.exists() and not store.is_dir()):
        raise RunError(f"{store} is no folder of its own; put the checkpoints themselves there")
    folder = RunFolder.found(path)
    try:
        state = read_state(path / STATE)
        folder.stand_at(state)
        folder.check_logs()
    except DamageError as error:
        return _back(path, [str(error)], None)
    damaged = damaged_checkpoints(store, state)
    if damaged.keys() & needed_checkpoints(state):
        return _back(path, list(damaged.values()), state)
    folder.cut_logs()
    lost = _lost_snapshots(store, state, damaged)
    _complete(store, state)
    if not damaged and not lost:
        return folder, None
    for name in damaged:
        _set_aside(store / name)
    own = folder.own_state()
    own["kept"] = {name: digest for name, digest in state["kept"].items() if name not in damaged}
    report = f"{'; '.join([*damaged.values(), *lost.values()])}; nothing of it is needed, and the run goes on"
    _note(folder, own, "checkpoint", report)
    for name in lost:
        remove(store / name / SNAPSHOT)  # a link or a folder may stand there
        keep_snapshot(store / name, folder.state)
    return folder, report


def damaged_checkpoints(store: Path, state: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with each checkpoint of a state that is not whole, by name; needed or not.

    Raises:
        RunError: one holds a file that the run did not write.
    """
    found = {}
    kept: Mapping[str, str] = state.get("kept", {})
    for name in sorted({*kept, *needed_checkpoints(state)}):
        try:
            check_checkpoint(store / name, kept.get(name))
        except DamageError as error:
            found[name] = str(error)
    return found


def needed_checkpoints(state: Mapping[str, Any]) -> set[str]:
    """The checkpoints a state needs: those of the roles, their KL references, the best, and the league."""
    tables = (state, "checkpoints"), (state, "references"), (state.get("best", {}), "checkpoints")
    needed = {name for holder, table in tables for name in holder.get(table, {}).values()}
    return needed.union(*state.get("league", {}).values())


def _back(path: Path, damage: list[str], known: Mapping[str, Any] | None) -> tuple[RunFolder, str]:
    """Go back to the newest whole state.

    Args:
        known: the state the run stood at, where that can be read and only checkpoints are damaged: without an earlier
            state the run then begins again.
    """
    store = path / "checkpoints"
    earlier = sorted(_snapshots(store, known), key=_age, reverse=True)
    state = next((state for state in earlier if _is_whole(path, state)), None)
    if state is None and known is None:
        config = shlex.quote(str(path / "config.toml"))
        raise RunError(
            f"{'; '.join(damage)}. No earlier state of the run is whole, so nothing was touched: put the file back "
            f"from a copy, or play the run anew: selfplay-gym train --config {config} --run-dir ANOTHER"
        )
    if state is None:
        state = _start(known or {})
    folder = RunFolder.found(path)
    folder.stand_at(state)
    folder.check_logs()
    own = folder.own_state()
    own["kept"] = {name: digest for name, digest in state.get("kept", {}).items() if (store / name).is_dir()}
    broken = damaged_checkpoints(store, {"kept": own["kept"]})
    folder.cut_logs()
    if (path / STATE).is_dir():
        _set_aside(path / STATE)
    for name in broken:
        remove(store / name)
        del own["kept"][name]
    where = f"round {state['round']}, {state['phase']}" if "phase" in state else "the start"
    report = f"{'; '.join(damage)}; the run goes on from {where}"
    _note(folder, own, "run folder" if known is None else "checkpoint", report)
    return folder, report


def _note(folder: RunFolder, state: dict[str, Any], name: str, report: str) -> None:
    """Write the damage into the log, and the state with it."""
    event = {"event": "damage", "role": None, "step": None, "name": name, "value": None, "limit": None}
    here = {"round": state.get("round", 0), "phase": state.get("phase", "evaluate")}
    folder.log("guard", [{**here, **event, "why": report}])
    folder.commit(state)


def _start(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a run that has done nothing yet."""
    nothing = dict.fromkeys(state["logs"], sha256(b"").hexdigest())
    return {"settings": state["settings"], "logs": dict.fromkeys(state["logs"], 0), "log_sha256": nothing}


def _snapshots(store: Path, known: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
    """The states kept in checkpoints. Settings are those of the present state: a run may have been prolonged since."""
    for path in sorted(store.iterdir()) if store.is_dir() else ():
        try:
            state = read_state(path / SNAPSHOT)
        except DamageError:
            continue
        yield state if known is None else {**state, "settings": known["settings"]}


def _is_whole(path: Path, state: Mapping[str, Any]) -> bool:
    """Whether the logs begin as a state has them, and the checkpoints it needs are unchanged."""
    needed = needed_checkpoints(state)
    kept = {name: digest for name, digest in state.get("kept", {}).items() if name in needed}
    if damaged_checkpoints(path / "checkpoints", {**state, "kept": kept}):
        return False
    folder = RunFolder.found(path)
    try:
        folder.stand_at(state)
        folder.check_logs()
    except RunError:
        return False
    return True


def _age(state: Mapping[str, Any]) -> int:
    """Grows with every commit that comes with a checkpoint."""
    return int(state["logs"].get("metrics", 0))


def _lost_snapshots(store: Path, state: Mapping[str, Any], damaged: Mapping[str, str]) -> dict[str, str]:
    """Checkpoints that are whole but for their snapshot, each with what is wrong."""
    found = {}
    for name in sorted(state.get("kept", {})):
        unwritten = name in state.get("saved", ()) and not (store / name / SNAPSHOT).exists()
        if name not in damaged and not unwritten:
            try:
                read_state(store / name / SNAPSHOT)
            except DamageError as error:
                found[name] = str(error)
    return found


def _complete(store: Path, state: Mapping[str, Any]) -> None:
    """Give checkpoints their snapshot if the run was killed after the commit and before it was kept."""
    for name in state.get("saved", ()):
        if (store / name).is_dir() and not (store / name / SNAPSHOT).exists():
            keep_snapshot(store / name, state)


def _set_aside(path: Path) -> None:
    """Take something damaged out of the run, for a person to look at."""
    aside = path.with_name(path.name + SET_ASIDE)
    if path.exists() or path.is_symlink():
        remove(aside)
        path.rename(aside)
