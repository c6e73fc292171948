"""The expressions in a sentence: the longest runs of numbers, letters and signs that could be one piece of mathematics.

A last number is seldom the answer by itself: "3x + 2", "2√3", "(2, 5)", "3 1/2 cups", "5 hours and 45 minutes". This
is no parser, only a tokenizer and the rules for what may stand side by side; whether a run can be read is for others.
"""

from __future__ import annotations

import re
from typing import NamedTuple

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3}(?!\w))?)"
_FUNCTIONS = (
    "sqrt|cbrt|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|sinh|cosh|tanh|log|ln|exp|pi|abs|floor|ceil|max|min|gcd"
    "|lcm|binom"
    "|inf|infinity|mod|Re|Im|cis|union|theta|alpha|beta|phi"
)
_TOKEN = re.compile(
    rf"(?P<number>{NUMBER})|(?P<function>(?:{_FUNCTIONS})(?![A-Za-z]))|(?P<word>[^\W\d_]{{2,}}(?:['’-][^\W\d_]+)*)"
    r"|(?P<command>\\(?:[A-Za-z]+|[{}|%$,;:! ]))|(?P<letter>[A-Za-z])(?![\w'’])|(?P<constant>[πθαβφ∞∅ℝℤ])"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<sign>[√∛±∓¬])|(?P<post>[!%°′″²³⁴⁵⁶⁷⁸⁹⁰¹₀₁₂₃₄₅₆₇₈₉¼-¾⅐-⅞])"
    r"|(?P<operator>[-+−–*/^=<>≤≥≠≈×·÷_∪∩:∈⋅∗∕⁄]|\.\.\.)|(?P<comma>[,;])|(?P<currency>(?:US|A|C|HK)?[$€£¥₹₽₩])"
    r"|(?P<blank>[ \t]+)|(?P<other>.)",
    re.S,
)
_TOUCHING = frozenset(
    {"number", "function", "command", "letter", "constant", "open", "sign", "post", "operator", "comma", "currency"}
)
_LEADING_SIGNS = "-+−±∓√∛¬"
_CANNOT_BEGIN = " \t,;:=<>≤≥≠≈*/^_·×÷%!°∪∩∈⋅∗∕⁄"
_CANNOT_END = " \t,;:=<>≤≥≠≈*/^_·×÷+-−–√∪∩∈⋅∗∕⁄±∓."
_DIGIT = re.compile(r"[\d¼-¾⅐-⅞]|[π∞∅]|\bpi\b|\\(?:pi|infty|emptyset|varnothing)\b|\binf(?:inity)?\b")
_COMPOUND = re.compile(
    rf"{NUMBER}\s(?:hours?|hrs?|minutes?|mins?|seconds?|days?|weeks?|years?|months?|feet|foot|yards?|pounds?|lbs?"
    rf"|dollars?|meters?|metres?"
    rf"|kilometers?|kilograms?|degrees?|quarts?|gallons?|dimes?)"
    rf"(?:,?\s(?:and\s)?{NUMBER}\s(?:hours?|hrs?|minutes?|mins?|seconds?|secs?|days?|weeks?|months?|inch(?:es)?"
    rf"|ounces?|oz|cents?"
    rf"|centimeters?|centimetres?|meters?|metres?|grams?|feet|cups?|pints?|quarts?)\b){{1,3}}",
    re.I,
)
_ADJECTIVE = re.compile(r"[-–][^\W\d_]{2}|(?:st|nd|rd|th)\b")
_LABEL = re.compile(
    r"(?:\b(?:steps?|case|part|question|problem|figure|eq(?:uation|n)?|line|example|method|table|section|approach"
    r"|attempt|theorem|lemma"
    r"|exercise|no|item|note|page|chapter)\b\.?|第)\s?[#(]?$",
    re.I,
)


class Run(NamedTuple):
    """An expression and where it stands."""

    start: int
    end: int
    text: str


def runs(sentence: str) -> list[Run]:
    """The expressions of a sentence that hold a number or a constant, in order."""
    compounds = [Run(found.start(), found.end(), found[0]) for found in _COMPOUND.finditer(sentence)]
    found: list[Run] = []
    for start, end in _spans(sentence):
        run = _trimmed(sentence, start, end)
        if run is None or not _DIGIT.search(run.text) or _names_something(sentence, run):
            continue
        inside = next((c for c in compounds if c.start < run.end and run.start < c.end), None)
        if inside is None:
            found.append(run)
        elif inside not in found:
            found.append(inside)
    return found


def _names_something(sentence: str, run: Run) -> bool:
    """Whether the number is part of a name or a word, not a value: "Step 3", "a 5-digit number", "the 4th"."""
    return (
        _ADJECTIVE.match(sentence, run.end) is not None
        or _LABEL.search(sentence[max(0, run.start - 16) : run.start]) is not None
    )


def leading_run(text: str) -> Run | None:
    """The expression with which a text begins, letters included ("x", "2x+1", "C")."""
    compound = _COMPOUND.match(text)
    if compound:
        return Run(0, compound.end(), compound[0])
    for start, end in _spans(text):
        run = _trimmed(text, start, end)
        return run if run is not None and not text[: run.start].strip(" $") else None
    return None


def _spans(text: str) -> list[tuple[int, int]]:
    """Stretches of tokens that may belong to one expression."""
    spans: list[tuple[int, int]] = []
    start = end = -1
    before, depth, blank = "", 0, False
    tokens = list(_TOKEN.finditer(text))
    for index, token in enumerate(tokens):
        kind = str(token.lastgroup)
        if kind == "blank":
            blank = True
            continue
        follows = tokens[index + 1].lastgroup if index + 1 < len(tokens) else None
        if start >= 0 and (kind in ("word", "other") or not _continues(before, kind, blank, depth, token, follows)):
            spans.append((start, end))
            start = -1
        if kind not in ("word", "other", "close", "comma") or (start >= 0 and kind in ("close", "comma")):
            if start < 0:
                start, depth = token.start(), 0
            end = token.end()
            depth += (kind == "open") - (kind == "close")
        before, blank = kind, False
    if start >= 0:
        spans.append((start, end))
    return spans


def _continues(before: str, kind: str, blank: bool, depth: int, token: re.Match[str], follows: str | None) -> bool:
    """Whether a token goes on with the run whose last token was `before`."""
    if token[0] == ":":
        return before == "number" and follows == "number" and not blank
    if not blank:
        return not (before == "letter" and kind == "currency")
    if depth > 0:
        return True
    if kind == "sign" and token[0] in "±∓":
        return before in ("number", "letter", "close", "constant", "post")
    if kind == "operator" and before == "operator" and token[0] in "-−":
        return follows in ("number", "letter", "constant", "command", "open")
    if kind == "operator":
        return token[0] not in ":_" and before not in ("operator", "comma")
    if before == "operator":
        return kind in _TOUCHING
    if before in ("sign", "function", "command"):
        return kind in ("number", "letter", "constant", "open", "command")
    if before == "currency":
        return kind == "number"
    if kind in ("command", "close"):
        return True
    if kind == "currency":  # "2,74 $" is money, "5 $3" is not
        return before == "number" and follows in (None, "blank", "other", "comma")
    if before == "number" and kind == "number":
        return _mixed(token)
    return kind == "post"


def _mixed(token: re.Match[str]) -> bool:
    """Whether the number is the fraction of a mixed number, "3 1/2"."""
    return re.match(r"\d+\s?/\s?\d+(?![\d/])", token.string[token.start() : token.start() + 24]) is not None


def _trimmed(text: str, start: int, end: int) -> Run | None:
    """The stretch without what cannot begin or end an expression: operators, commas, brackets that stand alone."""
    while start < end:
        last = text[end - 1]
        if _cannot_begin(text, start):
            start += 1
        elif last in _CANNOT_END or (last == "!" and not _factorial(text, end)):
            end -= 1
        else:
            bracket = _stray_bracket(text, start, end)
            if bracket is None:
                break
            if bracket - start < end - 1 - bracket:
                start = bracket + 1
            else:
                end = bracket
    return Run(start, end, text[start:end]) if start < end else None


def _cannot_begin(text: str, at: int) -> bool:
    """Whether no expression begins with that character; a sign stands right before its number."""
    first, second = text[at], text[at + 1 : at + 2]
    if first in "-−":
        return second == " " and text[:at].strip() != ""
    return first in _CANNOT_BEGIN or (first in "–+" and second == " ") or (first == second == ".")


def _factorial(text: str, end: int) -> bool:
    """Whether a "!" is a factorial, not the end of a sentence."""
    return text[end : end + 1] not in ("", "\n", " ") or text[max(0, end - 2) : end - 1] in (")",)


def _stray_bracket(text: str, start: int, end: int) -> int | None:
    """A bracket without its partner."""
    waiting: list[int] = []
    for index in range(start, end):
        if text[index] in "([{":
            waiting.append(index)
        elif text[index] in ")]}":
            if not waiting:
                return index
            waiting.pop()
    return waiting[-1] if waiting else None
