"""The upper half of the recursive descent: brackets, sets, intervals, relations, lists, units.

answer   = item (("," | ";" | "and" | "or") item)*
item     = [currency] relation [unit words]
relation = union (("=" | "<" | "≤" | "∈" | ...) union)*
union    = ratio (("∪" | "∩" | "∖") ratio)*
ratio    = sum (":" sum)*
"""

from __future__ import annotations

import math
import re

from ..limits import MAX_ITEMS, ParseError, TooLarge
from ..tree import Node, number, symbols
from .cursor import END
from .measure import MeasureParser, joined_measures, measured
from .word_tokens import Token
from .words import CURRENCY_CODES, NUMBER_SETS, UNITS, spoken_number

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


class AnswerParser(MeasureParser):
    """Reads whole answers."""

    before_value = ""
    """The code of a currency that was written before the value."""

    def answer(self) -> Node:
        node = self.listing()
        if self.accept("over"):
            node = ("div", node, self.listing())
        elif self.accept("choose"):
            node = ("fn", "binom", node, self.listing())
        if self.peek() is not END:
            raise ParseError(f"unexpected {self.peek().text!r}")
        return node

    # -- lists

    def listing(self) -> Node:
        items, joints = [self.item()], []
        comments = [self.comment]
        while self.sees(",", ";", "and", "or", "\\\\"):
            joint = self.take().text
            while self.sees(",", "and", "or"):
                joint = self.take().text if joint == "," else (self.take() and joint)
            if self.ends_list():
                break
            items.append(self.item())
            comments.append(self.comment)
            joints.append("," if joint == "\\\\" else joint)
            if len(items) > MAX_ITEMS:
                raise TooLarge(f"more than {MAX_ITEMS} items")
        if len(items) > 1 and set(joints) <= {",", "and"}:
            joined = joined_measures(items)
            if joined is not None:
                return joined
        if all(comments) and len(set(comments)) > 1:  # 3 red, 5 blue: here the comments count
            items = [("directed", item, comment) for item, comment in zip(items, comments, strict=True)]
        return _bag(_with_modulus(items), joints)

    def item_ends(self, ahead: int) -> bool:
        token = self.peek(ahead)
        return token is END or (token.kind in ("op", "cmd") and token.text in (*_ENDS, ",", ";", "and", "or"))

    def ends_list(self) -> bool:
        token = self.peek()
        return token is END or (token.kind in ("op", "cmd") and token.text in _ENDS)

    def item(self) -> Node:
        self.comment = ""
        lead = self.leading_words()
        if lead is not None:
            return lead
        names = self.capitals() if self.peek().text.isupper() else []
        if len(names) > 1 and not self.group_depth and self.item_ends(sum(map(len, names))):
            self.take_capitals(names)
            return ("sym", "".join(names))
        if self.sees("-") and self.peek(1).kind == "money":
            self.take()
            value = self.relation()
            value = ("unit", ("neg", value[1]), value[2]) if value[0] == "unit" else ("neg", value)
        else:
            value = self.relation()
        if self.before_value:
            value, self.before_value = ("unit", value, UNITS[self.before_value]), ""
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
        if phrase.casefold() in ("negative", "minus"):
            self.tokens[self.position - 1] = Token("op", "-", False)
            self.position -= 1
            return None
        if phrase in CURRENCY_CODES or phrase == "Rs":
            self.before_value = phrase
            return None
        self.position = start
        raise ParseError(f"words {phrase!r} before a value")

    # -- relations and sets

    def relation(self) -> Node:
        parts, ops = [self.part()], []
        while self.peek().kind in ("op", "cmd") and self.peek().text in RELATIONS | {"not"}:
            op = self.take().text
            if op == "approx":
                if "=" in ops or not symbols(parts[-1]):  # x = 1/3 ≈ 0.33: what is exact counts
                    parts[-1] = ("rounded", parts[-1], self.union())
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
            parts.append(self.part())
        modulus = self.modulus()
        if modulus is None and "equiv" in ops and parts[-1][:2] == ("fn", "mod"):  # x ≡ 5 \mod 7
            modulus, parts[-1] = parts[-1][3], parts[-1][2]
        if modulus is not None:
            parts[-1] = ("residue", parts[-1], modulus)
        return parts[0] if not ops else ("rel", tuple(ops), tuple(parts))

    def part(self) -> Node:
        """A side of a relation. Three capitals or more are one name there: \\triangle, a polygon, a word."""
        if not self.peek().text.isupper():
            return self.union()
        names = self.capitals()
        length = sum(map(len, names))
        if len(names) > 2 and (self.item_ends(length) or self.peek(length).text in RELATIONS):
            self.take_capitals(names)
            return ("sym", "".join(names))
        return self.union()

    def union(self) -> Node:
        value = self.ratio()
        while True:
            if self.accept("cup"):
                value = ("union", value, self.ratio())
            elif self.accept("cap"):
                value = ("inter", value, self.ratio())
            elif self.joins_sets():
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
        if len(parts) == 2 and _never_a_ratio(parts, self.tokens[self.position - 1].text):
            time = time_of_day(parts, self.tokens[self.position - 1].text)
            if time is not None:
                return time
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
        inside = self.position > 1  # braces around everything are what is left of a box
        self.group_depth += inside
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
        self.group_depth -= inside
        return ("set", inner[1]) if inner[0] == "bag" else inner

    def bracket(self) -> Node:
        self.deeper()
        bars, self.bars = self.bars, 0
        if (
            self.peek().text == "("
            and self.peek(1).kind == "num"
            and self.peek(2).text == ")"
            and self.peek(3).text == "_"
        ):
            self.position += 3  # (101)_2
            node = self.based(self.peek(-2).text)
            self.bars = bars
            self.depth -= 1
            return node
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
            if (opening == "[" and _infinite(inner[1][0])) or (closing.text == "]" and _infinite(inner[1][-1])):
                raise ParseError("closed at infinity")
            return ("seq", opening, closing.text, inner[1])
        if not matching:
            raise ParseError(f"{opening!r} closed by {closing.text!r} around one value")
        if inner[0] == "bag" and not any(part[0] == "rel" for part in inner[1]):
            return ("seq", opening, closing.text, inner[1])
        return inner


def _infinite(node: Node) -> bool:
    return bool(node[-1] == "inf" if node[0] == "const" else node[0] == "neg" and _infinite(node[1]))


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


def _with_modulus(items: list[Node]) -> list[Node]:
    """A modulus at the end of a list belongs to all of it: x ≡ 1, 4 (mod 5)."""
    last = items[-1][2][-1] if items[-1][0] == "rel" else items[-1]
    if len(items) == 1 or last[0] != "residue":
        return items
    return [_residue(item, last[2]) for item in items]


def _residue(item: Node, modulus: Node) -> Node:
    if item[0] == "rel":
        return (*item[:2], (*item[2][:-1], _residue(item[2][-1], modulus)))
    return item if item[0] == "residue" else ("residue", item, modulus)


def _never_a_ratio(parts: list[Node], second: str) -> bool:
    """9:05, and 12:30, because a ratio would be reduced."""
    if second[0] == "0":
        return True
    whole = all(part[0] == "num" and part[1].denominator == 1 for part in parts)
    return whole and second in ("15", "30", "45") and math.gcd(*(int(part[1]) for part in parts)) > 1


def time_of_day(parts: list[Node], minutes: str) -> Node | None:
    """15:00 and 9:05: a time of day rather than a ratio, because nobody writes a ratio with a leading zero."""
    hour, minute = parts
    if len(minutes) != 2 or not all(part[0] == "num" and part[1].denominator == 1 for part in parts):
        return None
    if not (0 <= hour[1] <= 24 and 0 <= minute[1] < 60):
        return None
    return ("clock", int(hour[1]), int(minute[1]), "24" if hour[1] > 12 or not hour[1] else "")
