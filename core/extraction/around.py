r"""What stands around a box: whether it is a part of a larger expression, a supposition, or struck out."""

from __future__ import annotations

import re

from .beside import changed_after, multiplied_before, scale_behind
from .formulas import formulas

_REACH = 80
_SPACE = r"(?:[ \t~]|\\[,;:! ]|\\q?quad(?![A-Za-z]))*"
_OPERATORS = (
    r"\\(?:times|cdot|div|pm|mp|ast|star|circ|over|bmod|cup|cap|setminus|wedge|vee|land|lor|oplus"
    r"|leq?|geq?|lt|gt|leqslant|geqslant|neq?|to|not)(?![A-Za-z])"
)
_FACTORS = (
    r"\\(?:[dtc]?frac|sqrt|pi|theta|alpha|beta|phi|log|ln|sin|cos|tan|cot|sec|csc|exp|binom|left|sum|int|prod|infty)"
    r"(?![A-Za-z])"
)
_BEFORE = re.compile(
    rf"(?:[+×·÷±−^≤≥≠⋅∗∕⁄]|[\w)}}$]\s?(?:[<>]|!=)|(?<![-=<>\w])-(?=$)|[\w)}}]-(?=$)|=\s?-|[\w)}}]\s?[*/]|{_OPERATORS}"
    rf"|\\(?:sqrt(?:\[\w\])?|pi|theta|log|ln|sin|cos|tan|exp|[dtc]?frac(?:\s?\{{[^{{}}]*\}}|\s?\w)?"
    rf"|d?binom(?:\{{[^{{}}]*\}})?)\s?\{{?"
    rf"|[\^_]\s?\{{|[\w)}}]_|\\[dtc]?frac\s?\{{[^{{}}]*\}}\s?\{{[^{{}}]*\}}|\\sqrt\s?\{{[^{{}}]*\}}|\^\{{[^{{}}]*\}}"
    rf"|(?<!\d)\([^()]*[-+*/^][^()]*\)){_SPACE}$"
)
"""An operator, a relation other than an equality, or a factor, right before the box."""
_TOUCHES_BEFORE = re.compile(r"\d$|\d,$|(?<![A-Za-z\\])[A-Za-z]$|[\w)}]\($")
_DECIMAL = re.compile(r"\d[ \t]?\.$")
_LIST_LABEL = re.compile(r"(?:^|\n)[ \t]*[1-9]\d?[.)]$")
_AFTER = re.compile(
    rf"{_SPACE}(?:[+×·÷±−⋅∗∕⁄≤≥≠]|-\s?[\d\\(]|[-–]\s?[a-zA-Z](?![A-Za-z])"
    rf"|\*\s?[\d(\\]|/\s?[\d(\\]|\^(?!\s?\{{?\s?\\?circ|°)"
    rf"|_\s?\{{?[\da-z]|{_OPERATORS}|{_FACTORS})"
)
_TOUCHES_AFTER = re.compile(r"\d|\.\d|,\d{3}(?!\d)|:\d|\((?=[-\d\\]|[a-z]\W)|[a-zA-Z](?![A-Za-z])(?<![mgshLVNJWCKA])")
_IN_FORMULA_BEFORE = re.compile(rf"(?:[-\d<>*/]|(?<!\\)[)(\[,]|(?<![A-Za-z\\])[A-Za-z]){_SPACE}$")
_IN_FORMULA_AFTER = re.compile(rf"{_SPACE}(?:[-\d(<>*/!,|\[]|[a-zA-Z](?![A-Za-z])(?<![mgshLVNJWCKA]))")
_SENTENCE = re.compile(r"[.!?。！？](?=[\s*_]|[^\x00-\x7f])|\n")
_SUPPOSED = re.compile(
    r"\W*(?:so |but |now |and |then )?(?:if|suppose|supposing|assum(?:e|ing)|imagine|pretend)\b(?![^,;:]*[,;:]"
    r"|.*\b(?:then|so|thus"
    r"|therefore|hence|we|gives?|implies)\b)",
    re.I | re.S,
)
_NOT_MINE = re.compile(
    r"\b(?:mistake|error|misconception|trap|wrong|incorrect|false|tempting|naive)\b[^,;]{0,40}\s?(?:is|are|was"
    r"|would be"
    r"|be|gives?|gave|answer|to (?:say|write|think)|as|:)\W*$"
    r"|\b(?:some|someone|somebody|many|others|students|people|one|you)\s(?:people |students )?(?:may|might|could"
    r"|would|will)?\s?"
    r"(?:be tempted to )?(?:say|think|answer|guess|claim|write)s?\b[^,;]{0,30}$"
    r"|\b(?:my |the )?(?:first|initial|earlier|previous|original|old)\s(?:attempt|guess|answer|try|result"
    r"|idea)\b[^,;]{0,20}$"
    r"|\b(?:please|must|should)\b[^,;=]{0,30}\b(?:write|written|put|give|given|format(?:ted)?|express(?:ed)?"
    r"|enclosed?|answer)"
    r"\b[^,;=]{0,30}\b(?:as|like|in the form|inside|within|with|in)\W*$"
    r"|\b(?:write|put|give|format|state|present|enclose|box)\s(?:your|the)\s(?:final )?(?:answer"
    r"|result)[^,;=]{0,30}\b(?:as|like|inside|within|in|form)\W*$"
    r"|\b(?:for )?(?:example|instance|e\.g)\b[^=;]{0,20}$|\bsuch as\W*$",
    re.I,
)


def part_of_formula(text: str, start: int, end: int) -> bool:
    """Whether the box there, or a run of boxes, is only a part of the value that is written ("-□", "□^2", "□ million").

    What precedes an equals sign, units, and marks of Markdown are no parts.
    """
    before, after = _stripped(text[max(0, start - _REACH) : start], text[end : end + _REACH])
    if _BEFORE.search(before) or _AFTER.match(after) or multiplied_before(before):
        return True
    if changed_after(_words_opened(after)) or scale_behind(_words_opened(after)):
        return True
    if _TOUCHES_AFTER.match(after) or _TOUCHES_BEFORE.search(before):
        return True
    if _DECIMAL.search(before) and not _LIST_LABEL.search(before):
        return True
    doubtful = _IN_FORMULA_BEFORE.search(before) or _IN_FORMULA_AFTER.match(after)
    return doubtful is not None and any(one.start < start and end < one.end for one in formulas(text))


def _stripped(before: str, after: str) -> tuple[str, str]:
    """What stands around, without brackets that hold nothing but the box."""
    for opening, closing in (("\\left(", "\\right)"), ("(", ")"), ("[", "]"), ("{", "}")):
        inner, outer = before.rstrip(), after.lstrip()
        if (
            inner.endswith(opening)
            and outer.startswith(closing)
            and not re.search(r"[\w^\\]\{?$", inner[: -len(opening)])
        ):
            return inner[: -len(opening)], outer[len(closing) :]
    return before, after


def _words_opened(after: str) -> str:
    r"""Words in `\text{…}` as words."""
    return re.sub(r"^\$?\s?\\text(?:bf|rm|it)?\s?\{", " ", after).lstrip("*$") if after[:1] in "\\$* " else after


def not_meant(text: str, start: int, end: int) -> bool:
    """Whether the words before a box make it a supposition, an example, or somebody's mistake, or it is struck out."""
    before = text[max(0, start - 2 * _REACH) : start]
    if before.endswith("~~") and text.startswith("~~", end):
        return True
    lead = before[_sentence_start(before) :]
    return _SUPPOSED.match(lead) is not None or _NOT_MINE.search(lead) is not None


def _sentence_start(before: str) -> int:
    start = 0
    for found in _SENTENCE.finditer(before):
        if before[found.end() :].strip(" \n*_$\\[("):
            start = found.end()
    return start
