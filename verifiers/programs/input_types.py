"""The types of a function's arguments: inferred from examples and annotations, with random and boundary values of each.

From `EVIDENCE` examples on, a type is narrow: integers that were never negative stay so, strings keep to the letters
seen. Outside the domain that the examples show, two right programs may differ, and a test there rejects a right one.
Fewer examples show no domain: the examples that people write are mostly small positive numbers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...core.literals import LARGEST, Value
from ...core.protocols import Rng
from .code_blocks import parse

EVIDENCE = 6
LONGEST = 12
DEEPEST = 4
MOST_ARGUMENTS = 64
MOST_PARTS = 16
"""Items of a tuple that have a type each; a longer one is taken for a sequence."""
LETTERS = "abcxyzABZ 01-"
_SEQUENCES = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


@dataclass(frozen=True, slots=True)
class InputType:
    """The values one argument may take.

    Attributes:
        kind: "int", "float", "str", "bool", "none", "bytes", "list", "set", "frozenset", "tuple" (a type per item),
            "dict", "union", or "any" (nothing is known).
        low, high: numbers: range of the values; sequences and strings: range of the length.
        parts: sequences: the type of the items; tuple and union: one per item or choice; dict: key and value.
        letters: strings: the letters used.
    """

    kind: str
    low: float = 0
    high: float = 0
    parts: tuple[InputType, ...] = ()
    letters: str = ""


ANY_INT = InputType("int", -20, 20)


def infer_type(values: Sequence[Value], annotation: str | None = None, depth: int = DEEPEST) -> InputType:
    """The type of one argument, from the values seen or, if there are none, its annotation.

    Of what is nested deeper than `depth` nothing is said: values drawn at each level multiply.
    """
    if depth == 0:
        return InputType("any")
    if values:
        return _seen(values, depth)
    return _annotated(parse(annotation) if annotation else None)


def infer_types(examples: Sequence[tuple[Value, ...]], signature: str | None = None) -> tuple[InputType, ...]:
    """One type per argument.

    Args:
        examples: argument tuples; the commonest length counts.
        signature: `f(x: int, xs: list[int]) -> int`, or `None`.

    Raises:
        ValueError: more than `MOST_ARGUMENTS` arguments.
    """
    annotations = annotations_of(signature)
    lengths = [len(arguments) for arguments in examples]
    count = max(set(lengths), key=lengths.count) if lengths else len(annotations)
    if count > MOST_ARGUMENTS:
        raise ValueError(f"{count} arguments; inputs are made for at most {MOST_ARGUMENTS}")
    rows = [arguments for arguments in examples if len(arguments) == count]
    hints = annotations if len(annotations) == count else [None] * count
    return tuple(infer_type([row[index] for row in rows], hints[index]) for index in range(count))


def annotations_of(signature: str | None) -> list[str | None]:
    """The annotations of a signature's parameters, `None` for those without."""
    tree = parse(f"def {signature}: pass") if signature else None
    if tree is None or not isinstance(tree.body[0], ast.FunctionDef):
        return []
    return [None if a.annotation is None else ast.unparse(a.annotation) for a in tree.body[0].args.args]


def _seen(values: Sequence[Value], depth: int) -> InputType:
    kinds: dict[str, list[Value]] = {}
    for value in values:
        kinds.setdefault("none" if value is None else type(value).__name__, []).append(value)
    if set(kinds) == {"int", "float"}:
        kinds = {"float": list(values)}
    if len(kinds) > 1:
        return InputType("union", parts=tuple(_of_kind(kind, some, depth) for kind, some in sorted(kinds.items())))
    ((kind, some),) = kinds.items()
    return _of_kind(kind, some, depth)


def _of_kind(kind: str, values: Sequence[Value], depth: int) -> InputType:
    if kind in ("int", "float"):
        low, high = min(values), max(values)
        spread = min(max(12, 3 * abs(high), 3 * abs(low)), LARGEST if kind == "int" else float(LARGEST))
        return InputType(kind, 0 if low >= 0 and len(values) >= EVIDENCE else -spread, spread)
    if kind in ("str", "bytes"):
        longest = max(len(v) for v in values)
        letters = "".join(sorted(set("".join(values)))) if kind == "str" else ""
        known = letters if len(values) >= EVIDENCE and letters else "".join(dict.fromkeys(letters + LETTERS))
        return InputType(kind, 0, max(6, 2 * min(longest, LONGEST)), letters=known)
    if kind == "tuple" and len({len(v) for v in values}) == 1 and 0 < len(values[0]) <= MOST_PARTS:
        columns = zip(*values, strict=True)
        return InputType("tuple", parts=tuple(infer_type(column, depth=depth - 1) for column in columns))
    if kind in _SEQUENCES:
        items = [item for v in values for item in v]
        longest = max(len(v) for v in values)
        return InputType(
            f"{kind}*" if kind == "tuple" else kind,
            0,
            max(4, min(longest + 3, LONGEST)),
            (infer_type(items, depth=depth - 1),),
        )
    if kind == "dict":
        keys, held = [k for v in values for k in v], [x for v in values for x in v.values()]
        return InputType(
            "dict",
            0,
            max(4, min(max(map(len, values)) + 2, LONGEST)),
            (infer_type(keys, depth=depth - 1), infer_type(held, depth=depth - 1)),
        )
    return InputType(kind if kind in ("bool", "none") else "any")


def _annotated(tree: ast.Module | None) -> InputType:
    """The type an annotation names; anything unknown is an integer, the likeliest argument."""
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return ANY_INT
    return _from_node(tree.body[0].value)


def _from_node(node: ast.expr, depth: int = DEEPEST) -> InputType:
    if depth == 0:
        return InputType("any")
    match node:
        case ast.Name("int"):
            return ANY_INT
        case ast.Name("float"):
            return InputType("float", -20, 20)
        case ast.Name("str"):
            return InputType("str", 0, 8, letters=LETTERS)
        case ast.Name("bool"):
            return InputType("bool")
        case ast.Constant(None):
            return InputType("none")
        case ast.Name(name) if name.lower() in ("list", "set", "frozenset", "sequence", "iterable"):
            return InputType(name.lower() if name.lower() in _SEQUENCES else "list", 0, 6, (ANY_INT,))
        case ast.Name("dict" | "Dict"):
            return InputType("dict", 0, 4, (InputType("str", 0, 4, letters=LETTERS), ANY_INT))
        case ast.Subscript(ast.Name(name), ast.Tuple(parts)) if name.lower() == "dict" and len(parts) == 2:
            return InputType("dict", 0, 5, (_from_node(parts[0], depth - 1), _from_node(parts[1], depth - 1)))
        case ast.Subscript(ast.Name(name), ast.Tuple([item, ast.Constant()])) if name.lower() == "tuple":
            return InputType("tuple*", 0, 6, (_from_node(item, depth - 1),))
        case ast.Subscript(ast.Name(name), ast.Tuple(parts)) if name.lower() in ("tuple", "union"):
            kind = "tuple" if name.lower() == "tuple" else "union"
            return InputType(kind, parts=tuple(_from_node(part, depth - 1) for part in parts))
        case ast.Subscript(ast.Name(name), part) if name.lower() == "optional":
            return InputType("union", parts=(_from_node(part, depth - 1), InputType("none")))
        case ast.Subscript(ast.Name(name), part) if name.lower() == "tuple":
            return InputType("tuple", parts=(_from_node(part, depth - 1),))
        case ast.Subscript(ast.Name(name), part):
            kind = name.lower() if name.lower() in ("set", "frozenset") else "list"
            return InputType(kind, 0, 6, (_from_node(part, depth - 1),))
        case ast.BinOp(left, ast.BitOr(), right):
            return InputType("union", parts=(_from_node(left, depth), _from_node(right, depth)))
    return ANY_INT


def draw(input_type: InputType, rng: Rng) -> Value:
    """A random value of the type; small numbers and short sequences are likelier."""
    match input_type.kind:
        case "int" | "any":
            low, high = (input_type.low, input_type.high) if input_type.kind == "int" else (-20, 20)
            if rng.random() < 0.4:
                low, high = max(low, -4), min(high, 4)
            return int(low) + int(rng.random() * (int(high) - int(low) + 1))
        case "float":
            return round(input_type.low + rng.random() * (input_type.high - input_type.low), 2)
        case "bool":
            return rng.random() < 0.5
        case "none":
            return None
        case "str":
            return "".join(choose(input_type.letters, rng) for _ in range(_length(input_type, rng)))
        case "bytes":
            return bytes(int(rng.random() * 256) for _ in range(_length(input_type, rng)))
        case "tuple":
            return tuple(draw(part, rng) for part in input_type.parts)
        case "union":
            return draw(choose(input_type.parts, rng), rng)
        case "dict":
            key, held = input_type.parts
            return {hashable(draw(key, rng)): draw(held, rng) for _ in range(_length(input_type, rng))}
    return build(input_type.kind, [draw(input_type.parts[0], rng) for _ in range(_length(input_type, rng))])


def boundary_values(input_type: InputType) -> list[Value]:
    """The values at which programs break first: nothing, one, the ends of the range, all alike, rising and falling."""
    match input_type.kind:
        case "int":
            return [
                int(v) for v in (0, 1, 2, -1, input_type.high, input_type.low, 3, 10) if v >= 0 or input_type.low < 0
            ]
        case "float":
            return [
                float(v) for v in (0, 1, 0.5, -1, input_type.high, -0.5, input_type.low) if v >= 0 or input_type.low < 0
            ]
        case "bool":
            return [False, True]
        case "none":
            return [None]
        case "str":
            one, two = input_type.letters[0], input_type.letters[-1]
            return ["", one, one + one, one + two, two + one, one + two + one, input_type.letters[:8]]
        case "bytes":
            return [b"", b"a", b"\x00\xff"]
        case "tuple":
            columns = [boundary_values(part) or [None] for part in input_type.parts]
            return [tuple(column[i % len(column)] for column in columns) for i in range(max(map(len, columns)))]
        case "union":
            return [value for part in input_type.parts for value in boundary_values(part)]
        case "dict":
            keys, held = ([*map(hashable, boundary_values(input_type.parts[0]))], boundary_values(input_type.parts[1]))
            pairs = [(k, held[i % len(held)]) for i, k in enumerate(keys)] if held else []
            return [{}, dict(pairs[:1]), dict(pairs[:3])]
        case "any":
            return [0, 1, "", [], None]
    items = boundary_values(input_type.parts[0])
    rising = _sorted(items)
    lists = [[], items[:1], items[1:2] * 2, items[:3], rising, rising[::-1], items[-1:] * 3]
    return [build(input_type.kind, some) for some in lists]


def fits(value: Value, input_type: InputType) -> bool:
    """Whether a value keeps to the type and its sign; lengths and upper ends may be passed."""
    match input_type.kind:
        case "int":
            return type(value) is int and (input_type.low < 0 or value >= 0)
        case "float":
            return type(value) in (int, float) and (input_type.low < 0 or value >= 0)
        case "any":
            return True
        case "none":
            return value is None
        case "union":
            return any(fits(value, part) for part in input_type.parts)
        case "tuple":
            return (
                type(value) is tuple and len(value) == len(input_type.parts) and all(map(fits, value, input_type.parts))
            )
        case "dict":
            key, held = input_type.parts
            return type(value) is dict and all(fits(k, key) and fits(v, held) for k, v in value.items())
        case "list" | "set" | "frozenset" | "tuple*":
            return type(value).__name__ == input_type.kind.rstrip("*") and all(
                fits(item, input_type.parts[0]) for item in value
            )
    return type(value).__name__ == input_type.kind


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


def _length(input_type: InputType, rng: Rng) -> int:
    low, high = int(input_type.low), int(input_type.high)
    if rng.random() < 0.5:
        high = min(high, max(low + 1, 4))
    return low + int(rng.random() * (high - low + 1))


def _sorted(items: Sequence[Value]) -> list[Value]:
    try:
        return sorted(items)
    except TypeError:  # items of several types, or none that are ordered
        return list(items)
