"""What the arguments of a function look like: inferred from examples and annotations, drawn from, probed at the edges.

Where the examples are many, a shape is narrow: integers that were never negative stay so, strings keep to the letters
seen. Outside the domain that the examples show, two right programs may differ, and a test there accuses the innocent.
Fewer than `EVIDENCE` values show no domain: people's examples lean to small positive numbers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...core.literals import Value
from ...core.protocols import Rng
from .code_blocks import parse

EVIDENCE = 6
LONGEST = 12
LETTERS = "abcxyzABZ 01-"
_SEQUENCES = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


@dataclass(frozen=True, slots=True)
class Shape:
    """The values one argument may take.

    Attributes:
        kind: "int", "float", "str", "bool", "none", "bytes", "list", "set", "frozenset", "tuple" (fixed places),
            "dict", "union", or "any" (nothing is known).
        low, high: numbers: range of the values; sequences and strings: range of the length.
        parts: sequences: the shape of the items; tuple and union: one per place or choice; dict: key and value.
        letters: strings: the letters used.
    """

    kind: str
    low: float = 0
    high: float = 0
    parts: tuple[Shape, ...] = ()
    letters: str = ""


ANY_INT = Shape("int", -20, 20)


def infer(values: Sequence[Value], annotation: str | None = None) -> Shape:
    """The shape of one argument, from the values seen at its place or, if there are none, its annotation."""
    if values:
        return _seen(values)
    return _annotated(parse(annotation) if annotation else None)


def infer_arguments(examples: Sequence[tuple[Value, ...]], signature: str | None = None) -> tuple[Shape, ...]:
    """One shape per argument.

    Args:
        examples: argument tuples; the commonest length counts.
        signature: `f(x: int, xs: list[int]) -> int`, or `None`.
    """
    annotations = annotations_of(signature)
    lengths = [len(arguments) for arguments in examples]
    count = max(set(lengths), key=lengths.count) if lengths else len(annotations)
    rows = [arguments for arguments in examples if len(arguments) == count]
    hints = annotations if len(annotations) == count else [None] * count
    return tuple(infer([row[place] for row in rows], hints[place]) for place in range(count))


def annotations_of(signature: str | None) -> list[str | None]:
    """The annotations of a signature's parameters, `None` for those without."""
    tree = parse(f"def {signature}: pass") if signature else None
    if tree is None or not isinstance(tree.body[0], ast.FunctionDef):
        return []
    return [None if a.annotation is None else ast.unparse(a.annotation) for a in tree.body[0].args.args]


def _seen(values: Sequence[Value]) -> Shape:
    kinds: dict[str, list[Value]] = {}
    for value in values:
        kinds.setdefault("none" if value is None else type(value).__name__, []).append(value)
    if set(kinds) == {"int", "float"}:
        kinds = {"float": list(values)}
    if len(kinds) > 1:
        return Shape("union", parts=tuple(_of_kind(kind, some) for kind, some in sorted(kinds.items())))
    ((kind, some),) = kinds.items()
    return _of_kind(kind, some)


def _of_kind(kind: str, values: Sequence[Value]) -> Shape:
    if kind in ("int", "float"):
        low, high = min(values), max(values)
        spread = max(12, 3 * abs(high), 3 * abs(low))
        return Shape(kind, 0 if low >= 0 and len(values) >= EVIDENCE else -spread, spread)
    if kind in ("str", "bytes"):
        longest = max(len(v) for v in values)
        letters = "".join(sorted(set("".join(values)))) if kind == "str" else ""
        known = letters if len(values) >= EVIDENCE and letters else "".join(dict.fromkeys(letters + LETTERS))
        return Shape(kind, 0, max(6, 2 * min(longest, LONGEST)), letters=known)
    if kind == "tuple" and len({len(v) for v in values}) == 1 and values[0]:
        return Shape("tuple", parts=tuple(infer([v[i] for v in values]) for i in range(len(values[0]))))
    if kind in _SEQUENCES:
        items = [item for v in values for item in v]
        longest = max(len(v) for v in values)
        kind = "list" if kind == "list" else kind
        return Shape(f"{kind}*" if kind == "tuple" else kind, 0, max(4, min(longest + 3, LONGEST)), (infer(items),))
    if kind == "dict":
        keys, held = [k for v in values for k in v], [x for v in values for x in v.values()]
        return Shape("dict", 0, max(4, min(max(map(len, values)) + 2, LONGEST)), (infer(keys), infer(held)))
    return Shape(kind if kind in ("bool", "none") else "any")


def _annotated(tree: ast.Module | None) -> Shape:
    """The shape an annotation names; anything unknown is an integer, the likeliest argument."""
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return ANY_INT
    return _from_node(tree.body[0].value)


def _from_node(node: ast.expr) -> Shape:
    match node:
        case ast.Name("int"):
            return ANY_INT
        case ast.Name("float"):
            return Shape("float", -20, 20)
        case ast.Name("str"):
            return Shape("str", 0, 8, letters=LETTERS)
        case ast.Name("bool"):
            return Shape("bool")
        case ast.Constant(None):
            return Shape("none")
        case ast.Name(name) if name.lower() in ("list", "set", "frozenset", "sequence", "iterable"):
            return Shape(name.lower() if name.lower() in _SEQUENCES else "list", 0, 6, (ANY_INT,))
        case ast.Name("dict" | "Dict"):
            return Shape("dict", 0, 4, (Shape("str", 0, 4, letters=LETTERS), ANY_INT))
        case ast.Subscript(ast.Name(name), ast.Tuple(parts)) if name.lower() == "dict" and len(parts) == 2:
            return Shape("dict", 0, 5, (_from_node(parts[0]), _from_node(parts[1])))
        case ast.Subscript(ast.Name(name), ast.Tuple([item, ast.Constant()])) if name.lower() == "tuple":
            return Shape("tuple*", 0, 6, (_from_node(item),))
        case ast.Subscript(ast.Name(name), ast.Tuple(parts)) if name.lower() in ("tuple", "union"):
            kind = "tuple" if name.lower() == "tuple" else "union"
            return Shape(kind, parts=tuple(_from_node(part) for part in parts))
        case ast.Subscript(ast.Name(name), part) if name.lower() == "optional":
            return Shape("union", parts=(_from_node(part), Shape("none")))
        case ast.Subscript(ast.Name(name), part) if name.lower() == "tuple":
            return Shape("tuple", parts=(_from_node(part),))
        case ast.Subscript(ast.Name(name), part):
            kind = name.lower() if name.lower() in ("set", "frozenset") else "list"
            return Shape(kind, 0, 6, (_from_node(part),))
        case ast.BinOp(left, ast.BitOr(), right):
            return Shape("union", parts=(_from_node(left), _from_node(right)))
    return ANY_INT


def draw(shape: Shape, rng: Rng) -> Value:
    """A random value of the shape; small numbers and short sequences are likelier."""
    match shape.kind:
        case "int" | "any":
            low, high = (shape.low, shape.high) if shape.kind == "int" else (-20, 20)
            if rng.random() < 0.4:
                low, high = max(low, -4), min(high, 4)
            return int(low) + int(rng.random() * (int(high) - int(low) + 1))
        case "float":
            return round(shape.low + rng.random() * (shape.high - shape.low), 2)
        case "bool":
            return rng.random() < 0.5
        case "none":
            return None
        case "str":
            return "".join(choose(shape.letters, rng) for _ in range(_length(shape, rng)))
        case "bytes":
            return bytes(int(rng.random() * 256) for _ in range(_length(shape, rng)))
        case "tuple":
            return tuple(draw(part, rng) for part in shape.parts)
        case "union":
            return draw(choose(shape.parts, rng), rng)
        case "dict":
            key, held = shape.parts
            return {hashable(draw(key, rng)): draw(held, rng) for _ in range(_length(shape, rng))}
    return build(shape.kind, [draw(shape.parts[0], rng) for _ in range(_length(shape, rng))])


def edges(shape: Shape) -> list[Value]:
    """The values at which programs break first: nothing, one, the ends of the range, all alike, rising and falling."""
    match shape.kind:
        case "int":
            return [int(v) for v in (0, 1, 2, -1, shape.high, shape.low, 3, 10) if v >= 0 or shape.low < 0]
        case "float":
            return [float(v) for v in (0, 1, 0.5, -1, shape.high, -0.5, shape.low) if v >= 0 or shape.low < 0]
        case "bool":
            return [False, True]
        case "none":
            return [None]
        case "str":
            one, two = shape.letters[0], shape.letters[-1]
            return ["", one, one + one, one + two, two + one, one + two + one, shape.letters[:8]]
        case "bytes":
            return [b"", b"a", b"\x00\xff"]
        case "tuple":
            columns = [edges(part) or [None] for part in shape.parts]
            return [tuple(column[i % len(column)] for column in columns) for i in range(max(map(len, columns)))]
        case "union":
            return [value for part in shape.parts for value in edges(part)]
        case "dict":
            keys, held = ([*map(hashable, edges(shape.parts[0]))], edges(shape.parts[1]))
            pairs = [(k, held[i % len(held)]) for i, k in enumerate(keys)] if held else []
            return [{}, dict(pairs[:1]), dict(pairs[:3])]
        case "any":
            return [0, 1, "", [], None]
    items = edges(shape.parts[0])
    rising = _sorted(items)
    lists = [[], items[:1], items[1:2] * 2, items[:3], rising, rising[::-1], items[-1:] * 3]
    return [build(shape.kind, some) for some in lists]


def fits(value: Value, shape: Shape) -> bool:
    """Whether a value keeps to the shape's type and sign; lengths and upper ends may be passed."""
    match shape.kind:
        case "int":
            return type(value) is int and (shape.low < 0 or value >= 0)
        case "float":
            return type(value) in (int, float) and (shape.low < 0 or value >= 0)
        case "any":
            return True
        case "none":
            return value is None
        case "union":
            return any(fits(value, part) for part in shape.parts)
        case "tuple":
            return type(value) is tuple and len(value) == len(shape.parts) and all(map(fits, value, shape.parts))
        case "dict":
            key, held = shape.parts
            return type(value) is dict and all(fits(k, key) and fits(v, held) for k, v in value.items())
        case "list" | "set" | "frozenset" | "tuple*":
            return type(value).__name__ == shape.kind.rstrip("*") and all(fits(item, shape.parts[0]) for item in value)
    return type(value).__name__ == shape.kind


def build(kind: str, items: Iterable[Value]) -> Value:
    """A sequence of the kind ("list", "set", "frozenset", "tuple*") from items."""
    if kind in ("set", "frozenset"):
        items = map(hashable, items)
    return _SEQUENCES[kind.rstrip("*")](items)


def hashable(value: Value) -> Value:
    """The value as a set member or dictionary key."""
    if isinstance(value, list):
        return tuple(map(hashable, value))
    if isinstance(value, set):
        return frozenset(value)
    return tuple(sorted(map(repr, value.items()))) if isinstance(value, dict) else value


def choose(options: Sequence[Value], rng: Rng) -> Value:
    """A uniform choice."""
    return options[int(rng.random() * len(options))]


def _length(shape: Shape, rng: Rng) -> int:
    low, high = int(shape.low), int(shape.high)
    if rng.random() < 0.5:
        high = min(high, max(low + 1, 4))
    return low + int(rng.random() * (high - low + 1))


def _sorted(items: Sequence[Value]) -> list[Value]:
    try:
        return sorted(items)
    except TypeError:  # items of several types, or none that are ordered
        return list(items)
