"""What a training step is rewarded for: reward functions a trainer can call without knowing role, game or verifier."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ...core.extraction import extract_answer
from ...core.protocols import Verifier
from ...core.records import Judgement, Question, Request
from ...envs.game.engine import Answering, Episode, Game, Unreadable, solver_reward
from ..stats import mean

if TYPE_CHECKING:
    from ...agents.inference.interface.samples import Samples

RewardFn: TypeAlias = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[Sequence[float]]]
"""Prompts and the completions of each → a reward for every completion."""


class ChallengerRewardFn:
    """Rewards challengers by playing their proposals against the solver, all groups as one batch.

    Args:
        game: the rules.
        answer: asks the solver.
        unreadable: why the solver cannot read a prompt, see `Game.play`.
        requests: what each prompt asks for, see `Game.read`; () for nothing in particular.
        listener: is told of what was played.

    Attributes:
        episodes: what was played last, for the measures.
    """

    def __init__(
        self,
        game: Game,
        answer: Answering,
        unreadable: Unreadable | None = None,
        requests: Sequence[Request | None] = (),
        listener: Callable[[Sequence[Episode]], None] | None = None,
    ) -> None:
        self.game, self.answer, self.unreadable, self.requests, self.listener = (
            game,
            answer,
            unreadable,
            requests,
            listener,
        )
        self.episodes: list[Episode] = []

    def __call__(self, prompts: Sequence[str], groups: Sequence[Sequence[str]]) -> list[list[float]]:
        texts = [text for group in groups for text in group]
        pairs = zip(self.requests, groups, strict=True) if self.requests else ()
        requests = [request for request, group in pairs for _ in group]
        self.episodes = self.game.play(texts, self.answer, self.unreadable, requests)
        if self.listener is not None:
            self.listener(self.episodes)
        values = iter(played.reward.value for played in self.episodes)
        return [[next(values) for _ in group] for group in groups]


class LabelRewardFn:
    """Rewards whoever answers by a verifier that holds the attempts against the labels.

    Args:
        labelled: the questions of the step in the order of its prompts, `reference` holding the label.
        verifier: judges the attempts.
    """

    def __init__(self, labelled: Sequence[Question], verifier: Verifier) -> None:
        self.labelled, self.verifier = labelled, verifier
        self._judged: Sequence[Judgement] = ()

    def __call__(self, prompts: Sequence[str], groups: Sequence[Sequence[str]]) -> list[list[float]]:
        self._judged = self.verifier.judge_many(self.labelled, groups)
        return [[solver_reward(verdict) for verdict in judgement.verdicts] for judgement in self._judged]

    def measures(self) -> dict[str, float]:
        """What the verifier measured of the last attempts (`evidence["measures"]`), each as a mean over the questions
        that have it."""
        rows = [judgement.evidence.get("measures", {}) for judgement in self._judged]
        return {name: mean([row[name] for row in rows if name in row]) for name in sorted(set().union(*rows))}


class MonitoredReward:
    """Looks at what a step's attempts are rewarded with.

    Args:
        reward_fn: the honest one.
        silences: keep rewards that are not finite from the trainer: their whole group gets 0, and so teaches nothing.

    Attributes:
        bad: rewards that were not finite, of the last call.
    """

    def __init__(self, reward_fn: RewardFn, *, silences: bool) -> None:
        self.reward_fn, self.silences = reward_fn, silences
        self.bad = 0
        self.last: tuple[Sequence[Sequence[str]], Sequence[Sequence[float]]] = ((), ())

    @property
    def premium(self) -> float | None:
        """How much more agreeing with the majority of the group was rewarded in the last call; see
        `majority_premium`."""
        return majority_premium(*self.last)

    def __call__(self, prompts: Sequence[str], groups: Sequence[Sequence[str]]) -> Sequence[Sequence[float]]:
        return self._watched(groups, self.reward_fn(prompts, groups))

    def of_samples(self, prompts: Sequence[str], drawn: Samples) -> Sequence[Sequence[float]]:
        """The same of samples, which it shows to a function that wants to see them."""
        looks = getattr(self.reward_fn, "of_samples", None)
        rewards = self.reward_fn(prompts, drawn.texts) if looks is None else looks(prompts, drawn)
        return self._watched(drawn.texts, rewards)

    def _watched(
        self, groups: Sequence[Sequence[str]], rewards: Sequence[Sequence[float]]
    ) -> Sequence[Sequence[float]]:
        finite = [[math.isfinite(value) for value in row] for row in rewards]
        self.bad = sum(row.count(False) for row in finite)
        kept = [row if all(ok) else [0.0] * len(row) for row, ok in zip(rewards, finite, strict=True)]
        self.last = groups, kept
        return kept if self.silences else rewards


def majority_premium(groups: Sequence[Sequence[str]], rewards: Sequence[Sequence[float]]) -> float | None:
    """How much more the most frequent answer of a group is rewarded than the other attempts, mean over groups.

    In [-1, 1] for rewards in [0, 1]. Right answers agree with each other more often than wrong ones do, so whoever
    rewards right ones gives a premium, without that anybody knows what is right. Answers are compared to the letter.
    `None` if in no group two attempts agree and another differs.
    """
    premiums = []
    for texts, row in zip(groups, rewards, strict=True):
        answers = [extract_answer(text) for text in texts]
        counts = Counter(answer for answer in answers if answer is not None)
        common, count = counts.most_common(1)[0] if counts else (None, 0)
        if 1 < count < len(answers):
            total = sum(row)
            agreeing = sum(value for answer, value in zip(answers, row, strict=True) if answer == common)
            premiums.append(agreeing / count - (total - agreeing) / (len(answers) - count))
    return sum(premiums) / len(premiums) if premiums else None
