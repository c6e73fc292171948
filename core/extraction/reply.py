"""What of an attempt is the reply: after the thought, before the end of the turn, and only to the question asked."""

from __future__ import annotations

import re

from .cues import first_cue
from .prose import last_value

TAIL = 100_000
"""Only the last N characters of a reply are read: answers come last."""

_THOUGHTS = "think|thinking|thoughts?|reasoning|scratchpad|seed:think"
_THOUGHT_ENDS = re.compile(
    rf"</(?:{_THOUGHTS})\s{{0,8}}>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|channel\|>final<\|message\|>",
    re.I,
)
_THOUGHT_OPENS = re.compile(
    rf"<(?:{_THOUGHTS})\s{{0,8}}>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|channel\|>analysis<\|message\|>", re.I
)
_TOKEN = (
    r"<\|(?!(?:begin|end)_of_box)[\w .-]{1,40}\|>|<｜[^｜<>]{1,40}｜>|</?s>"
    r"|<(?:end|start)_of_turn>|<(?:eos|bos|pad|unk)>|\[/?INST\]"
)
"""A token that opens or ends a turn, in the notations of common chat templates."""
_TURN = re.compile(rf"{_TOKEN}|\n\s{{0,8}}(?:Human|User)\s?:")
_HTML = re.compile(r"</?(?:b|strong|i|em|u|p|br|hr|span|div|center|code|h[1-6]|li|ul|ol)\s?/?>", re.I)
_STRUCK_OUT = re.compile(r"~~(?=\S)[^~\n]{1,200}~~")
_CALCULATOR = re.compile(r"<<[^<>\n]{1,200}>>")
"""GSM8K's calculator annotations."""
_LEADING = re.compile(rf"(?:\s{{0,8}}(?:{_TOKEN})(?:(?:assistant|model|final)\b)?)+")
_MARK = re.compile(r"####[ \t]{0,4}[-\d$\\(]|\\(?:boxed|fbox)\s{0,4}\{\s{0,4}[^}\s.]|</answer>", re.I)
_NEXT_QUESTION = re.compile(
    r"\n[ \t]{0,8}(?:#{1,6}[ \t]{1,4})?\**(?:(?:Next |New |Another )?(?:Question|Problem|Exercise|Example"
    r"|Instruction|Input)"
    r"\b[ \t]{0,4}[\w.#]{0,4}[ \t]{0,4}\**[:.]|Q[ \t]{0,2}\d{0,3}\**:|(?:问题|题目|例题)\s?\d{0,3}\s?[:：])"
)


def final_reply(text: str, unfinished: str = "none") -> str:
    """The part of an attempt that is its reply, "" if there is none.

    Args:
        text: the attempt.
        unfinished: what a thought gives that never ended: "none" (nothing was replied yet) or "read" (its text).
    """
    if "<" in text or "[" in text or "◁" in text:
        text = text[max((found.end() for found in _THOUGHT_ENDS.finditer(text)), default=0) :]
        if unfinished == "none" and _THOUGHT_OPENS.search(text):
            return ""
        text = _HTML.sub(" ", _CALCULATOR.sub("", _own_turn(text)))
    elif "\nHuman" in text or "\nUser" in text:
        text = _own_turn(text)
    if "~~" in text:
        text = _STRUCK_OUT.sub(" ", text)
    return _first_question(text[-TAIL:])


def _own_turn(text: str) -> str:
    """Without the tokens that open the turn, and without what follows its end."""
    leading = _LEADING.match(text)
    if leading:
        text = text[leading.end() :]
    for found in _TURN.finditer(text):
        if text[: found.start()].strip():
            return text[: found.start()]
    return text


def _first_question(text: str) -> str:
    """Without further questions that the model asks itself after it has answered (few-shot continuation)."""
    if "\n" not in text or (following := _NEXT_QUESTION.search(text)) is None:
        return text
    mark = min((end for end in (_first_mark(text), first_cue(text)) if end is not None), default=len(text))
    if mark > following.start() and last_value(text[: following.start()]) is None:
        following = _NEXT_QUESTION.search(text, mark)  # nothing was answered before: the model repeats the question
    return text if following is None else text[: following.start()]


def _first_mark(text: str) -> int | None:
    found = _MARK.search(text)
    return found.end() if found else None
