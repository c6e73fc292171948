"""Where the answer stands in an attempt: found here, compared elsewhere. Standard library only, linear time.

Two modes, meant to be reported side by side, because the gap between them is a property of the model:

    strict    only what stands in a balanced `\\boxed{…}` or `\\fbox{…}`
    lenient   that; else what follows `####`; else `<answer>…</answer>`; else what follows "the answer is"; else, in
              prose, the last formula or number; else, if the text is short, the text itself

No answer is `None`, never the string "None". A negated answer ("the answer is not 5") and a refusal are not answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .errors import ConfigError

Mode = Literal["strict", "lenient"]

TAIL = 100_000
"""Only the last N characters of an attempt are read: answers come last."""

_BRACES = re.compile(r"\\?[{}]|\\\\(?=[{}])")
_BOX_OPENS = re.compile(r"\\(?:boxed|fbox)\s*\{")
_DELIMITER = re.compile(r"\\[()\[\]]|\\.|\$\$?", re.S)
_TAG = re.compile(r"<answer>([^<]{1,4000})</answer>", re.I)
_LOOSE_BOX = re.compile(r"\\boxed\s*(\d+|[A-Za-z]\b)")
_CUE = re.compile(
    r"\b(?:answers?|ans)\b\.?\**[ \t]{0,3}(?:is|are|was|:|=|should be|must be)(?![a-z])[:* \t]{0,8}", re.I
)
_NEGATED = re.compile(r"(?:definitely |certainly |clearly )?(?:not|n't|never|unknown|unclear|undefined by)\b", re.I)
_SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z\"(<]|\s*$|\s*<\|)|\n\s*\n|<\|")
_EXPLANATION = re.compile(r"[,;]?\s+(?:because|since|so that|which|as we|as the|where|I hope|by the)\b.*", re.S)
_LAST_IS = re.compile(r".*\b(?:is|are|equals?|be|by|it's|was)\b(?!\s+not\b)[:\s]", re.S | re.I)
_NUMBER = re.compile(
    r"(?<![\w.,])[-+−]?(?:[$€£¥]\s?)?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\s?/\s?\d+(?![\d.]))?(?:\s?(?:\\?%|percent\b))?"
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_TEXT_GROUP = re.compile(r"\\(?:text|mathrm|textbf|textit|mbox|operatorname|mathbf|textnormal|rm)\b\s*")
_JOINT = re.compile(r"(?:[,;&\s$.]|\\[,;:! ]|\\quad|\\qquad|~|\\text|\\textbf|\\mbox|[{}()]|\band\b|\bor\b)*")
_CONNECTIVE = re.compile(r"[,;&]|\band\b|\bor\b")
_ENDS_JOINING = re.compile(
    r"(?:[,;&]|\band\b|\bor\b)[\s}$~]*(?:\\q?quad|\\[,;:!]|[\s}$({\[])*(?:\\?[A-Za-z]\w{0,3}\s*=\s*)?$"
)
_DERIVES = re.compile(
    r"\b(?:so|thus|hence|therefore|answer|because|since|wait|actually|but|not|which|then|now)\b", re.I
)
_REFUSAL = re.compile(
    r"(?:(?:i|we)(?:\s+am|'m)?\s+)"
    r"(?:sorry|do not|don'?t|do n'?t|cannot|can'?t|can not|could not|couldn't|not sure|unable)\b"
    r"|(?:do not|don'?t) know|cannot\b|can'?t\b|can not\b|sorry|not sure|unsure|unable|idk\b|unknown|no answer|no idea"
    r"|n/?a$|undecided",
    re.I,
)
_SHORT = 200
_FEW_WORDS = 6


@dataclass(frozen=True, slots=True)
class Box:
    """A balanced box: `text[start:end]` is all of it, `content` what it holds, untrimmed."""

    start: int
    end: int
    content: str


def last_boxed(text: str) -> str | None:
    r"""Content of the last balanced `\boxed{…}` or `\fbox{…}`, stripped; `None` if there is none or it is empty.

    "Last" means the one that opens last, so of nested boxes the inner one.
    """
    start = text.rfind("\\boxed{")
    if (
        start >= 0 and "\\fbox" not in text and "\\boxed" not in text[start + 7 :]
    ):  # the common case, without a regular expression
        end = text.find("}", start)
        if end > 0 and "{" not in (content := text[start + 7 : end]) and content[-1:] != "\\":
            return content.strip() or None
    boxes = find_boxes(text)
    return (boxes[-1].content.strip() or None) if boxes else None


def find_boxes(text: str) -> list[Box]:
    """All balanced boxes in the order in which they open. One pass, whatever the nesting."""
    if "\\boxed" not in text and "\\fbox" not in text:
        return []
    shift = max(0, len(text) - TAIL)
    text = text[shift:]
    opens = {found.end() - 1: found.start() for found in _BOX_OPENS.finditer(text)}
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
    # Nested thousands deep, the contents together would be quadratic: keep them only for the last few.
    kept = boxes[-16:]
    return [Box(start + shift, end + shift, text[brace + 1 : end - 1]) for start, brace, end in kept]


def boxed_answer(text: str) -> str | None:
    r"""The boxed answer; boxes that one sentence joins ("`\boxed{2}` and `\boxed{3}`") make one list "2, 3"."""
    if text.count("\\boxed") + text.count("\\fbox") < 2:
        return last_boxed(text)
    boxes = find_boxes(text)
    if not boxes:
        return None
    run = [boxes[-1]]
    for box in reversed(boxes[:-1]):
        if box.end > run[0].start:  # nested
            continue
        if not _joins(text[box.end : run[0].start]):
            break
        run.insert(0, box)
    contents = list(dict.fromkeys(box.content.strip() for box in run))
    return ", ".join(content for content in contents if content) or None


def extract_answer(text: str, mode: Mode = "lenient") -> str | None:
    """The answer an attempt gives, or `None`.

    Args:
        text: the attempt.
        mode: "strict" (boxed only) or "lenient".
    """
    if mode == "strict":
        return boxed_answer(text)
    if mode != "lenient":
        raise ConfigError(f"extraction mode must be 'strict' or 'lenient', got {mode!r}")
    if "\\boxed" in text or "\\fbox" in text:
        answer = boxed_answer(text)
        if answer is not None or find_boxes(text):  # an empty box is a box without an answer
            return answer
        rest = text[text.rfind("\\boxed{") + 7 :] if "\\boxed{" in text[-_SHORT:] else ""
        if rest.strip():  # cut off before the box was closed
            return _trim(rest)
    text = text[-TAIL:]
    mark = text.rfind("####")
    if mark >= 0:
        line = text[mark + 4 :].strip().split("\n", 1)[0]
        return _trim(line)
    tagged = _TAG.findall(text)
    if tagged:
        return _bare_or_last(tagged[-1])
    loose = _last(_LOOSE_BOX, text)
    if loose is not None:
        return loose[1]
    cue = _last(_CUE, text)
    if cue is not None and text[cue.end() :].strip():
        return _after_cue(text[cue.end() :])
    return _bare_or_last(text)


def _after_cue(rest: str) -> str | None:
    rest = rest[:2000].strip()
    if _NEGATED.match(rest):
        return None
    end = _SENTENCE_END.search(rest)
    if end and end.start():
        rest = rest[: end.start()]
    rest = rest.split("\n", 1)[0] if "\n" in rest and not rest.startswith(("$$", "\\[")) else rest
    rest = _EXPLANATION.sub("", rest)
    return _bare_or_last(rest)


def _bare_or_last(text: str) -> str | None:
    text = text.strip()
    if not text:
        return None
    formulas = _formulas(text)
    if formulas:
        return _from_formulas(text, formulas)
    words = _WORD.findall(_TEXT_GROUP.sub(" ", text)) if len(text) <= _SHORT else None
    if words is None and not _is_prose(text):
        return _trim(text)
    if words is not None and (len(words) < 2 or (len(words) <= _FEW_WORDS and not any(c.isdigit() for c in text))):
        return None if _REFUSAL.match(text) else _trim(text)
    if words is not None and len(words) == 2 and text[0] in "-+.0123456789\\($":
        return _trim(text)
    return last_number(text)


def last_number(text: str) -> str | None:
    """The last number of a prose text ("… so she has 1,200 left." gives "1,200"), with its sign, % and currency."""
    found = _last(_NUMBER, text)
    if found is None:
        return None
    before = text[: found.start()].rstrip()
    if re.search(r"\bnot$|n't$", before):
        return None
    return found[0].strip()


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    last = None
    for last in pattern.finditer(text):  # noqa: B007 - the loop runs for its last value
        pass
    return last


def _is_prose(text: str) -> bool:
    return len(_WORD.findall(text[:2000])) > _FEW_WORDS


def _formulas(text: str) -> list[tuple[int, int, str]]:
    r"""`$…$`, `$$…$$`, `\(…\)` and `\[…\]` as (start, end, content)."""
    if "$" not in text and "\\(" not in text and "\\[" not in text:
        return []
    closes = {"\\(": "\\)", "\\[": "\\]"}
    spans = []
    opened: tuple[str, int] | None = None
    for found in _DELIMITER.finditer(text):
        token = found[0]
        if opened is None:
            if token[0] == "$" or token in closes:
                opened = (token, found.start())
        elif token == closes.get(opened[0], opened[0]):
            start = opened[1]
            content = text[start + len(token) : found.start()].strip()
            if content:
                spans.append((start, found.end(), content))
            opened = None
        elif token == "$$" and opened[0] == "$":  # "$1$$2$": closes one, opens the next
            content = text[opened[1] + 1 : found.start()].strip()
            if content:
                spans.append((opened[1], found.start() + 1, content))
            opened = ("$", found.end() - 1)
    return spans


def _from_formulas(text: str, formulas: list[tuple[int, int, str]]) -> str | None:
    """The last run of formulas joined by "and" or commas, with a unit that follows; a later bare number wins."""
    start, end, content = formulas[-1]
    parts = [content]
    for before in reversed(formulas[:-1]):
        gap = text[before[1] : start]
        if len(gap) > 30 or not _JOINT.fullmatch(gap) or not _CONNECTIVE.search(gap):
            break
        parts.insert(0, before[2])
        start = before[0]
    tail = text[end:].strip()
    later = last_number(tail) if tail else None
    if later is not None and _LAST_IS.match(tail):
        return later
    joined = ", ".join(parts)
    if len(parts) == 1:
        lead = text[:start].rstrip()
        if lead.endswith(("not", "n't")):
            return None
    if tail and len(tail) <= 24 and len(_WORD.findall(tail)) <= 2:
        joined += " " + tail
    return _trim(joined)


def _joins(gap: str) -> bool:
    if len(gap) > 60 or "\n\n" in gap or re.search(r"[.!?:]\s", gap):
        return False
    return _ENDS_JOINING.search(gap) is not None and not _DERIVES.search(gap)


def _trim(text: str) -> str | None:
    text = text.strip().strip('*`"“”').strip()
    while text and text[-1] in ".,;:!" and text[-2:] != "\\!" and not text.endswith(("\\,", "\\;", "\\:")):
        if text[-1] == "!" and (len(text) == 1 or text[-2].isalnum() or text[-2] in ")}"):
            break  # a factorial
        text = text[:-1].rstrip()
    return text or None
