"""The language of the game: "What is true and not (false or true)?"

formula = term ("or" term)*      term = factor ("and" factor)*
factor  = "not" factor | "(" formula ")" | "true" | "false"
"""

import re

LONGEST = 400
_QUESTION = re.compile(r"(?:what is|compute) ([a-z() ]+)[?.]", re.I)
_WORD = re.compile(r"\s*(true|false|and|or|not|[()])", re.I)


def read(text):
    """The formula that a text asks for, with single blanks and lower case; `None` if it asks for none."""
    found = _QUESTION.findall(text[-LONGEST:])
    words = _words(found[-1]) if found else []
    try:
        rest = _formula(words)[1]
    except (IndexError, ValueError):
        return None
    return None if rest else " ".join(words).replace("( ", "(").replace(" )", ")")


def value(formula):
    """ "true" or "false"."""
    return "true" if _formula(_words(formula))[0] else "false"


def _words(text):
    words, at = [], 0
    while found := _WORD.match(text, at):
        words.append(found[1].lower())
        at = found.end()
    return words if not text[at:].strip() else []


def _formula(words):
    truth, rest = _term(words)
    while rest and rest[0] == "or":
        other, rest = _term(rest[1:])
        truth = truth or other
    return truth, rest


def _term(words):
    truth, rest = _factor(words)
    while rest and rest[0] == "and":
        other, rest = _factor(rest[1:])
        truth = truth and other
    return truth, rest


def _factor(words):
    first, rest = words[0], words[1:]
    if first == "not":
        truth, rest = _factor(rest)
        return not truth, rest
    if first == "(":
        truth, rest = _formula(rest)
        if rest[0] != ")":
            raise ValueError("a parenthesis is not closed")
        return truth, rest[1:]
    if first not in ("true", "false"):
        raise ValueError(f"{first!r} begins no formula")
    return first == "true", rest
