"""Explicit marks other than boxes: `####`, `<answer>`, `"answer": …`, misspelt boxes, and cues in words."""

from __future__ import annotations

import json
import re

from .cues import answer_cues, result_cues
from .denial import asks, refuses, retraction
from .prose import last_value
from .stated import after_first_sentence, denies, stated_value
from .tidy import result, tidy

_HASHES = re.compile(r"(?<!#)####(?!#)[ \t]*([^\n]{0,400})")
_HEADING = re.compile(
    r"[ \t*]*(?:(?:step|part|case|solution|final|explanation|method|summary|conclusion)\b|answers?\W*$|result\W*$"
    r"|\d{1,2}[.)]\s)",
    re.I,
)
_VALUE_IN_LINE = re.compile(r"[-−+$\\(\[{.]?\s?[\d\\$]|[A-Z]\b\W*$|[a-z]\b\s?(?:[=<>^+*/-]|$)|√|π")
_FORMULA_IN_LINE = re.compile(
    r"[-−+(\[\s]*(?:(?:[a-z]{2,6}(?=\s?\()|pi|[a-z]|\d+)\s?(?:[-+*/^=<>(]|\))[\s\w.+*/^=<>()\[\]{},-]{1,80}"
    r"|\d[^A-Za-z]*)"
)
"""A line that begins as a formula without LaTeX: "pi + 6", "sqrt(n) + 6", "-(2 + y)"."""
_TAG_OPENS = re.compile(r"<(?:final_)?ans(?:wer)?>|<\|begin_of_box\|>|\[ANSWER\]", re.I)
_TAG_CLOSES = re.compile(r"</(?:final_)?ans(?:wer)?>|<\|end_of_box\|>|\[/ANSWER\]", re.I)
_KEY = re.compile(
    r"[\"'](?:final[_ ]?|correct[_ ]?)?(?:answer|result|ans|output|solution|answer_letter"
    r"|choice)[\"']\s{0,4}:\s{0,4}",
    re.I,
)
_JSON_VALUE = re.compile(
    r"\"(?:[^\"\\]|\\.){0,4000}\"|'(?:[^'\\]|\\.){0,4000}'|\[[^\]]{0,400}\]|[^\s,}\]\"'][^,}\n\"]{0,200}", re.S
)
_LOOSE_BOX = re.compile(
    r"(?:\\framebox|\\bbox(?:\[[^\]]{0,40}\])?|(?<![A-Za-z\\])\\?(?:begin)?boxed|\\b?oxed|\\colorbox\{\w{1,20}\}"
    r"|\\fcolorbox\{\w{1,20}\}\{\w{1,20}\})\s{0,3}\{"
)
_ENGLISH = re.compile(
    r"(?<![A-Za-z])(?:answers?|ans|option|choice|results?|solutions?|total|value|output)(?![A-Za-z])", re.I
)
_PLACEHOLDER = re.compile(r"[ \t*:]*_{3,}")
_COMMA_SCRIPTS = re.compile(r"[A-Za-zÀ-ɏͰ-ϿЀ-ӿ]")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d{1,2}|\d{4,})(?![\d.,])")
_SENTENCE_END = re.compile(r"[.!?？。](?=\s|$|[^\x00-\x7f])|\n\s*\n|$")
_BARE_BOX = re.compile(r"\\boxed\s*(\d+|[A-Za-z]\b)(?!\s*[A-Za-z])|\\boxed\s*[(\[]([^()\[\]{}\n]{1,80})[)\]]")


def after_hashes(text: str) -> str | None:
    """What follows the last `####` that is no Markdown heading, GSM8K's mark."""
    for found in reversed(list(_HASHES.finditer(text))[-64:]):
        line = found[1].strip()
        if (
            line
            and not _HEADING.match(line)
            and (_VALUE_IN_LINE.match(line) or _FORMULA_IN_LINE.match(line) or len(line.split()) <= 2)
            and not line.endswith(":")
        ):
            return stated_value(line) if len(line.split()) > 3 and not _FORMULA_IN_LINE.fullmatch(line) else tidy(line)
    return None


def in_tags(text: str) -> str | None:
    """The text of the last `<answer>…</answer>`; a last tag that was never closed counts up to the end of its line."""
    opens = list(_TAG_OPENS.finditer(text))
    if not opens:
        return None
    start = opens[-1].end()
    close = _TAG_CLOSES.search(text, start)
    content = text[start : close.start()] if close else text[start:].strip().split("\n", 1)[0]
    return content.strip() if len(content) <= 4000 else None


def under_key(text: str) -> str | None:
    """The value of the last key "answer" of a JSON object (or a Python one); "" for null."""
    found = None
    for found in _KEY.finditer(text):  # noqa: B007 - the loop runs for its last value
        pass
    value = _JSON_VALUE.match(text, found.end()) if found else None
    if value is None or not value[0].strip():
        return None
    raw = value[0].strip()
    if raw[0] in "\"'":
        return _unescaped(raw)
    if raw[0] == "{":  # {"answer": {"value": 7}}
        inner = re.search(r":\s*([^,}\n]+)", text[value.start() : value.start() + 400])
        return inner[1].strip().strip("\"'") if inner else ""
    return "" if raw in ("null", "None") else raw


def _unescaped(quoted: str) -> str:
    """A string of JSON; models write LaTeX in it with one backslash or two."""
    inner = quoted[1:-1]
    if "\\\\" in inner or quoted[0] == "'":
        return inner.replace("\\\\", "\\")
    try:
        read = str(json.loads(quoted))
    except ValueError:
        return inner
    return inner if any(ord(c) < 32 and c != "\n" for c in read) or "\\n" in inner else read


def loose_box(text: str) -> str | None:
    r"""The content of the last box that is misspelt: `boxed{7}`, `\framebox{7}`, `\boxed 7`."""
    opens = list(_LOOSE_BOX.finditer(text))[-8:]
    for found in reversed(opens):
        content = _balanced(text, found.end())
        if content and content.strip():
            return content.strip()
    bare = None
    for bare in _BARE_BOX.finditer(text):  # noqa: B007 - the loop runs for its last value
        pass
    return (bare[1] or bare[2]).strip() if bare else None


def _balanced(text: str, start: int) -> str | None:
    depth = 1
    for found in re.finditer(r"\\?[{}]", text[start : start + 4000]):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return text[start : start + found.start()]
    return None


def after_cue(text: str, weak: bool = False, direct: bool = False) -> tuple[bool, str | None]:
    """What the last cue of a text announces.

    Args:
        weak: look for the weaker cues, such as "final result:".
        direct: only a value right behind the cue counts.

    Returns:
        whether there is a cue that counts, and its value: `None` if it is denied, refused or taken back.
    """
    for cue in reversed(result_cues(text) if weak else answer_cues(text)):
        rest = text[cue.end :]
        if _PLACEHOLDER.match(rest):
            return True, None
        if not rest.strip(" \t\n*_`|#:-") or asks(_rest_of_sentence(text, cue.start)):
            continue
        line_end = rest.find("\n") if not cue.heading else rest.find("\n", len(rest) - len(rest.lstrip()))
        line = rest if line_end < 0 or not rest[:line_end].strip(" *_`|") else rest[:line_end]
        rest = rest.lstrip(" \t\n*_`|#:：")
        rest = rest[1:].lstrip() if rest[:1] == "}" else rest  # "\text{The answer is } 10"
        value = None if refuses(line[:200]) else stated_value(rest, direct)
        if value is None and denies(rest):
            value = last_value(rest[len(line) :]) or last_value(after_first_sentence(rest))
        taken_back = retraction(rest[:4000])
        if taken_back and (value is None or rest.find(value, taken_back) < 0):
            later = stated_value(
                re.sub(
                    r"^[\s,.:;—-]*(?:(?:it|this|that|so|the answer)\s*(?:['’]s|is|should be|must be)?\s+)?",
                    "",
                    rest[taken_back:4000],
                )
            )
            return True, later
        if value is None and (weak or direct):
            continue
        return True, value if value is None else _with_point(result(value), text[cue.start : cue.end])
    return False, None


def _with_point(value: str, cue: str) -> str:
    """A decimal comma as a point, after a cue in a language that writes commas ("La réponse est 3,5")."""
    foreign = not _ENGLISH.search(cue) and _COMMA_SCRIPTS.search(cue)
    return _DECIMAL_COMMA.sub(r"\1.\2", value) if foreign else value


def _rest_of_sentence(text: str, at: int) -> str:
    """The sentence in which a cue stands, from the cue on."""
    end = _SENTENCE_END.search(text, at)
    return text[at : end.end() if end else len(text)][:600].strip()
