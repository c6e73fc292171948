"""From a tree to a form: what kind of answer it is, so that like is compared with like."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction

from .naming import assignment, is_constant, name_of
from .shapes import (
    Area,
    Assigned,
    Choice,
    Clock,
    Collection,
    Directed,
    Form,
    Given,
    Number,
    Quantity,
    Relation,
    Residue,
    Structure,
    Tuple,
    Words,
)
from .tree import SCALARS, Node, children, walk
from .values import reals
from .values.equations import numerator
from .values.linear import linear_region
from .values.residue import renamed
from .values.scalar import Scalar
from .values.signs import signs

_MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_NUMBER_SETS = {"setR": reals.LINE}


def form(tree: Node) -> Form:
    """The form of a tree."""
    kind = tree[0]
    if kind in SCALARS:
        return _scalar(tree)
    if kind == "pm" or kind == "mp":
        return Collection("list", tuple(form(signed) for signed in signs(tree)))
    if kind == "bag":
        return _bag(tree)
    if kind == "set":
        return Collection("set", _items(tree[1]))
    if kind == "seq":
        return _sequence(tree)
    if kind == "rel":
        return _relation(tree)
    if kind in ("union", "inter", "minus"):
        region = region_of(tree)
        parts = _associated(tree, kind) if kind != "minus" else list(tree[1:])
        if region is not None:
            return Area(None, region)
        if kind == "minus":
            return Structure("minus", tuple(form(part) for part in parts))
        return Collection(kind, tuple(form(part) for part in parts))
    if kind == "builder":
        return _builder(tree)
    if kind == "unit":
        return _quantity(tree)
    if kind == "text":
        return Words(tree[1])
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(tree)
    return Structure(str(kind), tuple(form(part) for part in children(tree)))


def _residue(tree: Node) -> Form:
    if any(node[0] not in SCALARS for part in tree[1:] for node in walk(part)):
        return Structure("residue", (form(tree[1]), form(tree[2])))
    return Residue(Scalar(tree[1]), Scalar(tree[2]))


_SPECIAL: dict[str, Callable[[Node], Form]] = {
    "residue": _residue,
    "directed": lambda tree: Directed(form(tree[1]), tree[2]),
    "clock": lambda tree: Clock(*tree[1:]),
    "choice": lambda tree: Choice(tree[1], form(tree[2])),
    "given": lambda tree: Given(form(tree[1]), form(tree[2])),
    "contradiction": lambda tree: Structure(f"contradiction {tree[1]!r}", ()),
}


def _scalar(tree: Node) -> Form:
    if tree[0] == "sym" and tree[1] in _NUMBER_SETS:
        return Area(None, _NUMBER_SETS[tree[1]])
    if tree[0] == "num" or tree[0] == "sym":
        return Number(Scalar(tree))
    if tree[0] == "fn" and tree[1] == "mod" and len(tree) == 4:  # 5 mod 7, alone
        return _residue(("residue", *tree[2:]))
    if tree[0] == "ratio" and len(tree) > 3:  # 3:4:5, up to a factor
        return Structure("ratio", tuple(form(("div", part, tree[1])) for part in tree[2:]))
    inner = walk(tree)
    if any(node[0] in ("pm", "mp") for node in inner):
        return Collection("list", tuple(form(signed) for signed in signs(tree)))
    if any(node[0] not in SCALARS for node in inner):
        return _mixed(tree)
    if tree[0] == "matrix":
        return _matrix(tree)
    return Number(Scalar(tree))


def _mixed(tree: Node) -> Form:
    """An operation on things that are not numbers: a vector times a number, a unit inside a sum, -[0, 1)."""
    if tree[0] == "neg" and tree[1][0] == "unit":
        return form(("unit", ("neg", tree[1][1]), tree[1][2]))
    vector = as_matrix(tree)
    if vector is not None:
        return Number(Scalar(vector))
    stripped = without_units(tree)
    if stripped != tree and all(node[0] in SCALARS for node in walk(stripped)):
        return Number(Scalar(stripped))
    return Structure(tree[0], tuple(form(part) for part in tree[1:] if isinstance(part, tuple) and part))


def as_matrix(tree: Node) -> Node | None:
    """The tree with tuples as column vectors, if that makes it a matrix expression."""
    if tree[0] == "seq" and tree[1] in ("(", "langle", "[") and tree[2] in (")", "rangle", "]"):
        return ("matrix", tuple((item,) for item in tree[3])) if all(i[0] in SCALARS for i in tree[3]) else None
    if tree[0] in ("add", "mul", "neg", "div"):
        parts = [as_matrix(part) for part in tree[1:]]
        return None if None in parts else (tree[0], *parts)
    return tree if tree[0] in SCALARS and all(node[0] in SCALARS for node in walk(tree)) else None


def _matrix(tree: Node) -> Form:
    return Number(Scalar(tree))


def without_units(tree: Node) -> Node:
    if tree[0] == "unit":
        return without_units(tree[1])
    return tuple(
        without_units(part) if isinstance(part, tuple) and part and isinstance(part[0], str) else part for part in tree
    )


def _items(trees: tuple[Node, ...]) -> tuple[Form, ...]:
    """Items of a list; those with ± count as several."""
    found: list[Form] = []
    for tree in trees:
        made = form(tree)
        if isinstance(made, Collection) and made.kind == "list" and tree[0] != "bag":
            found.extend(made.items)
        else:
            found.append(made)
    return tuple(found)


def _bag(tree: Node) -> Form:
    items, joint = tree[1], tree[2]
    if items[0][0] == "rel" and items[0][1] in (("=",), ("equiv",)) and all(item[0] != "rel" for item in items[1:]):
        name = name_of(items[0][2][0])
        if name is not None:  # x = 2, 3, 4
            return Assigned(name, Collection("list", _items((items[0][2][1], *items[1:]))))
    forms = _items(items)
    if all(isinstance(item, Area) and item.name for item in forms):
        try:
            return _joined_areas([item for item in forms if isinstance(item, Area)], joint, forms)
        except ValueError:  # too many parts
            return Collection("list", forms)
    alike = all(item[0] == "rel" and item[1] in (("=",), ("equiv",)) for item in items)
    names = {item[2][0] for item in items if alike and name_of(item[2][0])}
    if alike and len(names) == 1 and all(item[2][0] in names for item in items):
        values = _items(tuple(item[2][1] for item in items))
        return Assigned(str(name_of(names.pop())), Collection("list", values))
    return Collection("either" if joint == "or" and _propositions(items) else "list", forms)


def _propositions(items: tuple[Node, ...]) -> bool:
    """Whether "or" between them is not "and": relations between different names, or lone letters."""
    if all(item[0] == "sym" for item in items):
        return True
    names = [name_of(item[2][0]) for item in items if item[0] == "rel"]
    return len(names) == len(items) and len(set(names)) == len(names) and None not in names


def _joined_areas(areas: list[Area], joint: str, forms: tuple[Form, ...]) -> Form:
    names = {area.name for area in areas}
    if len(names) > 1:
        return Collection("either" if joint == "or" else "list", forms)
    union = reals.united([part for area in areas for part in area.region])
    if joint == "and" or (joint != "or" and union == reals.LINE) or (joint != "or" and _is_line(union)):
        region = areas[0].region
        for area in areas[1:]:
            region = reals.intersection(region, area.region)
        return Area(names.pop(), region, inequality=True)
    return Area(names.pop(), union, inequality=True)


def _is_line(region: reals.Region) -> bool:
    return len(region) == 1 and reals.value(region[0].low) == -reals.value(region[0].high) == -float("inf")


def _sequence(tree: Node) -> Form:
    opening, closing, items = tree[1:]
    if opening == "cases":
        return Structure("cases", tuple(form(item) for item in items))
    brackets = ("(" if opening == "langle" else opening) + (")" if closing == "rangle" else closing)
    unusual = brackets not in ("()", "[]") or any(reals_infinite(item) for item in items)
    if len(items) == 2 and unusual:
        region = region_of(tree)
        if region is not None:
            return Area(None, region)
    return Tuple(brackets, tuple(form(item) for item in items))


def reals_infinite(tree: Node) -> bool:
    return tree == ("const", "inf") or (tree[0] in ("neg", "add") and any(reals_infinite(part) for part in tree[1:]))


def _associated(tree: Node, kind: str) -> list[Node]:
    if tree[0] != kind:
        return [tree]
    return [part for side in tree[1:] for part in _associated(side, kind)]


def region_of(tree: Node) -> reals.Region | None:
    """The set of reals a tree describes when read as one: (0, 1) as an interval, {1, 2} as two points."""
    try:
        return _region(tree)
    except ValueError:
        return None


def _region(tree: Node) -> reals.Region:
    kind = tree[0]
    if kind == "union":
        return reals.united([*_region(tree[1]), *_region(tree[2])])
    if kind == "inter":
        return reals.intersection(_region(tree[1]), _region(tree[2]))
    if kind == "minus":
        return reals.intersection(_region(tree[1]), reals.complement(_region(tree[2])))
    if kind == "set":
        points = [sign for item in tree[1] for sign in (signs(item) if item[0] in SCALARS | {"pm"} else [item])]
        return reals.united([reals.point(_real_tree(item)) for item in points])
    if kind == "seq" and len(tree[3]) == 2 and tree[1] in ("(", "[", "]") and tree[2] in (")", "]", "["):
        low, high = (_real_tree(item) for item in tree[3])
        made = reals.part(low, tree[1] == "[", high, tree[2] == "]")
        if reals.value(made.low) > reals.value(made.high):
            raise ValueError("ends in falling order")
        return reals.united([made])
    if kind == "sym" and tree[1] in _NUMBER_SETS:
        return _NUMBER_SETS[tree[1]]
    made_form = form(tree) if kind in ("rel", "bag", "builder") else None
    if isinstance(made_form, Area):
        return made_form.region
    raise ValueError("no set of reals")


def _real_tree(tree: Node) -> Node:
    if tree[0] not in SCALARS or any(node[0] not in SCALARS for node in walk(tree)):
        raise ValueError("not a number")
    return tree


def _builder(tree: Node) -> Form:
    element, condition = tree[1:]
    if element[0] == "rel" and element[1] == ("in",):  # {x ∈ R | ...}
        element = element[2][0]
    made = form(condition)
    if isinstance(made, Area) and (element == ("sym", made.name) or made.name is None):
        return Area(None, made.region)
    return Structure("builder", (form(element), made))


def _quantity(tree: Node) -> Form:
    factor, dimension = tree[2]
    value = tree[1]
    if any(node[0] in ("pm", "mp") for node in walk(value)):
        return Collection("list", tuple(form(("unit", signed, tree[2])) for signed in signs(value)))
    if value[0] == "rel":
        return form(("rel", value[1], (*value[2][:-1], ("unit", value[2][-1], tree[2]))))
    if value[0] not in SCALARS or any(node[0] not in SCALARS for node in walk(value)):
        return form(value)
    if not dimension:
        return form(value)
    return Quantity(Scalar(value if factor == 1 else ("mul", value, ("num", Fraction(factor), 0))), dimension)


def _relation(tree: Node) -> Form:
    ops, parts = tree[1], tree[2]
    if ops == ("=",) and parts[0][0] == parts[1][0] == "seq" and parts[0][1:3] == ("(", ")") == parts[1][1:3]:
        names, values = parts[0][3], parts[1][3]
        if len(names) == len(values) and all(name[0] == "sym" for name in names):  # (x, y) = (3, 5)
            return form(("bag", tuple(("rel", ops, pair) for pair in zip(names, values, strict=True)), ","))
    if set(ops) == {"to"} and all(map(is_constant, parts)):  # 3 to 4
        return form(("ratio", *parts))
    assigned = assignment(tree)
    if assigned is not None:
        name, named, value = assigned
        if named[0] == "mul" and not is_constant(value) and len(parts) == 2 and ops == ("=",):  # PV = nRT
            return _difference("=", parts)
        ordinary = named[0] == "sym" and value[0] in SCALARS and not _special(value)
        if ops == ("in",) or not ordinary:
            return _assigned(name, value, is_set=ops == ("in",), function=named if named[0] == "call" else None)
        if len(parts) > 2:
            ops, parts = ("=",), (named, value)
    if all(op in _MIRROR for op in ops):
        region = linear_region(ops, parts)
        if region is not None:
            return Area(*region, inequality=True)
        if len(parts) == 2:
            return _difference(ops[0], parts)
        if not any(op in ("=", "!=") for op in ops):
            pairs = [("rel", (op,), pair) for op, pair in zip(ops, itertools.pairwise(parts), strict=True)]
            return Collection("chain", tuple(form(pair) for pair in pairs))
    return Structure(" ".join(ops), tuple(form(part) for part in parts))


def _special(value: Node) -> bool:
    return any(node[0] not in SCALARS or node[0] == "matrix" for node in walk(value)) or value == ("sym", "setR")


def _assigned(name: str, value: Node, is_set: bool = False, function: Node | None = None) -> Form:
    if is_set:
        region = region_of(value)
        if region is not None:
            return Area(name, region)
    if function is not None:
        for index, argument in enumerate(function[2:]):
            if argument[0] == "sym":
                value = renamed(value, argument[1], f"§{index}")
    made = form(value)
    return Assigned(name, made) if name else made


def _difference(op: str, parts: tuple[Node, ...]) -> Form:
    left, right = parts
    if op in (">", ">="):
        left, right, op = right, left, _MIRROR[op]
    if not all(part[0] in SCALARS and all(node[0] in SCALARS for node in walk(part)) for part in (left, right)):
        return Structure(op, (form(left), form(right)))
    difference: Node = ("add", left, ("neg", right))
    return Relation(op, Scalar(numerator(difference) if op in ("=", "!=") else difference))
