"""What the templates of the review pages are given; whoever has not decided on an item sees nobody else's decision on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ...reviews.checks import HIGHEST, MOST_NOTE, RUBRIC
from ...reviews.decisions import Decision
from ..visible import editable
from .deciding import what
from .items import Item, item_of
from .queue_index import Entry, QueueIndex, latest_of
from .standing_of_run import why_closed, why_too_late

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
STATES = {"open": "Left for you", "decided": "Decided by you", "differ": "Others differ", "all": "All"}

Standing = Mapping[str, Mapping[str, Decision]]


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
    state: str = "open"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Chosen:
        """The filters in an address; what is no state means the open ones."""
        state = query.get("state", "open")
        texts = {name: query.get(name, "") for name in ("kind", "gate", "round", "by")}
        return cls(**texts, state=state if state in STATES else "open")

    def address(self, base: str, **more: str) -> str:
        """An address with these filters."""
        default = Chosen()
        own = {name: getattr(self, name) for name in FILTERED if getattr(self, name) != getattr(default, name)}
        query = urlencode({**own, **more})
        return f"{base}?{query}" if query else base

    def lets(self, entry: Entry, who: str, stands: Standing) -> bool:
        """Whether an item is among them."""
        fixed = (self.kind, entry.kind), (self.gate, entry.gate), (self.round, str(entry.round))
        by = not self.by or self.by in stands.get(entry.id, {})
        return all(wanted in ("", there) for wanted, there in fixed) and by and _is(self.state, entry, who, stands)


FILTERED = ("kind", "gate", "round", "by", "state")


def _is(state: str, entry: Entry, who: str, stands: Standing) -> bool:
    own = stands.get(entry.id, {})
    if state == "differ":
        return differ(entry, who, stands)
    return state == "all" or (who in own) == (state == "decided")


def differ(entry: Entry, who: str, stands: Standing) -> bool:
    """Whether others decided otherwise than a reviewer who has decided."""
    own = stands.get(entry.id, {})
    return who in own and any((one.decision, one.after) != (own[who].decision, own[who].after) for one in own.values())


def queue_values(index: QueueIndex, base: str, who: str, query: Mapping[str, str]) -> dict[str, Any]:
    """What the list of items shows."""
    entries, stands, _ = index.look()
    chosen = Chosen.of(query)
    shown = [entry for entry in entries.values() if chosen.lets(entry, who, stands)]
    items = f"{base}/item"
    rows = [
        {
            "address": chosen.address(items, id=entry.id),
            "name": name_of(entry),
            "kind": entry.kind,
            "round": entry.round,
            "gate": entry.gate,
            "question": entry.question,
            "own": what(stands[entry.id][who]) if who in stands.get(entry.id, {}) else None,
            "differs": differ(entry, who, stands),
        }
        for entry in shown[:MOST_ROWS]
    ]
    return {
        "title": "Review queue",
        "closed": why_closed(index),
        "total": len(entries),
        "left": _left(entries, who, stands),
        "filters": _filters(entries.values(), chosen, who, stands),
        "filtered": chosen != Chosen(),
        "chosen": chosen,
        "first": rows[0]["address"] if rows else None,
        "rows": rows,
        "more": len(shown) - len(rows),
    }


def _filters(entries: Any, chosen: Chosen, who: str, stands: Standing) -> list[dict[str, Any]]:
    """The fields that choose, each with how many items it would let through; other reviewers' names say only that they
    have decided, not what.
    """
    kinds, gates, rounds, people, states = Counter(), Counter(), Counter(), Counter(), Counter()  # type: ignore[var-annotated]
    for entry in entries:
        kinds[entry.kind] += 1
        gates[entry.gate] += 1
        rounds[str(entry.round)] += 1
        people.update(name for name in stands.get(entry.id, {}) if name and name != who)
        states.update(state for state in STATES if _is(state, entry, who, stands))
    total = sum(kinds.values())
    fields: list[tuple[str, str, Mapping[str, int]]] = [
        ("kind", "Kind", kinds),
        ("gate", "Picked by", gates),
        ("round", "Round", rounds),
        ("by", "Decided by", people),
    ]
    made = [
        {
            "name": name,
            "title": title,
            "chosen": getattr(chosen, name),
            "options": [
                {"value": "", "title": "any", "count": total},
                *({"value": value, "title": value, "count": count} for value, count in counts.items()),
            ],
        }
        for name, title, counts in fields
    ]
    options = [{"value": state, "title": title, "count": states[state]} for state, title in STATES.items()]
    return [{"name": "state", "title": "Show", "chosen": chosen.state, "options": options}, *made]


def item_values(index: QueueIndex, base: str, who: str, query: Mapping[str, str]) -> dict[str, Any] | None:
    """What the page of one item shows; `None` if the queue has no such item."""
    entries, stands, decisions = index.look()
    entry = entries.get(query.get("id", ""))
    if entry is None:
        return None
    chosen, items = Chosen.of(query), f"{base}/item"
    order = [one.id for one in entries.values() if one.id == entry.id or chosen.lets(one, who, stands)]
    at = order.index(entry.id)
    counted = [one for one in order if one != entry.id or chosen.lets(entry, who, stands)]
    around = {"previous": order[at - 1] if at else None, "following": order[at + 1] if at + 1 < len(order) else None}
    after = around["following"] or next((one for one in order if one != entry.id), None)
    item, own = item_of(entry, index.row(entry)), stands.get(entry.id, {}).get(who)
    late = why_closed(index) or why_too_late(index, entry)
    return {
        "title": name_of(entry),
        "item": item,
        "closed": late,
        "left": _left(entries, who, stands),
        "place_in": counted.index(entry.id) + 1 if entry.id in counted else None,
        "shown": len(counted),
        "base_filtered": chosen.address(base),
        "next": chosen.address(items, id=after) if after else None,
        **{name: chosen.address(items, id=one) if one else None for name, one in around.items()},
        "own": own and {"what": what(own), "note": own.note, "after": own.after},
        "others": _others(stands.get(entry.id, {}), who),
        "differs": differ(entry, who, stands),
        "takes_back": None if late else own or latest_of(who, decisions, stands),
        "edit": _edit(item, own),
        "rubric": [{"name": name, "levels": RUBRIC_WORDS[name]} for name in RUBRIC],
        "most_note": MOST_NOTE,
    }


RUBRIC_WORDS = {name: [str(level) for level in range(HIGHEST + 1)] for name in RUBRIC}


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
    fields = {"question": editable(question) if item.kind == "question" else "", "label": editable(label)}
    if None in fields.values():
        return None
    return {name: text or "" for name, text in fields.items()}


def _left(entries: Mapping[str, Entry], who: str, stands: Standing) -> int:
    return sum(who not in stands.get(entry, {}) for entry in entries)


def name_of(entry: Entry) -> str:
    """An item in words."""
    kind, _, index, *attempts = entry.id.split("/")
    if attempts:
        return f"{kind.capitalize()} {attempts[0].replace('-', ' and ')} at question {index}"
    return f"{kind.capitalize()} {index}"
