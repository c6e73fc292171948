"""From what a browser sent to a row of `reviews.jsonl`, or to the sentence that says why not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ....core.errors import ConfigError, RunError
from ...reviews import closing
from ...reviews.decisions import UNDO, Decision
from .queue_index import Entry, Look, QueueIndex


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
        look = index.look()
        entry = look.entries.get(body["id"]) if isinstance(body["id"], str) else None
        if entry is None:
            raise Refused(404, f"There is no item {body['id']!r:.80} in the queue of this run.")
        decision = _decision(index, entry, who, body)
        late = why_closed(index, look, entry, who)
        if late and not any(one.key == decision.key for one in look.decisions):  # a repeated request is answered alike
            raise Refused(409, late)
        index.log.add(decision)
    except ConfigError as error:
        raise Refused(400, f"{error}.") from None
    except (RunError, OSError) as error:
        raise Refused(503, f"It could not be written: {error}.") from None
    return said(decision)


def why_closed(index: QueueIndex, look: Look, entry: Entry | None = None, who: str = "") -> str | None:
    """Why somebody can decide nothing about an item, or about any; `None` if they can."""
    if entry is None:
        return closing.why_closed(index.log.path, look.finished)
    adopted = look.adopted.get(entry.id, ())
    return closing.why_closed(index.log.path, look.finished, entry.kind, who, adopted, entry.reviewers)


def _decision(index: QueueIndex, entry: Entry, who: str, body: Mapping[str, Any]) -> Decision:
    """The decision in a request; what the reviewer saw is taken from the queue, which never changes.

    Raises:
        ConfigError: there is none in it.
    """
    item = index.item(entry)
    decision = body["decision"]
    if decision == "approve" and decision not in item.choices:
        raise ConfigError("there is no label that could be approved: edit it, or reject")
    before = body["before"] if decision == UNDO else item.seen
    return Decision(
        id=entry.id,
        decision=decision,
        reviewer=who,
        time=time.time(),
        key=body["key"],
        before=before,
        after=body["after"],
        note=body["note"],
    )


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
        texts = [after] if isinstance(after, str) else [one for one in after.values() if one is not None]
        return f"edited to {' → '.join(texts)}"
    if decision.decision == "reject" and decision.kind == "pair":
        return "neither preferred"
    return DONE[decision.decision]
