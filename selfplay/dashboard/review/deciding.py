"""From what a browser sent to a row of `reviews.jsonl`, or to the sentence that says why not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ....core.errors import ConfigError, RunError
from ...reviews.decisions import UNDO, Decision
from .queue_index import Entry, QueueIndex, text_of
from .standing_of_run import why_closed, why_too_late


class Refused(Exception):
    """A decision that is not written down; the text says why.

    Attributes:
        status: 400 not understood, 404 no such item here, 409 the run has gone on, 503 it may work later.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def decide(index: QueueIndex, who: str, body: Mapping[str, Any]) -> str:
    """Write a decision down.

    Args:
        who: the reviewer.
        body: the fields of the request, all there, none checked.

    Returns:
        what was done, for people.

    Raises:
        Refused: it was not written.
    """
    try:
        entries, _, decisions = index.look()
        entry = entries.get(body["id"]) if isinstance(body["id"], str) else None
        if entry is None:
            raise Refused(404, f"There is no item {body['id']!r:.80} in the queue of this run.")
        decision = _decision(index, entry, who, body)
        if not any(one.key == decision.key for one in decisions):  # a repeated request is answered as the first was
            late = why_closed(index) or why_too_late(index, entry)
            if late:
                raise Refused(409, late)
        index.log.add(decision)
    except ConfigError as error:
        raise Refused(400, f"{error}.") from None
    except (RunError, OSError) as error:
        raise Refused(503, f"It could not be written: {error}.") from None
    return said(decision)


def _decision(index: QueueIndex, entry: Entry, who: str, body: Mapping[str, Any]) -> Decision:
    """The decision in a request; what the reviewer saw is taken from the queue, which never changes.

    Raises:
        ConfigError: there is none in it.
    """
    before = body["before"] if body["decision"] == UNDO else seen(entry.kind, index.row(entry))
    return Decision(
        id=entry.id,
        decision=body["decision"],
        reviewer=who,
        time=time.time(),
        key=body["key"],
        before=before,
        after=body["after"],
        note=body["note"],
    )


def seen(kind: str, row: Mapping[str, Any]) -> Any:
    """What a decision on an item has as "before"."""
    label = row.get("label")
    label = None if label is None else text_of(label)
    if kind == "label":
        return label
    return {"question": text_of(row.get("question")), "label": label} if kind == "question" else None


def said(decision: Decision) -> str:
    """What was done, as a sentence."""
    kind, round_, index, *attempts = decision.id.split("/")
    at = f" {attempts[0].replace('-', ' and ')} at question" if attempts else ""
    return f"{kind.capitalize()}{at} {index} of round {round_}: {what(decision):.200}."


DONE = {"approve": "approved", "reject": "rejected", UNDO: "taken back"}


def what(decision: Decision) -> str:
    """A decision in words, with what is after it."""
    after = decision.after
    if decision.decision == "prefer":
        return f"attempt {after} preferred"
    if decision.decision == "score":
        return ", ".join(f"{name} {value}" for name, value in after.items())
    if decision.decision == "edit":
        return f"edited to {after if isinstance(after, str) else ' → '.join(str(one) for one in after.values())}"
    if decision.decision == "reject" and decision.kind == "pair":
        return "neither preferred"
    return DONE[decision.decision]
