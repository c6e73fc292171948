"""The weights a role began the run with: what drift is measured from, and what L2-SP pulls towards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..settings.config import RunConfig
from .build import base_agent, build_roles
from .role import Role

if TYPE_CHECKING:
    from torch import Tensor

    from ...agents.distributed.sharded import Sharded


class Start:
    """The weights of one role at the start.

    Args:
        weights: by the names of the trainer's parameters; never changed.

    Attributes:
        norm: their Euclidean norm.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = dict(weights)
        self.norm = _length(w.detach() for w in self.weights.values())

    def drift(self, role: Role) -> float:
        """Distance of the role's weights from the start, as a share of the norm there; ≥ 0."""
        shards = _shards_of(role)
        if shards is not None:
            gaps = shards.distance(self.weights)
        else:
            gaps = _length(p.detach() - self._at(name, p) for name, p in role.trainer.parameters.items())
        return gaps / self.norm if self.norm > 0 else 0.0

    def pull(self, role: Role, weight: float) -> None:
        """L2-SP (arXiv 1802.01483), decoupled as AdamW's decay: θ ← θ − learning rate · weight · (θ − start).

        Unlike the paper's, it does not pass through AdamW's running means.
        """
        role.trainer.l2_sp(self.weights, min(1.0, role.trainer.learning_rate * weight))

    def _at(self, name: str, like: Tensor) -> Tensor:
        return self.weights[name].detach().to(like.device, like.dtype)


class Starts:
    """Where each role began, found out when first asked for.

    That is the KL reference where it is the base model itself, else a role built anew.
    """

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self._known: dict[str, Start] = {}
        self._fresh: dict[str, Role] = {}

    def of(self, role: Role, names: tuple[str, ...]) -> Start:
        """The start of `role`, one of the roles `names` of the run."""
        if role.name not in self._known:
            self._known[role.name] = self._find(role, names)
        return self._known[role.name]

    def _find(self, role: Role, names: tuple[str, ...]) -> Start:
        if _shards_of(role) is not None:  # a model of its own, too large to be whole twice
            base = base_agent(self.config, role.name, device="cpu")
            return Start(dict(base.model.named_parameters()))
        trained, reference = role.trainer.parameters, role.trainer.reference
        known: dict[str, Tensor] = {}
        if reference is not None and self.config.roles[role.name].kl_reference == "base":
            known = dict(reference.model.named_parameters())
        if not all(name in known and known[name].shape == p.shape for name, p in trained.items()):
            self._fresh = self._fresh or build_roles(self.config, names, {})
            known = dict(self._fresh[role.name].trainer.parameters)
        return Start({name: known[name] for name in trained})


def _shards_of(role: Role) -> Sharded | None:
    """Where the role's weights live, if in shards. A trainer of somebody else's may say nothing of it."""
    from ...agents.distributed.sharded import Sharded

    placement = getattr(role.trainer, "placement", None)
    return placement if isinstance(placement, Sharded) else None


def _length(tensors: Iterable[Tensor]) -> float:
    """Euclidean norm of all elements."""
    from ...agents.inference.devices import read_together

    return math.hypot(*read_together([tensor.float().norm() for tensor in tensors]))
