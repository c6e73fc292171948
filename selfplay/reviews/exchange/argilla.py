"""Argilla 2: records and settings of a dataset as its client reads them, and its records read back.

    settings = rg.Settings.from_json("items.settings.json")
    dataset = rg.Dataset("reviews", settings=settings).create()
    dataset.records.from_json("items.json")          …          its records, with responses, as docs/review.md shows

Formats: `Settings.serialize`, `Record.to_dict` (https://docs.argilla.io/latest/reference/argilla/records/records).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....core.errors import ConfigError
from ..checks import HIGHEST, RUBRIC
from ..items import Item
from .answers import CHOICES, TEXTS, Answer, sendable, shown_attempts
from .label_studio import AGENT

SUBMITTED = "submitted"
GUIDELINES = (
    "Decide what each item asks for. Questions and labels: approve, edit (write the right label, and for a question "
    "its better words) or reject. Pairs: the first or the second attempt is better, or neither. Attempts: score, with "
    f"completeness and soundness of their steps from 0 to {HIGHEST}."
)


def settings(reviewers: int = 1) -> dict[str, Any]:
    """The settings of the dataset: one for all kinds of items.

    Args:
        reviewers: how many people submit a record before it is done.
    """
    fields = [("kind", True), ("question", True), ("label", False), ("attempts", False), ("reason", False)]
    choices = list(dict.fromkeys(choice for kind in CHOICES.values() for choice in kind))
    decision: dict[str, Any] = {
        "type": "label_selection",
        "options": [{"value": choice, "text": choice} for choice in choices],
        "visible_options": len(choices),
    }
    rating: dict[str, Any] = {"type": "rating", "options": [{"value": score} for score in range(HIGHEST + 1)]}
    text: dict[str, Any] = {"type": "text", "use_markdown": False}
    questions = [("decision", decision, True), *((name, text, False) for name in TEXTS)]
    questions += [(part, rating, False) for part in RUBRIC]
    return {
        "guidelines": GUIDELINES,
        "questions": [_part(name, kind, required) for name, kind, required in questions],
        "fields": [_part(name, text, required) for name, required in fields],
        "vectors": [],
        "metadata": [],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": reviewers},
    }


def records(items: Sequence[Item]) -> list[dict[str, Any]]:
    """A record per item; what the run says is a suggestion."""
    found = []
    for item in items:
        fields = {"kind": item.kind, "question": sendable(item.question), "reason": sendable(item.reason)}
        if item.label is not None:
            fields["label"] = sendable(item.label)
        if item.attempts:
            fields["attempts"] = shown_attempts(item)
        suggested = {}
        if item.kind == "label" and item.label is not None:
            suggested["label_text"] = {"value": sendable(item.label), "score": item.solve_rate, "agent": AGENT}
        place = {"round": item.round, "index": item.index, "gate": item.gate}
        found.append(
            {
                "id": item.id,
                "fields": fields,
                "metadata": place,
                "suggestions": suggested,
                "responses": {},
                "vectors": {},
            }
        )
    return found


def answers(exported: Sequence[Any]) -> Iterator[Answer]:
    """The answers in records; drafts and discarded responses are no answers.

    `to_json` of the client leaves out which responses were submitted, and says of the record whether enough were. Where
    that does not settle it, nothing is guessed.

    Raises:
        ConfigError: it holds no such records; names the record.
    """
    for number, record in enumerate(exported):
        where = f"record {number}"
        if not isinstance(record, Mapping) or not isinstance(record.get("id"), str):
            raise ConfigError(f"{where} has no id: save them with dataset.records.to_json")
        responses = record.get("responses") or {}
        if not isinstance(responses, Mapping):
            raise ConfigError(f"{where} has responses that are no table: {responses!r:.80}")
        by_user: dict[str, dict[str, Any]] = {}
        for name, given in responses.items():
            for one in given if isinstance(given, list) else ():
                if not isinstance(one, Mapping) or "value" not in one or "user_id" not in one:
                    raise ConfigError(f"{where} has a response to {name!r:.40} without a value and a user_id")
                if one.get("status", SUBMITTED) == SUBMITTED:
                    by_user.setdefault(str(one["user_id"]), {})[str(name)] = one["value"]
        if "status" in record and not _tells_status(responses):
            if record["status"] != "completed":
                continue
            if len(by_user) > 1:
                raise ConfigError(
                    f"{where} has responses of {len(by_user)} users, and does not say which of them were submitted: "
                    "write the file as docs/review.md shows, with the status of each"
                )
        for user, said in by_user.items():
            if not isinstance(said.get("decision"), str):
                raise ConfigError(f"{where} has responses of {user!r:.60} without a decision")
            texts = {name: said[name] for name in TEXTS if isinstance(said.get(name), str) and said[name].strip()}
            scores = {part: said[part] for part in RUBRIC if part in said}
            yield Answer(record["id"], f"argilla {user}", said["decision"], texts, scores)


def _tells_status(responses: Mapping[str, Any]) -> bool:
    lists = (given for given in responses.values() if isinstance(given, list))
    return any(isinstance(one, Mapping) and "status" in one for given in lists for one in given)


def _part(name: str, kind: Mapping[str, Any], required: bool) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    return {"name": name, "title": title, "required": required, "settings": dict(kind)}
