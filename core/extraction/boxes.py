r"""Boxes: `\boxed{…}` and `\fbox{…}`, which of them is the answer, and which are joined to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

from .around import not_meant, part_of_formula
from .denial import denied, questioned_after, replaced, retracted
from .reply import TAIL

_BRACES = re.compile(r"\\?[{}]|\\\\(?=[{}])")
_OPENS = re.compile(r"\\(?:boxed|fbox)\s*\{")
_PLACEHOLDER = re.compile(
    r"(?:[\s$.…?_]|\\(?:[lcd]?dots|quad|[,;:! ]))*"
    r"|(?:\\(?:text|textbf|mathrm)\s?\{)?[\s<\[(]*(?:(?:your|the|final|insert|put|here|answer|result|value|number"
    r"|solution|goes)"
    r"[\s_]*)+[\s>\])}.]*",
    re.I,
)
"""What is boxed where nothing is: `\boxed{}`, `\boxed{...}`, `\boxed{\text{your answer}}`."""
_ENDS_JOINING = re.compile(
    r"(?:[,;&]|\b(?:and|or|oder|ou|od|und|et|alternatively|maybe|perhaps|possibly)\b|\s(?:o|y|e|u|и|или|або)\b"
    r"|和|或者?|还是|または|또는|、|\s/\s)[\s}$~*]*(?:\\q?quad|\\[,;:!]|[\s}$({\[])*(?:\\?[A-Za-z]\w{0,3}\s*=\s*)?$"
)
_ALONE = re.compile(r"[\s$*]{0,8}(?:or|oder|ou|или|或者?|alternatively)[\s$*:,]{0,8}", re.I)
_DERIVES = re.compile(
    r"\b(?:so|thus|hence|therefore|answer|because|since|wait|actually|but|not|which|then|now)\b", re.I
)
_PART = re.compile(
    r"(?:^|[\s*#(])(?:(?:part\s*)?\(?([a-h]|[1-9]|i{1,3}|iv)[).][\s*:]*[^\n]{0,60}"
    r"|(?:option|case|possibility|scenario|alternative|answer|solution)\s([^\n:.]{1,24}):[^\n]{0,40})$",
    re.I,
)
_NAME = re.compile(r"(?:^|[\s$(])(\\?[A-Za-z](?:_\{?\w\}?)?)\s*(?:&\s*)?=\s*(?:&\s*)?$")

MOST_BOXES = 16
"""The contents of boxes nested thousands deep would together be quadratic: only those of the last few are kept."""


@dataclass(frozen=True, slots=True)
class Box:
    """A balanced box: `text[start:end]` is all of it, `content` what it holds, untrimmed."""

    start: int
    end: int
    content: str


def last_boxed(text: str) -> str | None:
    r"""Content of the last balanced `\boxed{…}` or `\fbox{…}`, stripped; `None` if there is none or it is empty.

    "Last" means the one that opens last, so of nested boxes the inner one. Thoughts and turns are not looked at.
    """
    content = only_box(text)
    if content is not None:
        return content
    boxes = find_boxes(text)
    return (boxes[-1].content.strip() or None) if boxes else None


def only_box(text: str) -> str | None:
    """The content of the only box of a text, if that is simple; `None` says nothing. Without a regular expression."""
    start = text.find("\\boxed{")
    if start < 0 or "\\boxed" in text[start + 7 :] or "\\fbox" in text:
        return None
    end = text.find("}", start)
    if end > 0 and "{" not in (content := text[start + 7 : end]) and content[-1:] != "\\":
        return content.strip() or None
    return None


def find_boxes(text: str) -> list[Box]:
    """All balanced boxes in the order in which they open. One pass, whatever the nesting."""
    return _scan(text)[0]


def answer_boxes(text: str) -> list[Box]:
    """The boxes that hold something, other than a placeholder; of nested ones the inner."""
    return _full(find_boxes(text))


def _scan(text: str) -> tuple[list[Box], int | None]:
    """The balanced boxes, and where the content of a last box begins that is never closed."""
    if "\\boxed" not in text and "\\fbox" not in text:
        return [], None
    shift = max(0, len(text) - TAIL)
    text = text[shift:]
    opens = {found.end() - 1: found.start() for found in _OPENS.finditer(text)}
    stack: list[int] = []
    boxes = []
    for found in _BRACES.finditer(text):
        token = found[0]
        if token == "{":
            stack.append(found.start())
        elif token == "}" and stack:
            brace = stack.pop()
            if brace in opens:
                boxes.append((opens[brace], brace, found.end()))
    boxes.sort()
    last_open = max(opens, default=None)
    unclosed = last_open + 1 + shift if last_open is not None and last_open in stack else None
    kept = boxes[-MOST_BOXES:]
    return [Box(start + shift, end + shift, text[brace + 1 : end - 1]) for start, brace, end in kept], unclosed


def _full(boxes: list[Box]) -> list[Box]:
    full = [box for box in boxes if len(box.content) > 200 or not _PLACEHOLDER.fullmatch(box.content)]
    pairs = zip_longest(full, full[1:])
    return [box for box, following in pairs if box is not None and (following is None or following.start >= box.end)]


@dataclass(frozen=True, slots=True)
class Boxed:
    """What the boxes of a reply say.

    Attributes:
        content: the answer in them, or `None`.
        cut_off: the content of a last box that was never closed, or `None`; then `content` is `None`.
        end: where the last box that counts ends, 0 if none does.
        withdrawn: whether the last box was denied, asked about or taken back, and no other is left.
        part: whether what is boxed is only a part of the value that is written.
    """

    content: str | None
    cut_off: str | None = None
    end: int = 0
    withdrawn: bool = False
    part: bool = False


def read_boxes(text: str) -> Boxed:
    r"""The boxed answer. Boxes that one sentence joins ("`\boxed{2}` and `\boxed{3}`"), the parts (a), (b) of an
    answer, and the values of different names make one list."""
    boxes, unclosed = _scan(text)
    if unclosed is not None:
        return Boxed(None, text[unclosed:], unclosed)
    full = _full(boxes)
    kept = [box for box in full if _meant(text, box)]
    if not kept:
        return Boxed(None, end=full[-1].end if full else 0, withdrawn=bool(full))
    last = kept[-1]
    if retracted(text[last.end :]) or replaced(text[last.end : last.end + 120]):
        return Boxed(None, end=last.end, withdrawn=True)
    run = _last_run(text, kept)
    if part_of_formula(text, run[0].start, last.end):
        return Boxed(None, end=last.end, part=True)
    return Boxed(_joined(text, kept, run), end=last.end)


def _meant(text: str, box: Box) -> bool:
    """Whether a box is given as an answer: not denied, asked about, supposed or somebody's mistake."""
    if denied(text, box.start, box.end) or questioned_after(text, box.end):
        return False
    return not not_meant(text, box.start, box.end)


def _last_run(text: str, boxes: list[Box]) -> list[Box]:
    """The last box and those before it that one sentence joins to it."""
    run = [boxes[-1]]
    for box in reversed(boxes[:-1]):
        if not _joins(text[box.end : run[0].start]):
            break
        run.insert(0, box)
    return run


def _joined(text: str, boxes: list[Box], run: list[Box]) -> str | None:
    contents = _parts(text, boxes) if len(run) == 1 and len(boxes) > 1 else [box.content.strip() for box in run]
    return ", ".join(dict.fromkeys(contents)) or None


def _joins(gap: str) -> bool:
    if _ALONE.fullmatch(gap):
        return True
    if len(gap) > 60 or "\n\n" in gap or re.search(r"[.!?:]\s", gap):
        return False
    return _ENDS_JOINING.search(gap) is not None and not _DERIVES.search(gap)


def _parts(text: str, boxes: list[Box]) -> list[str]:
    """The last box, together with those before it if each bears a part's label, or a name, of its own."""
    leads = [
        text[max(before.end if before else 0, box.start - 80) : box.start]
        for before, box in zip([None, *boxes[:-1]], boxes, strict=True)
    ]
    names = [found[1] if (found := _NAME.search(lead)) else None for lead in leads]
    if None not in names and len(set(names)) == len(names):
        return [f"{name} = {box.content.strip()}" for name, box in zip(names, boxes, strict=True)]
    labels = [(found[1] or found[2]).lower() if (found := _PART.search(lead)) else None for lead in leads]
    if None not in labels and len(set(labels)) == len(labels):
        return [box.content.strip() for box in boxes]
    return [boxes[-1].content.strip()]
