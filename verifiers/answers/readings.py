"""What an answer may be taken for: itself first, then what is left when names, units and percent signs are dropped.

Two answers are equal if the first reading of one equals any reading of the other. Two second readings never meet:
50 % equals 1/2 and 50, but 1/2 is not 50; x = 5 equals 5, but not y = 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from .forms import form
from .limits import ParseError, TooLarge
from .naming import assignment
from .parsing.clean import clean
from .parsing.parse import REMEMBERED, parse, parse_cleaned
from .policy import Policy
from .shapes import Form
from .tree import Node, number, walk

_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+|\d+),(\d{1,2}|\d{4,})(?![\d,.])")
_POINTS_GROUP = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3}){2,}(?![\d,.])")
_SIGNS = re.compile(r"[\\^_={}<>|]|\d\s*[-+*/]\s*\d")
_COMMA_GROUP = re.compile(r"\d,\d{3}(?!\d)")
_ATTACHED_UNIT = re.compile(r"(-?[\d.,]+)\s*(?:[kcm]?m|km|ft|in)\s*\^\s*\{?[23]\}?")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as text, tree, and forms: `forms[0]` is its first reading, the others are further ones.

    Attributes:
        readable: whether it is mathematics (or plain words), not text full of signs nobody can parse.
    """

    text: str
    tree: Node
    forms: tuple[Form, ...]
    readable: bool


def read(text: str, policy: Policy) -> Answer:
    """Parse an answer and list its readings under a policy.

    Raises:
        TooLarge: a limit was exceeded.
    """
    return _read_short(text, policy) if len(text) <= REMEMBERED else _read(text, policy)


@lru_cache(maxsize=4096)
def _read_short(text: str, policy: Policy) -> Answer:
    return _read(text, policy)


def _read(text: str, policy: Policy) -> Answer:
    try:
        answer = _analysed(text, policy)
    except RecursionError:
        raise TooLarge("nested too deeply") from None
    return answer if policy.readings == "any" else replace(answer, forms=answer.forms[:1])


def _analysed(text: str, policy: Policy) -> Answer:
    tree = parse(text)
    readable = tree[0] != "text" or not _SIGNS.search(tree[1])
    trees = _variants(tree, policy)
    for other in _other_spellings(text, tree):
        trees += _variants(other, policy)
    return Answer(text, tree, tuple(form(variant) for variant in dict.fromkeys(trees)), readable)


def _variants(tree: Node, policy: Policy) -> list[Node]:
    first = tree
    if policy.units == "ignored":
        first = stripped(first, frozenset(("unit",)))
    if policy.assignment == "dropped":
        first = unnamed(first)
    if policy.variables == "any":
        first = anonymous(first)
    found = [first]
    if policy.assignment == "optional":
        found.append(unnamed(first))
    decorations = {"unit"} if policy.units == "optional" else set()
    decorations |= {
        kind for kind, rule in (("percent", policy.percent), ("degree", policy.degrees)) if rule == "either"
    }
    bare = [stripped(variant, frozenset(decorations)) for variant in found]
    found += [variant for variant in bare if variant not in found]
    if any(node[:2] == ("fn", "log") and len(node) == 3 for node in walk(first)):
        found += [_common_log(variant) for variant in found]
    if tree[0] == "choice":
        try:
            found.append(parse_cleaned(clean(tree[2])))
        except ParseError:
            found.append(("text", tree[2]))
    return found


def _other_spellings(text: str, tree: Node) -> list[Node]:
    """Decimal commas, groups of digits that may be a list, units glued to a number."""
    found = []
    if "," in text or "." in text:
        continental = _POINTS_GROUP.sub(lambda m: m[0].replace(".", ""), text)
        continental = _DECIMAL_COMMA.sub(lambda m: f"{m[1].replace('.', '')}.{m[2]}", continental)
        if continental != text and len(re.findall(r"\d+(?:\.\d+)?", continental)) == 1:
            found.append(parse(continental))
        if _COMMA_GROUP.search(text) and tree[0] != "num":
            found.append(_ungrouped(text))
    glued = _ATTACHED_UNIT.fullmatch(text.replace("²", "^2").replace("³", "^3").strip("$ "))
    if glued:
        found.append(parse(glued[1]))
    return [other for other in found if other[0] != "text"]


def _ungrouped(text: str) -> Node:
    """ "(1,234)" as a pair."""
    try:
        return parse_cleaned(clean(text), grouped=False)
    except ParseError:
        return ("text", text)


def unnamed(tree: Node) -> Node:
    """The tree without names: x = 5 becomes 5; x = 1, y = 2 becomes (1, 2)."""
    kind = tree[0]
    if kind == "rel":
        assigned = assignment(tree)
        return tree if assigned is None else assigned[2]
    if kind == "bag":
        items = tree[1]
        names = [assigned[0] if assigned else None for assigned in map(assignment, items)]
        values = tuple(unnamed(item) for item in items)
        if None not in names and len(set(names)) == len(names) and len(names) > 1:
            return ("seq", "(", ")", values)
        return ("bag", values, tree[2])
    if kind == "seq":
        return (*tree[:3], tuple(unnamed(item) for item in tree[3]))
    if kind == "set":
        return ("set", tuple(unnamed(item) for item in tree[1]))
    if kind == "unit" and tree[1][0] == "rel":
        return ("unit", unnamed(tree[1]), tree[2])
    return tree


def stripped(tree: Node, kinds: frozenset[str]) -> Node:
    """The tree without units, percent signs or degree signs."""
    if tree[0] in kinds:
        return stripped(tree[1], kinds)
    if tree[0] in ("num", "sym", "const", "text"):
        return tree
    return tuple(_stripped_part(part, kinds) for part in tree)


def _stripped_part(part: object, kinds: frozenset[str]) -> object:
    if not isinstance(part, tuple) or not part:
        return part
    if isinstance(part[0], str):
        return stripped(part, kinds) if len(part) > 1 or part[0] not in kinds else part
    return tuple(_stripped_part(inner, kinds) for inner in part)


def anonymous(tree: Node) -> Node:
    """The tree with its variables numbered in the order in which they come."""
    names: dict[str, str] = {}
    return _numbered(tree, names)


def _numbered(tree: Node, names: dict[str, str]) -> Node:
    if tree[0] == "sym" and not tree[1].startswith("set"):
        return ("sym", names.setdefault(tree[1], f"v{len(names)}"))
    if tree[0] in ("num", "const", "text", "sym"):
        return tree
    return tuple(
        (_numbered(part, names) if isinstance(part[0], str) and len(part) > 1 else part)
        if isinstance(part, tuple) and part and isinstance(part[0], str)
        else tuple(_numbered(inner, names) if isinstance(inner, tuple) and inner else inner for inner in part)
        if isinstance(part, tuple)
        else part
        for part in tree
    )


def _common_log(tree: Node) -> Node:
    """log as the logarithm to base 10."""
    if tree[0] == "fn" and tree[1] == "log" and len(tree) == 3:
        return ("fn", "log", _common_log(tree[2]), number(10))
    if tree[0] in ("num", "sym", "const", "text"):
        return tree
    return tuple(
        _common_log(part) if isinstance(part, tuple) and part and isinstance(part[0], str) else part for part in tree
    )
