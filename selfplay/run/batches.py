"""What a role trains on, step by step: prompts, and what completions are rewarded for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ...core.errors import ConfigError
from ...core.protocols import Verifier, unreadable
from ...core.records import Question
from ...core.registries import make_verifier
from ...core.seeding import integer_seed, python_stream
from ..roles.rewards import ChallengerRewardFn, LabelRewardFn, MonitoredReward, RewardFn
from ..settings.config import CHALLENGER, SOLVER
from .labels import label_verifier
from .metrics import challenger_measures
from .pool import pool_rows

if TYPE_CHECKING:
    from ...agents.training.dynamic_sampling import DynamicSampling
    from .run import SelfPlay


Asking: TypeAlias = Callable[[Sequence[Question]], list[str]]


@dataclass(frozen=True)
class StepBatch:
    """One step's worth.

    Attributes:
        prompts: one per group.
        reward_fn: completions of each prompt → rewards.
        seed: of the samples.
        more: further prompts for groups that teach nothing; `None` for none.
        measures: what is measured besides what the trainer reports, asked for after the step.
        pool: rows of `pool.jsonl`, asked for after the step.
    """

    prompts: Sequence[str]
    reward_fn: RewardFn
    seed: int
    more: DynamicSampling | None = None
    measures: Callable[[], Mapping[str, Any]] = dict
    pool: Callable[[], Sequence[Mapping[str, Any]]] = tuple


class Batches(Protocol):
    """The batches of one stage."""

    def at(self, step: int) -> StepBatch:
        """The batch of a step; the same again when asked again."""
        ...


class ChallengerBatches:
    """The challenger is rewarded by the game, with the present solver answering."""

    def __init__(self, run: SelfPlay) -> None:
        self.run, self.config = run, run.config.roles[CHALLENGER]

    def at(self, step: int) -> StepBatch:
        """See `Batches`."""
        run = self.run
        seed = run.seed(CHALLENGER, step)
        answer = partial(run.attempt, seed=integer_seed(seed, "attempts"))
        reward_fn = ChallengerRewardFn(run.game, answer, partial(unreadable, run.roles[SOLVER].agent))
        measures, pool = partial(self._measures, reward_fn), partial(self._pool, reward_fn)
        return StepBatch([run.game.instruct()] * self.config.groups, reward_fn, seed, measures=measures, pool=pool)

    def _measures(self, reward_fn: ChallengerRewardFn) -> Mapping[str, Any]:
        return challenger_measures(reward_fn.episodes, self.run.config.questions.keep_band)

    def _pool(self, reward_fn: ChallengerRewardFn) -> Sequence[Mapping[str, Any]]:
        keeps = self.run.config.questions.pool
        return pool_rows(reward_fn.episodes, self.run.checkpoints.get(SOLVER)) if keeps else ()


class AnswerBatches:
    """Whoever answers learns the labels of the round's questions, or of tasks made of them.

    Args:
        run: the run.
        role: who answers.
        tasks: each with a reference.
        ask: the prompts of tasks.
        verifier: what holds answers against references, given a seed for controls that toss coins.
    """

    def __init__(
        self,
        run: SelfPlay,
        role: str,
        tasks: Sequence[Question],
        ask: Asking,
        verifier: Callable[[int], Verifier],
    ) -> None:
        self.run, self.role, self.ask, self.verifier = run, role, ask, verifier
        self.config = run.config.roles[role]
        self.order = python_stream(run.config.seed, f"{role} order", run.round).sample(list(tasks), len(tasks))
        self.size = min(self.config.groups, len(tasks))

    @classmethod
    def of(cls, run: SelfPlay, role: str) -> AnswerBatches | None:
        """The batches of a round; `None`, and a warning, where there is nothing to learn."""
        ask, verifier = answering(run, role)
        if role == SOLVER:
            tasks = [question for _, question in run.kept()]
        else:
            tasks = run.domain.roles[role].tasks(run.labelled())
        if not tasks:
            run.warn(f"round {run.round}: no question survived the filter, the {role} does not train")
            return None
        if len(tasks) < run.config.roles[role].groups:
            run.warn(f"round {run.round}: {len(tasks)} questions survived; smaller batches")
        return cls(run, role, tasks, ask, verifier)

    def at(self, step: int) -> StepBatch:
        """See `Batches`."""
        batch = self._slice(step, range(self.size))
        seed = self.run.seed(self.role, step)
        verifier = self.verifier(integer_seed(seed, "coins"))
        others = self._slice(step, range(self.size, len(self.order)))
        more = self._more(iter(others), verifier)
        return StepBatch(self.ask(batch), LabelRewardFn(batch, verifier), seed, more)

    def _slice(self, step: int, places: range) -> list[Question]:
        return [self.order[(step * self.size + i) % len(self.order)] for i in places]

    def _more(self, others: Iterator[Question], verifier: Verifier) -> DynamicSampling | None:
        """Further questions of the round in place of those whose attempts all got the same reward."""
        if not self.config.dynamic_sampling:
            return None
        from ...agents.training.dynamic_sampling import DynamicSampling

        def further(count: int) -> tuple[list[str], RewardFn]:
            batch = list(islice(others, count))
            reward_fn = LabelRewardFn(batch, verifier)
            return self.ask(batch), MonitoredReward(reward_fn, silences=self.run.config.guard.mode == "on")

        return DynamicSampling(self.config.dynamic_sampling, further)


def answering(run: SelfPlay, role: str) -> tuple[Asking, Callable[[int], Verifier]]:
    """How whoever answers is asked, and what holds the answers against references, made from a seed.

    Raises:
        ConfigError: the domain has no words for the role, or nobody knows its reward.
    """
    reward = run.config.roles[role].reward
    if role == SOLVER:
        return run.game.ask, label_verifier(run.domain, reward, run.config.labels.source)
    if role not in run.domain.roles:
        raise ConfigError(
            f"the domain {run.domain.name!r} has no words for the role {role!r}; it knows "
            f"{', '.join([CHALLENGER, SOLVER, *run.domain.roles])}. A further role needs its RoleWords there"
        )
    words = run.domain.roles[role]
    verifier = make_verifier(words.verifier if reward in ("label", {"name": "label"}) else reward)
    return lambda tasks: [words.ask(task) for task in tasks], lambda seed: verifier
