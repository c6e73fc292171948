"""What each move of a turn game is credited with: `roles.player.baseline`.

rae(decay=0.95)                  what its player got in the end, against a running mean of the seat: role-conditioned
                                 advantage estimation of SPIRAL (arXiv 2506.24119), see `RoleBaseline`
positions(decay=0.8, trace=0.5)  how much better the game stood after it, by running values of positions: a table in
                                 the place of a critic, TD(λ) (Sutton and Barto, 2018, chapter 12)
none                             what its player got in the end
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ....core.errors import ConfigError
from ....core.protocols import TurnGame
from ....core.registries import register_baseline
from ....core.turns import Trajectory

if TYPE_CHECKING:
    from ....agents.training.baselines import RoleBaseline
    from .episodes import Episodes

KEPT = 1 << 15
"""Positions that have a value; of more, those not seen for the longest are forgotten."""


class ByPlayer:
    """Every move of a player has the same advantage: its reward against a running mean of its seat.

    Args:
        baseline: the means; `None` for none, so that advantages are rewards.
    """

    def __init__(self, baseline: RoleBaseline | None) -> None:
        self.baseline = baseline

    def advantages(self, game: TurnGame[Any], played: Episodes) -> list[float]:
        """See `Credit`."""
        import torch

        movers = sorted({(at, played.trajectories[at].turns[turn].player) for at, turn in played.moves})
        values = [float(played.trajectories[at].rewards[player]) for at, player in movers]
        if self.baseline is not None:
            keys = [f"{game.name} {player}" for _, player in movers]
            values = self.baseline.advantages(torch.tensor(values, dtype=torch.float64), keys).tolist()
        of = dict(zip(movers, values, strict=True))
        return [of[at, played.trajectories[at].turns[turn].player] for at, turn in played.moves]

    def state_dict(self) -> dict[str, Any]:
        """See `Credit`."""
        return {} if self.baseline is None else dict(self.baseline.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Credit`."""
        if self.baseline is not None:
            self.baseline.load_state_dict(state)


@register_baseline("none")
def rewards_alone() -> ByPlayer:
    """Every move has the advantage that its player got in the end."""
    return ByPlayer(None)


@register_baseline("rae")
def running_means(decay: float = 0.95) -> ByPlayer:
    """What its player got in the end, less a running mean of the seat (SPIRAL, arXiv 2506.24119).

    Args:
        decay: of the mean, per player and episode; in [0, 1).
    """
    from ....agents.training.baselines import RoleBaseline

    return ByPlayer(RoleBaseline(decay))


@register_baseline("positions")
class ByPosition:
    """A move's advantage is how much better the game stood for its player afterwards: A = Σ λ^k δ_k over the turns from
    it on, δ the change of the position's value, or in the end the reward less the last value.

    A position is what its player read, and has a value for each player, which starts at 0 and moves by a share 1 −
    `decay` per visit to what followed. That is for small games in which nothing is hidden; where players know different
    things, the value of another one's position mixes what one of them cannot know, and `trace=1` leaves it out.

    Args:
        decay: of a value, per visit.
        trace: λ; at 1 an advantage is the reward less the value of the position, at 0 the change of value by one turn.
    """

    def __init__(self, decay: float = 0.8, trace: float = 0.5) -> None:
        if not 0.0 <= decay < 1.0:
            raise ConfigError(f"decay must be in [0, 1), got {decay!r}")
        if not 0.0 <= trace <= 1.0:
            raise ConfigError(f"trace must be in [0, 1], got {trace!r}")
        self.decay, self.trace = decay, trace
        self._values: dict[str, list[float]] = {}

    def advantages(self, game: TurnGame[Any], played: Episodes) -> list[float]:
        """See `Credit`. Moves of others than the learner count as turns of the game, and teach values too."""
        players = list(game.players)
        found = [self._of(one, players) for one in played.trajectories]
        self._learn(played.trajectories, found)
        return [found[at][turn][players.index(played.trajectories[at].turns[turn].player)] for at, turn in played.moves]

    def _of(self, episode: Trajectory, players: Sequence[str]) -> list[list[float]]:
        """For each turn, each player's advantage."""
        after = [float(episode.rewards[player]) for player in players]
        passed = [0.0] * len(players)
        found = []
        for turn in reversed(episode.turns):
            here = self._values.get(_key(turn.prompt), [0.0] * len(players))
            passed = [b - a + self.trace * p for a, b, p in zip(here, after, passed, strict=True)]
            found.append(passed)
            after = here
        return found[::-1]

    def _learn(self, episodes: Sequence[Trajectory], found: Sequence[list[list[float]]]) -> None:
        """Move the values of what was visited, each position once, by the mean over its visits."""
        visits: dict[str, list[list[float]]] = {}
        for episode, advantages in zip(episodes, found, strict=True):
            for turn, own in zip(episode.turns, advantages, strict=True):
                visits.setdefault(_key(turn.prompt), []).append(own)
        for key, rows in visits.items():
            share = (1.0 - self.decay ** len(rows)) / len(rows)
            before = self._values.pop(key, [0.0] * len(rows[0]))  # last of all again: seen just now
            self._values[key] = [
                v + share * sum(moved) for v, moved in zip(before, zip(*rows, strict=True), strict=True)
            ]
        for key in list(self._values)[: max(0, len(self._values) - KEPT)]:
            del self._values[key]

    def state_dict(self) -> dict[str, Any]:
        """See `Credit`."""
        return {key: list(values) for key, values in self._values.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Credit`."""
        self._values = {key: [float(value) for value in values] for key, values in state.items()}


def _key(prompt: str) -> str:
    return blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
