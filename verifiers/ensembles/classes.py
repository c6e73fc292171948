"""Classes of answers that mean the same, for a vote: a partition, whatever the order in which the answers come.

Pairwise equality under `VOTE` is transitive because it takes answers as they are written. What a reader would unite
besides is united here, where the whole group is seen, each by a rule that keeps the classes a partition:

    order      a bare list is a tuple if as many answers are tuples of its length (1,2 with (1,2)), else it has no order
    names      x = 5 and y = 5 are two classes, and so x ∈ [1, 2] and y ∈ [1, 2]; 5 joins neither if both occur
    rounding   a decimal of at least four digits is the simplest fraction that rounds to it, if only one so simple
               does (0.3333 and 0.33333 are 1/3): every number has one such form
    units      answers without a unit join the one class with a unit that has the same written number (18 and $18);
               if several could be meant (18 dollars, 18 hours), or several would join, nothing is united
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeGuard

from ..answers.compare import Comparison, key
from ..answers.equal import Oracle
from ..answers.forms import form
from ..answers.policy import Policy
from ..answers.readings import read, stripped, unnamed
from ..answers.shapes import Area, Collection, Form, Number, Quantity, Structure, Tuple
from ..answers.tree import Node, number, walk
from ..answers.values.reals import written_decimals
from ..answers.values.scalar import Scalar

MAX_CLASSES = 64
"""With more classes than this only the first are compared pairwise; the rest stay as their fingerprints say."""
ROUNDED = 4
"""A decimal with at least this many digits after the point may be a rounded fraction."""
_PLAIN_NUMBER = re.compile(r"-?\d{1,30}")
_DECORATIONS = frozenset(("unit", "percent", "degree"))


def classify(answers: Sequence[str], policy: Policy, oracle: Oracle) -> dict[str, int]:
    """Class of every distinct answer."""
    distinct = sorted(set(answers))
    shapes = _shapes(distinct, policy)
    class_of: dict[object, int] = {}
    classes: dict[str, int] = {}
    representatives: list[tuple[Form | None, bool]] = []
    for answer in distinct:
        hashable, settled = _fingerprint(answer, shapes.get(answer), policy)
        c = class_of.setdefault(hashable, len(representatives))
        if c == len(representatives):
            representatives.append((shapes.get(answer), settled))
        classes[answer] = c
    if not shapes:
        return classes
    if not all(settled for _, settled in representatives):
        united = _united(representatives, Comparison(policy, oracle))
        classes = {answer: united[c] for answer, c in classes.items()}
    if policy.assignment == "dropped":
        classes = _by_name(classes, policy)
    return _with_units(classes, shapes, policy) if policy.units == "required" else classes


def _shapes(distinct: Sequence[str], policy: Policy) -> dict[str, Form]:
    """The forms of those that can be read, integers aside if there is nothing else."""
    if not policy.tolerance and all(map(_PLAIN_NUMBER.fullmatch, distinct)):
        return {}
    shapes: dict[str, Form] = {}
    for answer in distinct:
        try:
            found = read(answer, policy)
            if found.readable:
                shapes[answer] = _unrounded(found.forms[0]) if policy.decimals is None else found.forms[0]
        except Exception:  # noqa: BLE001 - too large, or a bug that must not stop a run: the text stands for itself
            continue
    return shapes if policy.tuples else _in_order(shapes)


def _fingerprint(answer: str, shape: Form | None, policy: Policy) -> tuple[object, bool]:
    """(hashable, settled): equal hashables are one class; two settled answers with different ones are two."""
    if shape is None:
        return Fraction(answer) if _PLAIN_NUMBER.fullmatch(answer) else ("text", "".join(answer.split())), True
    try:
        hashable = key(shape)
    except Exception:  # noqa: BLE001 - a bug in the checker must not stop a run
        hashable = None
    if hashable is None:
        return ("only", answer), False
    if not isinstance(shape, Number) or shape.scalar.exact is None or policy.tolerance:
        return hashable, False
    return hashable, policy.decimals is None or not written_decimals(shape.scalar.tree)


def _united(representatives: Sequence[tuple[Form | None, bool]], comparison: Comparison) -> list[int]:
    """Classes united where two representatives are equal."""
    parent = list(range(len(representatives)))

    def root(c: int) -> int:
        while parent[c] != c:
            c = parent[c]
        return c

    for a, b in itertools.combinations(range(min(len(representatives), MAX_CLASSES)), 2):
        (left, left_settled), (right, right_settled) = representatives[a], representatives[b]
        if left is None or right is None or (left_settled and right_settled) or root(a) == root(b):
            continue
        if _same(left, right, comparison):
            parent[max(root(a), root(b))] = min(root(a), root(b))
    return [root(c) for c in range(len(representatives))]


def _same(left: Form, right: Form, comparison: Comparison) -> bool:
    try:
        return bool(comparison.same(left, right))
    except Exception:  # noqa: BLE001 - a bug in the checker must not stop a run: two classes, then
        return False


# --- order ---


def _in_order(shapes: Mapping[str, Form]) -> dict[str, Form]:
    """Bare lists as tuples, where at least as many answers of that length are tuples."""
    if any(isinstance(shape, Area) for shape in shapes.values()):  # there (2,5) may be an interval
        return dict(shapes)
    lists = Counter(len(shape.items) for shape in shapes.values() if _is_list(shape))
    tuples = Counter(
        len(shape.items) for shape in shapes.values() if isinstance(shape, Tuple) and shape.brackets == "()"
    )
    return {
        answer: Tuple("()", shape.items)
        if isinstance(shape, Collection) and _is_list(shape) and tuples[len(shape.items)] >= lists[len(shape.items)]
        else shape
        for answer, shape in shapes.items()
    }


def _is_list(shape: Form) -> TypeGuard[Collection]:
    return isinstance(shape, Collection) and shape.kind == "list"


# --- rounding ---


def _unrounded(shape: Form) -> Form:
    if isinstance(shape, Number | Quantity):
        fraction = _simplest_fraction(shape.scalar)
        return shape if fraction is None else replace(shape, scalar=Scalar(fraction))
    if isinstance(shape, Tuple | Collection | Structure):
        return replace(shape, items=tuple(_unrounded(item) for item in shape.items))
    return shape


def _simplest_fraction(scalar: Scalar) -> Node | None:
    """The fraction of the smallest denominator that a decimal rounds, if it is so small that no other could be meant.

    Of fractions with denominators up to q two lie at least 1/q² apart; an interval of width 10⁻ᵏ holds one of them if
    q² < 10ᵏ. So the form is a function of the value and its digits, and equality stays transitive.
    """
    places = written_decimals(scalar.tree)
    value = scalar.exact
    if places < ROUNDED or places > 40 or value is None or scalar.tree[0] not in ("num", "neg"):
        return None
    half = Fraction(1, 2 * 10**places)
    simplest = _between(value - half, value + half)
    return number(simplest) if simplest.denominator**2 < 10**places else number(value)


def _between(low: Fraction, high: Fraction) -> Fraction:
    """The fraction with the smallest denominator in [low, high] (continued fractions)."""
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -_between(-high, -low)
    whole = low.numerator // low.denominator
    if low == whole:
        return Fraction(whole)
    if whole + 1 <= high:
        return Fraction(whole + 1)
    return whole + 1 / _between(1 / (high - whole), 1 / (low - whole))


# --- names ---


def _by_name(classes: Mapping[str, int], policy: Policy) -> dict[str, int]:
    """Classes whose answers give their value to different names, one for each name."""
    names: dict[int, set[frozenset[str]]] = {}
    given = {answer: _names_of_constant(answer, policy) for answer in classes}
    for answer, c in classes.items():
        names.setdefault(c, set()).update(filter(None, (given[answer],)))
    new: dict[tuple[int, frozenset[str]], int] = {}
    free = itertools.count(max(classes.values()) + 1)
    for answer, c in classes.items():
        if len(names[c]) > 1 and given[answer]:
            new.setdefault((c, given[answer]), next(free))
    return {answer: new.get((c, given[answer]), c) for answer, c in classes.items()}


def _names_of_constant(answer: str, policy: Policy) -> frozenset[str]:
    """The names that an answer gives to a value without variables; y = 3x and f(x) = 3x are one function."""
    if "=" not in answer and "\\in" not in answer:
        return frozenset()
    try:
        found = read(answer, policy)
        varies = any(node[0] in ("sym", "call") for node in walk(unnamed(found.tree)))
        return frozenset() if varies else found.names
    except Exception:  # noqa: BLE001 - too large, or a bug that must not stop a run
        return frozenset()


# --- units ---


def _with_units(classes: Mapping[str, int], shapes: Mapping[str, Form], policy: Policy) -> dict[str, int]:
    """Classes without units joined to the one class with a unit that has the same written number."""
    figures: dict[int, set[object]] = {}
    bare: dict[int, object] = {}
    for answer, c in classes.items():
        shape = shapes.get(answer)
        figure = None if shape is None else _written_number(answer, policy)
        if figure is not None:
            figures.setdefault(c, set()).add(figure)
        else:
            bare[c] = None if shape is None else _key(shape)
    joins = {
        c: [d for d, written in figures.items() if d not in bare and value in written]
        for c, value in bare.items()
        if value is not None
    }
    joined = Counter(d for targets in joins.values() for d in targets)
    new = {c: targets[0] for c, targets in joins.items() if len(targets) == 1 and joined[targets[0]] == 1}
    return {answer: new.get(c, c) for answer, c in classes.items()}


def _written_number(answer: str, policy: Policy) -> object | None:
    """The number that stands before a unit, percent or degree sign; `None` if there is no such sign."""
    if _PLAIN_NUMBER.fullmatch(answer):
        return None
    tree = read(answer, policy).tree
    bare = stripped(tree, _DECORATIONS)
    return None if bare == tree else _key(_unrounded(form(bare)))


def _key(shape: Form) -> object | None:
    try:
        return key(shape)
    except Exception:  # noqa: BLE001 - a bug in the checker must not stop a run
        return None
