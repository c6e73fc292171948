"""Supervised steps on a role's own completions that turned out right: STaR (arXiv 2203.14465), ReST-EM (2312.06585).

Whoever answers learns the attempts of the round that equal the kept label, at most a few different ones a question, and
before them what the labeller put together from solutions of parts (iterated amplification, distilled: 1810.08575). A
role without such attempts, as a challenger, plays first: each step samples and rewards completions as GRPO does, and
learns those with more than the mean reward of the batch.

What differs from the papers: training goes on from the present weights, where both begin anew from the base; batches
are balanced, so that no length or level has most of them; a share of each batch may be of earlier rounds (`replay`),
which is what keeps a role from forgetting what is no longer asked. `docs/updates.md` has what was measured.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError, UnknownNameError
from ...core.records import Labelled, Question
from ...core.seeding import python_stream, weighted_draw
from .balance import BALANCES
from .sft import scheduled_rate
from .updates import Batches, Solved, StepBatch, Steps, check_schedule, prompts_of

if TYPE_CHECKING:
    from .config import StepMetrics
    from .dynamic_sampling import Draw
    from .objectives import CrossEntropy
    from .trainer import GRPOTrainer

SUPERVISED = (
    *("loss", "grad_norm", "update_norm", "mean_length", "rows_trained", "tokens_trained"),
    *("loss_scale", "updates", "skipped", "learning_rate"),
)
"""What a supervised step measures; there is no ratio, clip, KL or entropy to report."""
PREFER = ("first", "common")
"""Which right attempts at a question are kept."""
PLAYED = ("mean_reward", "reward_std", "zero_variance_share", "groups_drawn", "mean_length", "truncated_share")
"""What is measured besides where the role played first."""


@dataclass(frozen=True, slots=True)
class Solution:
    """One completion to learn from, and how it came about.

    Attributes:
        question: what it answers; `None` for what a challenger wrote.
        rate: share of the attempts at the question that are right.
    """

    prompt: str
    text: str
    question: Question | None = None
    rate: float = 0.0


class Pool:
    """Solutions that batches are drawn from, each as often as the balance says."""

    def __init__(self, solutions: Sequence[Solution], by: str) -> None:
        self.solutions = solutions
        questions = [one.question for one in solutions if one.question is not None]
        self.weights = BALANCES[by](questions, [one.rate for one in solutions])

    def draw(self, count: int, seed: int, stream: str) -> list[Solution]:
        """At most `count` different solutions."""
        return weighted_draw(self.solutions, self.weights, count, python_stream(seed, stream))


class RejectionFineTuning:
    """Supervised steps on the role's own completions that are right (STaR, ReST-EM).

    Args:
        batch: completions per step, at most.
        steps: per round; `None` for `roles.X.steps`.
        keep: different completions of one question, or of one group, at most.
        prefer: which of the right attempts at a question are kept: the "first" that were drawn, or the most "common",
            which sharpens what the role does anyway.
        epochs: how often a solution of this round is learnt in its stage, on average, at most: then the stage ends,
            however many steps are asked for. `None` for any number.
        learning_rate: the highest of a round.
        balance: what a batch has evenly: "length", "level", "p(1-p)" or "none", see `balance.py`.
        warmup, final_share: the learning rate climbs over so many steps in each round, then falls to this share.
        weight_decay: decoupled decay of matrices, per unit of learning rate.
        restart: whether the optimiser's running means begin anew in each round, also those of roles that share them.
        quantile: of the rewards of a played batch, above which completions are learnt; `None` for above the mean.
    """

    def __init__(
        self,
        batch: int = 96,
        steps: int | None = None,
        keep: int = 3,
        learning_rate: float = 4e-4,
        balance: str = "length",
        warmup: int = 5,
        final_share: float = 0.05,
        weight_decay: float = 0.01,
        restart: bool = False,
        quantile: float | None = None,
        epochs: float | None = None,
        prefer: str = "first",
    ) -> None:
        for name, count in (("batch", batch), ("steps", 1 if steps is None else steps), ("keep", keep)):
            if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1_000_000:
                raise ConfigError(f"{name} must be a whole number from 1 to a million, got {count!r}")
        if not 0 < learning_rate < 1 or not 0 <= weight_decay < 1 / learning_rate:
            raise ConfigError(
                "learning_rate must be in (0, 1) and weight_decay >= 0, and their product below 1; "
                f"got {learning_rate!r} and {weight_decay!r}"
            )
        if balance not in BALANCES:
            raise UnknownNameError("balance", str(balance), BALANCES)
        if prefer not in PREFER:
            raise UnknownNameError("prefer", str(prefer), PREFER)
        if not isinstance(restart, bool):
            raise ConfigError(f"restart must be true or false, got {restart!r}")
        if quantile is not None and not 0 <= quantile < 1:
            raise ConfigError(f"quantile must be in [0, 1), or none for the mean, got {quantile!r}")
        if epochs is not None and (isinstance(epochs, bool) or not 0 < epochs < math.inf):
            raise ConfigError(f"epochs must be above 0, or none for any number, got {epochs!r}")
        check_schedule(warmup, final_share)
        self.batch, self.asked_steps, self.keep, self.learning_rate = batch, steps, keep, learning_rate
        self.balance, self.warmup, self.final_share, self.weight_decay = balance, warmup, final_share, weight_decay
        self.restart, self.quantile, self.epochs, self.prefer = restart, quantile, epochs, prefer

    def steps(self, asked: int) -> int:
        """See `core.protocols.Update`."""
        return asked if self.asked_steps is None else self.asked_steps

    def rate(self, asked: float, step: int, steps: int) -> float:
        """See `core.protocols.Update`."""
        return scheduled_rate(self.learning_rate, step, steps, self.warmup, self.final_share)

    def begin(self, trainer: GRPOTrainer, batches: Batches) -> Steps:
        """See `core.protocols.Update`."""
        solved = batches.solved()
        if solved is None:
            return lambda step: self._play(trainer, prompts_of(batches.at(step)), step)
        fresh = Pool(solutions(solved.fresh, solved, self.keep, self.prefer), self.balance)
        replayed = round(self.batch * solved.share)
        earlier = Pool(self._replayed(solved) if replayed else [], solved.by)
        most = self._most_steps(len(fresh.solutions), self.batch - replayed)

        def take(step: int) -> Mapping[str, Any] | None:
            if step >= most:
                return None
            seed = batches.seed(step)
            old = earlier.draw(replayed, seed, "earlier")
            new = fresh.draw(self.batch - len(old), seed, "fresh")
            shares = {"replayed_share": len(old) / len([*new, *old])} if solved.share and (new or old) else {}
            return {**self._learn(trainer, [*new, *old], step), **shares}

        return take

    def _replayed(self, solved: Solved) -> list[Solution]:
        """What was solved before, and the parts of all that was solved part by part."""
        own = solutions(solved.earlier, solved, self.keep, self.prefer)
        return [*own, *of_parts([*solved.fresh, *solved.earlier], solved)]

    def _most_steps(self, solutions: int, of_a_batch: int) -> float:
        """After how many steps that learn so many of them each solution of this round has been learnt often enough."""
        return math.inf if self.epochs is None else math.ceil(self.epochs * solutions / max(1, of_a_batch))

    def _play(self, trainer: GRPOTrainer, batch: StepBatch, step: int) -> Mapping[str, Any]:
        """Sample and reward, then learn what earned more than the others."""
        from .dynamic_sampling import draw_metrics

        drawn = trainer.play(batch.prompts, batch.reward_fn, samples=batch.samples, seed=batch.seed)
        best = self._best(batch.prompts, drawn)
        chosen = weighted_draw(best, [1.0] * len(best), self.batch, python_stream(batch.seed, "chosen"))
        played = draw_metrics([drawn]).as_dict()
        return {**self._learn(trainer, chosen, step), **{n: played[n] for n in PLAYED}, **batch.measures()}

    def _best(self, prompts: Sequence[str], drawn: Draw) -> list[Solution]:
        """What was finished and earned more than the mean, or the quantile, of the batch."""
        rewards, finished = drawn.rewards, drawn.samples.finished.view(drawn.rewards.shape)
        least = rewards.mean() if self.quantile is None else rewards.quantile(self.quantile)
        above = ((rewards > least) & finished.to(rewards.device)).tolist()
        found = []
        for prompt, texts, good in zip(prompts, drawn.samples.texts, above, strict=True):
            right = dict.fromkeys(text for text, better in zip(texts, good, strict=True) if better)
            found += [Solution(prompt, text) for text in [*right][: self.keep]]
        return found

    def _learn(self, trainer: GRPOTrainer, chosen: Sequence[Solution], step: int) -> Mapping[str, Any]:
        from .config import StepMetrics

        trained = StepMetrics(learning_rate=trainer.learning_rate)
        if chosen:
            trained = trainer.learn([(one.prompt, one.text) for one in chosen], self._objective(step))
        return {**supervised_measures(trained), "distinct_questions": distinct_questions(chosen)}

    def _objective(self, step: int) -> CrossEntropy:
        from .objectives import CrossEntropy

        return CrossEntropy(self.weight_decay, restarts=self.restart and step == 0)


def solutions(labelled: Sequence[Labelled], solved: Solved, keep: int, prefer: str = "first") -> list[Solution]:
    """The different right solutions of each question, `keep` at most: one put together from parts, then attempts, as
    they were drawn or the most common first."""
    prompts = solved.ask([one.question for one in labelled])
    found = []
    for one, prompt in zip(labelled, prompts, strict=True):
        right = [text for text, matches in zip(one.attempts, one.matches, strict=True) if matches]
        rate = len(right) / max(1, len(one.attempts))
        if prefer == "common":
            right = [text for text, _ in Counter(right).most_common()]  # of equally many the first one drawn
        texts = right if one.solution is None else [one.solution, *right]
        found += [Solution(prompt, text, one.question, rate) for text in [*dict.fromkeys(texts)][:keep]]
    return found


def of_parts(labelled: Sequence[Labelled], solved: Solved) -> list[Solution]:
    """The different parts of questions that were solved part by part: what further such labels depend on."""
    found = {text: worked for one in labelled for text, worked in one.parts}
    questions = [Question(text) for text in found]
    answered = zip(questions, solved.ask(questions), found.values(), strict=True)
    return [Solution(prompt, worked, question, 1.0) for question, prompt, worked in answered]


def supervised_measures(trained: StepMetrics) -> dict[str, float]:
    """What of a step's metrics a supervised step has."""
    measured = trained.as_dict()
    return {name: measured[name] for name in SUPERVISED}


def distinct_questions(chosen: Sequence[Solution]) -> int:
    """Different questions among solutions; what a challenger wrote is a question itself."""
    return len({one.text if one.question is None else one.question.text for one in chosen})
