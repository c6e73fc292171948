"""What `state.json` may hold: checked as a whole before anything of it is believed, wherever the folder comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from .files import DamageError

LogName = Literal[
    "metrics",
    "questions",
    "attempts",
    "labels",
    "guard",
    "timings",
    "reviews",
    "pool",
    "refusals",
    "queue",
    "trajectories",
]
LOGS: tuple[str, ...] = get_args(LogName)
"""The logs of a run; no other name is ever opened."""
SHARED = ("reviews",)
"""Those to which others append as well, so that their rows are in no order of rounds; see `shared_log`."""
FOLDERS_OWN = ("logs", "log_sha256", "settings")
"""What the run folder adds to the state of the run itself."""

Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Checkpoint = Annotated[str, msgspec.Meta(pattern=r"^[^/\\\x00]+-[0-9]{2,}-[0-9]{3,}$", max_length=200)]
"""The name of a checkpoint, `solver-02-005`: never a path."""


class Best(msgspec.Struct):
    """The best validation so far."""

    round: Count
    validation_accuracy: float
    checkpoints: dict[str, Checkpoint]
    curriculum: dict[str, Any]
    solver: Checkpoint | None = None


class State(msgspec.Struct, forbid_unknown_fields=True):
    """`state.json`; `docs/checkpoints.md` says what each key means."""

    logs: dict[LogName, Count]
    settings: Annotated[list[Digest], msgspec.Meta(min_length=1, max_length=2)]
    log_sha256: dict[LogName, Digest] = {}
    round: Count = 0
    phase: str = ""
    step: Count = 0
    checkpoints: dict[str, Checkpoint] = {}
    references: dict[str, Checkpoint] = {}
    best: dict[str, Any] = {}
    rate_scale: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    votes: list[str | None] | None = None
    curriculum: dict[str, Any] = {}
    compute: dict[str, Any] = {}
    part: dict[str, Any] = {}
    refusals: dict[str, Any] = {}
    league: dict[str, list[Checkpoint]] = {}
    baselines: dict[str, float | list[float]] = {}
    hooks: dict[str, dict[str, Any]] = {}
    saved: list[Checkpoint] = []
    kept: dict[Checkpoint, Digest] = {}


class Environment(msgspec.Struct):
    """`environment.json`, as far as it is shown: see `run.provenance`. Other keys are for people."""

    command: list[str] = []
    commit: str | None = None
    versions: dict[str, str] = {}
    python: str = "unknown"
    system: str = "unknown"
    cpus: int | None = None


def check_environment(environment: Mapping[str, Any], path: Path) -> None:
    """Refuse what no run has written about itself.

    Raises:
        DamageError: a part is of another type.
    """
    try:
        msgspec.convert(environment, Environment)
    except (msgspec.ValidationError, RecursionError) as error:
        raise DamageError(f"{path} does not say where a run was made ({error}); the run folder is damaged") from None


def check_state(state: Mapping[str, Any], path: Path) -> None:
    """Refuse what cannot be the state of a run.

    Raises:
        DamageError: a part is missing, of another type, or out of every range.
    """
    try:
        msgspec.convert(state, State)
        if state.get("best"):
            msgspec.convert(state["best"], Best)
    except (msgspec.ValidationError, RecursionError) as error:
        raise DamageError(f"{path} does not hold the state of a run ({error}); the run folder is damaged") from None
