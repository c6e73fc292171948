"""GRPO on any prompts and any reward: sample, reward, advantages, forward, backward, update.

It knows neither role nor verifier. What is saved against the plain loop, all of it exact: a group's prompt is computed
once in sampling and once in the update; finished rows leave the sampling batch; the first update reuses the matrix
products of sampling; its log-probabilities are the old ones too (ρ = 1), so there is no extra pass; groups whose
rewards are all equal are left out of the update, their rows still counted in the mean; linear layers see no padding.

Left out: learning-rate schedules (set `learning_rate` between steps), loading data, logging, saving files.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from ..core.errors import ConfigError, RunError
from .batch import Batch, micro_batches
from .config import GRPOConfig, StepMetrics
from .grpo import dead_groups, group_advantages, grpo_loss, sampler_correction, without_truncated
from .llm import LLMAgent
from .logprobs import completion_logps
from .loss_scale import LossScale
from .replay import Recording
from .sampling import LocalSampler, Samples

__all__ = ["GRPOConfig", "GRPOTrainer", "RewardFn", "StepMetrics"]

RewardFn = Callable[[Sequence[str], list[list[str]]], Sequence[Sequence[float]]]


class GRPOTrainer:
    """Trains `agent.model` in place.

    Args:
        agent: the policy; its own sampling settings are replaced by those of `config`.
        reference: the model the KL term pulls towards, never moved. Needed if `config.beta` > 0, unless the agent is a
            LoRA model: then it is the model with its adapters off.

    Attributes:
        learning_rate: may be set between steps.
        steps: batches seen. skipped: updates refused so far.
    """

    def __init__(self, agent: LLMAgent, config: GRPOConfig, *, reference: LLMAgent | None = None) -> None:
        self.agent = agent.with_settings(
            temperature=config.temperature, top_p=config.top_p, max_new_tokens=config.max_new_tokens
        )
        self.config, self.reference = config, reference
        if config.beta > 0 and reference is None and not hasattr(agent.model, "disable_adapter"):
            raise ConfigError(f"beta = {config.beta} needs a reference: pass reference=LLMAgent of the base model")
        self.parameters = {name: p for name, p in agent.model.named_parameters() if p.requires_grad}
        if not self.parameters:
            raise ConfigError("the agent's model has no trainable parameters")
        if any(p.dtype is torch.float16 and p.requires_grad for p in agent.model.parameters()):
            raise ConfigError(
                "float16 weights cannot be trained, AdamW's steps are too small for them: load the model in float32 "
                "and set autocast='float16'"
            )
        matrices = [p for p in self.parameters.values() if p.dim() > 1]
        vectors = [p for p in self.parameters.values() if p.dim() <= 1]
        groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(
            [g for g in groups if g["params"]], lr=config.learning_rate, betas=config.betas, fused=True
        )
        self.steps, self.skipped = 0, 0
        self.loss_scale = LossScale(dynamic=config.autocast == "float16")

    @property
    def learning_rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"learning_rate must be positive and finite, got {value!r}")
        for group in self.optimizer.param_groups:
            group["lr"] = value

    def step(self, prompts: Sequence[str], reward_fn: RewardFn, *, samples: int, seed: int) -> StepMetrics:
        """One batch: `samples` completions for every prompt, their rewards, and `config.epochs` updates.

        Args:
            reward_fn: called once with the prompts and a list of `samples` completions for each; returns as many lists
                of as many finite numbers.
            seed: fixes the samples.

        Raises:
            ConfigError: rewards of another shape, or not finite. The weights are untouched then.
        """
        drawn = self.agent.sample(prompts, n=samples, seed=seed, record=self._replays)
        written_by = self._weight_versions()
        rewards = _rewards(reward_fn(prompts, drawn.texts), len(prompts), samples)  # (U, G) float64
        if self._weight_versions() != written_by:  # whoever gave the rewards trained something we share
            drawn = dataclasses.replace(drawn, recording=None)
        batch = self._batch(drawn, rewards)
        self.steps += 1
        metrics = StepMetrics(
            mean_reward=float(rewards.mean()),
            reward_std=float(rewards.std(correction=0)),
            zero_variance_share=float(dead_groups(rewards).double().mean()),
            mean_length=float(drawn.lengths.double().mean()),
            truncated_share=float((~drawn.finished).double().mean()),
            rows_trained=len(batch),
            tokens_trained=int(batch.mask.sum()),
            learning_rate=self.learning_rate,
        )
        return self._update(batch, metrics, drawn.recording) if len(batch) else metrics

    def _batch(self, drawn: Samples, rewards: Tensor) -> Batch:
        """The rows that can teach something: dead groups, and cut-off completions if asked, are left out."""
        config, device = self.config, next(iter(self.parameters.values())).device
        drawn = drawn.to(device)
        advantages = group_advantages(rewards, scale=config.scale, eps=config.eps).flatten().float().to(device)
        mask = without_truncated(drawn.mask, drawn.finished) if config.mask_truncated else drawn.mask
        teaches = mask.sum(1) > 0
        if not config.keep_dead_groups:
            teaches &= (~dead_groups(rewards)).to(device).repeat_interleave(drawn.n)
        distinct: dict[tuple[int, ...], int] = {}
        owner = [distinct.setdefault(tuple(ids), len(distinct)) for ids in drawn.prompt_ids]
        whole = Batch(
            prompts=[list(ids) for ids in distinct],
            row_prompt=torch.tensor(owner, device=device).repeat_interleave(drawn.n),
            tokens=drawn.tokens,
            lengths=drawn.lengths,
            mask=mask,
            advantages=advantages,
            sampler_logp=drawn.logps,
            place=drawn.tokens[:, :0] if drawn.recording is None else drawn.recording.place,
            rows_total=len(mask),
            tokens_total=max(1.0, float(mask.sum())),
        )
        rows = teaches.nonzero().flatten()
        return whole.part(rows)

    def _update(self, batch: Batch, metrics: StepMetrics, recording: Recording | None = None) -> StepMetrics:
        config = self.config
        parts = [batch.part(rows) for rows in micro_batches(batch, config.micro_batch_tokens)]
        references = [self._reference_logps(part) for part in parts]
        before = [p.detach().clone() for p in self.parameters.values()]
        sampled_here = isinstance(self.agent.sampler, LocalSampler)
        first: list[Tensor] = []  # log-probabilities before the first update: the denominators of ρ
        taken = skipped = 0
        for epoch in self.loss_scale.epochs(config.epochs):
            self.optimizer.zero_grad(set_to_none=True)
            loss, seen = 0.0, []
            for index, (part, ref_logp) in enumerate(zip(parts, references, strict=True)):
                logp = self._logps(self.agent, part, None if epoch else recording)
                if not epoch:
                    first.append(logp.detach())
                part_loss, diagnostics = grpo_loss(
                    logp,
                    first[index],
                    part.advantages,
                    part.mask,
                    ref_logp=ref_logp,
                    loss_type=config.loss_type,
                    clip_low=config.clip_low,
                    clip_high=config.clip_high,
                    beta=config.beta,
                    max_tokens=config.max_new_tokens,
                    kl=config.kl,
                    kl_corrected=config.kl_corrected,
                    importance=None if sampled_here else _foreign_weights(first[index], part),
                    rows_total=part.rows_total,
                    tokens_total=part.tokens_total,
                )
                self.loss_scale.scaled(part_loss).backward()  # type: ignore[no-untyped-call]
                loss += float(part_loss.detach())
                seen.append(diagnostics)
            self.loss_scale.unscale(self.parameters.values())
            norm = float(torch.nn.utils.clip_grad_norm_(self.parameters.values(), config.max_grad_norm, foreach=True))
            if self.loss_scale.lowered(loss, norm):
                continue
            if math.isfinite(loss) and math.isfinite(norm):
                self.optimizer.step()
                taken += 1
            else:
                skipped += 1
            kl, entropy, clip_share = (_mean(name, seen, parts) for name in ("kl", "entropy", "clip_share"))
            ratio_max = max(float(d["ratio_max"]) for d in seen)
            metrics = dataclasses.replace(
                metrics, loss=loss, grad_norm=norm, kl=kl, entropy=entropy, clip_share=clip_share, ratio_max=ratio_max
            )
        self.optimizer.zero_grad(set_to_none=True)
        self.skipped += skipped
        moved = [float((p.detach() - b).norm()) for p, b in zip(self.parameters.values(), before, strict=True)]
        scale = self.loss_scale.value
        update_norm = math.hypot(*moved)
        return dataclasses.replace(metrics, updates=taken, skipped=skipped, update_norm=update_norm, loss_scale=scale)

    def _weight_versions(self) -> list[int]:
        """Changes whenever a weight is written to."""
        return [p._version for p in self.agent.model.parameters()]

    @property
    def _replays(self) -> bool:
        """Whether the update may reuse what sampling computed: same precision, and memory is not the concern."""
        return self.config.autocast is None and not self.config.gradient_checkpointing

    def _logps(self, agent: LLMAgent, part: Batch, recording: Recording | None = None) -> Tensor:
        with self._precision():
            return completion_logps(
                agent.model,
                agent.decoder,
                part.prompts,
                part.row_prompt,
                part.tokens,
                part.lengths,
                temperature=self.config.temperature,
                recompute=self.config.gradient_checkpointing,
                recording=recording,
                place=part.place,
            )

    def _reference_logps(self, part: Batch) -> Tensor | None:
        if self.config.beta == 0:
            return None
        agent = self.reference or self.agent
        off: AbstractContextManager[Any] = nullcontext() if self.reference else agent.model.disable_adapter()
        with torch.no_grad(), off:
            return self._logps(agent, part)

    def _precision(self) -> AbstractContextManager[Any]:
        if self.config.autocast is None:
            return nullcontext()
        device = next(iter(self.parameters.values())).device.type
        return torch.autocast(device, dtype=getattr(torch, self.config.autocast))

    def tensors(self) -> dict[str, Tensor]:
        """The state of the optimiser and the counters as flat tensors, ready for safetensors."""
        found = {
            "trainer.counters": torch.tensor([self.steps, self.skipped], dtype=torch.int64),
            "trainer.learning_rate": torch.tensor([self.learning_rate], dtype=torch.float64),
            **self.loss_scale.tensors(),
        }
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                found[f"optimizer.{name}.{key}"] = value.detach().clone()
        return found

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from `tensors()` of a trainer of the same model: the next step is the same, bit for bit on a CPU.

        Raises:
            RunError: the tensors belong to another model.
        """
        state: dict[str, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimizer."):
                name, _, field = key.removeprefix("optimizer.").rpartition(".")
                state.setdefault(name, {})[field] = value
        for name, fields in state.items():
            expected = self.parameters[name].shape if name in self.parameters else None
            if expected is None or fields["exp_avg"].shape != expected:
                raise RunError(f"optimiser state for {name!r} does not fit this model; expected shape {expected}")
        if "trainer.counters" not in tensors or "trainer.learning_rate" not in tensors:
            raise RunError(
                "no trainer state among the tensors: expected 'trainer.counters' and 'trainer.learning_rate'"
            )
        self.optimizer.state.clear()
        for name, fields in state.items():
            parameter = self.parameters[name]
            self.optimizer.state[parameter] = {key: value.to(parameter.device).clone() for key, value in fields.items()}
        self.steps, self.skipped = (int(v) for v in tensors["trainer.counters"])
        self.learning_rate = float(tensors["trainer.learning_rate"][0])
        self.loss_scale.load(tensors.get("trainer.loss_scale"))


def _rewards(given: Sequence[Sequence[float]], groups: int, samples: int) -> Tensor:
    if len(given) != groups or any(len(row) != samples for row in given):
        shape = sorted({len(row) for row in given})
        raise ConfigError(f"reward_fn must return {groups} lists of {samples} numbers, got {len(given)} of {shape}")
    rewards = torch.tensor([[float(value) for value in row] for row in given], dtype=torch.float64)
    if not bool(rewards.isfinite().all()):
        bad = (~rewards.isfinite()).nonzero()[0].tolist()
        raise ConfigError(
            f"reward_fn gave {float(rewards[bad[0], bad[1]])} for prompt {bad[0]}, sample {bad[1]}: rewards are finite "
            "numbers; give an undecided attempt the reward you mean, or leave its group out"
        )
    return rewards


def _foreign_weights(logp: Tensor, part: Batch) -> Tensor:
    """Importance weights for completions of another policy; 1 where it did not say how likely its tokens were."""
    known = part.sampler_logp.isfinite()
    return sampler_correction(logp, torch.where(known, part.sampler_logp, logp), part.mask)


def _mean(name: str, seen: list[dict[str, Tensor]], parts: list[Batch]) -> float:
    """Mean of a diagnostic over the tokens of all parts."""
    weights = [float(part.mask.sum()) for part in parts]
    return sum(w * float(d[name]) for w, d in zip(weights, seen, strict=True)) / sum(weights)
