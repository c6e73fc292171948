"""The upper half of the recursive descent: brackets, sets, intervals, relations, lists, units.

answer   = item (("," | ";" | "and" | "or") item)*
item     = [currency] relation [unit words]
relation = union (("=" | "<" | "≤" | "∈" | ...) union)*
union    = ratio (("∪" | "∩" | "∖") ratio)*
ratio    = sum (":" sum)*
"""

from __future__ import annotations

import re

from ..limits import MAX_ITEMS, ParseError, TooLarge
from ..tree import Node, number, symbols
from .commands import CommandParser
from .cursor import END
from .measure import measured
from .tokens import Token
from .words import NUMBER_SETS, SCALES, UNITS, spoken_number

RELATIONS = {
    "=", "<", ">", "<=", ">=", "!=", "in", "notin", "equiv", "to", "subset", "subseteq", "supset", "sim", "cong",
    "perp", "parallel", "propto", "ni", "approx",
}  # fmt: skip
_CLOSERS = (")", "]", "rangle", "[", "\\}")
_ENDS = (")", "]", "rangle", "\\}", "}")
_LEADING = re.compile(
    r"(?:(?:the|final|answer|solution|is|are|about|approximately|approx|around|roughly|exactly|equals?|value|of|so|thus"
    r"|therefore|hence|it|at|a|an|x|length|area|probability|total|correct|option|choice|number|there)\b[\s:.]*)+",
    re.I,
)
_NEGATION = re.compile(r"\b(?:not|no|never|nor|neither|except|unknown|wrong|incorrect|unsure)\b|n't\b", re.I)


class AnswerParser(CommandParser):
    """Reads whole answers."""

    def answer(self) -> Node:
        node = self.listing()
        if self.peek() is not END:
            raise ParseError(f"unexpected {self.peek().text!r}")
        return node

    # -- lists

    def listing(self) -> Node:
        items, joints = [self.item()], []
        while self.sees(",", ";", "and", "or", "\\\\"):
            joint = self.take().text
            while self.sees(",", "and", "or"):
                joint = self.take().text if joint == "," else (self.take() and joint)
            if self.ends_list():
                break
            items.append(self.item())
            joints.append("," if joint == "\\\\" else joint)
            if len(items) > MAX_ITEMS:
                raise TooLarge(f"more than {MAX_ITEMS} items")
        return _bag(items, joints)

    def ends_list(self) -> bool:
        token = self.peek()
        return token is END or (token.kind in ("op", "cmd") and token.text in _ENDS)

    def item(self) -> Node:
        lead = self.leading_words()
        if lead is not None:
            return lead
        if self.sees("-") and self.peek(1).kind == "money":
            self.take()
            value = self.relation()
            value = ("unit", ("neg", value[1]), value[2]) if value[0] == "unit" else ("neg", value)
        else:
            value = self.relation()
        return self.with_unit(value)

    def leading_words(self) -> Node | None:
        """Words before a value: dropped if they only introduce it, read if they are a number or a name."""
        words: list[str] = []
        start = self.position
        while self.peek().kind == "text":
            words.append(self.take().text)
        if not words:
            return None
        phrase = " ".join(words)
        if self.peek().text in RELATIONS and self.peek().kind in ("op", "cmd"):
            self.tokens[self.position - 1] = Token("name", "text:" + " ".join(phrase.casefold().split()), False)
            self.position -= 1
            return None
        if self.ends_list() or self.sees(",", ";", "and", "or"):
            for split in range(len(words), 0, -1):
                spoken = spoken_number(" ".join(words[:split]))
                if spoken is not None:
                    return measured(number(spoken), " ".join(words[split:]))
            special = NUMBER_SETS.get(phrase.casefold())
            if special is not None:
                return ("sym", "set" + special) if special else ("set", ())
            return ("text", phrase)
        if _LEADING.fullmatch(phrase):
            return None
        self.position = start
        raise ParseError(f"words {phrase!r} before a value")

    def with_unit(self, value: Node) -> Node:
        parts: list[str] = []
        while True:
            token = self.peek()
            if token.kind in ("text", "unit") or (
                token.kind == "name" and (parts or token.spaced) and token.text in UNITS
            ):
                parts.append(token.text)
            elif token.kind == "money":
                parts.append("dollars" if token.text == "$" else token.text)
            elif parts and token.kind == "op" and token.text in ("/", "*"):
                parts.append(token.text)
            elif parts and token.text == "^" and token.kind == "op":
                self.take()
                parts.append("^" + self.subscript())
                continue
            elif parts and token.kind == "num":  # 3 hours 20 minutes
                return self.compound(measured(value, " ".join(parts)), " ".join(parts))
            else:
                break
            self.take()
        if not parts:
            return value
        phrase = " ".join(parts)
        if _NEGATION.search(phrase):
            raise ParseError("a negation")
        first, _, rest = phrase.partition(" ")
        if first in SCALES:
            return measured(("mul", value, number(SCALES[first])), rest)
        if value[0] == "rel":  # x = 5 cm: the unit belongs to the last part
            return ("rel", value[1], (*value[2][:-1], measured(value[2][-1], phrase)))
        return measured(value, phrase)

    def compound(self, first: Node, words: str) -> Node:
        """What follows "3 hours" when another number does."""
        if words in ("out of", "in"):  # 3 out of 4
            return ("div", first, self.numeral(self.take()))
        second = self.with_unit(self.numeral(self.take()))
        if first[0] != "unit" or second[0] != "unit" or first[2][1] != second[2][1]:
            raise ParseError("a number after words")
        factor, dimension = first[2]
        rest = ("mul", second[1], ("num", second[2][0] / factor, 0))
        return ("unit", ("add", first[1], rest), (factor, dimension))

    # -- relations and sets

    def relation(self) -> Node:
        parts, ops = [self.union()], []
        while self.peek().kind in ("op", "cmd") and self.peek().text in RELATIONS | {"not"}:
            op = self.take().text
            if op == "approx":
                if "=" in ops or not symbols(parts[-1]):  # x = 1/3 ≈ 0.33: what is exact counts
                    self.union()
                    continue
                op = "="
            if op == "not":
                op = {"=": "!=", "in": "notin"}.get(self.take().text, "?")
                if op == "?":
                    raise ParseError("an unknown negated relation")
            if self.peek().kind == "text":
                named = self.leading_words()
                if named is not None:
                    ops.append(op)
                    parts.append(named)
                    continue
            ops.append(op)
            parts.append(self.union())
        return parts[0] if not ops else ("rel", tuple(ops), tuple(parts))

    def union(self) -> Node:
        value = self.ratio()
        while True:
            if self.accept("cup"):
                value = ("union", value, self.ratio())
            elif self.accept("cap"):
                value = ("inter", value, self.ratio())
            elif self.peek() == ("name", "U", True) and self.peek(1).text in ("(", "[", "\\{", "{"):
                self.take()
                value = ("union", value, self.ratio())
            elif self.accept("setminus"):
                value = ("minus", value, self.ratio())
            else:
                return value

    def ratio(self) -> Node:
        parts = [self.sum()]
        while self.sees(":") and not self.bars:
            self.take()
            parts.append(self.sum())
        return parts[0] if len(parts) == 1 else ("ratio", *parts)

    # -- brackets

    def cell(self) -> Node:
        return self.item()

    def group(self) -> Node:
        """`{…}`: grouping in LaTeX, a set in plain notation if it holds a list."""
        self.deeper()
        self.expect("{")
        if self.accept("}"):
            self.depth -= 1
            return ("set", ())
        bars, self.bars = self.bars, 0
        inner = self.listing()
        self.bars = bars
        if self.accept("choose"):
            inner = ("fn", "binom", inner, self.sum())
        elif self.accept("over"):
            inner = ("div", inner, self.sum())
        if self.accept("|") and inner[0] != "bag":
            inner = ("builder", inner, self.listing())
        self.expect("}")
        self.depth -= 1
        return ("set", inner[1]) if inner[0] == "bag" else inner

    def bracket(self) -> Node:
        self.deeper()
        bars, self.bars = self.bars, 0
        opening = self.take().text
        node = self.braces() if opening == "\\{" else self.enclosed(opening)
        self.bars = bars
        self.depth -= 1
        return node

    def braces(self) -> Node:
        if self.accept("\\}"):
            return ("set", ())
        self.bars += 1  # the bar and the colon of a set-builder end the element
        first = self.listing()
        self.bars -= 1
        if self.accept("|", ":"):
            first = ("builder", first, self.listing())
            self.expect("\\}")
            return first
        self.expect("\\}")
        return ("set", first[1]) if first[0] == "bag" else ("set", (first,))

    def enclosed(self, opening: str) -> Node:
        inner = self.listing()
        closing = self.take()
        if closing.text not in _CLOSERS or closing.kind not in ("op", "cmd"):
            raise ParseError(f"{opening!r} is not closed")
        matching = (opening, closing.text) in (("(", ")"), ("[", "]"), ("langle", "rangle"))
        if inner[0] == "bag" and inner[2] in (",", ";"):
            return ("seq", opening, closing.text, inner[1])
        if not matching:
            raise ParseError(f"{opening!r} closed by {closing.text!r} around one value")
        if inner[0] == "bag" and not any(part[0] == "rel" for part in inner[1]):
            return ("seq", opening, closing.text, inner[1])
        return inner


def _bag(items: list[Node], joints: list[str]) -> Node:
    """A list; where two kinds of joint occur, the looser one (; or "or") separates tuples."""
    if not joints:
        return items[0]
    for loose in (";", "or"):
        if loose in joints and set(joints) != {loose}:
            groups: list[list[Node]] = [[items[0]]]
            for joint, item in zip(joints, items[1:], strict=True):
                if joint == loose:
                    groups.append([item])
                else:
                    groups[-1].append(item)
            if loose == "or" and not all(len(group) == len(groups[0]) and group[0][0] == "rel" for group in groups):
                continue
            grouped = [group[0] if len(group) == 1 else ("seq", "(", ")", tuple(group)) for group in groups]
            return ("bag", tuple(grouped), ";")
    joint = "or" if "or" in joints else "and" if set(joints) == {"and"} else joints[0]
    return ("bag", tuple(items), joint)
