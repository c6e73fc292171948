"""The language of a negotiation: what the players share, their offers, and how a prompt shows both.

A share is a tuple of counts, one per kind. An offer asks for a share and leaves the rest to the other player.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

KINDS = ("book", "hat", "ball")
ACCEPT = "<accept>"
OPEN, CLOSE = "<offer>", "</offer>"
HOW = (
    "Ask for what you want, such as <offer>1 book, 1 hat</offer>: the other player gets the rest. "
    "Or take the offer made to you: <accept>."
)

Share = tuple[int, ...]

_ITEM = re.compile(rf"([0-9]{{1,2}}) ({'|'.join(KINDS)})s?")
_LINES = re.compile(
    r"^Negotiation: you share (?P<items>.+) with another player\.\n"
    r"Worth to you: (?P<values>.+)\.\n"
    r"Offers so far: (?P<offers>.+)\n"
    r"Turns left: (?P<left>[0-9]+)\n"
)


@dataclass(frozen=True, slots=True)
class Table:
    """What the player to move sees.

    Attributes:
        items: how many there are of each kind.
        values: what one item of each kind is worth to this player.
        offered: the share that this player gets by accepting; `None` where nothing is offered yet.
        left: turns left of both players together, this one included.
    """

    items: Share
    values: Share
    offered: Share | None
    left: int


def worth(values: Share, share: Share) -> int:
    """What a share is worth."""
    return sum(value * count for value, count in zip(values, share, strict=True))


def rest(items: Share, share: Share) -> Share:
    """What is left of all items."""
    return tuple(total - count for total, count in zip(items, share, strict=True))


def write_share(share: Share) -> str:
    """A share in words: "2 books, 1 hat", or "nothing"."""
    parts = [f"{count} {kind}{'' if count == 1 else 's'}" for count, kind in zip(share, KINDS, strict=True) if count]
    return ", ".join(parts) or "nothing"


def write_values(values: Share) -> str:
    """What one item of each kind is worth: "a book 1, a hat 0, a ball 4"."""
    return ", ".join(f"a {kind} {value}" for kind, value in zip(KINDS, values, strict=True))


def read_share(text: str) -> Share | None:
    """The share that words name, in any case and with any blanks; `None` where they name none, or one kind twice."""
    words = " ".join(text.lower().split()) if text.isascii() else ""
    if words == "nothing":
        return (0,) * len(KINDS)
    counts: dict[str, int] = {}
    for part in words.split(","):
        found = _ITEM.fullmatch(part.strip())
        if found is None or found[2] in counts:
            return None
        counts[found[2]] = int(found[1])
    return tuple(counts.get(kind, 0) for kind in KINDS)


def write_offer(share: Share) -> str:
    """The text that asks for a share."""
    return f"{OPEN}{write_share(share)}{CLOSE}"


def read_offer(text: str) -> str | Share | None:
    """What a text does: `ACCEPT`, or the share that it asks for; `None` where it is not exactly one of both.

    Words around the one tag mean nothing. Tags are read as they are written, in small letters.
    """
    offers, accepts = text.count(OPEN), text.count(ACCEPT)
    if offers + accepts != 1:
        return None
    if accepts:
        return ACCEPT
    words, closed, _ = text.partition(OPEN)[2].partition(CLOSE)
    return read_share(words) if closed else None


def show_table(items: Share, values: Share, offers: tuple[Share, ...], left: int) -> str:
    """What the player to move reads; the last of `offers` is the other player's."""
    asked = [
        f"{'they' if (len(offers) - place) % 2 else 'you'} want {write_share(offer)}"
        for place, offer in enumerate(offers)
    ]
    return (
        f"Negotiation: you share {write_share(items)} with another player.\n"
        f"Worth to you: {write_values(values)}.\n"
        f"Offers so far: {'; '.join(asked) or 'none'}\n"
        f"Turns left: {left}\n"
    )


@lru_cache(4096)
def read_table(prompt: str) -> Table | None:
    """What `show_table` showed; `None` where a prompt shows no negotiation."""
    found = _LINES.match(prompt)
    items = read_share(found["items"]) if found else None
    if found is None or items is None:
        return None
    values = tuple(int(part.rsplit(" ", 1)[1]) for part in found["values"].split(", "))
    last = found["offers"].split("; ")[-1]
    asked = read_share(last.removeprefix("they want ")) if last.startswith("they want ") else None
    return Table(items, values, None if asked is None else rest(items, asked), int(found["left"]))
