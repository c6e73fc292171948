"""A run on a game of several turns: one role, "player", that plays the seats and learns from every move it makes.

    before the first round    evaluate → gate
    each round                train(player) → evaluate → gate

State machine, storage, hooks and resume are those of every run (`run.machine`). What it has none of: questions, labels,
a curriculum, policies on texts (a text that is no legal move loses by the rules), and a validation apart from the exam.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ....agents.training.updates import GRPOUpdate
from ....core.errors import ConfigError, asked_by
from ....core.protocols import Agent
from ....core.registries import make_baseline, make_turn_game
from ....core.seeding import integer_seed
from ...bench.resolve_agent import resolve_agent
from ...league.opponents import RunLeague
from ...roles.build import base_agent
from ...roles.drawing import drawing_as
from ...roles.updates import update_of
from ...settings.config import RunConfig
from ...settings.parts import LabelsConfig
from ...settings.tree import flatten
from ...settings.turn_games import PLAYER, turn_game_of
from ..machine.state_machine import Run
from .batches import TurnBatches
from .exams import against, exploited
from .legal_moves import check_opens
from .opponents import NamedAgent, check_plays, opponents_of
from .reading import check_reads

BASE = "base"
"""The opponent of an exam that is the model as it started."""
OF_QUESTIONS: Mapping[str, Any] = {
    **{f"roles.{PLAYER}.{name}": idle for name, idle in (("replay", 0), ("dynamic_sampling", 0))},
    **{f"roles.{PLAYER}.{name}": "none" for name in ("condition", "turns")},
    "labels.source": LabelsConfig().source,
    "exam.pass_k": 0,
    "exam.suites": [],
    "exam.turns": False,
}
"""Settings that mean nothing in a turn game, and what they are left at."""


class TurnPlay(Run):
    """A run in which one model learns a turn game.

    Attributes:
        game: the rules.
        opponents: whom the player meets in its training.
        league: snapshots of the player, where its opponents are a league.
        credit: what its moves are worth.
    """

    def _set_up(self, state: Mapping[str, Any]) -> None:
        """See `Run`."""
        config, row = self.config, self.config.roles[PLAYER]
        name = turn_game_of(config.env)
        if name is None:
            raise ConfigError(f"env={config.env!r} is no turn game")
        _check_settings(config)
        if not row.learns and any(stage.name == f"train({PLAYER})" for stage in self.schedule.all_stages):
            raise ConfigError(
                f"roles.{PLAYER}.learns=false leaves the stage train({PLAYER}) nothing to do: leave either out"
            )
        self.game = make_turn_game(name)
        self.opponents, self.league = opponents_of(row.opponents), RunLeague(config, state.get("league", {}))
        if row.opponents == "latest" and row.kl_reference != "round":
            raise ConfigError(
                f"roles.{PLAYER}.opponents='latest' is the player as it was when the round began: it needs "
                f"roles.{PLAYER}.kl_reference='round', which keeps that checkpoint"
            )
        if row.openings:
            check_opens(self.game, f"roles.{PLAYER}.openings={row.openings}")
        self._check_opponents()
        self.credit = make_baseline(row.baseline)
        self.credit.load_state_dict(state.get("baselines", {}))

    def _check_opponents(self) -> None:
        """Notice now, not hours later at the first exam, who is not there or cannot play."""
        if isinstance(self.opponents, NamedAgent):
            named = f"roles.{PLAYER}.opponents={self.config.roles[PLAYER].opponents!r}"
            check_plays(self.game, self.opponents.agent, named)
        for name in self.config.exam.opponents:
            if name != BASE:
                with asked_by("exam.opponents", name):
                    check_plays(self.game, resolve_agent(name), f"exam.opponents={name!r}")

    def _prepare_roles(self) -> None:
        """See `Run`."""
        if skips := self.config.roles[PLAYER].skips:
            check_reads(self.game, self.roles[PLAYER].agent, PLAYER, skips)

    def game_state(self) -> dict[str, Any]:
        """See `Run`."""
        return {"baselines": self.credit.state_dict(), "league": self.league.state_dict()}

    def _round_over(self) -> None:
        """See `Run`."""
        self.league.end_round(self)

    def batches_of(self, role: str) -> TurnBatches:
        """What the player learns from in a training stage."""
        return TurnBatches(self, role)

    @property
    def began_with(self) -> str | None:
        """The checkpoint of the player when the round began; `None` for the model as it started."""
        return self.references.get(PLAYER)

    def player_of(self, checkpoint: str | None) -> Agent:
        """The player as one of its checkpoints has it, or as it started."""
        model = None if checkpoint is None else str(self.store.path(checkpoint))
        return drawing_as(base_agent(self.config, PLAYER, model=model), self.config, PLAYER)

    # --- exams ---

    def evaluation(self) -> dict[str, Any]:
        """The exam of the round, which remembers the best; empty in rounds without one."""
        config = self.config.exam
        if self.round % config.every and self.round < self.config.rounds:
            return {}
        with self.compute.examining(self.roles):
            found = dict(self._exams())
        score = self._score(found)
        if not self.best or score > self.best["validation_accuracy"]:
            kept = {"checkpoints": dict(self.checkpoints), "curriculum": {}}
            self.best = {"round": self.round, "validation_accuracy": score, **kept}
        return {"turn_exam": found, "score": score}

    def _exams(self) -> Iterator[tuple[str, Any]]:
        agent, config = self.roles[PLAYER].agent.with_settings(merge=True), self.config.exam
        seed = partial(integer_seed, self.config.seed, "turn exam")
        if self.game.name == "kuhn":
            yield "exploitability", exploited(agent, self._strategies(), seed("strategy"))
        ways = {"sampled": agent, **({"greedy": agent.with_settings(temperature=0.0)} if config.greedy else {})}
        for name in config.opponents:
            opponent = self.player_of(None) if name == BASE else resolve_agent(name)
            yield (
                name,
                {
                    way: against(self.game, one, opponent, config.questions, seed(name, way))
                    for way, one in ways.items()
                },
            )

    def _strategies(self) -> list[Mapping[str, Any]]:
        """The exact strategies of earlier exams since training began."""
        rows = [row["turn_exam"] for row in self.folder.rows("metrics") if "turn_exam" in row and row["round"]]
        return [row["exploitability"]["strategy"] for row in rows if "exploitability" in row]

    def _score(self, found: Mapping[str, Any]) -> float:
        """What the best round is chosen by: minus the exploitability, or the mean reward over the opponents."""
        if "exploitability" in found:
            return -float(found["exploitability"]["exact"])
        way = "greedy" if self.config.exam.greedy else "sampled"
        rewards = [float(one[way]["reward"]["value"]) for one in found.values()]
        return sum(rewards) / len(rewards) if rewards else 0.0


def _check_settings(config: RunConfig) -> None:
    """Refuse settings of another kind of run."""
    if config.guard.mode == "on":
        raise ConfigError(
            "guard.mode='on' goes back by the validation of questions, which a turn game has none of: use 'watch' or "
            "'off'"
        )
    given = dict(flatten(config.as_dict()))
    for setting, idle in OF_QUESTIONS.items():
        if given[setting] != idle:
            raise ConfigError(
                f"{setting}={given[setting]!r} is for questions and answers: leave it at {idle!r} in {config.env}"
            )
    update = config.roles[PLAYER].update
    if not isinstance(update_of(config.roles[PLAYER]), GRPOUpdate):
        raise ConfigError(f"roles.{PLAYER}.update must be 'grpo' in a turn game, got {update!r}")
