"""Direct preference optimisation (2305.18290) as a role's update: steps on pairs of which one is preferred.

Pairs come from whom the stage has them of: people in the stage `feedback`. Where it has none, they are the role's own:
whoever answers prefers its attempts that equal the kept label to those that do not, one pair a question (iterative
preference optimisation, 2404.19733, without its added likelihood term); a challenger plays first, and prefers of each
group the completion that earned most to the one that earned least.

What differs from the paper: the reference is that of the role (`roles.X.kl_reference`), whoever drew the pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....core.errors import ConfigError
from ....core.seeding import python_stream
from ..sft import scheduled_rate
from ..updates import Batches, Solved, StepBatch, Steps, check_schedule, prompts_of
from .loss import PreferenceLoss, check_preference_loss

if TYPE_CHECKING:
    from ..dynamic_sampling import Draw
    from ..trainer import GRPOTrainer
    from .objective import DirectPreference, Preference

PLAYED = ("mean_reward", "reward_std", "zero_variance_share", "groups_drawn", "truncated_share")
"""What is measured besides where the role played first."""


class DirectPreferenceOptimisation:
    """Steps on pairs of completions of which one is preferred (DPO, cDPO, IPO).

    Args:
        beta: how strongly the policy is held to the reference; for the loss "ipo" τ.
        loss: "sigmoid" or "ipo", see `loss.py`.
        label_smoothing: how often a preference is thought to be the wrong way round, in [0, ½); above 0 it is cDPO.
        batch: pairs per step, at most; none comes twice in a step.
        steps: per round; `None` for `roles.X.steps`.
        learning_rate: the highest of a round.
        warmup, final_share: the learning rate climbs over so many steps in each round, then falls to this share.
        weight_decay: decoupled decay of matrices, per unit of learning rate.
    """

    def __init__(
        self,
        beta: float = 0.1,
        loss: PreferenceLoss = "sigmoid",
        label_smoothing: float = 0.0,
        batch: int = 32,
        steps: int | None = None,
        learning_rate: float = 5e-5,
        warmup: int = 0,
        final_share: float = 1.0,
        weight_decay: float = 0.0,
    ) -> None:
        check_preference_loss(loss, beta, label_smoothing)
        for name, count in (("batch", batch), ("steps", 1 if steps is None else steps)):
            if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1_000_000:
                raise ConfigError(f"{name} must be a whole number from 1 to a million, got {count!r}")
        if not 0 < learning_rate < 1 or not 0 <= weight_decay < 1 / learning_rate:
            raise ConfigError(
                "learning_rate must be in (0, 1) and weight_decay >= 0, and their product below 1; "
                f"got {learning_rate!r} and {weight_decay!r}"
            )
        check_schedule(warmup, final_share)
        self.beta, self.loss, self.label_smoothing = beta, loss, label_smoothing
        self.batch, self.asked_steps, self.learning_rate = batch, steps, learning_rate
        self.warmup, self.final_share, self.weight_decay = warmup, final_share, weight_decay

    @property
    def objective(self) -> DirectPreference:
        """What its steps make smaller."""
        from .objective import DirectPreference

        return DirectPreference(self.beta, self.loss, self.label_smoothing, self.weight_decay)

    def steps(self, asked: int) -> int:
        """See `core.protocols.Update`."""
        return asked if self.asked_steps is None else self.asked_steps

    def rate(self, asked: float, step: int, steps: int) -> float:
        """See `core.protocols.Update`."""
        return scheduled_rate(self.learning_rate, step, steps, self.warmup, self.final_share)

    def begin(self, trainer: GRPOTrainer, batches: Batches) -> Steps:
        """See `core.protocols.Update`."""
        trainer.check_reference(self.objective)
        pairs, solved = batches.preferences(), batches.solved()
        if pairs is None and solved is None:
            return lambda step: self._play(trainer, prompts_of(batches.at(step)))
        known = own_pairs(solved) if pairs is None and solved is not None else list(pairs or ())

        def take(step: int) -> Mapping[str, Any] | None:
            rng = python_stream(batches.seed(step), "pairs")
            return self.learn(trainer, rng.sample(known, min(self.batch, len(known)))) if known else None

        return take

    def learn(self, trainer: GRPOTrainer, pairs: Sequence[Preference]) -> Mapping[str, Any]:
        """One step on these pairs; what was measured. Without a pair nothing is learnt."""
        from ..config import StepMetrics
        from ..rft import supervised_measures
        from .objective import rows_of_preferences

        trained = StepMetrics(learning_rate=trainer.learning_rate)
        if pairs:
            trained = trainer.learn(rows_of_preferences(pairs), self.objective)
        means = {name: value for name in ("margin", "preferred_share") if (value := getattr(trained, name)) is not None}
        return {**supervised_measures(trained), **means, "pairs": len(pairs)}

    def _play(self, trainer: GRPOTrainer, batch: StepBatch) -> Mapping[str, Any]:
        """Sample and reward, then prefer what earned most of each group to what earned least."""
        from ..dynamic_sampling import draw_metrics

        drawn = trainer.play(batch.prompts, batch.reward_fn, samples=batch.samples, seed=batch.seed)
        pairs = best_over_worst(batch.prompts, drawn)
        chosen = python_stream(batch.seed, "pairs").sample(pairs, min(self.batch, len(pairs)))
        played = draw_metrics([drawn]).as_dict()
        return {**self.learn(trainer, chosen), **{name: played[name] for name in PLAYED}, **batch.measures()}


def own_pairs(solved: Solved) -> list[Preference]:
    """Of every question of the round that was answered right and wrong, the first right attempt over the first wrong
    one."""
    from .objective import Preference

    found = []
    for one, prompt in zip(solved.fresh, solved.ask([one.question for one in solved.fresh]), strict=True):
        marked = list(zip(one.attempts, one.matches, strict=True))
        right = next((text for text, matches in marked if matches), None)
        wrong = next((text for text, matches in marked if not matches), None)
        if right is not None and wrong is not None:
            found.append(Preference(prompt, right, wrong))
    return found


def best_over_worst(prompts: Sequence[str], drawn: Draw) -> list[Preference]:
    """Of every group whose rewards differ, what earned most over what earned least; the first of equal ones."""
    from .objective import Preference

    found = []
    for prompt, texts, rewards in zip(prompts, drawn.samples.texts, drawn.rewards.tolist(), strict=True):
        best, worst = rewards.index(max(rewards)), rewards.index(min(rewards))
        if rewards[best] > rewards[worst]:
            found.append(Preference(prompt, texts[best], texts[worst]))
    return found
