"""Direct preference optimisation as an objective of the trainer, and what a pair is.

Rows 2i and 2i + 1 of a batch are pair i, the preferred completion first. Both are always in one part of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch
from torch import Tensor

from ..batch import Batch, micro_batches, rows_of_pairs
from .loss import PreferenceLoss, gaps_of_rows, preference_losses

if TYPE_CHECKING:
    from ..objectives import Diagnostics
    from ..trainer import GRPOTrainer


class Preference(NamedTuple):
    """Two completions of a prompt, of which somebody prefers one."""

    prompt: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class DirectPreference:
    """Mean loss over pairs, see `loss.py`.

    Attributes:
        beta, loss, label_smoothing: see `preference_losses`.
        weight_decay: of matrices, per unit of learning rate.
    """

    measures: ClassVar[tuple[str, ...]] = ("margin", "preferred_share")
    greatest: ClassVar[tuple[str, ...]] = ()
    together: ClassVar[int] = 2
    refers: ClassVar[bool] = True
    epochs: ClassVar[int] = 1
    minibatches: ClassVar[int] = 1
    restarts: ClassVar[bool] = False
    beta: float = 0.1
    kind: PreferenceLoss = "sigmoid"
    label_smoothing: float = 0.0
    weight_decay: float = 0.0

    def weight(self, part: Batch) -> float:
        """See `Objective.weight`: pairs."""
        return len(part) / 2

    def gaps(self, logp: Tensor, ref: Tensor, part: Batch) -> Tensor:
        """Δ of each pair of a part in the order of their numbers, (P,)."""
        ratios = ((logp - ref) * part.mask).sum(1)
        if self.kind == "ipo":
            ratios = ratios / part.mask.sum(1).clamp(min=1.0)
        return gaps_of_rows(ratios, part.sampled_as // 2, part.sampled_as % 2 == 0)

    def losses(self, gaps: Tensor) -> Tensor:
        """The loss of each pair."""
        return preference_losses(gaps, beta=self.beta, loss=self.kind, label_smoothing=self.label_smoothing)

    def loss(self, logp: Tensor, old: Tensor, part: Batch, ref: Tensor | None) -> tuple[Tensor, Diagnostics]:
        """See `Objective.loss`."""
        assert ref is not None  # see `refers`
        gaps = self.gaps(logp, ref, part)
        found = gaps.detach()
        diagnostics = {"margin": self.beta * found.mean(), "preferred_share": (found > 0).float().mean()}
        return self.losses(gaps).sum() / (part.rows_total / 2), diagnostics


def rows_of_preferences(preferences: Sequence[Preference]) -> list[tuple[str, str]]:
    """Pairs as (prompt, completion) rows in the order that `DirectPreference` expects."""
    return [(one.prompt, text) for one in preferences for text in (one.chosen, one.rejected)]


def gaps_of(trainer: GRPOTrainer, preferences: Sequence[Preference], objective: DirectPreference) -> Tensor:
    """Δ of each pair under the present model, in order and without a gradient, (P,) on the CPU; in this process alone.

    Raises:
        ConfigError: the trainer has no reference.
    """
    trainer.check_reference(objective)
    found = torch.zeros(len(preferences))
    if not len(preferences):
        return found
    whole = rows_of_pairs(trainer.agent, rows_of_preferences(preferences), trainer.device)
    with torch.no_grad(), trainer.agent.active():
        for rows in micro_batches(whole, trainer.config.micro_batch_tokens, objective.together):
            part = whole.part(rows)
            gaps = objective.gaps(trainer.logps(part), trainer.reference_logps(part), part)
            found[torch.unique(part.sampled_as // 2).cpu()] = gaps.float().cpu()
    return found
