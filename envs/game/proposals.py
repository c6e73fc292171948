"""Finding the question in what a challenger wrote: the part of reading that all domains share.

    thoughts … </think> drafts <question>the statement</question> the claimed answer

The first closing tag ends a question, and after it nothing may open or close one: what stands between two closing tags
would be read differently by different readers. Tags and turns of a chat inside a question make it malformed, too: a
question is text that somebody asks, and must not speak for whoever answers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_QUESTION = 4_000
"""A longer question is malformed."""

_OPEN, _CLOSE = "<question>", "</question>"
_TAG = re.compile(r"<\s{0,8}(?:/\s{0,8})?question\s{0,8}>", re.I)
_OTHER_TAG = re.compile(r"<\s{0,8}(?:/\s{0,8})?(?:answer|think|thinking|tool_call|tool_response)\s{0,8}>", re.I)
_THOUGHTS_END = "</think>"
_TURN = re.compile(
    r"<[|｜]\s?[\w▁ /.:-]{1,60}[|｜]>"  # <|im_end|>, <|eot_id|>, <｜User｜>
    r"|</?s>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>",
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Statement(NamedTuple):
    """The last `<question>…</question>` of a text: what stands in it, before it and behind it."""

    text: str
    before: str
    behind: str


def find_statement(text: str) -> Statement | str:
    """The statement, without blanks around it, or the reason why the proposal is malformed. Never raises.

    What stands up to the last `</think>` is thought, and not read.
    """
    text = text[text.rfind(_THOUGHTS_END) + len(_THOUGHTS_END) :] if _THOUGHTS_END in text else text
    if _CLOSE not in text or _OPEN not in text:
        return "no <question>…</question>"
    tags = [*_TAG.finditer(text)]
    written = [found[0] for found in tags]
    if _CLOSE not in written[written.index(_OPEN) :]:
        return "no <question>…</question>"
    if len(written) % 2 or written != [_OPEN, _CLOSE] * (len(written) // 2):
        return "the <question> tags do not pair: the first closing tag ends a question, and none may follow it"
    opening, closing = tags[-2:]
    statement = text[opening.end() : closing.start()].strip()
    return unfit(statement) or Statement(statement, text[: opening.start()], text[closing.end() :])


def unfit(question: str) -> str | None:
    """Why a text cannot be asked; `None` where nothing is wrong.

    Holds for a written text, and again for what became of it: computed values can hold what nobody may write.
    """
    if not question:
        return "the question is empty"
    if len(question) > MAX_QUESTION:
        return f"the question has more than {MAX_QUESTION} characters"
    tag = _TAG.search(question) if "<" in question else None
    return forbidden(question, "question") if tag is None else f"the question holds {tag[0]!r}"


def forbidden(text: str, kind: str) -> str | None:
    """Why a text of this kind ("question", "answer") makes its proposal malformed; `None` where nothing is wrong."""
    if "<" in text or "[" in text:
        found = _OTHER_TAG.search(text) or _TURN.search(text)
        if found is not None:
            return f"the {kind} holds {found[0]!r}, a tag or a turn of a chat"
    surrogate = None if text.isascii() else _SURROGATE.search(text)
    return None if surrogate is None else f"the {kind} holds {surrogate[0]!r}, which is no character"
