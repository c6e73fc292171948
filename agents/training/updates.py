"""How a role learns in a training stage: what an update is given, what it does, and the one that is the default.

    grpo   policy gradients on completions of each step's prompts (`trainer.py`)
    rft    supervised steps on the role's own completions that turned out right (`rft.py`)
    dpo    steps on pairs of completions of which one is preferred (`preferences/`)

An update is chosen by `roles.X.update`. All of them move the weights through the role's trainer, so optimiser state,
checkpoints, adapters, several processes and the guard are the same for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ...core.errors import ConfigError
from ...core.records import Labelled, Question
from .sft import scheduled_rate

if TYPE_CHECKING:
    from .dynamic_sampling import DynamicSampling
    from .preferences.objective import Preference
    from .trainer import GRPOTrainer
    from .turns.moves import Moves

Rewards: TypeAlias = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[Sequence[float]]]
"""Prompts and the completions of each → a finite number for every completion."""

Steps: TypeAlias = Callable[[int], Mapping[str, Any] | None]
"""The number of a step → takes it, and gives what was measured; `None` where nothing is left to learn."""


@dataclass(frozen=True)
class StepBatch:
    """One step's worth of prompts.

    Attributes:
        prompts: one per group.
        reward_fn: completions of each prompt → rewards.
        samples: completions per prompt.
        seed: of the samples.
        more: further prompts for groups that teach nothing; `None` for none.
        measures: what is measured besides what the trainer reports, asked for after the step.
        pool: what was asked and answered, as rows that a run keeps; asked for after the step.
    """

    prompts: Sequence[str]
    reward_fn: Rewards
    samples: int
    seed: int
    more: DynamicSampling | None = None
    measures: Callable[[], Mapping[str, Any]] = dict
    pool: Callable[[], Sequence[Mapping[str, Any]]] = tuple


@dataclass(frozen=True)
class MoveBatch:
    """One step's worth of games of several turns.

    Attributes:
        play: plays them, and gives every move of the learner with its advantage; called once.
        measures, pool: as of `StepBatch`.
    """

    play: Callable[[], Moves]
    measures: Callable[[], Mapping[str, Any]] = dict
    pool: Callable[[], Sequence[Mapping[str, Any]]] = tuple


@dataclass(frozen=True)
class Solved:
    """Questions with the role's own attempts at them, and which of these are right, as far as anybody knows.

    Attributes:
        fresh: of this round.
        earlier: what is replayed: of earlier rounds, and easy ones.
        share: of each batch that is replayed, in [0, 1).
        by: how replayed ones are balanced, see `balance.py`.
        ask: questions → the prompts that the attempts answered.
    """

    fresh: Sequence[Labelled]
    earlier: Sequence[Labelled]
    share: float
    by: str
    ask: Callable[[Sequence[Question]], list[str]] = field(repr=False)


class Batches(Protocol):
    """What a stage has for a role to learn from."""

    def at(self, step: int) -> StepBatch | MoveBatch:
        """The prompts of a step, or its games; the same again when asked again."""
        ...

    def solved(self) -> Solved | None:
        """What the role has solved already; `None` where it must play first, to see what earns a reward."""
        ...

    def preferences(self) -> Sequence[Preference] | None:
        """Pairs of completions of which people prefer one; `None` where nobody was asked."""
        ...

    def seed(self, step: int) -> int:
        """The seed of what is drawn at a step."""
        ...


class GRPOUpdate:
    """Policy gradients: each step samples completions, rewards them, and takes the GRPO step of `roles.X.grpo`.

    Args:
        warmup: steps over which the learning rate climbs in each round.
        final_share: the learning rate at the end of a round as a share of the highest, reached by a half cosine; 1
            leaves it where it is.
    """

    def __init__(self, warmup: int = 0, final_share: float = 1.0) -> None:
        check_schedule(warmup, final_share)
        self.warmup, self.final_share = warmup, final_share

    def steps(self, asked: int) -> int:
        """See `core.protocols.Update`."""
        return asked

    def rate(self, asked: float, step: int, steps: int) -> float:
        """See `core.protocols.Update`."""
        return scheduled_rate(asked, step, steps, self.warmup, self.final_share)

    def begin(self, trainer: GRPOTrainer, batches: Batches) -> Steps:
        """See `core.protocols.Update`."""

        def take(step: int) -> Mapping[str, Any]:
            batch = batches.at(step)
            if isinstance(batch, MoveBatch):
                from .turns.moves import learn_moves

                return {**learn_moves(trainer, batch.play()).as_dict(), **batch.measures()}
            trained = trainer.step(
                batch.prompts, batch.reward_fn, samples=batch.samples, seed=batch.seed, dynamic_sampling=batch.more
            )
            return {**trained.as_dict(), **batch.measures()}

        return take


def prompts_of(batch: StepBatch | MoveBatch) -> StepBatch:
    """A step's prompts, for an update that knows no games.

    Raises:
        ConfigError: they are games of several turns.
    """
    if isinstance(batch, MoveBatch):
        raise ConfigError("games of several turns are learnt by policy gradients: use the update 'grpo'")
    return batch


def check_schedule(warmup: int, final_share: float) -> None:
    """Refuse a learning rate that cannot be followed.

    Raises:
        ConfigError: names the value.
    """
    if isinstance(warmup, bool) or not isinstance(warmup, int) or warmup < 0:
        raise ConfigError(f"warmup must be a whole number of steps >= 0, got {warmup!r}")
    if isinstance(final_share, bool) or not isinstance(final_share, int | float) or not 0 < final_share <= 1:
        raise ConfigError(f"final_share must be in (0, 1], got {final_share!r}")
