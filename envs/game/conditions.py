"""What a challenger is asked for, so that it follows the solver: a solve rate, or an easier relative of an unsolved
question.

    none        the bare instruction, the same for every group: the game of R-Zero
    level       a difficulty per group, after DARC (arXiv 2601.13761)
    unsolved    a question that the solver did not solve, after the guided challenger of SGS (arXiv 2604.20209)

The words are the domain's (`templates.Template`), and the requests travel in the questions themselves
(`core.records.Request.marked`), so that a reward rule, a log and a curriculum see what was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...core.errors import ConfigError
from ...core.protocols import Draw, RewardRule, Rng
from ...core.records import NEAR, Judgement, Question, Request, Reward, TaskSpec
from ..rewards.challenger import ChallengerReward
from ..rewards.relevance import Relevance
from ..rewards.weighted_sum import WeightedSum
from .domains import identity_of
from .templates import LEVELS


class Unconditioned:
    """Nothing in particular is asked for: every group reads the bare instruction."""

    def requests(self, n: int, draw: Draw, rng: Rng) -> list[Request | None]:
        return [None] * n

    def rewarded(self, rule: RewardRule) -> RewardRule:
        return rule


class LevelCondition:
    """A difficulty is asked for: level x in [0, 1] is a question that is solved at rate t = 1 − x.

    A question then earns min(p/t, (1 − p)/(1 − t)) at solve rate p, in place of the shape of the reward: 1 at the rate
    asked for, 0 at both ends; at t = ½ it is R-Zero's 1 − 2|p − ½|. DARC's −|p − t| would leave a question that
    everybody solves most of its reward where an easy one was asked for. Malformed and invalid questions earn 0.

    Args:
        low, high: lowest and highest solve rate asked for, within (0, 1): the middles of the ten levels that lie
            between are drawn evenly.
        curriculum: whether the curriculum of the run chooses the level instead, and observes how it went.
    """

    def __init__(self, low: float = 0.3, high: float = 0.8, *, curriculum: bool = False) -> None:
        middles = [(digit + 0.5) / LEVELS for digit in range(LEVELS)]
        if not 0.0 < low <= high < 1.0:
            raise ConfigError(f"level needs solve rates 0 < low <= high < 1, got low={low!r}, high={high!r}")
        self.levels = [level for level in middles if low <= 1.0 - level <= high]
        if not self.levels:
            raise ConfigError(f"no level has a solve rate from {low!r} to {high!r}: they are 0.05, 0.15, … 0.95")
        self.follows_curriculum = curriculum

    def requests(self, n: int, draw: Draw, rng: Rng) -> list[Request | None]:
        return [Request(spec=self._spec(draw, rng)) for _ in range(n)]

    def rewarded(self, rule: RewardRule) -> RewardRule:
        asked = held_against_request(rule)
        if asked is None:
            raise ConfigError(
                f"the condition 'level' puts a solve rate into the shape of a reward; {type(rule).__name__} has none: "
                "take one of the presets (selfplay-gym list rewards) or a sum with one, or condition='none'"
            )
        return asked

    def _spec(self, draw: Draw, rng: Rng) -> TaskSpec:
        if not self.follows_curriculum:
            return TaskSpec(self.levels[int(rng.random() * len(self.levels))])
        if draw.curriculum is None:
            raise ConfigError("the condition level(curriculum=true) needs a curriculum; there is none here")
        return draw.curriculum.sample(rng)


def held_against_request(rule: RewardRule) -> RewardRule | None:
    """The rule with the solve rate asked for in place of its shape; `None` where it has no shape."""
    if isinstance(rule, ChallengerReward):
        return replace(rule, asked=True)
    if not isinstance(rule, WeightedSum):
        return None
    changed = rule.with_rules(lambda part: held_against_request(part) or part)
    return None if changed == rule else changed


class UnsolvedCondition:
    """A question of earlier rounds that the solver did not solve is shown, and an easier relative asked for.

    Unsolved is what was solved below the keep band, or was not valid, so could not be checked. Before there is any, the
    bare instruction is read. The reward is the usual one times the relevance of the question to the one shown (see
    `rewards.relevance`): SGS has a model judge that; here it is BLEU, since the embedded model judges nothing.

    Args:
        near, far: similarities in [0, 1] between which a question counts as a relative, see `rewards.relevance`.
        longest: of characters in a question that is shown; longer ones are passed over, to leave room in the context.
    """

    def __init__(self, near: float = 0.2, far: float = 0.7, *, longest: int = 200) -> None:
        if longest < 1:
            raise ConfigError(f"unsolved needs longest >= 1, got {longest!r}")
        self.relevance, self.longest = Relevance(near, far), longest

    def requests(self, n: int, draw: Draw, rng: Rng) -> list[Request | None]:
        texts = [question.text for question in draw.unsolved if len(question.text) <= self.longest]
        if not texts:
            return [None] * n
        return [Request(near=texts[int(rng.random() * len(texts))]) for _ in range(n)]

    def rewarded(self, rule: RewardRule) -> RewardRule:
        return RelatedReward(rule, self.relevance)


class RelatedReward:
    """A reward rule whose rewards above 0 are multiplied by the relevance of a question to the one that was shown.

    A question that asks the same as the one shown has relevance 0, whatever its words. Questions that were written
    without being shown one keep their reward.
    """

    def __init__(self, rule: RewardRule, relevance: Relevance) -> None:
        self.rule, self.relevance = rule, relevance

    def __call__(
        self,
        questions: Sequence[Question | None],
        judgements: Sequence[Judgement | None],
        attempts: Sequence[Sequence[str]],
    ) -> list[Reward]:
        rewards = list(self.rule(questions, judgements, attempts))
        shown = [(i, q, q.meta[NEAR]) for i, q in enumerate(questions) if q is not None and NEAR in q.meta]
        for (i, question, near), factor in zip(shown, self._factors(shown), strict=True):
            same = identity_of(question) == identity_of(replace(question, text=near))
            value, terms = rewards[i]
            factor = 0.0 if same else factor
            rewards[i] = Reward(value * factor if value > 0 else value, {**terms, "relevance": factor})
        return rewards

    def _factors(self, shown: Sequence[tuple[int, Question, str]]) -> list[float]:
        return self.relevance([question.text for _, question, _ in shown], [near for _, _, near in shown])
