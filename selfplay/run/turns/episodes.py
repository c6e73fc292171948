"""Episodes of a turn game in which a model learns: who plays whom, and the tokens of every move it made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ....core.errors import PluginError, short
from ....core.protocols import Agent, TurnGame
from ....core.protocols.completions import completions_of
from ....core.seeding import integer_seed
from ....core.turns import Trajectory
from ....envs.turns.play import calls_of, play_out

if TYPE_CHECKING:
    from ....agents.inference.interface.samples import Samples
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
    game: TurnGame[Any],
    states: Sequence[Any],
    agent: LLMAgent,
    others: Sequence[Agent | None],
    seed: int,
    before: int = 0,
) -> Episodes:
    """Play every state to its end.

    Args:
        agent: the learner. Against itself it is all players; against somebody else one, and which one takes turns.
        others: who the other players of each state are; `None` for the learner itself.
        seed: of all moves.
        before: how many calls with as many episodes against each came before this one: turns of seats go on from there.

    Raises:
        PluginError: there is not one opponent per state, an opponent gives something other than one text per prompt, or
            the game is not played as it says.
    """
    if not isinstance(others, Sequence) or len(others) != len(states):
        got = f"{len(others)} for {len(states)}" if isinstance(others, Sequence) else repr(others)
        raise PluginError(f"draw of opponents gives a list of one agent, or None, per episode; got {got}")
    for other in others:
        if not (other is None or isinstance(other, Agent)):
            raise PluginError(f"draw of opponents gives agents, which have act, or None; got {short(other)}")
    learner = _Learner(agent, integer_seed(seed, "learner"))
    trajectories: dict[int, Trajectory] = {}
    played_as: dict[int, tuple[str, ...]] = {}
    moves: list[tuple[int, int]] = []
    for number, block in enumerate(_blocks(game.players, others, before)):
        states_of = [states[index] for index in block.indices]
        answer = partial(block.answer, learner, integer_seed(seed, "opponent", number))
        played = play_out(game, states_of, answer)
        trajectories |= dict(zip(block.indices, played, strict=True))
        played_as |= dict.fromkeys(block.indices, block.played_as(game.players))
        for player, called in calls_of(played):
            if block.learns(player):
                moves += [(block.indices[at], turn) for at, turn in called]
    order = range(len(states))
    found = Episodes([trajectories[at] for at in order], [played_as[at] for at in order], moves, learner.calls)
    _check(found)
    return found


@dataclass
class _Block:
    """Episodes that are played together.

    Attributes:
        own: the player that is the learner; `None` for all of them.
        other: who the others are; `None` where there are none.
        indices: which episodes.
        asked: calls of the other so far.
    """

    own: str | None
    other: Agent | None
    indices: list[int] = field(default_factory=list)
    asked: int = 0

    def learns(self, player: str) -> bool:
        """Whether a player is the learner."""
        return self.own is None or player == self.own

    def played_as(self, players: Sequence[str]) -> tuple[str, ...]:
        """The players that are the learner."""
        return tuple(filter(self.learns, players))

    def answer(self, learner: _Learner, seed: int, player: str, prompts: list[str]) -> list[str]:
        """See `play_out`."""
        if self.other is None or self.learns(player):
            return learner.answer(prompts)
        self.asked += 1
        return [text for (text,) in completions_of(self.other, prompts, n=1, seed=integer_seed(seed, self.asked))]


def _blocks(players: Sequence[str], others: Sequence[Agent | None], before: int) -> list[_Block]:
    """The episodes by opponent and by the player that the learner is; against each opponent these take turns."""
    blocks: dict[tuple[int, str | None], _Block] = {}
    met = Counter({key: before * count for key, count in Counter(map(id, others)).items()})
    for index, other in enumerate(others):
        own = None if other is None else players[met[id(other)] % len(players)]
        met[id(other)] += 1
        blocks.setdefault((id(other), own), _Block(own, other)).indices.append(index)
    return list(blocks.values())


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
