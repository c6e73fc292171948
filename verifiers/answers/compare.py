"""Whether two forms mean the same, under a policy. Three-valued: `None` is "undecided"."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from .forms import form
from .policy import Policy
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
from .tree import Node, number
from .values import reals
from .values.equations import same_relation
from .values.scalar import Scalar, same_value, within_reach

Decision = bool | None
MAX_PAIRWISE = 64
"""Longest lists whose items are compared each with each; longer ones need hashable items."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A policy, and an oracle for two trees that only algebra can decide."""

    policy: Policy
    oracle: Callable[[Node, Node], Decision]

    def same(self, a: Form, b: Form) -> Decision:
        """Whether two forms are equal; symmetric."""
        if isinstance(a, Number) and isinstance(b, Number):
            return self.numbers(a.scalar, b.scalar)
        if type(a) is type(b):
            return self._alike(a, b)
        return self._mixed(a, b) if _RANK[type(a)] < _RANK[type(b)] else self._mixed(b, a)

    def numbers(self, a: Scalar, b: Scalar) -> Decision:
        decision = same_value(a, b)
        if decision is None and (a.unevaluated or b.unevaluated) and within_reach(a.tree) and within_reach(b.tree):
            decision = self.oracle(a.tree, b.tree)
        if decision is not True and self.approximately(a, b):
            return True
        return decision

    def approximately(self, a: Scalar, b: Scalar) -> bool:
        """By the rules for rounding and tolerance."""
        digits = self.policy.decimals
        if digits is not None and (reals.rounds_to(a, b, digits) or reals.rounds_to(b, a, digits)):
            return True
        if self.policy.tolerance:
            x, y = a.real, b.real
            if x is not None and y is not None and not math.isinf(x) and not math.isinf(y):
                return abs(x - y) <= self.policy.tolerance * max(abs(x), abs(y))
        if a.tree[0] == b.tree[0] == "matrix":
            return self._rounded_matrices(a.tree, b.tree)
        return False

    def _rounded_matrices(self, a: Node, b: Node) -> bool:
        if (len(a[1]), len(a[1][0])) != (len(b[1]), len(b[1][0])) or len(a[1]) * len(a[1][0]) > MAX_PAIRWISE:
            return False
        cells = [(p, q) for r, s in zip(a[1], b[1], strict=True) for p, q in zip(r, s, strict=True)]
        return all(self.numbers(Scalar(p), Scalar(q)) is True for p, q in cells)

    # -- the same kind

    def _alike(self, a: Form, b: Form) -> Decision:
        if isinstance(a, Words) and isinstance(b, Words):
            return normal_words(a.text, self.policy) == normal_words(b.text, self.policy)
        if isinstance(a, Quantity) and isinstance(b, Quantity):
            return self.numbers(a.scalar, b.scalar) if a.dimension == b.dimension else False
        if isinstance(a, Tuple) and isinstance(b, Tuple):
            if len(a.items) == 2 and a.brackets != b.brackets and "any" not in (a.brackets, b.brackets):
                return False
            return self.in_order(a.items, b.items)
        if isinstance(a, Collection) and isinstance(b, Collection):
            return self._collections(a, b)
        if isinstance(a, Assigned) and isinstance(b, Assigned):
            if a.name != b.name and self.policy.assignment != "dropped":
                return False
            return self.same(a.value, b.value)
        if isinstance(a, Area) and isinstance(b, Area):
            named = self.policy.variables == "named" and self.policy.assignment != "dropped"
            if named and a.name and b.name and a.name != b.name:
                return False
            if a.inequality != b.inequality and not self.policy.relations:
                return False
            return reals.same_region(a.region, b.region)
        if isinstance(a, Relation) and isinstance(b, Relation):
            return a.op == b.op and same_relation(a.difference, b.difference, signed="<" in a.op)
        if isinstance(a, Structure) and isinstance(b, Structure) and a.head == b.head:
            return self.in_order(a.items, b.items)
        return self._alike_rare(a, b)

    def _alike_rare(self, a: Form, b: Form) -> Decision:
        if isinstance(a, Residue) and isinstance(b, Residue):
            return self._residues(a, b)
        if isinstance(a, Directed) and isinstance(b, Directed):
            return self.same(a.value, b.value) if a.direction == b.direction else False
        if isinstance(a, Clock) and isinstance(b, Clock):
            return (a.hour, a.minute, bool(a.half)) == (b.hour, b.minute, bool(b.half))
        if isinstance(a, Choice) and isinstance(b, Choice):
            if a.letter != b.letter:
                return False
            words = isinstance(a.rest, Words) or isinstance(b.rest, Words)
            return True if words or self.same(a.rest, b.rest) else None  # (C) 12 and (C) 13: which of them counts?
        if isinstance(a, Given) and isinstance(b, Given):
            decision = self.same(a.value, b.value)
            return decision if decision is False or self.same(a.condition, b.condition) else None
        return False

    def _residues(self, a: Residue, b: Residue) -> Decision:
        modulus = self.numbers(a.modulus, b.modulus)
        if not modulus:
            return modulus
        if a.value.exact is not None and b.value.exact is not None and a.modulus.exact:
            return ((a.value.exact - b.value.exact) / a.modulus.exact).denominator == 1
        return self.numbers(a.value, b.value) or None

    def in_order(self, a: Sequence[Form], b: Sequence[Form]) -> Decision:
        if len(a) != len(b):
            return False
        return _all(self.same(x, y) for x, y in zip(a, b, strict=True))

    def _collections(self, a: Collection, b: Collection) -> Decision:
        collections = {"list", "set"}
        if a.kind != b.kind and not {a.kind, b.kind} <= collections:
            return False
        if self.policy.order == "kept" and a.kind == b.kind == "list":
            return self.in_order(a.items, b.items)
        return self.unordered(self.distinct(a.items), self.distinct(b.items))

    def distinct(self, items: Sequence[Form]) -> Sequence[Form]:
        if len(items) > MAX_PAIRWISE:
            keys = [key(item, self.policy) for item in items]
            return list(
                {
                    ("unique", i) if k is None else k: item for i, (k, item) in enumerate(zip(keys, items, strict=True))
                }.values()
            )
        found: list[Form] = []
        for item in items:
            if not any(self.same(item, other) for other in found):
                found.append(item)
        return found

    def unordered(self, a: Sequence[Form], b: Sequence[Form]) -> Decision:
        """Whether the items can be paired off."""
        if len(a) != len(b):
            return False
        left, right = [key(item, self.policy) for item in a], [key(item, self.policy) for item in b]
        if None not in left and None not in right and Counter(left) == Counter(right):
            return True
        if len(a) > MAX_PAIRWISE:
            return None if None in left or None in right else False
        table = [[self.same(item, other) for other in b] for item in a]
        if any(set(row) == {False} for row in [*table, *zip(*table, strict=True)]):
            return False  # an item on one side that nothing on the other can be
        taken: set[int] = set()
        unsure = False
        for row in table:
            match = next((index for index, decision in enumerate(row) if decision and index not in taken), None)
            if match is None:
                unsure = True
            else:
                taken.add(match)
        if not unsure:
            return True
        return None if any(None in row for row in table) else False

    # -- different kinds, in the order of _RANK

    def _mixed(self, a: Form, b: Form) -> Decision:
        for one, other in ((a, b), (b, a)):
            if (
                isinstance(one, Collection)
                and len(one.items) == 1
                and isinstance(other, Number | Quantity | Tuple | Words)
            ):
                return self.same(one.items[0], other)
        if isinstance(a, Tuple) and isinstance(b, Collection):
            if b.kind == "list" and self.policy.tuples and a.brackets in ("()", "any"):
                return self.in_order(a.items, b.items)
            return False
        if isinstance(a, Number) and isinstance(b, Tuple):
            vector = _as_tuple(a.scalar.tree, b) if self.policy.tuples else None
            return self.same(vector, b) if vector is not None else False
        if isinstance(b, Given):  # a definition may stand behind what looks different
            decision = self.same(a, b.value)
            return False if decision is False and not _defines(b.condition) else None
        if isinstance(b, Choice):
            return self.same(a, Number(Scalar(("sym", b.letter))))
        if isinstance(b, Clock) and isinstance(a, Number):
            return not b.half and a.scalar.tree == ("ratio", number(b.hour), number(b.minute))
        if isinstance(b, Area):
            region = _as_region(a)
            if region is None or (b.inequality and not self.policy.relations):
                return False
            return reals.same_region(region, b.region)
        return False


_RANK = {
    kind: rank
    for rank, kind in enumerate(
        (
            *(Number, Tuple, Collection, Area, Quantity, Assigned, Relation, Words, Structure),
            *(Residue, Directed, Clock, Choice, Given),
        )
    )
}


def _defines(condition: Form) -> bool:
    return isinstance(condition, Words) and (condition.text.startswith("where") or "=" in condition.text)


def _all(decisions: Iterable[Decision]) -> Decision:
    unsure = False
    for one in decisions:
        if one is False:
            return False
        unsure = unsure or one is None
    return None if unsure else True


def _as_tuple(tree: Node, like: Tuple) -> Tuple | None:
    """A vector as a tuple; a matrix as a tuple of rows."""
    if tree[0] != "matrix":
        return None
    rows = tree[1]
    if like.items and all(isinstance(item, Tuple) for item in like.items):
        return Tuple("any", tuple(Tuple("any", tuple(form(cell) for cell in row)) for row in rows))
    if len(rows[0]) == 1:
        return Tuple("any", tuple(form(row[0]) for row in rows))
    return Tuple("any", tuple(form(cell) for cell in rows[0])) if len(rows) == 1 else None


def _as_region(a: Form) -> reals.Region | None:
    try:
        if isinstance(a, Tuple) and len(a.items) == 2 and a.brackets != "any":
            low, high = a.items
            if not isinstance(low, Number) or not isinstance(high, Number):
                return None
            made = reals.part(low.scalar, a.brackets[0] == "[", high.scalar, a.brackets[1] == "]")
            return None if reals.value(made.low) > reals.value(made.high) else reals.united([made])
        if isinstance(a, Collection) and a.kind in ("list", "set"):
            points = [item.scalar for item in a.items if isinstance(item, Number)]
            return reals.united([reals.point(p) for p in points]) if len(points) == len(a.items) else None
        if isinstance(a, Number):
            return reals.united([reals.point(a.scalar)])
    except ValueError:
        return None
    return None


_NOISE = re.compile(r"[^\w\s+\-*/<>=^%]+|(?<=[^\W\d_])-(?=[^\W\d_]{2})|(?<=\s)-+(?=\s+[^\W\d_]{2})")
"""Punctuation, hyphens and dashes between words; what may be mathematics stays: x > 3 is not x < 3 in prose either."""
_SIGNS = re.compile(r"\s*([+\-*/<>=^%])\s*")
_ARTICLES = ("the", "a", "an")


def normal_words(text: str, policy: Policy) -> str:
    """Words without punctuation and articles, folded unless the policy keeps case; signs stay where no letters are."""
    words = _SIGNS.sub(r" \1 ", _NOISE.sub(" ", text))
    if not any(character.isalpha() for character in words) or "\\" in text:
        words = "".join(text.split())
    if policy.case == "folded":
        words = words.casefold()
    kept = [word for word in words.split() if word not in _ARTICLES]
    if len(kept) > 1 and kept[0] == "all":  # all odd n
        kept = kept[1:]
    return " ".join(kept or words.split())


def key(a: Form, policy: Policy | None = None) -> Hashable | None:
    """Equal keys mean equal forms; `None` if this form has none (its value is known to floats only)."""
    if isinstance(a, Number):
        known = a.scalar.exact
        if known is not None:
            return known
        fingerprint = a.scalar.fingerprint
        return None if fingerprint is None else ("rational", fingerprint)
    if isinstance(a, Words):
        return ("words", normal_words(a.text, policy or Policy()))
    if isinstance(a, Tuple):
        parts = tuple(key(item, policy) for item in a.items)
        return None if None in parts else ("tuple", a.brackets, parts)
    return None
