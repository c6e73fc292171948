"""The tree of an answer, from its text: words and choices by patterns, everything else by `AnswerParser`."""

from __future__ import annotations

import re
from functools import lru_cache

from ..limits import ParseError, TooLarge
from ..tree import Node, number
from .answer_parser import AnswerParser
from .clean import clean, group_digits
from .measure import attached, measured
from .tokens import tokenize
from .words import FUNCTIONS, GREEK, NUMBER_SETS, UNITS, chinese_number, spoken_number

REMEMBERED = 120
"""Longest answers whose trees are kept in memory."""
_CONTRACTION = re.compile(r"[A-Za-z]{2}'(?:t|s|re|ll|ve|d|m)\b", re.I)
_CHOICE = re.compile(
    r"(?:(?:the |correct )*(?:choice|option|answer)(?: is)?:?\s*(?=\(?[A-J]\b))?"
    r"(?:\(\s*([A-J]|[a-e](?=\)\s+[\d\\$(-]))\s*\)|([A-J])\s*[).]|([A-J]):(?=\s|$)|([A-J])\s+(?:-+|:)\s+(?=[A-Za-z]{2,}))\s*(.*)",
    re.S | re.I,
)
_CHOICE_WORD = re.compile(r"(?:(?:the )?(?:correct )?(?:choice|option|answer)(?: is)?:?)\s+\(?([A-J])\)?", re.I)
_CHOICE_GAP = re.compile(r"(\\(?:text|textbf|mathrm|mathbf)\s*\{\s*[A-J]\s*\}|[A-J])\s*\\q?quad\b\s*")
_SECOND_CHOICE = re.compile(r"(?:and|or|nor|but|not)\b|[&/;]|\\(?:and|or|land|lor|wedge|vee)\b", re.I)
_CONDITION = re.compile(
    r"(?:[,;]\s*|\s|(?<=[}$)]))\(?(?:\\(?:text|textrm|mathrm|mbox)\s*\{)?\s*"
    r"(where|for (?:some|any|all|every|each)|such that|provided(?: that)?|whenever|if|when|unless)\b(.*)",
    re.S | re.I,
)
_FOR_ALL = re.compile(r"\\(?:forall|exists)\b\s*(.*?)\s*(?:[,:]|\\[,:;]|\\text\s*\{)\s*(.*)", re.S)
_REAL = re.compile(
    r"(?:where|for (?:any|all|every|each)) "
    r"(?:\S+? ?\\in ?\\mathbb ?R|(?:real )?(?:constants?|numbers?|values?)? ?\\?\w?)"
)
_BOUND = re.compile(r"[,;(]\s*\\?([A-Za-z]+)\s*(?:\\[gl]eq?(?:slant)?\b|\\neq?\b|[<>]=?|!=)[^,;]*$")
_NOTE = re.compile(r"([^()]*[\d}])\s*(?:\\left)?\(\s*([A-Za-z][A-Za-z0-9 .,'/&-]{0,60}?)\s*(?:\\right)?\)", re.S)
_MEMBERSHIP = re.compile(r"\s*[,;(]\s*\\?[A-Za-z](?:\s*,\s*[A-Za-z])*\s*\\in\s*\\?[A-Za-z{} ]+\+?\)?\s*$")
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z'\-]*(?:[ \n]+[A-Za-z][A-Za-z'\-]*)*")
_STYLE = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|operatorname|mbox|textnormal|rm|bf)\b\s*|[{}$]")
_SHORT_WORDS = {"no", "na", "up", "ok", "to", "in", "on"}


def parse(text: str) -> Node:
    """The tree of an answer; what is not mathematics becomes ("text", words).

    Raises:
        TooLarge: a limit was exceeded.
    """
    return _parse_short(text) if len(text) <= REMEMBERED else _parse(text)


@lru_cache(maxsize=4096)
def _parse_short(text: str) -> Node:
    return _parse(text)


def _parse(text: str) -> Node:
    cleaned = clean(text)
    try:
        given = _with_condition(cleaned)
        return parse_cleaned(cleaned) if given is None else given
    except ParseError as error:
        if isinstance(error, TooLarge):
            raise
        return ("text", plain_words(cleaned))


def _with_condition(cleaned: str) -> Node | None:
    """An answer that holds under a condition, "cx for any c > 0"; `None` if it names none.

    That a variable is real is no condition.
    """
    found = _CONDITION.search(cleaned)
    if found and found.start():
        main, condition = cleaned[: found.start()], f"{found[1]} {found[2].strip()}"
        if not re.search(r"[\d\\=<>]|\b[a-zA-Z]\b", found[2]):
            return None
    else:
        quantified, member, bound = _FOR_ALL.match(cleaned), _MEMBERSHIP.search(cleaned), _BOUND.search(cleaned)
        if quantified:
            main, condition = quantified[2], "for all " + quantified[1]
        elif member and "=" in cleaned[: member.start()]:
            main, condition = cleaned[: member.start()], "where " + member[0].strip(" ,;()")
        elif bound and re.search(rf"(?<![A-Za-z]){bound[1]}", cleaned[: bound.start()].partition("=")[2]):
            main, condition = cleaned[: bound.start()], "where " + bound[0].strip(" ,;()")
        else:
            return None
    main = main.strip().rstrip(",;{(")
    try:
        tree = parse_cleaned(main + "}" * max(0, main.count("{") - main.count("}")))
    except TooLarge:
        raise
    except ParseError:
        return None
    words = plain_words(condition)
    if _REAL.fullmatch(words):
        return tree
    return ("given", tree, ("text", words))


def parse_cleaned(cleaned: str, grouped: bool = True, letters: bool = False) -> Node:
    """The tree of a cleaned answer; raises `ParseError` where it is not mathematics.

    Args:
        grouped: whether 1,234 is one number.
        letters: whether a single letter after a number is always a variable, also where it could be a unit.
    """
    if _CONTRACTION.search(cleaned):
        raise ParseError("prose")
    fixed = _fixed(cleaned)
    if fixed is not None:
        return fixed
    if cleaned and cleaned[0] >= "\u3007":
        written = chinese_number(cleaned)
        if written is not None:
            return number(written)
    if len(cleaned) > 1:
        words = _as_words(cleaned)
        if words is not None:
            return words
    noted = _NOTE.fullmatch(cleaned)
    if noted and _is_note(noted[2]):
        return _noted(parse_cleaned(noted[1], grouped, letters), noted[2])
    try:
        tokens = tokenize(group_digits(cleaned) if grouped else cleaned)
        if letters:
            tokens = [token._replace(kind="name") if token.kind == "letter" else token for token in tokens]
        return AnswerParser(tokens).answer()
    except RecursionError:
        raise TooLarge("nested too deeply") from None


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]*"
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(rf"(?P<name>{_MONTH})\.? (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})", re.I),
    re.compile(rf"(?P<day>\d{{1,2}}) (?P<name>{_MONTH})\.?,? (?P<year>\d{{4}})", re.I),
)
_SLASHED = re.compile(r"\d{1,2}/\d{1,2}/(?:19|20)\d\d")
_REMAINDER = re.compile(r"(\d+)\s*(?:R|r|remainder)\.?\s*(\d+)")
_ELEMENT = "(?:H|C|N|O|S|P|F|K|I|Cl|Br|Na|Ca|Fe|Mg|Al|Cu|Zn|Ag|Si|Mn)"
_MOLECULE = re.compile(rf"(?=.*\d)(?![A-F0-9]+_\{{?16)(?:{_ELEMENT}(?:_?\{{?\d+\}}?)?){{2,}}")
_CONDITIONAL = re.compile(r"(?:P|\\Pr|E)\s*\(([^()|]*)(?:\||\\mid\b)([^()|]*)\)")


def _fixed(cleaned: str) -> Node | None:
    """What looks like arithmetic and is none: dates, remainders, molecules, P(A|B)."""
    if len(cleaned) > 40:
        return None
    cleaned = plain_words(cleaned) if "\\text" in cleaned else cleaned
    conditional = _CONDITIONAL.fullmatch(cleaned)
    if conditional:
        return ("text", f"{cleaned[0]} of {conditional[1].strip()} given {conditional[2].strip()}")
    if not any(map(str.isdigit, cleaned)):
        return None
    for pattern in _DATES:
        found = pattern.fullmatch(cleaned)
        if found:
            parts = found.groupdict()
            month = parts.get("month") or 1 + _MONTHS.index(parts["name"][:3].lower())
            if 1 <= int(month) <= 12 and 1 <= int(parts["day"]) <= 31:
                return ("text", f"date {parts['year']} {int(month)} {int(parts['day'])}")
    if _SLASHED.fullmatch(cleaned):
        return ("text", f"date {cleaned}")
    remainder = _REMAINDER.fullmatch(cleaned)
    if remainder:
        return ("text", f"{remainder[1]} remainder {remainder[2]}")
    return ("text", re.sub(r"[_{}]", "", cleaned)) if _MOLECULE.fullmatch(cleaned) else None


def _is_note(words: str) -> bool:
    """Whether what stands in parentheses after a value is a note, "9 (apples)", and no factor."""
    if words in UNITS:
        return True
    return any(
        len(word) > 2 and word not in FUNCTIONS and word not in GREEK and word != "mod"
        for word in re.findall("[A-Za-z]+", words)
    )


def _noted(value: Node, words: str) -> Node:
    """The value with its note, which is a unit or a comment; a negation spoils it."""
    return attached(value, re.sub(r"\bsq\.", "sq", words), note=True)


def _as_words(cleaned: str) -> Node | None:
    gap = _CHOICE_GAP.match(cleaned)
    bare = f"{_STYLE.sub('', gap[1])}) {cleaned[gap.end() :]}" if gap else cleaned
    bare = _STYLE.sub("", bare).strip() if "\\" in bare else bare
    named = _CHOICE_WORD.fullmatch(bare)
    if named:
        return ("sym", named[1].upper())
    chosen = _CHOICE.fullmatch(bare)
    letter = chosen and next(group for group in chosen.groups()[:4] if group)
    if chosen and letter and (letter.isupper() or chosen[1]) and "," not in bare[:4]:
        rest = chosen[5].strip()
        if _SECOND_CHOICE.match(rest):  # (A) and (C)
            return None
        if not rest or (letter != "I" and not rest.startswith(("=", "-", "+", "*", "/", "^", ",", "\\cup"))):
            return ("choice", letter, _rest(rest)) if rest else ("sym", letter)
    if len(bare) < 2 or not _PLAIN_WORDS.fullmatch(bare):
        return None
    low = " ".join(bare.casefold().split())
    spoken = spoken_number(low)
    if spoken is not None:
        return number(spoken)
    if low in NUMBER_SETS:
        return ("sym", "set" + NUMBER_SETS[low]) if NUMBER_SETS[low] else ("set", ())
    if low in ("noon", "midnight"):
        return ("clock", 12 if low == "noon" else 0, 0, "pm" if low == "noon" else "am")
    counted = _counted(bare)
    if counted is not None:
        return counted
    if " " in low and not re.search(r"\b(?:and|or)\b", low):
        return None if any(len(word) < 2 for word in low.split()) else ("text", bare)
    if len(low) >= 4 and bare.isupper():
        return ("text", bare)
    if len(low) >= 3 and " " not in low:
        tokens = tokenize(bare)
        if len(tokens) > 1 and all(token.kind == "name" for token in tokens) and not bare.isupper():
            return ("text", bare)
    return ("text", bare) if low in _SHORT_WORDS else None


def _counted(words: str) -> Node | None:
    """ "five dollars", "thirty percent", "seven squared": a number in words, and what it counts."""
    parts = words.split()
    for split in range(min(len(parts) - 1, 8), 0, -1):
        spoken = spoken_number(" ".join(parts[:split]))
        if spoken is not None:
            rest = parts[split:]
            if any(word in ("and", "or", "to", "of", "in") or spoken_number(word) is not None for word in rest):
                return None
            return measured(number(spoken), " ".join(rest))
    return None


def _rest(text: str) -> Node:
    """What stands behind the letter of a choice."""
    try:
        return parse_cleaned(clean(text))
    except ParseError:
        return ("text", text)


def plain_words(cleaned: str) -> str:
    """The text without LaTeX markup."""
    return " ".join(_STYLE.sub("", re.sub(r"\\[,;:! ]|~|\\q?quad\b", " ", cleaned)).split())
