"""Episodes of a turn game in which a model learns: who plays which seat, and the tokens of every move it made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ....core.errors import PluginError
from ....core.protocols import Agent, TurnGame
from ....core.seeding import integer_seed
from ....core.turns import Trajectory
from ....envs.turns.play import calls_of, play_out

if TYPE_CHECKING:
    from ....agents.inference.sampling import Samples
    from ....agents.models.llm import LLMAgent


@dataclass
class Episodes:
    """What was played, and the learner's part in it.

    Attributes:
        trajectories: one per state.
        played_as: the players of each trajectory that the learner was.
        moves: the learner's moves in the order of their samples, as (trajectory, turn).
        samples: of the learner, call by call; together one row per move.
    """

    trajectories: list[Trajectory]
    played_as: list[tuple[str, ...]] = field(default_factory=list)
    moves: list[tuple[int, int]] = field(default_factory=list)
    samples: list[Samples] = field(default_factory=list)

    @property
    def movers(self) -> list[tuple[int, str]]:
        """The seats in which the learner made a move, in order, as (trajectory, player)."""
        return sorted({(at, self.trajectories[at].turns[turn].player) for at, turn in self.moves})


class _Learner:
    """Answers as a model does, and keeps the tokens."""

    def __init__(self, agent: LLMAgent, seed: int) -> None:
        self.agent, self.seed = agent, seed
        self.calls: list[Samples] = []

    def answer(self, prompts: list[str]) -> list[str]:
        drawn = self.agent.sample(prompts, n=1, seed=integer_seed(self.seed, "moves", len(self.calls)))
        self.calls.append(drawn)
        return [text for (text,) in drawn.texts]


def play_episodes(
    game: TurnGame[Any], states: Sequence[Any], agent: LLMAgent, others: Sequence[Agent | None], seed: int
) -> Episodes:
    """Play every state to its end.

    Args:
        agent: the learner. Against itself it plays all seats; against somebody else the seats take turns, one each.
        others: who plays the other seats of each state; `None` for the learner itself.
        seed: of all moves.

    Raises:
        PluginError: there is not one opponent per state, or the game is not played as it says.
    """
    if len(others) != len(states):
        raise PluginError(f"one opponent per episode: got {len(others)} for {len(states)}")
    learner = _Learner(agent, integer_seed(seed, "learner"))
    trajectories: dict[int, Trajectory] = {}
    played_as: dict[int, tuple[str, ...]] = {}
    moves: list[tuple[int, int]] = []
    for number, (own, other, indices) in enumerate(_blocks(game.players, others)):
        asked = [0]

        def answer(
            player: str,
            prompts: list[str],
            *,
            own: str | None = own,
            other: Agent | None = other,
            number: int = number,
            asked: list[int] = asked,
        ) -> list[str]:
            if other is None or player == own:
                return learner.answer(prompts)
            asked[0] += 1
            texts = other.act(prompts, seed=integer_seed(seed, "opponent", number, asked[0]))
            return [text for (text,) in texts]

        played = play_out(game, [states[index] for index in indices], answer)
        trajectories |= dict(zip(indices, played, strict=True))
        played_as |= dict.fromkeys(indices, tuple(game.players) if own is None else (own,))
        for player, called in calls_of(played):
            if other is None or player == own:
                moves += [(indices[at], turn) for at, turn in called]
    order = range(len(states))
    found = Episodes([trajectories[at] for at in order], [played_as[at] for at in order], moves, learner.calls)
    _check(found)
    return found


def _blocks(
    players: Sequence[str], others: Sequence[Agent | None]
) -> Iterator[tuple[str | None, Agent | None, list[int]]]:
    """Episodes that are played together: the learner's seat (`None` for all), its opponent, and which they are."""
    blocks: dict[tuple[str | None, int], list[int]] = {}
    by_id: dict[int, Agent | None] = {id(other): other for other in others}
    counts: dict[int, int] = {}
    for index, other in enumerate(others):
        met = counts.get(id(other), 0)
        counts[id(other)] = met + 1
        own = None if other is None else players[met % len(players)]
        blocks.setdefault((own, id(other)), []).append(index)
    for (own, which), indices in blocks.items():
        yield own, by_id[which], indices


def _check(episodes: Episodes) -> None:
    """Every sample stands at the move that it made."""
    texts = [text for call in episodes.samples for (text,) in call.texts]
    made = [episodes.trajectories[at].turns[turn].text for at, turn in episodes.moves]
    if texts != made:
        raise PluginError("the moves of the trajectories are not those that were sampled: play_out reordered them")


def logged(trajectory: Trajectory, **where: Any) -> Mapping[str, Any]:
    """A row of the log `trajectories`: all that every player read and wrote."""
    turns = [
        {"player": turn.player, "prompt": turn.prompt, "text": turn.text, "note": turn.note}
        for turn in trajectory.turns
    ]
    return {**where, "turns": turns, "rewards": dict(trajectory.rewards), "reason": trajectory.reason}
