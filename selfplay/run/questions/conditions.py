"""What a challenger's prompts and rewards depend on besides the rules: its condition, and earlier rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ....core.protocols import Condition, Draw, RewardRule
from ....core.records import Question, Request
from ....core.registries import make_condition
from ....core.seeding import python_stream
from ....envs.rewards.archive import MOST
from ....envs.rewards.challenger import ChallengerReward
from ...settings.config import CHALLENGER
from ..labels import refuted
from ..question_log import question_of

if TYPE_CHECKING:
    from ..run import SelfPlay

RECENT = 2
"""Rounds back in which a question counts as unsolved: what was too hard long ago may be solved by now."""


def condition_of(run: SelfPlay) -> Condition:
    """The condition of the challenger's settings.

    Raises:
        ConfigError: no such condition.
    """
    row = run.config.roles.get(CHALLENGER)
    return make_condition("none" if row is None else row.condition)


def check_condition(run: SelfPlay) -> None:
    """Refuse a condition that nobody knows, that the reward cannot depend on, or that the template has no words for.

    Raises:
        ConfigError: says which of them, and the remedy.
    """
    condition_of(run).rewarded(run.game.reward)
    if CHALLENGER in run.config.roles and run.config.roles[CHALLENGER].condition != "none":
        run.game.instruct(Request())


def follows_curriculum(condition: Condition) -> bool:
    """Whether the curriculum chooses what the challenger is asked for."""
    return bool(getattr(condition, "follows_curriculum", False))


def draw_of(run: SelfPlay) -> Draw:
    """What the sources of a round are given, and the requests of a training step."""
    return Draw(
        seed=run.config.seed,
        round=run.round,
        domain=run.domain.name,
        game=run.game,
        agents={name: role.agent for name, role in run.roles.items()},
        generator=run.generator,
        curriculum=run.curriculum,
        condition=condition_of(run),
        unsolved=unsolved(run),
        earlier=partial(earlier, run),
    )


def step_requests(run: SelfPlay, draw: Draw, step: int) -> Sequence[Request | None]:
    """What the groups of a training step are asked for; the same again when asked again."""
    rng = python_stream(run.config.seed, "condition", run.round, step)
    return condition_of(run).requests(run.config.roles[CHALLENGER].groups, draw, rng)


def challenger_rule(run: SelfPlay) -> RewardRule:
    """The challenger's reward in this round: against the archive where it has that term, under its condition.

    Raises:
        ConfigError: the reward cannot depend on such a condition.
    """
    rule = run.game.reward
    archive = rule.archive if isinstance(rule, ChallengerReward) else None
    if isinstance(rule, ChallengerReward) and archive is not None and run.round >= archive.from_round:
        rule = replace(rule, archive=replace(archive, texts=archived(run)))
    return condition_of(run).rewarded(rule)


def archived(run: SelfPlay) -> tuple[str, ...]:
    """A sample of the questions that were asked in earlier rounds, the same whenever the round is entered."""
    texts = [row["text"] for row in run.folder.rows("questions") if row["round"] < run.round and row["dropped"] is None]
    return tuple(python_stream(run.config.seed, "archive", run.round).sample(texts, min(MOST, len(texts))))


def earlier(run: SelfPlay) -> list[tuple[Question, float]]:
    """The questions asked in rounds before this one, each with its solve rate, oldest first."""
    rates = {
        (row["round"], row["index"]): row["solve_rate"] for row in run.folder.rows("labels") if row["round"] < run.round
    }
    rows = run.folder.rows("questions") if rates else ()
    return [(question_of(row), rates[at]) for row in rows if (at := (row["round"], row["index"])) in rates]


def unsolved(run: SelfPlay) -> list[Question]:
    """Questions of the last rounds before this one that were solved below the keep band, whose label was refuted, or
    that were not valid where no label is checked: one outside the band that nobody asked about again may be easy."""
    low = run.config.questions.keep_band[0]
    first = run.round - RECENT
    hard = {
        (row["round"], row["index"])
        for row in _rows_between(run, "labels", first)
        if row["solve_rate"] < low or refuted(row["check"]) or (row["check"] is None and not row["valid"])
    }
    rows = _rows_between(run, "questions", first) if hard else ()
    return [question_of(row) for row in rows if (row["round"], row["index"]) in hard][::-1]


def _rows_between(run: SelfPlay, log: str, first: int) -> Iterator[dict[str, Any]]:
    """The rows of the rounds from `first` to the last one, newest first; no more is read."""
    for row in run.folder.rows_from_end(log):
        if row["round"] < first:
            return
        if row["round"] < run.round:
            yield row
