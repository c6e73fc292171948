"""`find_answer`: the marks of an answer in the order in which they are believed."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from ..errors import ConfigError
from .around import not_meant
from .boxes import read_boxes
from .cues import without_cue
from .marks import after_cue, after_hashes, in_tags, loose_box, under_key
from .prose import lone_letter
from .reply import final_reply
from .stated import bare_or_last
from .tidy import tidy

Mode = Literal["strict", "lenient"]
Unfinished = Literal["none", "read"]
Place = Literal["box", "mark", "whole", "prose"]

_EMPTY_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{[\s.…]*\}|\\boxed(?=\s[.,)]|[.,)]|\s*$)")
_CUT_OFF_ENDS = re.compile(r"\n|\$|\\\)|\\\]|[.。](?=\s|$)")
_FENCE = re.compile(r"\A\s*```[\w+-]{0,20}\s*\n(.*?)\n?\s*```\s*\Z", re.S)
_PREFIX = re.compile(r"\A(?:(?:#{1,6}|>)[ \t]+(?=[-$\\(]?[\w\\][^\n]{0,80}\Z)|Q:[^\n]{1,400}?\s(?=A:\s))")
"""Markdown's heading or quote in front of a reply of one line, and a question that is repeated before "A:"."""
_NUMBER_BEGINS = frozenset("-0123456789")
_LEADS = frozenset(("is ", " = ", "is:", "s: ", "r: ", "re ", "s $", "= $", ": $", "So ", "o: ", "*: "))
"""How the text before a plain box ends; any other end is looked at more closely."""
_COMMON_LEADS = frozenset(
    ("", "The answer is ", "the answer is ", "So the answer is ", "Thus, the answer is ", "Answer: ")
)
"""What commonly precedes a box and cannot be a supposition."""
WHOLE = 200
"""Longest reply that may be an answer as it stands."""


class Found(NamedTuple):
    """An answer, and where it was found.

    Attributes:
        answer: the text of the answer.
        place: "box"; "mark" (another explicit mark); "whole" (the reply is nothing else); "prose" (a guess).
    """

    answer: str
    place: Place


def check_mode(mode: str, unfinished: str = "none") -> None:
    """Raises `ConfigError` unless `mode` is a `Mode`, and `unfinished` an `Unfinished`."""
    if mode not in ("strict", "lenient"):
        raise ConfigError(f"extraction mode must be 'strict' or 'lenient', got {mode!r}")
    if unfinished not in ("none", "read"):
        raise ConfigError(f"unfinished must be 'none' or 'read', got {unfinished!r}")


def extract_answer(text: str, mode: Mode = "lenient", unfinished: Unfinished = "none") -> str | None:
    """The answer an attempt gives, or `None`.

    Args:
        text: the attempt.
        mode: "strict" (boxed only) or "lenient".
        unfinished: what a thought gives that was begun and never ended: "none", or "read" as if it were the reply.

    Raises:
        ConfigError: no such mode.
    """
    answer = plain_box(text)
    if answer is not None and (mode == "lenient" or mode == "strict"):
        return answer
    if mode == "lenient" and len(text) <= WHOLE and text.isdigit() and text.isascii():
        return text
    check_mode(mode, unfinished)
    found = _found(text, mode, unfinished)
    return None if found is None else found.answer


def plain_box(text: str) -> str | None:
    """The answer of a reply of one line that ends "is", "=" or ":" and its only box, with a number in it; `None` says
    nothing. It is what extraction finds in the commonest case, without a regular expression."""
    start = text.find("\\boxed{")
    if start < 0 or text[-1] != "}":
        return None
    content = text[start + 7 : -1]
    if not content.isdigit() and (not content or content[0] not in _NUMBER_BEGINS or "{" in content or "}" in content):
        return None
    before = text[:start]
    if before and before[-3:] not in _LEADS:
        return None
    if "<" in before or "not" in before or "n't" in before or "\n" in before or "\\fbox" in before:
        return None
    if before not in _COMMON_LEADS and not_meant(text, start, len(text)):
        return None
    return content.strip()


def find_answer(text: str, mode: Mode = "lenient", unfinished: Unfinished = "none") -> Found | None:
    """The answer of an attempt with the place where it stands; arguments as for `extract_answer`."""
    check_mode(mode, unfinished)
    quickly = plain_box(text)
    return _found(text, mode, unfinished) if quickly is None else Found(quickly, "box")


def _found(text: str, mode: Mode, unfinished: Unfinished) -> Found | None:
    """The answer where `plain_box` finds none."""
    reply = final_reply(text, unfinished)
    boxed = read_boxes(reply)
    if mode == "strict":
        return None if boxed.content is None else Found(_bare(boxed.content), "box")
    if boxed.content is not None:
        later = _concluded_after(reply[boxed.end :])
        return Found(_bare(boxed.content), "box") if later is None else Found(later, "mark")
    if boxed.cut_off is not None:
        return _cut_off(boxed.cut_off)
    if boxed.part:
        later = _concluded_after(reply[boxed.end :])
        return None if later is None else Found(later, "mark")
    if boxed.withdrawn:
        reply = reply[boxed.end :]
    elif "\\boxed" in reply or "\\fbox" in reply:
        reply = _EMPTY_BOX.sub(" ", reply)
    marked = _marked(reply)
    return _unmarked(reply, whole=not boxed.withdrawn) if marked is None else marked[0]


def find_marked(text: str) -> str | None:
    """The answer of a text at an explicit mark (box, `####`, tags, "the answer is"), or `None`: nothing is guessed."""
    boxed = read_boxes(text)
    if boxed.content is not None:
        return boxed.content
    marked = _marked(text, weak=False)
    return None if marked is None or marked[0] is None else marked[0].answer


def boxed_answer(text: str) -> str | None:
    """The answer by strict extraction."""
    return extract_answer(text, "strict")


def _bare(content: str) -> str:
    """What is boxed, without Markdown around it and without a cue in front."""
    return without_cue(content).strip("`* ") or content


def _cut_off(rest: str) -> Found | None:
    """The content of a box that was never closed: up to the end of its line, formula or sentence. It may itself be cut
    off, so it does not vote."""
    rest = rest.lstrip()
    end = _CUT_OFF_ENDS.search(rest)
    content = (rest if end is None else rest[: end.start()]).strip()
    if not content or len(content) > WHOLE:
        return None
    open_braces = content.count("{") - content.count("}")
    return Found(without_cue(content + "}" * max(0, open_braces)), "prose")


def _concluded_after(tail: str) -> str | None:
    """The answer that an explicit cue announces after the last box (Minerva's "Final Answer: …")."""
    if len(tail) < 8:
        return None
    found, value = after_cue(tail, direct=True)
    if found and value is not None:
        return value
    return after_hashes(tail)


def _marked(text: str, weak: bool = True) -> tuple[Found | None] | None:
    """What an explicit mark announces; `None` if there is no mark, `(None,)` if there is one and no answer at it.

    `weak` ones are "final result:" and the like.
    """
    for value in (after_hashes(text), in_tags(text), under_key(text)):
        if value is not None:
            inner = _inside(value)
            return (None if inner is None else Found(inner, "mark"),)
    loose = loose_box(text)
    if loose is not None:
        return (Found(without_cue(loose), "mark"),)
    for result_cue in (False, True) if weak else (False,):
        found, value = after_cue(text, result_cue)
        if found:
            return (None if value is None else Found(value, "mark"),)
    return None


def _inside(value: str) -> str | None:
    """The answer between tags: a text that may hold marks of its own."""
    found, inner = after_cue(value)
    return inner if found else bare_or_last(value)


def _unmarked(text: str, whole: bool = True) -> Found | None:
    """The answer of a reply without marks: the letter alone on its last line, all of it if short, or its conclusion.

    `whole` is whether the text is all of the reply.
    """
    fenced = _FENCE.match(text[: 2 * WHOLE])
    text = _PREFIX.sub("", (fenced[1] if fenced else text).strip())
    letter = lone_letter(text)
    if letter is not None:
        return Found(letter, "whole" if len(text) < 6 else "mark")
    answer = bare_or_last(text)
    if answer is None:
        return None
    return Found(answer, "whole" if whole and tidy(text) == answer and len(text) <= WHOLE else "prose")
