"""The records of a turn game: one move, and one episode; frozen and slotted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One move.

    Attributes:
        player: who moved.
        prompt: all that the player read: its own view of the game, what happened before included.
        text: what the player wrote, unchanged.
        note: what the rules said of it: "" for a legal move, else "illegal: " and the rule that was broken.
    """

    player: str
    prompt: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One episode of a turn game.

    Attributes:
        turns: all moves, in order; none where the game was over before anybody moved.
        rewards: what each player got, by name; the range is the game's.
        reason: how it ended; begins with "illegal: " where a move broke the rules.
    """

    turns: tuple[Turn, ...]
    rewards: Mapping[str, float]
    reason: str
