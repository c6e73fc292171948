"""Whether an answer only repeats the question: a computation that is copied from it is not carried out, and no answer.

To the question "What is 3+4*2?" the answer `3+4*2` means the same as 11, and says nothing. So an answer is an echo if
it stands in the question, blanks, brackets and notation aside, and something in it is left to compute. What is one
value, as simple as it can be written, is no computation: 5/6, √2, 2π, 3 1/2, 50 %. Nor is it an echo where the question
offers it ("Which is larger, 2^10 or 10^3?"), or where the reference is written like that.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from .limits import MAX_LENGTH, TooLarge
from .parsing.clean import CHARACTERS, SUPERSCRIPT
from .parsing.parse import parse
from .parsing.words import CONSTANTS, FUNCTIONS, listed
from .tree import walk
from .values.carried_out import carried_out

REPEATS = "repeats the question"
"""The reason of a verdict on an echo."""
LONGEST = 50_000
"""Characters at the beginning and at the end of a question in which an answer is looked for."""

MOST = 64
"""Items of a list that are looked for."""

Tokens = tuple[str, ...]
_OPERATES = re.compile(
    r"[^\s$({]\s*[-+*/^:!|%]|\||\d\s+[xX]\s+\d|[^\x00-\x7f]"
    r"|\\(?:[dtc]?frac|cdot|times|div|ast|over|sqrt|log|ln|sum|int|prod|[dt]?binom|pmod|bmod|sin|cos|tan|[gl]cd|l?vert)"
    r"|\b(?:plus|minus|times|divided|multiplied|squared|cubed|over|sqrt|log|ln|gcd|lcm|mod|min|max|binom|factorial"
    r"|sin|cos|tan)\b"
)
"""What an answer has that can be a computation; most have nothing of it, and are not looked at."""
_POWER = re.compile(r"(?<=[\w)}\]])(\s?)\*\*\1(?=[\w(\\{-])")
_SUPERSCRIPTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TIMES = re.compile(r"(?<=\d)\s+[xX]\s+(?=\d)|\b(?:multiplied by|times)\b")
_BY = re.compile(r"\b(?:divided by|over)\b")
_SQUARED, _CUBED = re.compile(r"\bsquared\b"), re.compile(r"\bcubed\b")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|\\?[A-Za-z]+|\\.|[^\s\w]|[^\W\d_A-Za-z]", re.S)
_NAMED = {
    "cdot": "*", "times": "*", "ast": "*", "div": "/", "plus": "+", "minus": "-", "dfrac": "frac", "tfrac": "frac",
    "cfrac": "frac", "lvert": "|", "rvert": "|", "tbinom": "binom", "dbinom": "binom",
}  # fmt: skip
_IGNORED = frozenset(
    listed(
        "left right big bigl bigr Big Bigl Bigr bigg biggl biggr displaystyle textstyle text textbf mathrm mathbf mbox"
        " rm bf operatorname limits nolimits quad qquad boxed fbox"
    )
) | {"$", "~", "\\", "\\,", "\\;", "\\:", "\\!", "\\ ", "\\(", "\\)", "\\[", "\\]", "`", '"', "_"}
_OPENS, _CLOSES = frozenset("([{"), frozenset(")]}")
_OPERATORS = frozenset("+-*/^!:%|")
_SEPARATES = frozenset((",", ";", "=", "and"))
_ENDS = frozenset((".", "?", "!", "=", ":", ",", ";", "+"))
_CHOOSES = frozenset(
    listed(
        "or which whichever larger largest greater greatest smaller smallest bigger biggest less least more most fewer"
        " higher lower compare between choose among"
    )
)
_JOINS = frozenset((",", "and", "vs", "versus", "than"))
_MATHEMATICAL = frozenset(FUNCTIONS) | frozenset(CONSTANTS) | {"mod", "frac"}
_COMPUTED_TEXT = re.compile(r"\d[^\w.,;]*[-+*/^×÷·−][^\w.,;]*\d|\d\s?%\s?of\b")


def is_echo(answer: str, question: str, reference: str | None = None) -> bool:
    """Whether an answer repeats a computation of the question.

    Args:
        answer: as it was extracted.
        question: its text.
        reference: the known answer; one that is written like that is no echo. `None` where nobody knows it.
    """
    if not question or answer.isdecimal() or len(answer) > MAX_LENGTH or not _OPERATES.search(answer):
        return False
    written = _stripped(_tokens(answer))
    if not written or (reference is not None and _alike(written, _stripped(_tokens(reference[:LONGEST])))):
        return False
    asked = _asked(question)
    parts = [written, *_parts(written)[:MOST]]
    standing = any(len(part) > 1 and _stands(part, asked) for part in parts)
    return standing and _left_to_compute(answer)


def _left_to_compute(answer: str) -> bool:
    try:
        tree = parse(answer)
    except (TooLarge, RecursionError):
        return True
    if tree[0] == "text":
        return not tree[1].startswith("date ") and _COMPUTED_TEXT.search(answer) is not None
    return not all(carried_out(node) for node in walk(tree))


class _Asked(NamedTuple):
    """A question: its tokens, each between two blanks, and whether it asks to choose."""

    text: str
    chooses: bool


@lru_cache(maxsize=64)
def _asked(question: str) -> _Asked:
    looked_at = question if len(question) <= 2 * LONGEST else f"{question[:LONGEST]} \n {question[-LONGEST:]}"
    tokens = _tokens(looked_at)
    return _Asked(f" {' '.join(tokens)} ", not _CHOOSES.isdisjoint(tokens))


def _tokens(text: str) -> Tokens:
    """Numbers, words and operators, without brackets: 3(4+5), 3*(4+5) and 3 \\cdot (4 + 5) are the same."""
    if not text.isascii():
        text = _SUPERSCRIPTS.sub(lambda found: "^" + found[0].translate(SUPERSCRIPT), text).translate(CHARACTERS)
        text = "".join(unicodedata.normalize("NFKC", sign) for sign in text)
    text = _SQUARED.sub("^2", _CUBED.sub("^3", _BY.sub("/", _TIMES.sub("*", _GROUPED.sub("", text)))))
    folding = _Folding()
    for found in _TOKEN.finditer(_POWER.sub("^", text)):
        folding.add(found[0])
    return tuple(folding.found)


class _Folding:
    """The tokens so far, and what brackets and fractions they stand in."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._inside: list[bool] = []  # per open bracket, whether it holds a numerator
        self._numerator = self._apart = False

    def add(self, written: str) -> None:
        if written in _OPENS:
            self._inside.append(self._numerator)
            self._numerator, self._apart = False, True
            return
        if written in _CLOSES:
            over = self._inside.pop() if self._inside else False
            self._apart = True
            if over:
                self.found.append("/")
            return
        name = written.lstrip("\\") or written
        token = _NAMED.get(name, name)
        if token in _IGNORED or written in _IGNORED:
            return
        if token == "frac":
            self._numerator = True
        elif self._numerator:  # \frac12
            self._numerator = False
            first, rest = token[0], token[1:]
            for part in filter(None, (first, "/", rest)):
                self._append(part)
        elif token == "*":
            self._apart = True
        else:
            self._append(token)

    def _append(self, token: str) -> None:
        if token[-1].isdigit():
            token = _without_zeros(token)
            if self._apart and self.found and self.found[-1][0].isdigit():
                self.found.append("*")
        elif len(token) > 1:
            token = token.lower()
        self._apart = False
        self.found.append(token)


def _without_zeros(digits: str) -> str:
    """A number without the zeros that change nothing."""
    whole, _, decimals = digits.partition(".")
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")


def _stripped(tokens: Tokens) -> Tokens:
    """Without signs at its ends that are no part of a value."""
    begin, end = 0, len(tokens)
    while begin < end and tokens[begin] in ("=", "+", ":", ","):
        begin += 1
    while begin < end and tokens[end - 1] in _ENDS and not (tokens[end - 1] == "!" and end - begin < 3):
        end -= 1
    return tokens[begin:end]


def _alike(a: Tokens, b: Tokens) -> bool:
    """Whether two are written alike, but for the order of terms."""
    return sorted(token for token in a if token != "+") == sorted(token for token in b if token != "+")


def _parts(tokens: Tokens) -> list[Tokens]:
    """The items of a list, or the last side of an equation, and each without the words that follow it."""
    parts: list[Tokens] = []
    begin = 0
    for end in range(len(tokens) + 1):
        if end == len(tokens) or tokens[end] in _SEPARATES:
            parts.append(_stripped(tokens[begin:end]))
            begin = end + 1
    if "=" in tokens and not any(token in (",", ";", "and") for token in tokens):
        parts = parts[-1:]
    without_words = [part[: _last_value(part)] for part in parts]
    return [part for part in dict.fromkeys([*parts, *without_words]) if part and part != tokens]


def _last_value(part: Tokens) -> int:
    end = len(part)
    while end and len(part[end - 1]) > 1 and part[end - 1].isalpha() and part[end - 1] not in _MATHEMATICAL:
        end -= 1
    return end


def _stands(part: Tokens, asked: _Asked) -> bool:
    """Whether a part stands in the question as what is asked for, and is nowhere offered as a choice."""
    variable, wanted, standing = any(_is_variable(token) for token in part), f" {' '.join(part)} ", False
    at = asked.text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        before = asked.text[asked.text.rfind(" ", 0, at) + 1 : at] if at else ""
        after = asked.text[end : asked.text.find(" ", end)]
        if _offered(before, after, asked.chooses):
            return False
        standing = standing or not _goes_on(before, after, variable)
        at = asked.text.find(wanted, end - 1)
    return standing


def _goes_on(before: str, after: str, variable: bool) -> bool:
    """Whether the expression of the question is a longer one, of which the part is no part that has a value."""
    if before in ("^", "/") or after in ("^",):
        return True
    if not variable:
        return False
    return before in _OPERATORS or after in _OPERATORS - {"!", ":"} or _is_operand(before) or _is_operand(after)


def _is_variable(token: str) -> bool:
    return len(token) == 1 and token.isalpha()


def _is_operand(token: str) -> bool:
    return token[:1].isdigit() or (_is_variable(token) and token not in ("a", "I"))


def _offered(before: str, after: str, chooses: bool) -> bool:
    """Whether a choice stands between two tokens: beside "or", behind (A), or in a list of which one is asked for."""
    if "or" in (before, after) or (len(before) == 1 and "A" <= before <= "J"):
        return True
    return chooses and not _JOINS.isdisjoint((before, after))
