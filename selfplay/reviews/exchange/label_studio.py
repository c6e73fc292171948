"""Label Studio: tasks in its JSON format with a labelling configuration, and its JSON export read back.

Tasks hold `data` and `predictions` (https://labelstud.io/guide/task_format, https://labelstud.io/guide/predictions).
What can be chosen differs between kinds of items, so the choices are part of each task (`<Choices value="$choices">`).
The export that is read is "JSON", not "JSON-MIN": a task per item with its `annotations`, one for each reviewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ....core.errors import ConfigError
from ..checks import HIGHEST, RUBRIC
from ..items import Item
from .answers import TEXTS, Answer, choices_of, sendable, shown_attempts

AGENT = "selfplay-gym"
_POINTS = {str(score): score for score in range(HIGHEST + 1)}
_SCORES = "".join(f'      <Choice value="{score}"/>\n' for score in range(HIGHEST + 1))
CONFIG = f"""<View>
  <Header value="$kind"/>
  <Text name="reason" value="$reason"/>
  <Header value="Question"/>
  <Text name="question" value="$question"/>
  <Header value="Label of the run"/>
  <Text name="label" value="$label"/>
  <Header value="Attempts"/>
  <Text name="attempts" value="$attempts"/>
  <Choices name="decision" toName="question" choice="single-radio" required="true" value="$choices"/>
  <Header value="The right label, if it is edited"/>
  <TextArea name="label_text" toName="question" maxSubmissions="1" editable="true"/>
  <Header value="The question in better words, if it is edited"/>
  <TextArea name="question_text" toName="question" maxSubmissions="1" editable="true"/>
  <View visibleWhen="choice-selected" whenTagName="decision" whenChoiceValue="score">
    <Header value="Completeness: 0 no step, {HIGHEST} every step"/>
    <Choices name="{RUBRIC[0]}" toName="question" choice="single-radio" showInline="true">
{_SCORES}    </Choices>
    <Header value="Soundness: 0 no step follows, {HIGHEST} every step follows"/>
    <Choices name="{RUBRIC[1]}" toName="question" choice="single-radio" showInline="true">
{_SCORES}    </Choices>
  </View>
  <Header value="Note"/>
  <TextArea name="note" toName="question" maxSubmissions="1" editable="true"/>
</View>
"""
"""The labelling configuration of a project: one for all kinds of items."""


def tasks(items: Sequence[Item]) -> list[dict[str, Any]]:
    """A task per item; what the run says stands beside it as a prediction."""
    return [
        {
            "data": {
                "item": item.id,
                "kind": item.kind,
                "gate": item.gate,
                "reason": sendable(item.reason),
                "question": sendable(item.question),
                "label": "none" if item.label is None else sendable(item.label),
                "attempts": shown_attempts(item) or "none",
                "choices": [{"value": choice} for choice in choices_of(item)],
            },
            "predictions": _predictions(item),
        }
        for item in items
    ]


def _predictions(item: Item) -> list[dict[str, Any]]:
    if item.kind != "label" or item.label is None:
        return []
    label = {
        "from_name": "label_text",
        "to_name": "question",
        "type": "textarea",
        "value": {"text": [sendable(item.label)]},
    }
    score = {} if item.solve_rate is None else {"score": item.solve_rate}
    return [{"model_version": AGENT, **score, "result": [label]}]


def answers(exported: Sequence[Any]) -> Iterator[Answer]:
    """The answers in an export; annotations that were skipped are none.

    Raises:
        ConfigError: it is no such export; names the task.
    """
    for number, task in enumerate(exported):
        where = f"task {number} of the export"
        data = task.get("data") if isinstance(task, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(data.get("item"), str):
            raise ConfigError(f"{where} has no data.item: export as JSON (not JSON-MIN) what was exported here")
        annotations = task.get("annotations") or []
        if not isinstance(annotations, list):
            raise ConfigError(f"{where} has annotations that are no list: {annotations!r:.80}")
        for annotation in annotations:
            if not isinstance(annotation, Mapping) or not isinstance(annotation.get("result"), list):
                raise ConfigError(f"{where} has an annotation without a result")
            if annotation.get("was_cancelled") or not annotation["result"]:
                continue
            yield _answer(str(data["item"]), annotation, where)


def _answer(item: str, annotation: Mapping[str, Any], where: str) -> Answer:
    found: dict[str, str] = {}
    for region in annotation["result"]:
        value = region.get("value") if isinstance(region, Mapping) else None
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where} has a result without a value")
        said = value.get("choices", value.get("text"))
        said = said[0] if isinstance(said, list) and said else said
        if isinstance(said, str):
            found[str(region.get("from_name"))] = said
    if "decision" not in found:
        raise ConfigError(f"{where} has an annotation without a decision")
    texts = {name: found[name] for name in TEXTS if found.get(name, "").strip()}
    scores = {part: _POINTS[found[part]] for part in RUBRIC if found.get(part, "") in _POINTS}
    return Answer(item, _reviewer(annotation.get("completed_by")), found["decision"], texts, scores, _time(annotation))


def _reviewer(who: Any) -> str:
    """A user by e-mail address where the export tells it, else by number."""
    if isinstance(who, Mapping):
        return str(who.get("email") or f"label-studio {who.get('id')}")
    return f"label-studio {who}"


def _time(annotation: Mapping[str, Any]) -> float | None:
    said = annotation.get("updated_at") or annotation.get("created_at")
    try:
        return max(0.0, datetime.fromisoformat(said).timestamp()) if isinstance(said, str) else None
    except (ValueError, OverflowError, OSError):  # a year that the clock does not know
        return None
