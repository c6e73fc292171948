"""The league of a run: snapshots of its roles, whom a role in training meets besides the other role as it is.

Snapshots are checkpoints of the run. They join and leave when a round ends; which they are stands in the state of the
run, and their files stay. How likely the learner beats each of them is rated from what the logs have of earlier rounds,
so that a run that is resumed anywhere draws the same opponents, from streams named by round and step.

A game is one attempt at a question: the solver wins it if the attempt matches the label that the run gives, and all
attempts at what cannot be asked, or has no valid label. So nothing is used here that the run does not train on anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ...agents.model_names import round_and_step
from ...core.errors import asked_by
from ...core.protocols import Agent, unreadable
from ...core.protocols.completions import completions_of
from ...core.records import Judgement, Outcome
from ...core.seeding import integer_seed, python_stream
from ...envs.game.engine import Episode, Game
from ..roles.build import base_agent, device_of
from ..roles.drawing import drawing_as
from ..settings.config import CHALLENGER, SOLVER, RunConfig
from ..storage.checkpoint import check_checkpoint
from .games import even_shares, record_of
from .players import GIB, Cache
from .ratings.bradley_terry import Record, ratings, scores_of
from .ratings.online import DRAWN, LOST, WON, OnlineRatings
from .rules.matchmaking import Opponent, draw_opponent
from .rules.pruning import surplus
from .rules.setting import LeagueSetting, is_league, league_of
from .turn_match import TurnMatch

if TYPE_CHECKING:
    from ..roles.role import Role
    from ..storage.checkpoint_store import CheckpointStore
    from ..storage.run_folder import RunFolder

WRITERS = 4
"""Challengers of the league that write the questions of one round, at most."""
RIVALS = 4
"""Opponents that a snapshot and its predecessor are compared on, at most."""

Row: TypeAlias = Mapping[str, Any]


class LeagueRun(Protocol):
    """What a league needs of a run; `run.run.SelfPlay` and its like have it. `game` holds the rules, of either kind."""

    config: RunConfig
    folder: RunFolder
    store: CheckpointStore
    roles: dict[str, Role]
    checkpoints: dict[str, str]
    round: int
    game: Any


def opposite(role: str) -> str:
    """Whose snapshots a role meets."""
    return {CHALLENGER: SOLVER, SOLVER: CHALLENGER}.get(role, role)


class RunLeague:
    """The leagues of a run's roles.

    Args:
        config: the settings of the run.
        state: of `state_dict`, to go on from.

    Attributes:
        members: the snapshots of each role that is met, oldest first, the base not among them.

    Raises:
        ConfigError: a setting of opponents that cannot work.
        MissingExtraError: openskill is not installed.
    """

    def __init__(self, config: RunConfig, state: Mapping[str, Sequence[str]]) -> None:
        rows = {role: config.roles[role].opponents for role in config.players}
        found = {role: league_of(opponents) for role, opponents in rows.items() if is_league(opponents)}
        self.config = config
        self.settings: dict[str, LeagueSetting] = {role: one for role, one in found.items() if one is not None}
        self.members = {opposite(role): list(state.get(opposite(role), ())) for role in self.settings}
        self._chances: tuple[int, OnlineRatings] | None = None
        for role in self.settings:
            with asked_by(f"roles.{role}.opponents", rows[role]):
                OnlineRatings()
        most = max((one.memory_gb for one in self.settings.values()), default=0.0)
        self._agents: Cache[tuple[str, str | None]] = Cache(self._load, int(most * GIB))

    def state_dict(self) -> dict[str, list[str]]:
        """The members, as `state.json` has them; empty without a league."""
        return {role: list(names) for role, names in sorted(self.members.items()) if names}

    # --- who is met ---

    def opponent(self, run: LeagueRun, learner: str, *path: str | int) -> str | None:
        """Whom a role meets at a place of its round: a snapshot as `shown_name` has it, or `None` for the other role as
        it is.

        Args:
            path: the place within the round, such as the step; equal places give equal opponents.
        """
        setting = self.settings.get(learner)
        if setting is None:
            return None
        rng = python_stream(run.config.seed, "league", learner, run.round, *path)
        if learner != SOLVER and rng.random() < setting.own:
            return None
        rated = self._rated(run)
        role = opposite(learner)
        names = [shown_name(role), *(shown_name(role, name) for name in self.members[role])]
        opponents = [Opponent(name, place, rated.chance(learner, name)) for place, name in enumerate(names)]
        return draw_opponent(setting.matchmaking, opponents, rng).name

    def agent(self, run: LeagueRun, role: str, name: str) -> Agent:
        """A snapshot of a role, as `shown_name` has it; what it samples counts as the role's."""
        paths: dict[str, str | None] = {shown_name(role): None}
        paths |= {shown_name(role, one): str(run.store.path(one)) for one in self.members.get(role, ())}
        agent = self._agents.get((role, paths[name]))
        if hasattr(agent, "counted") and role in run.roles and hasattr(run.roles[role].agent, "counted"):
            agent.counted = run.roles[role].agent.counted
        return agent

    def writers(self, run: LeagueRun, n: int) -> Iterator[tuple[str, Agent, int]]:
        """Who writes `n` questions of the source "league" in this round: name, agent, and how many."""
        for place, share in enumerate(even_shares(n, min(WRITERS, n))):
            name = self.opponent(run, SOLVER, "questions", place) or shown_name(CHALLENGER)
            yield name, self.agent(run, CHALLENGER, name), share

    # --- who joins, and who leaves ---

    def end_round(self, run: LeagueRun) -> None:
        """Let the roles as they are join those leagues that want them; whoever is too many leaves."""
        for learner, setting in self.settings.items():
            role = opposite(learner)
            name, members = run.checkpoints.get(role), self.members[role]
            if name is None or name in members:
                continue
            before = shown_name(role, members[-1] if members else None)
            if setting.join.joins(run.round, partial(self._duel, run, role, before)):
                self.members[role] = [*members, name]
                self._prune(run, role, setting.keep)

    def _prune(self, run: LeagueRun, role: str, keep: int) -> None:
        members = self.members[role]
        if len(members) <= keep:
            return
        records = records_of(run.folder.rows("metrics"))
        names = {key_of(role, name): name for name in members}
        keys = {*names, *(key for pair in records for key in pair)}
        values = {key: one.value for key, one in ratings(keys, records, draws=1).items()}
        left = surplus(list(names), values, scores_of(records), keep)
        self.members[role] = [name for key, name in names.items() if key not in left]

    def _duel(self, run: LeagueRun, role: str, before: str, games: int) -> tuple[float, float]:
        """Points of the role as it is and of its predecessor, against the same opponents."""
        other, game = opposite(role), run.game
        rivals: list[Agent] = [run.roles[other].agent] if other in run.roles else []
        late = self.members.get(other, [])[1 - RIVALS :]
        rivals += [self.agent(run, other, shown_name(other, name)) for name in late]
        both = run.roles[role].agent, self.agent(run, role, before)
        points = [0.0, 0.0]
        for place, agent in enumerate(both):
            for number, (rival, share) in enumerate(zip(rivals, even_shares(games, len(rivals)), strict=True)):
                seed = integer_seed(run.config.seed, "league", "duel", run.round, number)
                if role == other:
                    own = record_of(TurnMatch(game).play(agent, rival, share, seed)["outcomes"]) if share else Record()
                elif role == SOLVER:
                    own = self._asked(game, rival, agent, share, seed)
                else:
                    own = self._asked(game, agent, rival, share, seed).turned
                points[place] += own.won + 0.5 * own.drawn
        return points[0], points[1]

    def _asked(self, game: Game, challenger: Agent, solver: Agent, n: int, seed: int) -> Record:
        """Questions of a challenger put to a solver and judged as the run judges; seen by the solver."""
        if not n:
            return Record()
        attempts = self.config.labels.attempts
        (texts,) = completions_of(challenger, [game.instruct()], n=n, seed=integer_seed(seed, "propose"))
        answer = partial(solver.act, n=attempts, seed=integer_seed(seed, "answer"))
        return played_record(game.play(texts, answer, partial(unreadable, solver)), attempts)

    # --- inside ---

    def _rated(self, run: LeagueRun) -> OnlineRatings:
        """Ratings from the rounds before this one; the rows of this round differ with where a run was resumed."""
        if self._chances is None or self._chances[0] != run.round:
            found = OnlineRatings()
            for row in run.folder.rows("metrics"):
                if row["round"] < run.round:
                    for learner, name, record in matches_of(row):
                        found.play(learner, name, spread(record))
            self._chances = run.round, found
        return self._chances[1]

    def _load(self, key: tuple[str, str | None]) -> Agent:
        from ...agents.load import load_agent

        role, path = key
        row = self.config.roles[role]
        if path is None:
            agent = base_agent(self.config, role)
        else:
            check_checkpoint(Path(path))
            device = device_of(self.config, role)
            agent = load_agent(
                path, role=role, temperature=row.grpo.temperature, device=device, dtype=self.config.compute.dtype
            )
            agent.model.requires_grad_(False)
        return drawing_as(agent, self.config, role)


def played_record(episodes: Sequence[Episode], attempts: int) -> Record:
    """The games of some episodes, seen by the solver."""
    return sum((judged_record(played.judgement, attempts) for played in episodes), Record())


def judged_record(judgement: Judgement | None, attempts: int) -> Record:
    """The games about one question, seen by the solver; `None` for what could not be asked."""
    if judgement is None or not judgement.valid:
        return Record(won=attempts)
    outcomes = [verdict.outcome for verdict in judgement.verdicts]
    counts = (outcomes.count(one) for one in (Outcome.CORRECT, Outcome.UNDECIDED, Outcome.WRONG))
    return Record(*counts)


def games_row(records: Mapping[str, Record]) -> dict[str, Any]:
    """Games with opponents as a row of the metrics has them, seen by the learner.

    Args:
        records: by opponent: a snapshot as `shown_name` has it, or the name of a role as it was at that time.
    """
    return {"league": {name: {"won": r.won, "drawn": r.drawn, "lost": r.lost} for name, r in sorted(records.items())}}


def matches_of(row: Row) -> Iterator[tuple[str, str, Record]]:
    """Learner, opponent and games of a row of the metrics; nothing where it has none."""
    learner = row.get("role", SOLVER)
    for name, games in row.get("league", {}).items():
        yield learner, name, Record(games["won"], games["drawn"], games["lost"])


def shown_name(role: str, checkpoint: str | None = None) -> str:
    """A snapshot for people: "solver@3" is the solver of round 3, "solver@0" the base."""
    return f"{role}@{0 if checkpoint is None else round_and_step(checkpoint)[0]}"


def key_of(role: str, checkpoint: str) -> str:
    """A snapshot as `records_of` has it."""
    return shown_name(role, checkpoint).replace("@", "/@")


def records_of(rows: Iterable[Row]) -> dict[tuple[str, str], Record]:
    """The games of a run: learners, as "solver/round 3", against "challenger/@2", or the other role of that round."""
    found: dict[tuple[str, str], Record] = {}
    for row in rows:
        for learner, name, record in matches_of(row):
            now = f"round {row['round']}"
            pair = f"{learner}/{now}", name.replace("@", "/@") if "@" in name else f"{name}/{now}"
            found[pair] = found.get(pair, Record()) + record
    return found


def spread(record: Record) -> list[str]:
    """The games of a record in an order that spreads each outcome evenly, for ratings that follow games."""
    counts = ((WON, record.won), (DRAWN, record.drawn), (LOST, record.lost))
    places = [((i + 0.5) / count, letter) for letter, count in counts for i in range(count)]
    return [letter for _, letter in sorted(places)]
