"""A run of letters, to tokens: a function, a constant, a unit, words of prose, a name or a product of letters."""

from __future__ import annotations

import re
from typing import NamedTuple

from .words import CONSTANTS, CURRENCY_CODES, FUNCTIONS, GREEK, LATEX_ONLY, POWERS, SCALES, UNITS, listed


class Token(NamedTuple):
    """kind: "num", "name" (a variable), "fn", "const", "text" (words), "cmd", "op", "unit", "money", "begin", "end",
    and "letter": a unit's symbol after a number and a blank, which is a variable if the item goes on ("2 m + 1").
    """

    kind: str
    text: str
    spaced: bool
    """Whether blanks come before it."""


_VALUE_ENDS = {")", "]", "}", "\\}"}
_NO_ARGUMENT = re.compile(r"\s*(?:$|[,;:.)\]}/]|\\\\|(?:and|or|per)\b)")
_NO_BRACKET = re.compile(r"(?!\s*(?:\\left\s*)?[({\[_^])")
_OTHER_WORD = re.compile(r"\s*([A-Za-z]{2,})")


def after_value(before: list[Token]) -> bool:
    """Whether the last token may end a value."""
    return bool(before) and (before[-1].kind in ("num", "unit") or before[-1].text in _VALUE_ENDS)


def without_argument(name: str, rest: str) -> bool:
    """Whether no argument follows a function's name: then "9 min" are minutes, and "12 log" are logs."""
    if name in ("min", "max"):
        return _NO_BRACKET.match(rest) is not None
    following = _OTHER_WORD.match(rest)
    if following and following[1] not in FUNCTIONS and following[1] not in GREEK and following[1] not in CONSTANTS:
        return True
    return _NO_ARGUMENT.match(rest) is not None


def is_plural_of_function(run: str) -> bool:
    """ "floors", "logs", "signs"."""
    return run.endswith("s") and run[:-1].lower() in FUNCTIONS


def compound_word(run: str, spaced: bool, before: list[Token]) -> bool:
    """Whether letters joined by a hyphen are one word of a comment ("11 sit-ups"), not a difference."""
    if not spaced or not before or before[-1].kind not in ("num", "text", "unit"):
        return False
    parts = run.split("-")
    known = any(part in FUNCTIONS or part in CONSTANTS or part in GREEK for part in parts)
    return any(len(part) > 2 for part in parts) and not known


def word(run: str, spaced: bool, before: list[Token], rest: str) -> list[Token]:
    """The tokens of a run of letters; `rest` is the text after it."""
    if len(run) == 1:
        if not run.isascii() and wordless(run):
            return [Token("text", run, spaced)]
        after_number = spaced and before and before[-1].kind == "num" and run in UNITS
        per = bool(before) and before[-1].text == "per" and run in UNITS
        return [Token("letter" if after_number else "unit" if per else "name", run, spaced)]
    low = run.lower()
    if (
        spaced
        and after_value(before)
        and (is_plural_of_function(run) or (run in FUNCTIONS and without_argument(run, rest)))
    ):
        return [Token("unit" if run in UNITS else "text", run, spaced)]
    if run in UNITS and len(before) > 1 and before[-1].text == "/" and before[-2].kind in ("unit", "letter"):
        return [Token("unit", run, spaced)]  # km/hr
    if run in FUNCTIONS and run not in LATEX_ONLY:
        return [Token("fn", FUNCTIONS[run], spaced)]
    if low in CONSTANTS:
        return [Token("const", CONSTANTS[low], spaced)]
    if low in ("and", "or"):
        return [Token("op", low, spaced)]
    if low in ("pct", "percent", "percentage") or low == "percents":
        return [Token("op", "%", spaced)]
    if low in ("degree", "degrees", "deg"):
        return [Token("cmd", "degree", spaced)]
    if run in GREEK:
        return [Token("name", run, spaced)]
    if low in ("in", "mod", "union", "to") and before:
        command = {"union": "cup"}.get(low, low)
        if low != "in" or before[-1].kind != "num":
            return [Token("cmd", command, spaced)]
    if _is_unit(run, spaced, before):
        return [Token("unit", run, spaced)]
    if low in ("am", "pm") and before and before[-1].kind == "num":
        return [Token("text", low, spaced)]
    if run in CURRENCY_CODES or run == "Rs":
        return [Token("text", run, spaced)]
    if spaced and after_value(before) and _is_abbreviation(run, rest):
        return [Token("text", run, spaced)]
    return _glued(run, spaced, before, rest)


def _is_abbreviation(run: str, rest: str) -> bool:
    """ "CDs"; "DS" in "3 DS games"."""
    if run[-1] == "s" and run[:-1].isupper() and len(run) > 2:
        return True
    return run.isupper() and re.match(r"\s+[a-z]{3}", rest) is not None


def wordless(letter: str) -> bool:
    """Whether a letter is of a script whose words have no blanks (Chinese, Japanese), and no letter of formulas."""
    return ord(letter) >= 0x2E80


def _is_unit(run: str, spaced: bool, before: list[Token]) -> bool:
    if not before or run not in UNITS:
        return False
    last = before[-1]
    if last.text == "(" and last.spaced and len(before) > 1:  # 5 (km)
        return before[-2].kind == "num"
    if last.kind == "text":
        return last.text.lower() in POWERS or last.text == "per"
    if last.kind == "const":  # 10 pi cm
        return spaced and len(run) > 1
    return last.kind in ("num", "unit", "letter") and (spaced or (len(run) == 2 and run[0] in "kcm"))


def _glued(run: str, spaced: bool, before: list[Token], rest: str) -> list[Token]:
    """Words that were written without blanks between them: "1orW", "sinx", "xsqrt(5)", "2pi"; else prose or letters."""
    low = run.lower()
    for joint in ("or", "and"):  # "1orW(x)=-1"
        if low.startswith(joint) and len(run) == len(joint) + 1 and before and not spaced:
            return [Token("op", joint, True), Token("name", run[-1], False)]
    for length in (6, 5, 4, 3, 2):
        head, tail = run[:length], run[length:]
        if head in FUNCTIONS and head not in LATEX_ONLY and len(tail) == 1:
            return [Token("fn", FUNCTIONS[head], spaced), Token("name", tail, False)]
        head, tail = run[:-length], run[-length:]
        if tail in FUNCTIONS and tail not in LATEX_ONLY and 0 < len(head) <= 3 and rest.lstrip().startswith(("(", "{")):
            return [*word(head, spaced, before, ""), Token("fn", FUNCTIONS[tail], False)]
    if low.endswith("pi") and len(run) <= 4 and not spaced:
        return [Token("name", letter, False) for letter in run[:-2]] + [Token("const", "pi", False)]
    if low.startswith("pi") and len(run) == 3 and not (spaced and low[2] in "egnpt" and after_value(before)):
        return [Token("const", "pi", spaced), Token("name", run[2], False)]
    if _is_prose(run, spaced, before):
        return [Token("text", run, spaced)]
    return [Token("name", letter, spaced and index == 0) for index, letter in enumerate(run)]


def _is_prose(run: str, spaced: bool, before: list[Token]) -> bool:
    if not run.isascii() or run.lower() in SCALES:
        return True
    attached = bool(before) and not spaced
    if run.isupper() and len(run) >= 4:  # MR = SRMC
        return False
    if len(run) >= 4:
        return not attached or any(vowel in run.lower() for vowel in "aeiou")
    if attached:
        return False
    follows_value = bool(before) and before[-1].kind in ("num", "unit", "text", "money", "letter")
    if follows_value and run.lower() in POWERS:
        return True
    return run.lower() in _SHORT_WORDS or (len(run) == 3 and follows_value and _is_spoken(run.lower()))


def _is_spoken(run: str) -> bool:
    """Whether three letters can be a word: they have a vowel, and do not follow each other in the alphabet."""
    in_order = ord(run[0]) + 2 == ord(run[1]) + 1 == ord(run[2])
    return not in_order and any(vowel in run for vowel in "aeiouy")


_SHORT_WORDS = set(
    listed(
        "of in at is am pm to no by on it as if we he an be so or us the sum are get was has not but for its all any"
        " yes you can now per his her she who how why out our one two six ten"
    )
)
