"""What a player of a turn game learns from in a step: episodes, and what every move of its own was worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ....agents.training.updates import MoveBatch
from ....core.seeding import integer_seed, python_stream
from ....core.turns import ILLEGAL
from ...league.games import record_of
from ...league.opponents import games_row
from ...league.turn_match import outcome_of
from .episodes import Episodes, logged, play_episodes
from .legal_moves import opened

if TYPE_CHECKING:
    from ....agents.training.turns.moves import Moves
    from .run import TurnPlay


class TurnBatches:
    """The steps of a training stage.

    Args:
        run: the run.
        role: who learns.
    """

    def __init__(self, run: TurnPlay, role: str) -> None:
        self.run, self.role = run, role
        self.config = run.config.roles[role]
        self._played = Episodes([])

    def at(self, step: int) -> MoveBatch:
        """See `Batches`."""
        return MoveBatch(partial(self._play, step), partial(self._measures, step), partial(self._rows, step))

    def solved(self) -> None:
        """See `Batches`: what a move is worth shows when the game is over."""

    def preferences(self) -> None:
        """See `Batches`."""

    def seed(self, step: int) -> int:
        """See `Batches`."""
        return self.run.seed(self.role, step)

    def _play(self, step: int) -> Moves:
        import torch

        from ....agents.training.turns.moves import Moves, joined

        run, seed, count = self.run, self.seed(step), self.config.groups
        rng = python_stream(seed, "starts")
        states = [run.game.start(rng) for _ in range(count)]
        if self.config.openings:
            drawn = python_stream(seed, "openings")
            states = [opened(run.game, state, self.config.openings, drawn) for state in states]
        agent = run.roles[self.role].trainer.agent.with_settings(merge=True)
        others = run.opponents.draw(run, step, count)
        before = (run.round - 1) * self.config.steps + step  # so that seats take turns also with one game a step
        played = self._played = play_episodes(run.game, states, agent, others, integer_seed(seed, "episodes"), before)
        rewards = [self._reward(at, turn) for at, turn in played.moves]
        advantages = run.credit.advantages(run.game, played)
        as_numbers = partial(torch.tensor, dtype=torch.float64)
        return Moves(joined(played.samples), as_numbers(rewards), as_numbers(advantages))

    def _reward(self, at: int, turn: int) -> float:
        """What whoever made a move got in the end."""
        episode = self._played.trajectories[at]
        return float(episode.rewards[episode.turns[turn].player])

    def _measures(self, step: int) -> dict[str, Any]:
        """What was played: `docs/metrics.md`, "Turn games"."""
        trajectories, game = self._played.trajectories, self.run.game
        by_player = {name: fmean(float(one.rewards[name]) for one in trajectories) for name in game.players}
        own = [self._played.trajectories[at].turns[turn] for at, turn in self._played.moves]
        return {
            "episodes": len(trajectories),
            "turns": fmean(len(one.turns) for one in trajectories),
            "illegal_share": sum(turn.note.startswith(ILLEGAL) for turn in own) / max(1, len(own)),
            "reward_by_player": by_player,
            **self._games(step),
        }

    def _games(self, step: int) -> dict[str, Any]:
        """The games of the step with an opponent of the league; nothing without one."""
        name = self.run.league.opponent(self.run, self.role, step)
        if name is None:
            return {}
        played = zip(self._played.trajectories, self._played.played_as, strict=True)
        outcomes = [outcome_of(one.rewards, player) for one, (player,) in played]
        return games_row({name: record_of("".join(outcomes))})

    def _rows(self, step: int) -> Sequence[Mapping[str, Any]]:
        kept = self._played.trajectories[: self.run.config.storage.trajectories]
        return [logged(one, episode=number) for number, one in enumerate(kept)]
