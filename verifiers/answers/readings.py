"""What an answer may be taken for: itself first, then what is left when names, units and percent signs are dropped.

Two answers are equal if the first reading of one equals any reading of the other. Two second readings never meet:
50 % equals 1/2 and 50, but 1/2 is not 50; x = 5 equals 5, but not y = 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from .contradictions import consistent
from .forms import form
from .limits import ParseError, TooLarge
from .naming import assignment, is_constant, name_of
from .parsing.answer_parser import time_of_day
from .parsing.clean import clean
from .parsing.parse import REMEMBERED, parse, parse_cleaned
from .policy import Policy
from .shapes import Area, Form
from .tree import Node, number, walk

_DECIMAL_COMMA = re.compile(r"(?<![\d.,(\[{])(\d{1,3}(?:\.\d{3})+|\d+),(\d{1,2}|\d{4,})(?![\d,.])")
_TWO_DIGITS = re.compile(r"(?<![\d.,])\d,\d(?![\d.,])")
"""0,4: rather the two numbers 0 and 4 than four tenths."""
_POINTS_GROUP = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3}){2,}(?![\d,.])")
_SIGNS = re.compile(r"[\\^_={}<>|]|\d\s*[-+*/]\s*\d")
_COMMA_GROUP = re.compile(r"\d,\d{3}(?!\d)")
_LETTER_UNIT = re.compile(r"\d\s+[A-Za-z]\b")
_BASE = re.compile(r"\(?(\d+)\)?_\s*\{?(?:[2-9]|1[0-6])\}?")
_ATTACHED_UNIT = re.compile(r"(-?[\d.,]+)\s*(?:[kcm]?m|km|ft|in)\s*\^\s*\{?[23]\}?")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as text, tree, and forms: `forms[0]` is its first reading, the others are further ones.

    Attributes:
        readable: whether it is mathematics (or plain words), not text full of signs nobody can parse.
        names: what it names: x in x = 5, x > 5 and x ∈ S.
        unknown: a command in it that nobody knows, "" if there is none.
        signs: which of "percent" and "degree" occur in it.
    """

    text: str
    tree: Node
    forms: tuple[Form, ...]
    readable: bool
    names: frozenset[str] = frozenset()
    unknown: str = ""
    signs: frozenset[str] = frozenset()


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
    tree = consistent(parse(text))
    readable = tree[0] != "text" or not _SIGNS.search(tree[1])
    trees = _variants(tree, policy)
    for other in _other_spellings(text, tree, policy):
        trees += _variants(other, policy)
    forms = tuple(form(variant) for variant in dict.fromkeys(trees))
    slips = (node[1] for node in walk(unnamed(tree)) if node[0] == "sym" and node[1].startswith("\\"))
    signs = frozenset(node[0] for node in walk(tree) if node[0] in ("percent", "degree"))
    return Answer(text, tree, forms, readable, given_names(tree) | area_names(forms[0]), next(slips, ""), signs)


def _variants(tree: Node, policy: Policy) -> list[Node]:
    first = tree
    if policy.units == "ignored":
        first = stripped(first, frozenset(("unit", "directed")))
    if policy.assignment == "dropped":
        first = unnamed(first)
    if policy.variables == "any":
        first = anonymous(first)
    found = [first]
    if policy.assignment == "optional":
        found.append(unnamed(first))
    decorations = {"unit", "directed"} if policy.units == "optional" else set()
    decorations |= {
        kind for kind, rule in (("percent", policy.percent), ("degree", policy.degrees)) if rule == "either"
    }
    nodes = walk(first)
    decorations &= {node[0] for node in nodes}
    if decorations:
        bare = [stripped(variant, frozenset(decorations)) for variant in found]
        if "directed" in decorations:
            bare += [stripped(variant, frozenset(("directed",))) for variant in found]
        found += [variant for variant in bare if variant not in found]
    if any(node[:2] == ("fn", "log") and len(node) == 3 for node in nodes):
        found += [_common_log(variant) for variant in found]
    if tree[0] == "choice":
        found.append(tree[2])
    for variant in list(found):
        found += _looser(variant, policy)
    return found


def _looser(tree: Node, policy: Policy) -> list[Node]:
    """A residue without its modulus, a time of day without its half, capitals as a product."""
    found: list[Node] = []
    value = tree[2][-1] if tree[0] == "rel" else tree
    if value[0] == "residue" and policy.modulus == "optional" and is_constant(value[1]):
        for bare in (value[1], ("add", number(0), ("fn", "mod", *value[1:]))):
            found.append((*tree[:2], (*tree[2][:-1], bare)) if tree[0] == "rel" else bare)
    elif tree[0] == "fn" and tree[1] == "mod" and policy.modulus == "optional" and is_constant(tree):
        found.append(("add", number(0), tree))
    elif tree[0] == "clock" and policy.units == "optional":
        hour, minute, half = tree[1:]
        if half != "24":
            hour = (hour - 1) % 12 + 1
            found += [("clock", hour, minute, "")] + ([] if minute else [number(hour)])
    elif (
        tree[0] == "bag" and tree[2] != "or" and len(tree[1]) > 1 and all(_letter(item) for item in tree[1])
    ):  # A, B, D
        found.append(("sym", "".join(sorted(item[1] for item in tree[1]))))
    elif tree[0] == "ratio" and len(tree) == 3:
        time = time_of_day(list(tree[1:]), "00")
        found += [time] if time is not None and time[3] else []
    spread = _spread(tree)
    return found if spread == tree else [*found, spread]


def _letter(tree: Node) -> bool:
    return bool(tree[0] == "sym" and len(tree[1]) == 1 and "A" <= tree[1] <= "H")


def _spread(tree: Node) -> Node:
    """Runs of capitals as products: AB is also A times B."""
    if tree[0] == "sym":
        run = tree[1]
        return (
            ("mul", *(("sym", letter) for letter in run)) if len(run) > 1 and run.isalpha() and run.isupper() else tree
        )
    if tree[0] == "text" and len(tree[1]) <= 4 and tree[1].isalpha() and tree[1].islower():  # mgh
        return ("mul", *(("sym", letter) for letter in tree[1])) if len(tree[1]) > 1 else tree
    if tree[0] in ("num", "const", "text", "choice", "given"):
        return tree
    return tuple(
        _spread(part) if isinstance(part, tuple) and part and isinstance(part[0], str) else part for part in tree
    )


def given_names(tree: Node) -> frozenset[str]:
    """The names that an answer gives to its values; of a pair (x, y) = (1, 2) both."""
    if tree[0] == "bag":
        return frozenset().union(*map(given_names, tree[1]))
    if tree[0] in ("unit", "directed", "given"):
        return given_names(tree[1])
    named = assignment(tree)
    if named is None or not named[0]:
        return frozenset()
    if named[1][0] == "seq":
        return frozenset(str(name_of(part)) for part in named[1][3])
    return frozenset((named[0],))


def area_names(first: Form) -> frozenset[str]:
    return frozenset((first.name,)) if isinstance(first, Area) and first.name else frozenset()


def _other_spellings(text: str, tree: Node, policy: Policy) -> list[Node]:
    """Decimal commas, groups of digits that may be a list, units glued to a number."""
    found = []
    if "," in text or "." in text:
        continental = _POINTS_GROUP.sub(lambda m: m[0].replace(".", ""), text)
        continental = _DECIMAL_COMMA.sub(lambda m: f"{m[1].replace('.', '')}.{m[2]}", continental)
        one_number = len(re.findall(r"\d+(?:\.\d+)?", continental)) == 1
        if continental != text and one_number and not _TWO_DIGITS.search(text):
            found.append(parse(continental))
        if _COMMA_GROUP.search(text) and tree[0] != "num":
            found.append(_ungrouped(text))
    if _LETTER_UNIT.search(text) and any(node[0] == "unit" for node in walk(tree)):
        found.append(_without_letter_units(text))
    base = _BASE.fullmatch(text.strip("$ "))
    if base and policy.bases == "optional":
        found.append(parse(base[1]))
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


def _without_letter_units(text: str) -> Node:
    """ "5 m" as a product."""
    try:
        return parse_cleaned(clean(text), letters=True)
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
