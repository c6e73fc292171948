"""Games of several turns: rules that are pure, apart from every view of them and from whoever trains on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from .players import Rng

State = TypeVar("State")


@runtime_checkable
class TurnGame(Protocol[State]):
    """The rules of a game in which one player moves at a time, by writing a text.

    States are values: no method changes one. Nothing draws at random but `start`.

    Attributes:
        name: what it is registered as.
        players: their names, in a fixed order; "player_0", "player_1" … where nothing speaks against it.
    """

    name: str
    players: tuple[str, ...]

    def start(self, rng: Rng) -> State:
        """The first state. All that is drawn is drawn here, hidden cards and values included."""
        ...

    def to_move(self, state: State) -> str | None:
        """Whose turn it is; `None` when the game is over."""
        ...

    def prompt(self, state: State) -> str:
        """What the player to move reads: all that it may know, the earlier moves included; "" when the game is over."""
        ...

    def move(self, state: State, text: str) -> State:
        """The state after the player to move wrote `text`; asked only while somebody is to move.

        Must not raise on any text. One that is unreadable or illegal ends the game at once, and its writer has lost;
        the reason of the result then begins with `core.turns.ILLEGAL` and names the rule.
        """
        ...

    def legal(self, state: State) -> Sequence[str]:
        """Texts that are legal moves now, in a fixed order; empty where they cannot be listed, or the game is over."""
        ...

    def result(self, state: State) -> tuple[Mapping[str, float], str]:
        """What every player gets and how the game ended, once it is over.

        Whoever broke the rules gets less than each of the others.
        """
        ...


@runtime_checkable
class ShowsState(Protocol):
    """What a turn game may have besides: how a state is written for whoever looks on."""

    def show(self, state: Any) -> str:
        """The board, the cards or the table, without the moves that led there, whoever is to move, or nobody.

        Hidden cards and values are included: no player reads it.
        """
        ...
