"""What a role learns from in a stage: prompts and rewards, step by step, and what it has solved already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from ...agents.training.balance import BALANCES
from ...agents.training.updates import Batches, MoveBatch, Solved, StepBatch
from ...core.errors import ConfigError
from ...core.protocols import OutputPolicy, Verifier, unreadable
from ...core.records import Labelled, Question
from ...core.registries import make_verifier
from ...core.seeding import integer_seed, python_stream, weighted_draw
from ...envs.game.domains import identity_of
from ...envs.game.screening import screened
from ..league.opponents import games_row, played_record
from ..roles.answer_rewards import AnswerRewardFn, AnswerRule
from ..roles.rewards import ChallengerRewardFn, LabelRewardFn, MonitoredReward, RewardFn
from ..settings.config import CHALLENGER, SOLVER
from . import round_log
from .feedback.material import set_aside
from .labels import label_verifier
from .metrics import challenger_measures
from .questions.conditions import challenger_rule, draw_of, step_requests
from .questions.hearing import tell_played
from .questions.pool import pool_rows
from .questions.replay import replayable

if TYPE_CHECKING:
    from ...agents.training.dynamic_sampling import DynamicSampling
    from ...agents.training.preferences.objective import Preference
    from .run import SelfPlay


Asking: TypeAlias = Callable[[Sequence[Question]], list[str]]
Rewarding: TypeAlias = Callable[[int], Callable[[Sequence[Question]], RewardFn]]
"""A seed, for controls that toss coins → the questions of a step, each with its label → what rewards the answers."""
LABEL = ("label", {"name": "label"})
"""How the settings say that answers are rewarded by the label."""


class ChallengerBatches:
    """The challenger is rewarded by the game, with the present solver answering, or one of its league."""

    def __init__(self, run: SelfPlay) -> None:
        self.run, self.config = run, run.config.roles[CHALLENGER]
        self.game, self.draw = run.game.rewarding(challenger_rule(run)), draw_of(run)

    def at(self, step: int) -> StepBatch:
        """See `Batches`."""
        run, seed = self.run, self.seed(step)
        name = run.league.opponent(run, CHALLENGER, step)
        agent = run.roles[SOLVER].agent if name is None else run.league.agent(run, SOLVER, name)
        answer = partial(run.attempt, seed=integer_seed(seed, "attempts"), agent=agent)
        requests = step_requests(run, self.draw, step)
        unread = partial(unreadable, agent)
        reward_fn = ChallengerRewardFn(self.game, answer, unread, requests, partial(tell_played, run))
        measures, pool = partial(self._measures, reward_fn, name), partial(self._pool, reward_fn)
        prompts = [self.game.instruct(request) for request in requests]
        return StepBatch(prompts, reward_fn, self.config.samples, seed, measures=measures, pool=pool)

    def solved(self) -> None:
        """See `Batches`: what its questions earn shows when they are played."""

    def preferences(self) -> None:
        """See `Batches`."""

    def seed(self, step: int) -> int:
        """See `Batches`."""
        return self.run.seed(CHALLENGER, step)

    def _measures(self, reward_fn: ChallengerRewardFn, opponent: str | None) -> Mapping[str, Any]:
        found = challenger_measures(reward_fn.episodes, self.run.config.questions.keep_band)
        if CHALLENGER not in self.run.league.settings:
            return found
        record = played_record(reward_fn.episodes, self.run.config.labels.attempts).turned
        return {**found, **games_row({opponent or SOLVER: record})}

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
        rewarding: what rewards the answers.
        earlier: questions that are replayed, with the attempts at them.
    """

    def __init__(
        self,
        run: SelfPlay,
        role: str,
        tasks: Sequence[Question],
        ask: Asking,
        rewarding: Rewarding,
        earlier: Sequence[Labelled] = (),
    ) -> None:
        self.run, self.role, self.ask, self.rewarding, self.earlier = run, role, ask, rewarding, earlier
        self.config = run.config.roles[role]
        self.order = python_stream(run.config.seed, f"{role} order", run.round).sample(list(tasks), len(tasks))
        self.old, rates = tasks_of(run, role, earlier)
        self.weights = BALANCES[self.config.replay_by](self.old, rates)
        self.replayed = min(round(self.config.replay * self.config.groups), sum(weight > 0 for weight in self.weights))
        self.size = min(self.config.groups - self.replayed, len(tasks))

    @classmethod
    def of(cls, run: SelfPlay, role: str) -> AnswerBatches | None:
        """The batches of a round; `None`, and a warning, where there is nothing to learn."""
        ask, rewarding = answering(run, role)
        config, aside = run.config.roles[role], set_aside(run)
        if role == SOLVER:
            tasks = [question for _, question in run.kept() if not aside or identity_of(question) not in aside]
        else:
            tasks = tasks_of(run, role, run.labelled(run.domain.roles[role].valid))[0]
        if not tasks:
            run.warn(f"round {run.round}: no question survived the filter, the {role} does not train")
            return None
        earlier = without(aside, replayable(run, config.replay_easy)) if config.replay else []
        batches = cls(run, role, tasks, ask, rewarding, earlier)
        if batches.size < config.groups - batches.replayed:
            run.warn(f"round {run.round}: {len(tasks)} questions survived; smaller batches")
        return batches

    def at(self, step: int) -> StepBatch:
        """See `Batches`."""
        seed = self.seed(step)
        old = weighted_draw(self.old, self.weights, self.replayed, python_stream(seed, "replay"))
        batch = [*self._slice(step, range(self.size)), *old]
        rewarded = self.rewarding(integer_seed(seed, "coins"))
        others = self._slice(step, range(self.size, len(self.order)))
        more = self._more(iter(others), rewarded)
        shares = {"replayed_share": len(old) / len(batch)} if self.config.replay else {}
        reward_fn = rewarded(batch)
        measures = partial(_measures, reward_fn, shares)
        return StepBatch(self.ask(batch), reward_fn, self.config.samples, seed, more, measures)

    def solved(self) -> Solved | None:
        """See `Batches`: the solver's attempts that equal the kept labels, unless something else is rewarded."""
        if self.role != SOLVER or self.config.reward not in LABEL:
            return None
        fresh = without(set_aside(self.run), round_log.solved(self.run.rows))
        return Solved(fresh, self.earlier, self.config.replay, self.config.replay_by, self.ask)

    def preferences(self) -> None:
        """See `Batches`: what people prefer is learnt in the stage `feedback`."""

    def seed(self, step: int) -> int:
        """See `Batches`."""
        return self.run.seed(self.role, step)

    def _slice(self, step: int, places: range) -> list[Question]:
        return [self.order[(step * self.size + i) % len(self.order)] for i in places]

    def _more(
        self, others: Iterator[Question], rewarded: Callable[[Sequence[Question]], RewardFn]
    ) -> DynamicSampling | None:
        """Further questions of the round in place of those whose attempts all got the same reward."""
        if not self.config.dynamic_sampling:
            return None
        from ...agents.training.dynamic_sampling import DynamicSampling

        def further(count: int) -> tuple[list[str], RewardFn]:
            batch = list(islice(others, count))
            return self.ask(batch), MonitoredReward(rewarded(batch), silences=self.run.config.guard.mode == "on")

        return DynamicSampling(self.config.dynamic_sampling, further)


class MonitoredBatches:
    """The batches of a stage, with an eye on what completions are rewarded with.

    Attributes:
        rewards: the monitor of the last batch that was asked for; `None` as long as there was none, and for games of
            several turns, whose rules give the rewards.
        pool, log: what was played in the last batch, and the log that it belongs to.
    """

    def __init__(self, batches: Batches, *, silences: bool) -> None:
        self.batches, self.silences = batches, silences
        self.rewards: MonitoredReward | None = None
        self.pool: Callable[[], Sequence[Mapping[str, Any]]] = tuple
        self.log = "pool"

    def at(self, step: int) -> StepBatch | MoveBatch:
        """See `Batches`."""
        batch = self.batches.at(step)
        if isinstance(batch, MoveBatch):
            self.pool, self.log = batch.pool, "trajectories"
            return batch
        self.rewards, self.pool = MonitoredReward(batch.reward_fn, silences=self.silences), batch.pool
        return replace(batch, reward_fn=self.rewards)

    def solved(self) -> Solved | None:
        """See `Batches`."""
        return self.batches.solved()

    def preferences(self) -> Sequence[Preference] | None:
        """See `Batches`."""
        return self.batches.preferences()

    def seed(self, step: int) -> int:
        """See `Batches`."""
        return self.batches.seed(step)


def tasks_of(run: SelfPlay, role: str, labelled: Sequence[Labelled]) -> tuple[list[Question], list[float]]:
    """What a role is asked about labelled questions, and the share of right attempts, ½ where a task is no question."""
    if not labelled:
        return [], []
    if role == SOLVER:
        rates = [sum(one.matches) / max(1, len(one.matches)) for one in labelled]
        return [one.question for one in labelled], rates
    tasks = list(run.domain.roles[role].tasks(labelled))
    return tasks, [0.5] * len(tasks)


def without(aside: Collection[str], labelled: Sequence[Labelled]) -> list[Labelled]:
    """Labelled questions but those that nobody may train on, by identity."""
    return [one for one in labelled if not aside or identity_of(one.question) not in aside]


def _measures(reward_fn: RewardFn, shares: Mapping[str, Any]) -> Mapping[str, Any]:
    """Shares of the batch, and what each part of a reward added, or what its verifier measured, where it did."""
    if isinstance(reward_fn, AnswerRewardFn):
        return {**shares, "reward_terms": reward_fn.means}
    return {**shares, **reward_fn.measures()} if isinstance(reward_fn, LabelRewardFn) else shares


def answering(run: SelfPlay, role: str) -> tuple[Asking, Rewarding]:
    """How whoever answers is asked, and what rewards the answers.

    Raises:
        ConfigError: the domain has no words for the role, or nobody knows its reward.
    """
    rule, policy = AnswerRule.of(run.config.roles[role].reward), run.refusals.policies.get(role)
    if role == SOLVER:
        given = run.domain, rule.base, run.config.labels.source, run.by_workers
        verifier = None if rule.sampled else label_verifier(*given)
        return run.game.ask, partial(rewarded_by, rule, verifier, policy, role)
    if role not in run.domain.roles:
        raise ConfigError(
            f"the domain {run.domain.name!r} has no words for the role {role!r}; it knows "
            f"{', '.join([CHALLENGER, SOLVER, *run.domain.roles])}. A further role needs its RoleWords there"
        )
    words = run.domain.roles[role]
    judge = None if rule.sampled else make_verifier(words.verifier if rule.base in LABEL else rule.base)
    rewarding = partial(rewarded_by, rule, None if judge is None else lambda seed: judge, policy, role)
    return lambda tasks: [words.ask(task) for task in tasks], rewarding


def rewarded_by(
    rule: AnswerRule,
    verifier: Callable[[int], Verifier] | None,
    policy: OutputPolicy | None,
    role: str,
    seed: int,
) -> Callable[[Sequence[Question]], RewardFn]:
    """See `Rewarding`."""
    judge = None if verifier is None else screened(verifier(seed), policy, role)
    if rule.only_verdicts and judge is not None:
        return lambda batch: LabelRewardFn(batch, judge)
    return lambda batch: AnswerRewardFn(batch, judge, rule)
