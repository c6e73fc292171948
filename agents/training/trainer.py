"""GRPO on any prompts and any reward: sample, reward, advantages, forward, backward, update.

It knows neither role nor verifier. What it saves compared with a simple loop, all of it exact: a group's prompt is
computed once in sampling and once in the update; finished rows leave the sampling batch; the first update reuses the
matrix products of sampling; its log-probabilities are the old ones too (ρ = 1), so there is no extra pass; groups whose
rewards are all equal are left out of the update, their rows still counted in the mean; linear layers see no padding.

Left out: learning-rate schedules (set `learning_rate` between steps), loading data, logging, saving files.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...core.errors import ConfigError, RunError
from ..distributed.parallel_sampler import ParallelSampler, owners
from ..distributed.placement import Placement
from ..inference.activation_reuse import ActivationCache
from ..inference.devices import input_device
from ..inference.logprobs import completion_logps
from ..models.llm import LLMAgent
from .batch import Batch, Cut, dealt, micro_batches, one_token, rows_of_pairs, rows_that_teach
from .config import GRPOConfig, StepMetrics
from .dynamic_sampling import Draw, DynamicSampling, draw_metrics
from .loss_scale import LossScale
from .objectives import Objective, PolicyGradient, set_up, sums_of
from .optimiser_state import load_state, make_optimiser, state_tensors
from .reward_fn import RewardFn, checked_rewards, rewards_of

__all__ = ["GRPOConfig", "GRPOTrainer", "RewardFn", "StepMetrics"]


class GRPOTrainer:
    """Trains `agent.model` in place.

    Args:
        agent: the policy; its own sampling settings are replaced by those of `config`, where `config` has them.
        reference: the model the KL term pulls towards, never moved. Needed if `config.kl_weight` > 0, unless the agent
            is a LoRA model: then it is the model with its adapters off.

    Attributes:
        placement, reference_placement: where the weights live, and those of `reference`. With several processes, steps
            on rank 0 need `update_on_rank` registered on all, and the agent's sampler is a `ParallelSampler`.
        learning_rate: may be set between steps.
        steps: batches seen. skipped: updates refused so far.
    """

    def __init__(self, agent: LLMAgent, config: GRPOConfig, *, reference: LLMAgent | None = None) -> None:
        length: dict[str, Any] = {} if config.max_new_tokens is None else {"max_new_tokens": config.max_new_tokens}
        self.agent = agent.with_settings(temperature=config.temperature, top_p=config.top_p, **length)
        self.config, self.reference = config, reference
        if config.kl_weight > 0 and not self.has_reference:
            raise ConfigError(f"kl_weight = {config.kl_weight} needs a reference: pass reference=LLMAgent of the base")
        self.placement = self.reference_placement = Placement()
        with agent.active():
            self._trained: dict[str, Tensor] = {n: p for n, p in agent.model.named_parameters() if p.requires_grad}
        if not self._trained:
            raise ConfigError("the agent's model has no trainable parameters")
        self.optimizer = make_optimiser(self._trained, config)
        self.steps, self.skipped = 0, 0
        self.loss_scale = LossScale(dynamic=config.autocast == "float16")

    @property
    def parameters(self) -> dict[str, Tensor]:
        """What is trained, by name: the parameters themselves, or whole copies if they are in shards."""
        return self.placement.parameters(self._trained)

    @property
    def learning_rate(self) -> float:
        """The step size of the next update."""
        return float(self.optimizer.param_groups[0]["lr"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"learning_rate must be positive and finite, got {value!r}")
        for group in self.optimizer.param_groups:
            group["lr"] = value

    def step(
        self,
        prompts: Sequence[str],
        reward_fn: RewardFn,
        *,
        samples: int,
        seed: int,
        dynamic_sampling: DynamicSampling | None = None,
    ) -> StepMetrics:
        """One batch: `samples` completions for every prompt, their rewards, and `config.epochs` passes of updates.

        Args:
            reward_fn: called once with the prompts and a list of `samples` completions for each; returns as many lists
                of as many finite numbers. One with a method `of_samples` gets the samples themselves (`reward_fn.py`).
            seed: fixes the samples.
            dynamic_sampling: more prompts, to replace groups without variance; `None` leaves such groups as they are.

        Raises:
            ConfigError: rewards of another shape, or not finite. The weights are untouched then.
            RunError: the model has diverged: its outputs, or its weights after the update, are not finite.
        """
        play = partial(self.play, samples=samples)
        first = play(prompts, reward_fn, seed=seed, keep_activations=self.config.reuses_activations)
        final, *draws = (first, first)
        if dynamic_sampling is not None:
            final, *draws = dynamic_sampling.fill(first, lambda more, fn, s: play(more, fn, seed=s), seed)
        drawn, batch = final.samples, rows_that_teach(final.samples, final.rewards, self.config, self.device)
        self.steps += 1
        metrics = dataclasses.replace(
            draw_metrics(draws),
            rows_trained=len(batch),
            tokens_trained=int(batch.mask.sum()),
            learning_rate=self.learning_rate,
        )
        if not len(batch):
            return metrics
        objective = PolicyGradient(self.config, self.agent.settings.max_new_tokens, self.agent.sampler.on_policy)
        owner = owners(drawn.prompt_ids, drawn.n, self.placement.group.size)[batch.sampled_as.cpu()]
        return self.improve(batch, metrics, objective, drawn.activations, owner)

    def improve(
        self,
        batch: Batch,
        metrics: StepMetrics,
        objective: Objective,
        activations: ActivationCache | None = None,
        owner: Tensor | None = None,
    ) -> StepMetrics:
        """The updates of one batch by `objective`; returns `metrics`, completed. `activations` are what sampling its R
        rows computed, `owner` (R,) is which process trains on each, where there are several; `None` deals them out."""
        group = self.placement.group
        if group.alone:
            with self.agent.active():  # not while rewards are given: others may act meanwhile
                done = self._update(batch, metrics, objective, activations)
        else:
            if owner is None:
                owner = torch.arange(len(batch)) // objective.together % group.size
            sent = batch.to("cpu"), owner, metrics, objective, activations is not None
            done = group.run_on_all(self.update_on_rank, *sent)
        self.agent.counted.trained += done.tokens_trained * objective.epochs
        return done

    def learn(self, pairs: Sequence[tuple[str, str]], objective: Objective) -> StepMetrics:
        """One update from completions that are given: (prompt, completion) pairs, each with the token that ends it.

        Raises:
            ConfigError: there are no pairs, or the objective needs a reference and there is none.
            RunError: the weights after the update are not finite.
        """
        if not pairs:
            raise ConfigError("a supervised step needs at least one pair of prompt and completion, got none")
        self.check_reference(objective)
        batch = rows_of_pairs(self.agent, pairs, self.device)
        self.steps += 1
        tokens, rate = int(batch.tokens_total), self.learning_rate
        sizes: dict[str, Any] = {"mean_length": tokens / len(batch), "rows_trained": len(batch)}
        return self.improve(batch, StepMetrics(**sizes, tokens_trained=tokens, learning_rate=rate), objective)

    def play(
        self, prompts: Sequence[str], reward_fn: RewardFn, *, samples: int, seed: int, keep_activations: bool = False
    ) -> Draw:
        """Completions and their rewards, without an update; arguments and errors as of `step`."""
        drawn = self.agent.sample(prompts, n=samples, seed=seed, keep_activations=keep_activations)
        if len(drawn.lengths) and not int(drawn.lengths.max()):
            raise ConfigError(f"no prompt of this step can be answered: {self.agent.unreadable(prompts[:1])[0]}")
        written_by = self._weight_versions()
        rewards = checked_rewards(rewards_of(reward_fn, prompts, drawn), len(prompts), samples)  # (U, G) float64
        if self._weight_versions() != written_by:  # whoever gave the rewards trained something we share
            drawn = dataclasses.replace(drawn, activations=None)
        return Draw(drawn, rewards)

    def update_on_rank(
        self, batch: Batch, owner: Tensor, metrics: StepMetrics, objective: Objective, reuse: bool
    ) -> StepMetrics:
        """The update on one rank of several, with its own rows.

        Args:
            batch: the rows of all processes, on the CPU.
            owner: (R,) the rank that trains on each row.
            metrics: what rank 0 knows of the step so far.
            objective: what is made smaller.
            reuse: whether what sampling computed here may be used.
        """
        self.learning_rate = metrics.learning_rate
        mine = batch.part((owner == self.placement.group.rank).nonzero().flatten()).to(self.device)
        sampler = self.agent.sampler
        activations = sampler.activations if reuse and isinstance(sampler, ParallelSampler) else None
        known = mine.tokens if activations is None else activations.index[mine.sampled_as]
        index = known[:, : mine.tokens.shape[1] if activations is not None else 0]
        with self.agent.active():
            return self._update(dataclasses.replace(mine, activation_index=index), metrics, objective, activations)

    def _update(
        self, batch: Batch, metrics: StepMetrics, objective: Objective, activations: ActivationCache | None = None
    ) -> StepMetrics:
        config, placement = self.config, self.placement
        set_up(self.optimizer, objective)
        cuts = [self._cut(rows, objective) for rows in dealt(batch, objective.minibatches)]
        before = [p.detach().clone() for p in self._trained.values()]
        taken = skipped = 0
        for update in self.loss_scale.epochs(objective.epochs * len(cuts)):
            parts, idle, references, first = cuts[update % len(cuts)]
            self.optimizer.zero_grad(set_to_none=True)
            loss, seen = 0.0, []
            for index, part in enumerate(parts):
                logp = placement.run(self.logps, part, None if update else activations)
                if len(first) == index:
                    first.append(logp.detach())
                part_loss, diagnostics = objective.loss(logp, first[index], part, references[index])
                placement.backward(self.loss_scale.scaled(part_loss))
                loss += float(part_loss.detach())
                seen.append(diagnostics)
            for part in idle:
                placement.backward(0.0 * placement.run(self.logps, part).sum())
            placement.share_gradients(self._trained)
            self.loss_scale.unscale(self._trained.values())
            clipped = torch.nn.utils.clip_grad_norm_(self._trained.values(), config.max_grad_norm, foreach=True)
            norm = float(placement.gather(clipped))
            loss, weight, *sums = placement.group.totals([loss, *sums_of(objective, seen, parts)])
            if not weight or self.loss_scale.lowered(loss, norm):
                continue
            if math.isfinite(loss) and math.isfinite(norm):
                self.optimizer.step()
                taken += 1
            else:
                skipped += 1
            means: dict[str, Any] = {n: v / weight for n, v in zip(objective.measures, sums, strict=True)}
            for name in objective.greatest:
                means[name] = placement.group.greatest(max((float(d[name]) for d in seen), default=-math.inf))
            metrics = dataclasses.replace(metrics, loss=loss, grad_norm=norm, **means)
        self.optimizer.zero_grad(set_to_none=True)
        self.skipped += skipped
        moved = placement.length(p.detach() - b for p, b in zip(self._trained.values(), before, strict=True))
        if not math.isfinite(moved):
            raise RunError(
                f"an update made weights that are not finite: learning_rate={self.learning_rate} is too high"
            )
        return dataclasses.replace(
            metrics, updates=taken, skipped=skipped, update_norm=moved, loss_scale=self.loss_scale.value
        )

    def _cut(self, batch: Batch, objective: Objective) -> Cut:
        cut = micro_batches(batch, self.config.micro_batch_tokens, objective.together) if len(batch) else []
        parts = [batch.part(rows) for rows in cut]
        idle = [one_token(self.device)] * self.placement.idle_passes(len(parts))
        references = [self.reference_logps(part) if objective.refers else None for part in [*parts, *idle]]
        with torch.no_grad():
            passes = [*parts, *idle] if objective.minibatches > 1 else []
            first = [self.placement.run(self.logps, part) for part in passes][: len(parts)]
        return Cut(parts, idle, references, first)

    def _weight_versions(self) -> list[int]:
        """Changes whenever a weight is written to."""
        return [p._version for p in self.agent.model.parameters()]

    @property
    def device(self) -> torch.device:
        """Where what is trained lives."""
        return next(iter(self._trained.values())).device

    @property
    def has_reference(self) -> bool:
        """Whether there is a model to refer to: one that was given, or the trained one with its adapters off."""
        return self.reference is not None or hasattr(self.agent.model, "disable_adapter")

    def check_reference(self, objective: Objective) -> None:
        """Refuse an objective that refers to a model where there is none."""
        if objective.refers and not self.has_reference:
            raise ConfigError(
                f"{type(objective).__name__} needs a reference: set grpo.kl_weight above 0, which keeps one, or use "
                "weight_sharing='lora' with trunk='frozen', where the base is one"
            )

    def logps(self, part: Batch, activations: ActivationCache | None = None) -> Tensor:
        """Log-probabilities of the tokens of `part` under the trained model, (R, T); 0 at padding; see `improve`."""
        return self._logps(self.agent, part, activations)

    def reference_logps(self, part: Batch) -> Tensor:
        """The same under the reference, without a gradient."""
        agent = self.reference or self.agent
        off: AbstractContextManager[Any] = nullcontext() if self.reference else agent.model.disable_adapter()
        with torch.no_grad(), off:
            part = part.to(input_device(agent.model))
            return self.reference_placement.run(self._logps, agent, part).to(self.device)

    def _logps(self, agent: LLMAgent, part: Batch, activations: ActivationCache | None = None) -> Tensor:
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
                activations=activations,
                activation_index=part.activation_index,
                share_start=part.share_start,
            )

    def _precision(self) -> AbstractContextManager[Any]:
        if self.config.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=getattr(torch, self.config.autocast))

    def l2_sp(self, weights: Mapping[str, Tensor], share: float) -> None:
        """A step of L2-SP (arXiv 1802.01483): θ ← θ + share · (weights − θ) for what is trained; `share` in [0, 1]."""
        self._target = weights
        self.placement.group.run_on_all(self.l2_sp_on_rank, share)

    def l2_sp_on_rank(self, share: float) -> None:
        """What each rank does of `l2_sp`; rank 0 has the weights."""
        placement = self.placement
        for name, parameter in self._trained.items():
            held = torch.empty(parameter.shape, dtype=parameter.dtype, device=self.device)
            if placement.group.is_rank0:
                held.copy_(self._target[name].detach())
            parameter.data.lerp_(placement.place(placement.group.from_rank0(held), parameter), share)

    def tensors(self) -> dict[str, Tensor]:
        """The state of the optimiser and the counters as flat tensors; in shards, what this process holds of them."""
        return {
            "trainer.counters": torch.tensor([self.steps, self.skipped], dtype=torch.int64),
            "trainer.learning_rate": torch.tensor([self.learning_rate], dtype=torch.float64),
            **self.loss_scale.tensors(),
            **state_tensors(self.optimizer, self._trained, self.placement),
        }

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from `tensors()` of a trainer of the same model: the next step is the same, bit for bit on a CPU.

        Raises:
            RunError: the tensors belong to another model.
        """
        if "trainer.counters" not in tensors or "trainer.learning_rate" not in tensors:
            raise RunError(
                "no trainer state among the tensors: expected 'trainer.counters' and 'trainer.learning_rate'"
            )
        load_state(tensors, self.optimizer, self._trained, self.placement)
        self.steps, self.skipped = (int(v) for v in tensors["trainer.counters"])
        self.learning_rate = float(tensors["trainer.learning_rate"][0])
        self.loss_scale.load(tensors.get("trainer.loss_scale"))
