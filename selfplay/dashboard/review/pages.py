"""What the templates of the review pages are given. Nobody sees what others decided before having decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ...reviews.checks import MOST_NOTE, RUBRIC
from ...reviews.decisions import Decision
from ...reviews.items import Item
from ...reviews.outcomes import come_to_the_same, people
from ...reviews.review_queue import asked_of
from ..visible import editable
from .deciding import what, why_closed
from .queue_index import Entry, Look, QueueIndex

MOST_ROWS = 200
"""Items in a list."""
KEYS = (
    ("a", "approve"),
    ("e", "edit; Ctrl+Enter saves, Esc leaves"),
    ("r", "reject; of a pair: neither is better"),
    ("1 2", "of a pair: the first or the second answer is better"),
    ("0 … 4", "scores, one criterion after the other; Enter saves"),
    ("u", "take back: your decision on this item, or else your last one"),
    ("n", "write a note, which goes with your decision; Esc leaves it"),
    ("j k", "next, previous"),
    ("t", "the text as it was written, or with formulas"),
    ("q", "the queue"),
    ("?", "these keys"),
)
OPEN = "open"
LEVELS = {
    "completeness": (
        "no step is written down",
        "one of the steps that are needed",
        "half of them",
        "all but small ones",
        "every step",
    ),
    "soundness": (
        "no step follows",
        "most steps do not follow",
        "a wrong step that matters",
        "only slips that do not matter",
        "every step follows",
    ),
}
"""What each score means, from 0 on."""
STATES = {OPEN: "Left for you", "decided": "Decided by you", "differ": "Others differ", "all": "All"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which items a reviewer wants to see.

    Attributes:
        kind, gate, round, by: "" lets everything through; `by` is another reviewer who has decided.
        state: one of `STATES`.
    """

    kind: str = ""
    gate: str = ""
    round: str = ""
    by: str = ""
    state: str = OPEN

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Chosen:
        """The filters in an address; what is no state means the open ones."""
        state = query.get("state", OPEN)
        texts = {name: query.get(name, "") for name in ("kind", "gate", "round", "by")}
        return cls(**texts, state=state if state in STATES else OPEN)

    def address(self, base: str, **more: str) -> str:
        """An address with these filters."""
        default = Chosen()
        own = {name: getattr(self, name) for name in FILTERED if getattr(self, name) != getattr(default, name)}
        query = urlencode({**own, **more})
        return f"{base}?{query}" if query else base

    def lets(self, entry: Entry, who: str, look: Look) -> bool:
        """Whether an item is among them."""
        fixed = (self.kind, entry.kind), (self.gate, entry.gate), (self.round, str(entry.round))
        by = not self.by or self.by in look.of(entry)
        return all(wanted in ("", there) for wanted, there in fixed) and by and _is(self.state, entry, who, look)

    def order(self, who: str, look: Look, at: Entry | None = None) -> list[Entry]:
        """These items, and the one that is looked at; of those left, what nobody decided comes first, then what more
        people were asked about, and then second looks."""
        found = [one for one in look.entries.values() if one is at or self.lets(one, who, look)]
        if self.state != OPEN:
            return found
        return sorted(found, key=lambda one: (look.has_enough(one), bool(look.of(one).keys() - {who})))


FILTERED = ("kind", "gate", "round", "by", "state")


def _is(state: str, entry: Entry, who: str, look: Look) -> bool:
    if state == "differ":
        return differ(entry, who, look)
    return state == "all" or (who in look.of(entry)) == (state == "decided")


def differ(entry: Entry, who: str, look: Look) -> bool:
    """Whether others decided otherwise than a reviewer who has decided."""
    own = look.of(entry)
    return who in own and any(not come_to_the_same(own[who], one) for name, one in own.items() if name not in (who, ""))


def queue_values(index: QueueIndex, base: str, who: str, query: Mapping[str, str]) -> dict[str, Any]:
    """What the list of items shows."""
    look, chosen = index.look(), Chosen.of(query)
    shown = chosen.order(who, look)
    rows = [
        {
            "address": chosen.address(f"{base}/item", id=entry.id),
            "name": name_of(entry),
            "round": entry.round,
            "gate": entry.gate,
            "question": entry.question,
            "own": what(look.of(entry)[who]) if who in look.of(entry) else None,
            "differs": differ(entry, who, look),
            "asked": _asked(entry, look),
        }
        for entry in shown[:MOST_ROWS]
    ]
    return {
        "title": "Review queue",
        "closed": why_closed(index, look),
        "total": len(look.entries),
        "left": _left(who, look),
        "filters": _filters(chosen, who, look),
        "filtered": chosen != Chosen(),
        "chosen": chosen,
        "first": rows[0]["address"] if rows else None,
        "rows": rows,
        "more": len(shown) - len(rows),
    }


def _filters(chosen: Chosen, who: str, look: Look) -> list[dict[str, Any]]:
    """The fields that choose, each with how many items it lets through by itself.

    Other reviewers' names say that they have decided, and not what.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in FILTERED}
    for entry in look.entries.values():
        counts["kind"][entry.kind] += 1
        counts["gate"][entry.gate] += 1
        counts["round"][str(entry.round)] += 1
        counts["by"].update(look.of(entry).keys() - {who, ""})
        counts["state"].update(state for state in STATES if _is(state, entry, who, look))
    made = [_field("state", "Show", chosen.state, [(state, STATES[state], counts["state"][state]) for state in STATES])]
    for name, title in (("kind", "Kind"), ("gate", "Picked by"), ("round", "Round"), ("by", "Decided by")):
        options = [("", "any", len(look.entries)), *((value, value, count) for value, count in counts[name].items())]
        made.append(_field(name, title, getattr(chosen, name), options))
    return made


def _field(name: str, title: str, chosen: str, options: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    shown = [{"value": value, "title": text, "count": count} for value, text, count in options]
    return {"name": name, "title": title, "chosen": chosen, "options": shown}


def item_values(index: QueueIndex, base: str, who: str, query: Mapping[str, str]) -> dict[str, Any] | None:
    """What the page of one item shows; `None` if the queue has no such item."""
    look, chosen = index.look(), Chosen.of(query)
    entry = look.entries.get(query.get("id", ""))
    if entry is None:
        return None
    item, own = index.item(entry), look.of(entry).get(who)
    closed = why_closed(index, look, entry, who)
    return {
        "title": name_of(entry),
        "item": item,
        "most_votes": sum((item.votes or {}).values()),
        "closed": closed,
        "left": _left(who, look),
        "asked": _asked(entry, look),
        **_way(chosen, base, entry, chosen.order(who, look, entry), chosen.lets(entry, who, look)),
        "own": own and {"what": what(own), "note": own.note, "after": own.after},
        "others": _others(look.of(entry), who),
        "differs": differ(entry, who, look),
        "takes_back": None if closed else own or look.last_of(who),
        "edit": None if closed else _edit(item, own),
        "rubric": [{"name": name, "levels": LEVELS[name]} for name in RUBRIC],
        "most_note": MOST_NOTE,
    }


def _way(chosen: Chosen, base: str, entry: Entry, order: Sequence[Entry], inside: bool) -> dict[str, Any]:
    """Where an item stands among those chosen and its page leads; `next`, after a decision, also round the end."""

    def to(one: Entry | None) -> str | None:
        return chosen.address(f"{base}/item", id=one.id) if one else None

    at = order.index(entry)
    following = order[at + 1] if at + 1 < len(order) else None
    return {
        "place_in": at + 1 if inside else None,
        "shown": len(order),
        "previous": to(order[at - 1] if at else None),
        "following": to(following),
        "next": to(following or next((one for one in order if one is not entry), None)),
        "base_filtered": chosen.address(base),
    }


def _others(own: Mapping[str, Decision], who: str) -> Sequence[dict[str, str]]:
    """What others decided, for somebody who has decided; nothing for somebody who has not."""
    if who not in own:
        return []
    return [
        {"reviewer": name, "what": what(one), "note": one.note} for name, one in own.items() if name not in (who, "")
    ]


def _edit(item: Item, own: Decision | None) -> dict[str, str] | None:
    """What the fields of an edit begin with; `None` where a text is too long for a field."""
    question, label = item.question, item.label
    if own is not None and own.decision == "edit":
        question, label = (question, own.after) if item.kind == "label" else (own.after["question"], own.after["label"])
    fields = editable(question if item.kind == "question" else ""), editable(label or "")
    return None if None in fields else {"question": fields[0] or "", "label": fields[1] or ""}


def _asked(entry: Entry, look: Look) -> str | None:
    """How many people are asked and have decided; `None` where it is one, who needs not be told."""
    return asked_of(entry.reviewers, len(people(look.of(entry)))) if entry.reviewers > 1 else None


def _left(who: str, look: Look) -> int:
    return sum(who not in look.of(entry) for entry in look.entries.values())


def name_of(entry: Entry) -> str:
    """An item in words."""
    kind, _, index, *attempts = entry.id.split("/")
    if attempts:
        return f"{kind.capitalize()} {attempts[0].replace('-', ' and ')} at question {index}"
    return f"{kind.capitalize()} {index}"
