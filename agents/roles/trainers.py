"""Trainers of roles that share weights: each with its own settings, and nothing of the other's moved that was promised
to stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from ...core.errors import ConfigError, RunError
from ..models.llm import LLMAgent
from ..training.config import GRPOConfig, StepMetrics
from ..training.dynamic_sampling import DynamicSampling
from ..training.objectives import Objective
from ..training.trainer import GRPOTrainer, RewardFn
from .role_agent import RoleAgent


class RoleTrainer(GRPOTrainer):
    """Trains what a role's agent may train: its own adapter, and shared weights that are not frozen.

    The learning rate is the role's own, also where an optimiser is shared.
    """

    def __init__(self, agent: RoleAgent, config: GRPOConfig, *, reference: LLMAgent | None = None) -> None:
        super().__init__(agent, config, reference=reference)
        self.role, self._rate = agent.role, config.learning_rate

    @property
    def learning_rate(self) -> float:
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        vars(GRPOTrainer)["learning_rate"].__set__(self, value)
        self._rate = float(value)

    def step(
        self,
        prompts: Sequence[str],
        reward_fn: RewardFn,
        *,
        samples: int,
        seed: int,
        dynamic_sampling: DynamicSampling | None = None,
    ) -> StepMetrics:
        """See `GRPOTrainer.step`. `reward_fn` may let other roles act on the same weights."""
        self.learning_rate = self._rate
        return super().step(prompts, reward_fn, samples=samples, seed=seed, dynamic_sampling=dynamic_sampling)

    def learn(self, pairs: Sequence[tuple[str, str]], objective: Objective) -> StepMetrics:
        """See `GRPOTrainer.learn`."""
        self.learning_rate = self._rate
        return super().learn(pairs, objective)


class SharedTrainer(RoleTrainer):
    """One of several trainers whose roles move the same weights; their states are saved together.

    Attributes:
        peers: all of these trainers by role, itself included; set by `link_trainers`.
    """

    peers: dict[str, SharedTrainer]

    def tensors(self) -> dict[str, Tensor]:
        """The state of all peers, keys beginning with the role; a shared optimiser stands once."""
        found = {}
        for role, trainer in self.peers.items():
            own = trainer._optimiser_owner() is trainer
            for key, value in GRPOTrainer.tensors(trainer).items():
                if own or not key.startswith("optimizer."):
                    found[f"{role}.{key}"] = value
        return found

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue this role's part of `tensors()`; load every one of the peers.

        Raises:
            RunError: the tensors belong to another model, or other roles.
        """
        owner = self._optimiser_owner().role
        state = {key.removeprefix(f"{self.role}."): v for key, v in tensors.items() if key.startswith(f"{self.role}.")}
        optimiser = f"{owner}.optimizer."
        state |= {key.removeprefix(f"{owner}."): v for key, v in tensors.items() if key.startswith(optimiser)}
        if not state:
            raise RunError(f"no trainer state for {self.role!r} among the tensors: they were saved by other roles")
        super().load_tensors(state)

    def _optimiser_owner(self) -> SharedTrainer:
        """The first of the peers with the same optimiser."""
        return next(trainer for trainer in self.peers.values() if trainer.optimizer is self.optimizer)


def link_trainers(trainers: Mapping[str, SharedTrainer], *, one_optimizer: bool) -> None:
    """Make trainers of shared weights known to each other.

    Args:
        one_optimizer: whether all use one optimiser state, as when every weight is shared.

    Raises:
        ConfigError: one optimiser was asked for, but settings it has only once differ.
    """
    peers = dict(trainers)
    first = next(iter(peers.values()))
    for trainer in peers.values():
        trainer.peers = peers
        if not one_optimizer:
            continue
        for name in ("betas", "weight_decay"):
            if getattr(trainer.config, name) != getattr(first.config, name):
                raise ConfigError(f"{name} must be equal for roles with one optimiser")
        trainer.optimizer = first.optimizer
