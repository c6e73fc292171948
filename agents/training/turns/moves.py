"""Policy gradients on games of turns: what an agent wrote in many calls, each text a row with an advantage of its own.

A game gives one reward per seat at its end. Every text that the seat wrote in it is a row; its advantage is that reward
against a baseline of the caller's, such as `training.baselines.RoleBaseline`. There are no groups: no two rows need
have a prompt in common.

In a small game the same text is written at the same place again and again. Such rows have equal gradients but for their
advantages, so they are computed once, with the mean of their advantages and as many times the weight; where a ratio may
be clipped, on the side that the sign of the advantage decides, once for each sign. That changes no gradient: the losses
that take part sum over tokens.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ....core.errors import ConfigError
from ...grpo import TOKEN_MEAN, without_truncated
from ...inference.interface.samples import Samples
from ..batch import Batch
from ..config import GRPOConfig, StepMetrics
from ..objectives import PolicyGradient

if TYPE_CHECKING:
    from ..trainer import GRPOTrainer

MOST_ALIKE = 10.0
"""Advantages are scaled to deviation 1, but never to a root mean square above this."""
SUMS = (*TOKEN_MEAN, "dr_grpo")
"""Losses that are sums over tokens, with a denominator that does not depend on the row."""


@dataclass(frozen=True)
class Moves:
    """Texts that one agent wrote, with what they were worth.

    Attributes:
        samples: R prompts with one completion each.
        rewards: (R,) what the writer got in the end.
        advantages: (R,) the same against a baseline.
    """

    samples: Samples
    rewards: Tensor
    advantages: Tensor

    def __post_init__(self) -> None:
        rows = len(self.samples.tokens)
        if len(self.samples.prompt_ids) != rows or self.rewards.shape != (rows,) or self.advantages.shape != (rows,):
            raise ConfigError(
                f"moves are one completion per prompt, with a reward and an advantage each; got {rows} completions of "
                f"{len(self.samples.prompt_ids)} prompts, {tuple(self.rewards.shape)} rewards and "
                f"{tuple(self.advantages.shape)} advantages"
            )
        if not bool(self.advantages.isfinite().all()):
            raise ConfigError("the advantages of moves must be finite numbers: look at the rewards of the game")


def joined(calls: Sequence[Samples]) -> Samples:
    """The samples of several calls of one agent, one completion per prompt, as those of a single one."""
    if not calls:
        none = torch.zeros(0, 0)
        return Samples([], [], none.long(), none, torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.bool))
    width = max(call.tokens.shape[1] for call in calls)

    def wide(name: str) -> Tensor:
        return torch.cat([_padded(getattr(call, name), width) for call in calls])

    return Samples(
        texts=[texts for call in calls for texts in call.texts],
        prompt_ids=[ids for call in calls for ids in call.prompt_ids],
        tokens=wide("tokens"),
        logps=wide("logps"),
        lengths=torch.cat([call.lengths for call in calls]),
        finished=torch.cat([call.finished for call in calls]),
    )


def learn_moves(trainer: GRPOTrainer, moves: Moves) -> StepMetrics:
    """One policy-gradient step of the agent that wrote the moves, with the weights that it wrote them with.

    `scale` of the trainer's settings divides advantages by their standard deviation over the batch, unless it is
    "none".

    Raises:
        RunError: the model has diverged.
    """
    samples, rewards = moves.samples, moves.rewards.double()
    if not len(rewards):  # the others ended every game before it could move
        trainer.steps += 1
        return StepMetrics(learning_rate=trainer.learning_rate)
    batch = rows_of_moves(moves, trainer.config, trainer.device)
    trainer.steps += 1
    metrics = StepMetrics(
        mean_reward=float(rewards.mean()),
        reward_std=float(rewards.std(correction=0)),
        groups_drawn=len(rewards),
        mean_length=float(samples.lengths.double().mean()),
        truncated_share=float((~samples.finished).double().mean()),
        rows_trained=len(batch),
        tokens_trained=int((batch.mask > 0).sum()),
        learning_rate=trainer.learning_rate,
    )
    if not len(batch):
        return metrics
    agent = trainer.agent
    return trainer.improve(
        batch, metrics, PolicyGradient(trainer.config, agent.settings.max_new_tokens, agent.sampler.on_policy)
    )


def rows_of_moves(moves: Moves, config: GRPOConfig, device: torch.device) -> Batch:
    """The rows of an update; equal ones are one row of more weight where that is exact."""
    drawn = moves.samples.to(device)
    mask = without_truncated(drawn.mask, drawn.finished) if config.mask_truncated else drawn.mask
    advantages = _scaled(moves.advantages.double(), config).float().to(device)
    distinct: dict[tuple[int, ...], int] = {}
    owner = [distinct.setdefault(tuple(ids), len(distinct)) for ids in drawn.prompt_ids]
    whole = Batch(
        prompts=[list(ids) for ids in distinct],
        row_prompt=torch.tensor(owner, device=device),
        tokens=drawn.tokens,
        lengths=drawn.lengths,
        mask=mask,
        advantages=advantages,
        sampler_logp=drawn.logps,
        activation_index=drawn.tokens[:, :0],
        sampled_as=torch.arange(len(mask), device=device),
        rows_total=len(mask),
        tokens_total=max(1.0, float(mask.sum())),
        share_start=True,
    )
    if config.loss_type in SUMS:
        return _merged(whole, by_sign=config.epochs * config.minibatches > 1)
    return whole.part((mask.sum(1) > 0).nonzero().flatten())


def _scaled(advantages: Tensor, config: GRPOConfig) -> Tensor:
    if config.scale == "none" or len(advantages) < 2:
        return advantages
    size = advantages.square().mean().sqrt()  # where all are nearly alike, their deviation says nothing of them
    return advantages / (torch.maximum(advantages.std(), size / MOST_ALIKE) + config.eps)


def _merged(batch: Batch, by_sign: bool) -> Batch:
    """Rows of equal prompt and tokens, and of advantages of one sign if asked, as one, weighted by their number."""
    first: dict[tuple[int, bytes, bool], int] = {}
    rows = batch.tokens.cpu().numpy()
    counted = (batch.mask.sum(1) > 0).tolist()
    lengths, positive = batch.lengths.tolist(), ((batch.advantages > 0) & by_sign).tolist()
    into = []
    for row, prompt in enumerate(batch.row_prompt.tolist()):
        key = (prompt, rows[row, : lengths[row]].tobytes(), positive[row])
        into.append(first.setdefault(key, len(first)) if counted[row] else -1)
    where = torch.tensor(into, device=batch.tokens.device)
    kept = (where >= 0).nonzero().flatten()
    where = where[kept]
    number = torch.bincount(where, minlength=len(first)).float()
    total = torch.bincount(where, batch.advantages[kept].double(), len(first)).float()
    leader = torch.full((len(first),), len(batch), device=where.device).scatter_reduce(0, where, kept, "amin")
    part = batch.part(leader)
    return dataclasses.replace(part, mask=part.mask * number[:, None], advantages=total / number)


def _padded(tensor: Tensor, width: int) -> Tensor:
    return torch.nn.functional.pad(tensor, (0, width - tensor.shape[1]))
