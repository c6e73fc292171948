"""What a challenger's prompts and rewards depend on besides the rules: its condition, and earlier rounds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ....core.protocols import Condition, Draw, RewardRule
from ....core.records import Question, Request
from ....core.registries import make_condition
from ....core.seeding import python_stream
from ....envs.rewards.past import knowing
from ...settings.config import CHALLENGER, SOLVER
from ..labels import refuted
from ..question_log import question_of
from .failures import failures
from .past import labelled_earlier, rows_between

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
        failures=partial(failures, run),
        league=partial(run.league.writers, run) if SOLVER in run.league.settings else None,
    )


def step_requests(run: SelfPlay, draw: Draw, step: int) -> Sequence[Request | None]:
    """What the groups of a training step are asked for; the same again when asked again."""
    rng = python_stream(run.config.seed, "condition", run.round, step)
    return condition_of(run).requests(run.config.roles[CHALLENGER].groups, draw, rng)


def challenger_rule(run: SelfPlay) -> RewardRule:
    """The challenger's reward in this round: with what it depends on of earlier ones, under its condition.

    Raises:
        ConfigError: the reward cannot depend on such a condition.
    """
    return condition_of(run).rewarded(knowing(run.game.reward, run.past))


def earlier(run: SelfPlay) -> list[tuple[Question, float]]:
    """The questions asked in rounds before this one, each with its solve rate, oldest first."""
    return [(question_of(row), label["solve_rate"]) for row, label in labelled_earlier(run)]


def unsolved(run: SelfPlay) -> list[Question]:
    """Questions of the last rounds before this one that were solved below the keep band, whose label was refuted, or
    that were not valid where no label is checked: one outside the band that nobody asked about again may be easy."""
    low = run.config.questions.keep_band[0]
    first = run.round - RECENT
    hard = {
        (row["round"], row["index"])
        for row in rows_between(run, "labels", first)
        if row["solve_rate"] < low or refuted(row["check"]) or (row["check"] is None and not row["valid"])
    }
    rows = rows_between(run, "questions", first) if hard else ()
    return [question_of(row) for row in rows if (row["round"], row["index"]) in hard][::-1]
