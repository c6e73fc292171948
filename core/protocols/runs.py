"""The parts of a run: a stage of a round, and how a role learns in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Stage(Protocol):
    """One part of a round of a run.

    A stage reads what earlier stages wrote to the run folder, draws only from streams named by its place in the run,
    and can be entered again after a kill: the run commits when it returns.
    """

    @property
    def name(self) -> str:
        """As it stands in `RunConfig.stages`, in logs and in reports."""
        ...

    def run(self, run: Any) -> None:
        """Do this stage's part of the present round of `run`, a `selfplay.run.run.SelfPlay`."""
        ...


@runtime_checkable
class Update(Protocol):
    """How a role learns in a training stage; `agents.training.updates` has what it is given."""

    def steps(self, asked: int) -> int:
        """Steps of a stage where the settings of the role ask for so many."""
        ...

    def rate(self, asked: float, step: int, steps: int) -> float:
        """The learning rate at `step`, from 0, of `steps`, where the settings ask for `asked`; a guard may scale it."""
        ...

    def begin(self, trainer: Any, batches: Any) -> Callable[[int], Mapping[str, Any] | None]:
        """What takes a step of the stage, by its number, and gives what was measured: JSON values; or takes none and
        gives `None`, which ends the stage.

        Args:
            trainer: the role's `agents.training.trainer.GRPOTrainer`, whose state is saved with the role.
            batches: what the stage has to learn from, an `agents.training.updates.Batches`. Equal steps give equal
                batches, so that a stage goes on after a kill: whatever else an update draws, it names by
                `batches.seed(step)`, and it keeps nothing of its own from one step to the next.
        """
        ...
