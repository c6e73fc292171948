"""Words after a value: units ("cm", "square metres", "m/s^2"), times of day, words that change it, comments."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from fractions import Fraction

from ..limits import ParseError
from ..tree import Node, number, walk
from .commands import CommandParser
from .cursor import END
from .numerals import based
from .words import (
    ATTRIBUTES,
    CHINESE_SCALES,
    COUNTED_SCALES,
    DIRECTIONS,
    PARTS,
    POWERS,
    SCALES,
    UNITS,
    VALUE_WORDS,
    read_unit,
)

_NEGATION = re.compile(r"\b(?:not|no|never|nor|neither|except|unknown|wrong|incorrect|unsure)\b|n't\b", re.I)
_COUNTED = {"times", "quarters", "power", "powers", "over", "base", "root", "double", "triple", "half", "negative"}
_HALF = re.compile(
    r"(?:oclock\s*)?"
    r"(?:(am|a m|in the morning)|(pm|p m|noon|in the afternoon|in the evening|at night)|(midnight))\b|oclock\b"
)


def measured(value: Node, words: str) -> Node:
    """The value with its unit; words that are not a unit are a comment, of which only a direction is kept.

    Raises:
        ParseError: the words deny the value, or change it in a way not understood here.
    """
    words = words.strip()
    if not words:
        return value
    if _NEGATION.search(words):
        raise ParseError("a negation")
    if re.fullmatch(r"degrees?|度", words):
        return ("degree", value)
    if re.fullmatch(r"percent|percentage|pct\.?|per cent", words):
        return ("percent", value)
    time = clock(value, words)
    if time is not None:
        return time
    changed = _changed(value, words)
    if changed is not None:
        return changed
    unit = read_unit(words)
    if unit is not None:
        return ("unit", value, unit)
    said = words.casefold().split()
    if not _countable(value) and (value[0] not in _COMPOUND or said[0] in _VERBS | ATTRIBUTES):
        return stated(value, words)
    if said[0] in _VERBS and not _HARMLESS.fullmatch(words):
        raise ParseError("a statement about a number")
    if _changes_value(said) or said[0] == "or":
        raise ParseError("words that change the value")
    first, _, rest = words.partition(" ")
    before_comment = read_unit(first) if rest and len(first) > 1 and first != "in" else None
    if before_comment is not None:  # 5 miles north
        value = ("unit", value, before_comment)
    return directed(value, words)


_HARMLESS = re.compile(
    r"(?:is|are) (?:the )?(?:correct|right|final|true|answer|solution|result|total|value)\b.*", re.I | re.S
)
_COMPOUND = {"add", "mul", "div", "neg", "pow", "fn"}
"""Expressions, which may count things as a number does: 3x candies."""
_COPULAS = {"is", "are", "a", "an", "the", "です", "だ", "である", "입니다", "이다", "是", "ist", "est", "es"}
_VERBS = {"is", "are", "was", "were", "has", "have", "will", "wins", "loses"}


def _countable(value: Node) -> bool:
    """Whether a comment after it can only say what is counted: 17 apples, but n even."""
    return all(node[0] != "sym" and node[0] not in ("rel", "seq", "set", "bag", "text") for node in walk(value))


def stated(value: Node, words: str) -> Node:
    """A value of which words say something: n is even, (1, 2) is a maximum."""
    said = [word for word in words.casefold().split() if word not in _COPULAS]
    return ("given", value, ("text", " ".join(said))) if said else value


def directed(value: Node, comment: str) -> Node:
    """The value with the directions that a comment names."""
    directions = sorted({DIRECTIONS[word] for word in comment.casefold().split() if word in DIRECTIONS})
    return ("directed", value, " ".join(directions)) if directions else value


def _changes_value(said: list[str]) -> bool:
    """Whether the first or the last word changes the value; "5 times" and "5 power drills" are comments."""
    first, last = (word.strip(".,;()") for word in (said[0], said[-1]))
    return first in VALUE_WORDS - _COUNTED or last in VALUE_WORDS - {"times", "quarters"}


def _changed(value: Node, words: str) -> Node | None:
    """ "5 hundredths", "5 squared", "5 factorial", "3 million dollars"; `None` if the words do not change the value."""
    first, _, rest = words.partition(" ")
    low = first.casefold().strip(".,")
    if first[0] in CHINESE_SCALES and read_unit(words) is None:
        return measured(("mul", value, number(CHINESE_SCALES[first[0]])), words[1:])
    scale = SCALES.get(low) or COUNTED_SCALES.get(low)
    if scale is not None:
        return measured(("mul", value, number(scale)), rest)
    coins = low == "quarters" and value[0] == "num" and value[1] >= 4
    if low in PARTS and not coins:
        rest = re.sub(r"^of (?:an? )?", "", rest)
        return measured(("div", value, number(PARTS[low])), rest)
    if low in ("squared", "cubed") and not rest:
        return ("pow", value, number(POWERS[low]))
    if low == "factorial" and not rest:
        return ("fn", "factorial", value)
    return None


def clock(value: Node, words: str) -> Node | None:
    """ "9 am", "4:30 p.m.", "7 o'clock": a time of day, whatever follows; `None` if it is none."""
    found = _HALF.match(re.sub(r"[.\s]+", " ", words.casefold()).strip())
    if found is None:
        return None
    if value[0] == "clock":
        hour, minute = value[1:3]
    else:
        parts = value[1:] if value[0] == "ratio" else (value,)
        if not all(part[0] == "num" and part[1].denominator == 1 and not part[2] for part in parts) or len(parts) > 2:
            return None
        hour, minute = int(parts[0][1]), int(parts[1][1]) if len(parts) > 1 else 0
    if not (0 <= hour <= 12 and 0 <= minute < 60):
        return None
    if found[1] or found[2] or found[3]:
        return ("clock", hour % 12 + (12 if found[2] else 0), minute, "pm" if found[2] else "am")
    return ("clock", hour, minute, "")


class MeasureParser(CommandParser):
    """Adds what may follow a value: units, words, modulus."""

    comment = ""
    """The words after the last value, if they were a comment."""

    def item(self) -> Node:
        raise NotImplementedError

    def with_unit(self, value: Node) -> Node:
        """The value with the words after it."""
        parts: list[str] = []
        self.comment = ""
        while True:
            token = self.peek()
            unit = token.kind == "letter" or (token.kind == "name" and (parts or token.spaced))
            if token.kind in ("text", "unit") or (unit and token.text in UNITS):
                parts.append(token.text)
            elif token.kind == "money":
                parts.append("dollars" if token.text == "$" else token.text)
            elif parts and token.kind == "op" and token.text in ("/", "*"):
                parts.append(token.text)
            elif parts and token.text == "^" and token.kind == "op":
                self.take()
                parts.append("^" + self.subscript())
                continue
            elif parts and token.kind in ("num", "cmd") and self.value_follows():
                return self.continued(value, " ".join(parts))
            elif token.text == "(" and not self.modulus_ahead() and self.comment_ahead():
                parts += self.words_in_brackets()
                continue
            elif token.text in ("frac", "dfrac", "tfrac") and self.comment_ahead():
                parts += self.unit_fraction()
                continue
            else:
                break
            self.take()
        if not parts:
            return value
        words = " ".join(parts)
        result = attached(value, words)
        self.comment = words.casefold() if result == value else ""
        return result

    def value_follows(self) -> bool:
        return self.peek().kind == "num" or self.peek().text in ("frac", "dfrac", "tfrac")

    def continued(self, first: Node, words: str) -> Node:
        """What follows "3 hours", "5 choose" or "3 out of" when another number does."""
        following = self.with_unit(self.numeral(self.take()) if self.peek().kind == "num" else self.atom())
        if words in _OPERATIONS:
            return _OPERATIONS[words](first, following)
        if words == "base":
            return based(first, following)
        joined = joined_measures([measured(first, words), following])
        if joined is None:
            raise ParseError("a number after words")
        return joined

    # -- what looks like a factor, and is none

    def unit_ahead(self) -> bool:
        """Whether a unit's symbol ends the item: 5 m, 5 m^2, 9.8 m/s^2, but not 2 m + 1, 3 s^2 or 2 g h."""
        if self.group_depth:
            return False
        index = 1
        if self.peek().text == "m" and self.peek(1).text == "^":
            index = 3 if self.peek(2).text in ("2", "3") else 5 if self.peek(3).text in ("2", "3") else 1
        while self.peek(index).text in ("/", "*") and self.peek(index + 1).text in UNITS:
            index += 2
            if self.peek(index).text == "^":
                index += 4 if self.peek(index + 1).text == "{" else 2
        token = self.peek(index)
        if token is END or token.kind in ("text", "unit"):
            return True
        if token.kind == "num" and self.peek(index + 1).kind in ("unit", "letter", "text"):  # 5 m 20 cm
            return True
        return token.kind in ("op", "cmd") and token.text in _ITEM_ENDS

    def comment_ahead(self) -> bool:
        """Whether (apples), (mod 7) or \\frac{km}{h} follows a value."""
        token = self.peek()
        if token.text == "(":
            if self.modulus_ahead():
                return True
            index = 1
            while self.peek(index).kind in ("text", "unit") or self.peek(index).text in _IN_COMMENTS:
                index += 1
            if self.peek(index).text != ")":
                return False
            inner = [self.peek(ahead) for ahead in range(1, index)]
            return any(part.kind in ("text", "unit") or len(part.text) > 1 for part in inner)
        return token.text in ("frac", "dfrac", "tfrac") and self.position > 0 and self.fraction_end() > 0

    def modulus_ahead(self) -> bool:
        return self.peek().text == "(" and self.peek(1).text in ("mod", "bmod", "pmod")

    def words_in_brackets(self) -> list[str]:
        self.take()
        words = []
        while self.peek().text not in (")", END.text):
            words.append(self.take().text)
        self.take()
        return words

    def fraction_end(self) -> int:
        """How many tokens a fraction of units has, 0 if it is none."""
        index = 1
        letters = []
        for _ in range(2):
            if self.peek(index).text != "{":
                return 0
            index += 1
            while self.peek(index).text != "}":
                token = self.peek(index)
                exponent = token.text == "^" or (token.kind == "num" and self.peek(index - 1).text == "^")
                if token.text not in UNITS and not exponent:
                    return 0
                letters.append(token)
                index += 1
            index += 1
        certain = any(token.kind in ("unit", "text") or len(token.text) > 1 for token in letters)
        speed = "".join(token.text for token in letters) in ("ms", "ms^2")
        return index if (self.peek().spaced and speed) or certain else 0

    def unit_fraction(self) -> list[str]:
        tokens = self.tokens[self.position + 1 : self.position + self.fraction_end()]
        self.position += self.fraction_end()
        words, slash = [], False
        for index, token in enumerate(tokens):
            if token.text == "{" and index and not slash:
                words.append("/")
                slash = True
            elif token.text not in ("{", "}"):
                words.append(token.text)
        return words

    # -- residues

    def modulus(self) -> Node | None:
        """The modulus that follows, if one does."""
        if self.accept("pmod"):
            return self.group() if self.sees("{") else self.atom()
        if not self.modulus_ahead():
            return None
        self.position += 2
        modulus = self.sum()
        self.expect(")")
        return modulus


_ITEM_ENDS = (",", ";", "and", "or", ")", "]", "rangle", "\\}", "\\\\", "&")
_IN_COMMENTS = UNITS.keys() | {"/", "-", "and", "or", "of", "in", "."}
_OPERATIONS: dict[str, Callable[[Node, Node], Node]] = {
    "out of": lambda a, b: ("div", a, b),
    "in": lambda a, b: ("div", a, b),
    "choose": lambda a, b: ("fn", "binom", a, b),
    "times": lambda a, b: ("mul", a, b),
    "plus": lambda a, b: ("add", a, b),
    "minus": lambda a, b: ("add", a, ("neg", b)),
    "over": lambda a, b: ("div", a, b),
    "divided by": lambda a, b: ("div", a, b),
    "multiplied by": lambda a, b: ("mul", a, b),
    "to the power of": lambda a, b: ("pow", a, b),
    "to the power": lambda a, b: ("pow", a, b),
}


def _spoils(words: str) -> bool:
    return bool(_NEGATION.search(words)) or _changes_value(words.casefold().split())


def attached(value: Node, words: str, note: bool = False) -> Node:
    """The value with words; of a relation the last part has them: x = 5 cm. A note in parentheses keeps the value."""
    if value[0] == "rel":
        if _NEGATION.search(words):
            raise ParseError("a negation")
        counting = set(value[1]) <= {"=", "approx"} and words.casefold().split()[0] not in _VERBS | ATTRIBUTES
        if not counting and read_unit(words) is None:
            return stated(value, words)
        last = measured(value[2][-1], words)
        return stated(value, words) if last[0] == "given" else ("rel", value[1], (*value[2][:-1], last))
    base = re.fullmatch(r"base (\d+)", words)
    if base:
        return based(value, number(int(base[1])))
    if note and read_unit(words) is None and clock(value, words) is None and not _spoils(words):
        return directed(value, words)
    return measured(value, words)


def joined_measures(items: list[Node]) -> Node | None:
    """5 hours 45 minutes as one quantity; `None` if the items are not parts of one, from large to small."""
    if not all(item[0] == "unit" and item[1][0] == "num" for item in items):
        return None
    factor, dimension = items[0][2]
    for before, item in itertools.pairwise(items):
        if item[2][1] != dimension or not 0 <= item[1][1] * item[2][0] < before[2][0]:
            return None
    total = sum((item[1][1] * item[2][0] for item in items), Fraction(0))
    return ("unit", number(total / factor), (factor, dimension))
