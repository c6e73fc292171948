"""What a decision may hold: every field is checked where a decision is made, and nowhere else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from ...core.errors import ConfigError, UnknownNameError

DECISIONS = {
    "question": ("approve", "edit", "reject", "undo"),
    "label": ("approve", "edit", "reject", "undo"),
    "pair": ("prefer", "reject", "undo"),
    "attempt": ("score", "undo"),
}
"""What can be decided about an item, by its kind."""
RUBRIC = ("completeness", "soundness")
"""What a worked attempt is scored by."""
HIGHEST = 4
"""The best score; 0 is the worst."""
MOST_TEXT = 2**20
"""Characters of a text that somebody writes."""
MOST_NOTE = 10_000
MOST_NAME = 64
LATEST = 10**15
"""Seconds since 1970: further than any clock goes."""

_ID = re.compile(
    r"(question|label|pair|attempt)/(0|[1-9]\d{0,15})/(0|[1-9]\d{0,15})(?:/(0|[1-9]\d{0,8})(?:-([1-9]\d{0,8}))?)?", re.A
)
_KEY = re.compile(r"[A-Za-z0-9._:/+-]{1,200}", re.A)
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Categories of characters that cannot be seen, or change how others are shown."""


def read_id(item: Any) -> tuple[str, int, int, tuple[int, ...]]:
    """Kind, round, index and attempts of an item.

    Raises:
        ConfigError: no item has such an id.
    """
    found = _ID.fullmatch(item) if isinstance(item, str) else None
    if found:
        attempts = tuple(int(one) for one in found.groups()[3:] if one is not None)
        wanted = {"pair": 2, "attempt": 1}.get(found[1], 0)
        if len(attempts) == wanted and list(attempts) == sorted(set(attempts)):
            return found[1], int(found[2]), int(found[3]), attempts
    shapes = "label/3/17 (kind, round, index), question/3/17, pair/3/17/0-4 or attempt/3/17/2"
    raise ConfigError(f"an item is named like {shapes}, got {item!r:.80}")


def check_after(kind: str, decision: Any, after: Any, attempts: tuple[int, ...]) -> Any:
    """What is there after a decision, if it may be.

    Args:
        attempts: those of the item.

    Raises:
        ConfigError: no such decision about an item of this kind, or it has another "after".
    """
    if not isinstance(decision, str) or decision not in DECISIONS[kind]:
        raise UnknownNameError(f"decision about a {kind}", str(decision)[:40], DECISIONS[kind])
    if decision == "edit":
        return _label(after) if kind == "label" else _question(after)
    if decision == "prefer":
        if type(after) is not int or after not in attempts:
            wanted = " or ".join(map(str, attempts))
            raise ConfigError(f"'after' of prefer is the preferred attempt, {wanted}; got {after!r:.80}")
        return after
    if decision == "score":
        return _scores(after)
    if after is not None:
        raise ConfigError(f"nothing is 'after' {decision}, got {after!r:.80}")
    return None


def check_before(decision: str, before: Any) -> None:
    """Refuse what nobody can have seen; an undo names a key."""
    if decision == "undo":
        if not isinstance(before, str):
            raise ConfigError(f"'before' of undo is the key of the decision that is taken back, got {before!r:.80}")
        return check_key(before)
    values = before.values() if isinstance(before, Mapping) else [before]
    if not all(one is None or isinstance(one, str | int) for one in values):
        raise ConfigError(f"'before' is the text that was seen, a table of texts, or none; got {before!r:.80}")
    return None


def check_reviewer(name: Any) -> None:
    """Refuse names that cannot be told apart by sight."""
    if not isinstance(name, str) or not name or len(name) > MOST_NAME:
        raise ConfigError(f"a reviewer has a name of 1 to {MOST_NAME} characters, got {name!r:.80}")
    odd = next((one for one in name if unicodedata.category(one) in _HIDDEN or (one.isspace() and one != " ")), None)
    if odd is not None or name != " ".join(name.split(" ")).strip() or "  " in name:
        what = f"{odd!r} in it" if odd else "blanks around or twice in it"
        raise ConfigError(f"a reviewer's name is plain text; {name!r} has {what}")
    if unicodedata.normalize("NFC", name) != name:
        raise ConfigError(f"a reviewer's name is written in composed characters (NFC), got {name!r}")


def check_key(key: Any) -> None:
    """Refuse keys that are not plain."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ConfigError(f"a key has 1 to 200 letters, digits and . _ : / + -, got {key!r:.80}")


def check_time(time: Any) -> float:
    """A moment in seconds since 1970."""
    if isinstance(time, bool) or not isinstance(time, int | float) or not 0 <= time <= LATEST:
        shown = "a number of very many digits" if isinstance(time, int) and abs(time) > LATEST else f"{time!r:.80}"
        raise ConfigError(f"a time is a number of seconds from 0 to {LATEST}, got {shown}")
    return float(time)


def check_note(note: Any) -> None:
    """Refuse what is no text, or too much of it."""
    if not isinstance(note, str) or len(note) > MOST_NOTE or not _is_unicode(note):
        raise ConfigError(f"a note is a text of at most {MOST_NOTE} characters, got {note!r:.80}")


def _label(label: Any) -> str:
    if not isinstance(label, str) or not label.strip() or len(label) > MOST_TEXT or not _is_unicode(label):
        raise ConfigError(f"'after' of an edit is the label's text, got {label!r:.80}")
    return label


def _question(after: Any) -> dict[str, Any]:
    if not isinstance(after, Mapping) or set(after) != {"question", "label"}:
        raise ConfigError(f"'after' of an edited question is {{'question': …, 'label': …}}, got {after!r:.80}")
    text, label = after["question"], after["label"]
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_TEXT or not _is_unicode(text):
        raise ConfigError(f"the text of an edited question is not empty, got {text!r:.80}")
    return {"question": text, "label": None if label is None else _label(label)}


def _scores(after: Any) -> dict[str, int]:
    wanted = f"{{{', '.join(f'{name!r}: 0–{HIGHEST}' for name in RUBRIC)}}}"
    if not isinstance(after, Mapping) or set(after) != set(RUBRIC):
        raise ConfigError(f"'after' of score is {wanted}, got {after!r:.80}")
    for name, value in after.items():
        if type(value) is not int or not 0 <= value <= HIGHEST:
            raise ConfigError(f"{name} is a whole number from 0 to {HIGHEST}, got {value!r:.80}")
    return {name: after[name] for name in RUBRIC}


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)
