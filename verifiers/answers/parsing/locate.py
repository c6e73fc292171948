"""Where the answer stands: in an attempt, in a reference, and in an attempt that votes."""

from __future__ import annotations

import re
from functools import lru_cache

from ....core.extraction import (
    Found,
    Mode,
    Unfinished,
    contradicts_itself,
    final_reply,
    find_answer,
    find_marked,
    refuses,
    tidy,
)
from ..limits import TooLarge
from .parse import parse
from .words import CONSTANTS, FUNCTIONS, GREEK, POWERS, SCALES, UNITS

_MARKUP = re.compile(r"\\(?:text\w{0,2}|mathrm|mbox|displaystyle)(?![A-Za-z])|\\[,;:! ]|[{}$~]")
BARE = 400
"""Longest text that may be an answer as a whole."""
MAX_WORDS = 2
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_MATHEMATICAL = (
    {"and", "or", "per", "in", "percent", "degrees", "union", "all", "real", "numbers", "integers", "begin", "end"}
    | set(FUNCTIONS) | set(CONSTANTS) | set(GREEK) | set(UNITS) | set(POWERS) | set(SCALES)
)  # fmt: skip
_MARK_SIGNS = re.compile(r"[\n:<?\"]|box|####")
_FOREIGN = re.compile(r"(?:[^\W\d_a-zA-Zα-ωΑ-Ω]\s?){5,}|[^\W\d_a-zA-Zα-ωΑ-Ω]{2,}[\s，、：:,]*[-\d$\\(]|[。？！]$")
"""A sentence of another script, or words of it before a value; "5 个" and "九" are neither."""
_FIGURES = re.compile(
    r"\d|[π∞∅√]|\\(?:pi|infty|emptyset|varnothing|sqrt)(?![A-Za-z])|[-+*/^=<>≤≥≠∪]|\\[lg]eq?(?![A-Za-z])"
)
_LETTER = re.compile(r"[\s$(]*(?:\\(?:text|mathrm|textbf)\s?\{)?[\s(]*[A-HJ-Za-z][\s)]*\}?[\s)$.]*")
_WORDS = """
none, null, nan, na, n a, unknown, undecided, undetermined, unsure, idk, nothing, empty, error, hm, hmm, hmmm, um,
uh, ok, okay, well, sorry, todo, tbd, placeholder, the, an, so, let, we, it, this, that, to, of, is, answer,
nil, blank, skip, skipped, pass, passed, unclear, number, value, result, xx, xxx, xxxx, insert, here, see,
above, below, star, dots, ldots, cdots, depends, missing, unavailable,
不能确定, 不知道, 未知, 无, 無, 不确定, 不清楚, 没有答案, 모름,
모르겠음, 不明, わからない, неизвестно, the answer, final answer, your answer, no answer, not sure, i do not know,
i dont know, do not know, dont know, not applicable, no valid answer, no answer found, see above, see below,
it depends, cannot say, cant say, hard to say, not given, not provided, not specified, not stated,
insufficient data, insufficient information, not enough information, not enough data, more information needed,
keine ahnung, weiß nicht, keine antwort, no sé, no lo sé, je ne sais pas, sans réponse, sin respuesta,
nicht bekannt, non so, não sei, не знаю, нет ответа
"""
_NON_ANSWERS = frozenset(words.strip() for words in _WORDS.split(","))
"""What is no answer even in a box, as the label of a question. "No solution" and "does not exist" are answers."""
_NO_LABEL = re.compile(
    r"(?:the answer |it |this |answer |the value )?(?:cannot|can not|cant|could not|couldnt)(?: be)?"
    r" (?:determined?|found|find|known|solved?|answered?|computed?|calculated?|decided?)(?: .*)?"
    r"|(?:your|the|my|final|insert|put|enter|write|fill|type|give)(?: (?:your|the|my|in|final|correct"
    r"|numeric(?:al)?))*"
    r" (?:answer|result|number|value|solution|expression)(?: (?:here|goes here|in here|below))?"
    r"|(?:there is |we have |i have )?(?:not enough|insufficient|too little|no|missing) (?:information|data|info"
    r"|context)(?: .*)?"
    r"|(?:unable|impossible|not possible) to (?:determine|solve|find|say|tell|know|answer|compute)(?: .*)?"
    r"|no (?:valid |final |correct |clear )?(?:answer|response|result|output|idea|clue)(?: .*)?|x{2,}"
    r"|it depends(?: .*)?"
)
_TEXT = re.compile(r"\\(?:text\w{0,2}|mathrm|mbox)(?![A-Za-z])(?:\s?\{[\s_.]*\})?")
_EMPTY_SIGNS = re.compile(r"(?:\\(?:square|Box|q?quad|[lcd]?dots|star|ast|bullet|circ)(?![A-Za-z])|[\s_.*{}-])+")
_BY_ZERO = re.compile(
    r"[^=]*(?:/\s?0+(?:\.0*)?(?![\d.])|\\[dtc]?frac\s?(?:\{[^{}]*\}|\d)\s?(?:\{\s?0+\s?\}|0(?!\d)))[^=]*", re.S
)
"""A division by zero."""


def locate(text: str, mode: Mode, unfinished: Unfinished = "none") -> str | None:
    """The answer in a text: the whole of it if all of it can be read as one, else what `extract_answer` finds."""
    found = find(text, mode, unfinished)
    return None if found is None else found.answer


def find(text: str, mode: Mode, unfinished: Unfinished = "none") -> Found | None:
    """`locate`, with the place where the answer stands."""
    if mode == "lenient" and _is_bare(text):
        return Found(text.strip(), "whole")
    found = find_answer(text, mode, unfinished)
    if mode == "strict" or (found is not None and found.place in ("box", "mark")):
        return found
    whole = final_reply(text, unfinished).strip() if len(text) <= 2 * BARE else ""
    return Found(whole, "whole") if "boxed" not in whole and "\\fbox" not in whole and _is_answer(whole) else found


def locate_reference(text: str | None) -> str | None:
    """The answer that a reference gives: what stands at an explicit mark, else all of it; `None` if it is empty.

    A reference is an answer, not a solution: nothing is guessed from its words, and never from its last number.
    """
    if text is None or not text.strip():
        return None
    return _located_reference(text) if len(text) <= BARE else _marked_or_all(text)


@lru_cache(maxsize=4096)
def _located_reference(text: str) -> str | None:
    return _marked_or_all(text)


def _marked_or_all(text: str) -> str | None:
    found = find_marked(text)
    return tidy(text) if found is None else found


def is_sentence(text: str) -> bool:
    """Whether a text consists of words, more than a bare answer would have, so that only words can equal it."""
    return _is_prose(_MARKUP.sub(" ", text))


def same_words(a: str, b: str) -> bool:
    """Whether two texts have the same words, numbers and signs, apart from LaTeX's markup, capitals and blanks."""
    left, right = ("".join(_MARKUP.sub("", text).casefold().split()).strip(".") for text in (a, b))
    return left == right


def locate_vote(text: str, mode: Mode, unfinished: Unfinished = "none") -> str | None:
    """The answer with which an attempt may vote: at an explicit mark, or alone and readable as mathematics.

    A guess from prose does not vote, nor do words without a mark ("hm", "The"), nor what is no answer even at one.
    """
    found = find(text, mode, unfinished)
    if found is None or found.place == "prose" or is_non_answer(found.answer):
        return None
    return None if found.place == "whole" and not _is_expression(found.answer) else found.answer


def is_non_answer(answer: str) -> bool:
    """Whether words stand where the answer should, that say there is none ("None", "I don't know", "…")."""
    if answer.isdigit():
        return False
    if len(answer) <= BARE and (_BY_ZERO.fullmatch(answer) or _EMPTY_SIGNS.fullmatch(answer)):
        return True
    answer = _TEXT.sub("", answer)
    words = " ".join(re.sub(r"[^\w\s]|_", " ", re.sub(r"['’]", "", answer)).casefold().split())
    if not words:
        return not re.search(r"[∞∅]|\\[A-Za-z{]|\{\s*\}", answer)
    return words in _NON_ANSWERS or _NO_LABEL.fullmatch(words) is not None or refuses(answer)


def _is_expression(answer: str) -> bool:
    if answer.isdigit():
        return True
    if not _FIGURES.search(answer):
        return _LETTER.fullmatch(answer) is not None
    try:
        return bool(parse(answer)[0] != "text")
    except TooLarge:
        return True


def _is_bare(text: str) -> bool:
    """Whether a text is plainly an answer alone: no word that is not mathematics, no sign that could be a mark."""
    if len(text) > BARE or not text.isascii() or _MARK_SIGNS.search(text) or _other_words(text):
        return False
    return _is_answer(text.strip())


def _is_answer(text: str) -> bool:
    """Whether all of a text can be read as one answer."""
    if not 0 < len(text) <= BARE or _is_prose(text) or contradicts_itself(text):
        return False
    if "\n" in text and "\\" not in text:
        return False  # several lines are an answer only in LaTeX
    try:
        return bool(parse(text)[0] != "text")
    except TooLarge:
        return True


def _is_prose(text: str) -> bool:
    """Whether it has words that are neither mathematics nor units, more than a bare answer would have."""
    if not text.isascii() and _FOREIGN.search(text):
        return True
    return len(_other_words(text)) > MAX_WORDS


def _other_words(text: str) -> list[str]:
    """The words of a text that are neither mathematics nor units."""
    return [word for word in _WORD.findall(text) if word not in _MATHEMATICAL and word.lower() not in _MATHEMATICAL]
