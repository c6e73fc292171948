"""The parts of a run: a stage of a round, how a role learns in one, whom it meets there, and what moves are worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from .players import Agent
from .turns import TurnGame


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


@runtime_checkable
class Opponents(Protocol):
    """Whom the player of a turn game meets in its training."""

    def draw(self, run: Any, step: int, episodes: int) -> Sequence[Agent | None]:
        """Who plays the other seats in each of the episodes of a step: one agent per episode, or `None` for the learner
        itself.

        Equal arguments at the same place of a run give equal opponents: whatever is drawn is named by
        `run.seed(role, step)`. The same agent in several episodes is the same object, so that it is asked in one call.

        Args:
            run: a `selfplay.run.turns.run.TurnPlay`.
            step: from 0 in each round.
            episodes: how many.
        """
        ...


@runtime_checkable
class Credit(Protocol):
    """What each move of a turn game was worth, and what has to be remembered for that from step to step."""

    def advantages(self, game: TurnGame[Any], played: Any) -> Sequence[float]:
        """One finite number for each of the learner's moves; what is remembered goes on.

        Args:
            game: the rules.
            played: has `trajectories` (`core.turns.Trajectory`, one per episode) and `moves`, the learner's moves as
                (trajectory, turn); see `selfplay.run.turns.episodes.Episodes`.
        """
        ...

    def state_dict(self) -> Mapping[str, Any]:
        """What is remembered, as JSON takes it; saved with the run."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what `state_dict` gave; an empty mapping where nothing is known yet."""
        ...
