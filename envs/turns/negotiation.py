"""A negotiation: two players share books, hats and balls, each with private values; they write offers in turns.

Items and values are drawn as in Lewis et al., "Deal or No Deal?" (arXiv 1706.05125, section 3.1): 5 to 7 items, all of
them worth 10 to either player, every kind worth something to one of them, and one kind to both. What differs: offers
have one form and are all that the other player reads, so that no text of a model reaches the prompt of another.

Rewards: with a deal, the worth of the own share as a part of the worth of all items, in [0, 1]; without one 0 for both.
A move that breaks the rules earns −1, and 0 for the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

from ...core.errors import ConfigError
from ...core.protocols import Rng
from ...core.turns import ILLEGAL
from ...core.turns.moves import shown_move
from ...core.turns.negotiation import (
    ACCEPT,
    HOW,
    KINDS,
    Share,
    read_offer,
    rest,
    show_table,
    worth,
    write_offer,
    write_share,
    write_values,
)

T = TypeVar("T")
PLAYERS = ("player_0", "player_1")
WORTH = 10
"""What all items together are worth to either player."""
FEWEST, MOST = 5, 7
"""Items in all."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What is shared, and what was said.

    Attributes:
        items: how many there are of each kind.
        values: what one item of each kind is worth, to the first player and to the second.
        offers: the shares that were asked for, in turns.
        accepted: whether the last of them was accepted.
        broken: the rule that the last move broke, "" for none.
    """

    items: Share
    values: tuple[Share, Share]
    offers: tuple[Share, ...] = ()
    accepted: bool = False
    broken: str = ""


class Negotiation:
    """Private values, text offers, a number of turns; both can gain, and neither need.

    Args:
        turns: of both players together, ≥ 2. An offer in the last one cannot be accepted any more.
    """

    name = "negotiation"
    players = PLAYERS

    def __init__(self, turns: int = 6) -> None:
        if isinstance(turns, bool) or not isinstance(turns, int) or turns < 2:
            raise ConfigError(f"turns must be an integer >= 2, or nobody could accept; got {turns!r}")
        self.turns = turns

    def start(self, rng: Rng) -> Dialogue:
        """Draw the items, and what they are worth to each."""
        items = _drawn(all_items(), rng)
        return Dialogue(items, _drawn(all_values(items), rng))

    def to_move(self, state: Dialogue) -> str | None:
        over = state.accepted or state.broken or len(state.offers) >= self.turns
        return None if over else PLAYERS[_mover(state)]

    def prompt(self, state: Dialogue) -> str:
        if self.to_move(state) is None:
            return ""
        left = self.turns - len(state.offers)
        return show_table(state.items, state.values[_mover(state)], state.offers, left) + HOW

    def legal(self, state: Dialogue) -> tuple[str, ...]:
        if self.to_move(state) is None:
            return ()
        offers = tuple(write_offer(share) for share in itertools.product(*(range(count + 1) for count in state.items)))
        return (ACCEPT, *offers) if state.offers else offers

    def move(self, state: Dialogue, text: str) -> Dialogue:
        move = read_offer(text)
        if move is None:
            said = f"{shown_move(text)} is neither one offer nor one {ACCEPT}"
            return replace(state, broken=ILLEGAL + said)
        if isinstance(move, str):
            if state.offers:
                return replace(state, accepted=True)
            return replace(state, broken=f"{ILLEGAL}there is no offer yet that could be accepted")
        if min(rest(state.items, move)) < 0:
            said = f"{write_share(move)} are more than there are: {write_share(state.items)}"
            return replace(state, broken=ILLEGAL + said)
        return replace(state, offers=(*state.offers, move))

    def result(self, state: Dialogue) -> tuple[Mapping[str, float], str]:
        if state.broken:
            return {
                player: -1.0 if place == _mover(state) else 0.0 for place, player in enumerate(PLAYERS)
            }, state.broken
        if not state.accepted:
            return dict.fromkeys(PLAYERS, 0.0), f"no deal in {self.turns} turns"
        asker = 1 - _mover(state)
        shares = {asker: state.offers[-1], 1 - asker: rest(state.items, state.offers[-1])}
        rewards = {player: worth(state.values[place], shares[place]) / WORTH for place, player in enumerate(PLAYERS)}
        said = " and ".join(f"{write_share(shares[place])} for {player}" for place, player in enumerate(PLAYERS))
        return rewards, f"a deal: {said}"

    def show(self, state: Dialogue) -> str:
        worths = [f"To {player}: {write_values(own)}" for player, own in zip(PLAYERS, state.values, strict=True)]
        return "\n".join([f"Shared: {write_share(state.items)}", *worths])


@cache
def all_items() -> tuple[Share, ...]:
    """Every number of items that can be drawn: 5 to 7, at least one of each kind."""
    counts = itertools.product(range(1, MOST), repeat=len(KINDS))
    return tuple(items for items in counts if FEWEST <= sum(items) <= MOST)


@cache
def all_values(items: Share) -> tuple[tuple[Share, Share], ...]:
    """Every pair of values that can be drawn for some items."""
    single = [one for one in itertools.product(range(WORTH + 1), repeat=len(items)) if worth(one, items) == WORTH]
    return tuple(
        (one, other)
        for one, other in itertools.product(single, repeat=2)
        if all(map(max, one, other)) and any(map(min, one, other))
    )


def _drawn(among: tuple[T, ...], rng: Rng) -> T:
    return among[int(rng.random() * len(among))]


def _mover(state: Dialogue) -> int:
    return len(state.offers) % 2
