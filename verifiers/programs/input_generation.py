"""Inputs for generated tests, from four sources: given examples, boundary values, type-aware mutation, Hypothesis.

Mutation follows EvalPlus (arXiv 2305.01210, table 1): the kind of change depends on the type. What is added: constants
found in the programs under test, and one argument made from another (`k = len(xs)`, `y = x`), because that is where
comparisons turn. Hypothesis draws from a strategy built from the inferred type; without Hypothesis installed our own
`input_types.draw` is used instead, and the input's source is "drawn".
"""

from __future__ import annotations

import ast
import importlib.util
import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.literals import Value, ValueOutOfBounds, checked
from ...core.protocols import Rng
from .code_blocks import parse
from .input_types import LONGEST, InputType, boundary_values, build, choose, draw, fits, hashable, infer_types
from .literals import canonical

COUNT = 64
NEIGHBOURS_UP_TO = 10**6
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Input:
    """One argument tuple and where it came from: "given", "boundary", "mutation", "hypothesis" or "drawn"."""

    arguments: tuple[Value, ...]
    source: str


def generate_inputs(
    examples: Sequence[tuple[Value, ...]],
    rng: Rng,
    *,
    signature: str | None = None,
    count: int = COUNT,
    programs: Sequence[str] = (),
) -> list[Input]:
    """Up to `count` distinct inputs, the examples first.

    Args:
        examples: argument tuples known to make sense: the challenger's, or those a specification shows.
        signature: `f(x: int) -> int`; needed only where there is no example.
        programs: sources whose constants are worth trying.

    Raises:
        ValueError: neither examples nor a signature: nothing is known of the arguments.
    """
    input_types = infer_types(examples, signature)
    if not input_types and not examples:
        raise ValueError("no inputs can be made: there are neither examples nor an annotated signature")
    pool = _Pool(count)
    for arguments in examples:
        pool.add(arguments, "given")
    if not input_types:  # a function of no arguments has one input
        return pool.inputs
    pool.fill(_boundary(input_types), "boundary", len(pool.inputs) + max(8, count // 5))
    seeds = [i.arguments for i in pool.inputs if len(i.arguments) == len(input_types)]
    seeds += [tuple(draw(input_type, rng) for input_type in input_types) for _ in range(4)]
    constants = mined_constants(programs)
    pool.fill(_at_constants(seeds, input_types, constants, rng), "boundary", len(pool.inputs) + count // 4)
    middle = len(pool.inputs) + (count - len(pool.inputs)) // 2
    pool.fill(_mutations(seeds, input_types, constants, rng), "mutation", middle)
    source, rest = _random(input_types, 2 * (count - len(pool.inputs)), rng)
    pool.fill(rest, source, count)
    pool.fill(_mutations(seeds, input_types, constants, rng), "mutation", count)
    return pool.inputs


class _Pool:
    """Distinct inputs in order of arrival, up to a number."""

    def __init__(self, count: int) -> None:
        self.count, self.inputs = count, list[Input]()
        self._seen: set[str] = set()

    def add(self, arguments: tuple[Value, ...], source: str) -> None:
        """One more, unless it is known, or no literal stands for it: then it could not be kept with the question."""
        try:
            key = canonical(checked(arguments))
        except ValueOutOfBounds:
            return
        if len(self.inputs) < self.count and key not in self._seen:
            self._seen.add(key)
            self.inputs.append(Input(arguments, source))

    def fill(self, stream: Iterator[tuple[Value, ...]], source: str, target: int) -> None:
        """Take from a stream until there are `target` inputs, or the stream ends or brings nothing new for long."""
        target = min(target, self.count)
        idle = 0
        while len(self.inputs) < target and idle < 50 * _TRIES:
            arguments = next(stream, None)
            if arguments is None:
                return
            before = len(self.inputs)
            self.add(arguments, source)
            idle = 0 if len(self.inputs) > before else idle + 1


def _boundary(input_types: Sequence[InputType]) -> Iterator[tuple[Value, ...]]:
    """Boundary values of all arguments together: first side by side, then every combination, small ones first."""
    columns = [boundary_values(input_type) for input_type in input_types]
    longest = max(map(len, columns))
    for i in range(longest):
        yield tuple(column[i % len(column)] for column in columns)
    combinations = itertools.product(*(range(len(column)) for column in columns))
    for rows in sorted(itertools.islice(combinations, 4096), key=sum):
        yield tuple(column[row] for column, row in zip(columns, rows, strict=True))


def _at_constants(
    seeds: Sequence[tuple[Value, ...]], input_types: Sequence[InputType], constants: Sequence[Value], rng: Rng
) -> Iterator[tuple[Value, ...]]:
    """Constants of the program instead of one argument: there its comparisons change their result."""
    for constant in constants:
        for index, input_type in enumerate(input_types):
            if input_type.kind in ("int", "float", "str") and fits(constant, input_type):
                arguments = list(choose(seeds, rng))
                arguments[index] = constant
                yield tuple(arguments)


def mined_constants(programs: Sequence[str]) -> list[Value]:
    """Numbers and strings in the programs, with the neighbours of the integers; those compared with first."""
    found: dict[str, Value] = {}
    nodes = [node for program in programs if (tree := parse(program)) for node in ast.walk(tree)]
    compared = [part for node in nodes if isinstance(node, ast.Compare) for part in ast.walk(node)]
    for node in (*compared, *nodes):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            near = [node.value]
            if type(node.value) is int and abs(node.value) < NEIGHBOURS_UP_TO:
                near += [node.value - 1, node.value + 1]
            for value in near:
                if not isinstance(value, str) or len(value) <= LONGEST:
                    found.setdefault(canonical(value), value)
    return list(found.values())[:64]


def _mutations(
    seeds: Sequence[tuple[Value, ...]], input_types: Sequence[InputType], constants: Sequence[Value], rng: Rng
) -> Iterator[tuple[Value, ...]]:
    """Endless mutants of the seeds; what is found is mutated further."""
    known = list(seeds)
    while True:
        arguments = list(choose(known, rng))
        for _ in range(1 if rng.random() < 0.6 else 2):
            index = int(rng.random() * len(arguments))
            arguments[index] = _mutated(arguments, index, input_types[index], constants, rng)
        made = tuple(arguments)
        if len(known) < 256:
            known.append(made)
        yield made


def _mutated(
    arguments: Sequence[Value], index: int, input_type: InputType, constants: Sequence[Value], rng: Rng
) -> Value:
    """Another value for one argument, within its type."""
    for _ in range(_TRIES):
        value = arguments[index]
        roll = rng.random()
        if roll < 0.15 and constants:
            new = _with_constant(value, choose(constants, rng), rng)
        elif roll < 0.3 and len(arguments) > 1:
            new = _from_another(arguments, index, rng)
        else:
            new = mutate(value, input_type, rng)
        if fits(new, input_type):
            return new
    return draw(input_type, rng)


def _with_constant(value: Value, constant: Value, rng: Rng) -> Value:
    if isinstance(value, list) and value:
        return [*value[:-1], _with_constant(value[-1], constant, rng)] if rng.random() < 0.5 else [*value, constant]
    if isinstance(value, str) and isinstance(constant, str) and rng.random() < 0.6:
        at = int(rng.random() * (len(value) + 1))
        return (value[:at] + constant + value[at:])[: 4 * LONGEST]
    return constant


def _from_another(arguments: Sequence[Value], index: int, rng: Rng) -> Value:
    """One argument made from another: itself, its length, one of its items, all give or take one."""
    other = choose([a for i, a in enumerate(arguments) if i != index], rng)
    if isinstance(other, list | tuple | str | dict | set) and other:
        other = len(other) if rng.random() < 0.5 else choose(list(other), rng)
    if type(other) is int and rng.random() < 0.4:
        other += 1 if rng.random() < 0.5 else -1
    return other


def mutate(value: Value, input_type: InputType, rng: Rng) -> Value:
    """One type-aware change of a value; `input_type` bounds what may be inserted."""
    if input_type.kind == "union":
        return draw(input_type, rng) if rng.random() < 0.3 else mutate(value, InputType("any"), rng)
    match value:
        case bool():
            return not value
        case int():
            step = choose((1, -1, value, -value // 2, -2 * value, 10, int(9 * rng.random())), rng)
            furthest = int(max(4 * input_type.high, 100))  # larger ones only make slow programs time out
            return max(-furthest, min(furthest, value + step))
        case float() if not math.isfinite(value):  # a mutant's mutant
            return 0.0
        case float():
            return choose((value + 1.0, value - 1.0, -value, value * 2, value / 2, float(round(value)), 0.0), rng)
        case str():
            return _mutated_string(value, input_type.letters or "ab", rng)
        case list() | set() | frozenset():
            return build(type(value).__name__, _mutated_items(list(value), _inner(input_type), rng))
        case tuple():
            if input_type.kind == "tuple*" or not value:
                return tuple(_mutated_items(list(value), _inner(input_type), rng))
            at = int(rng.random() * len(value))
            part = input_type.parts[at] if at < len(input_type.parts) else InputType("any")
            return (*value[:at], mutate(value[at], part, rng), *value[at + 1 :])
        case dict():
            return _mutated_dict(value, input_type, rng)
    return draw(input_type, rng)


def _inner(input_type: InputType) -> InputType:
    return input_type.parts[0] if input_type.parts else InputType("any")


def _mutated_string(text: str, letters: str, rng: Rng) -> str:
    at = int(rng.random() * (len(text) + 1))
    letter = choose(letters, rng)
    changed = (
        text[:at] + letter + text[at:],
        text[:at] + text[at + 1 :],
        text[:at] + letter + text[at + 1 :],
        text[::-1],
        text[:at] + text[at : at + 1] * 2 + text[at + 1 :],
        text.swapcase() if any(c.islower() for c in letters) and any(c.isupper() for c in letters) else text[:at],
        text + text[:at],
        text[at:],
    )
    return str(choose(changed, rng))[: 4 * LONGEST]


def _mutated_items(items: list[Value], inner: InputType, rng: Rng) -> list[Value]:
    at = int(rng.random() * len(items)) if items else 0
    kind = int(rng.random() * 8)
    if not items or kind == 0:
        return [*items[:at], draw(inner, rng), *items[at:]][: 2 * LONGEST]
    if kind == 1:
        return [*items[:at], *items[at + 1 :]]
    if kind == 2:
        return [*items, items[at]][: 2 * LONGEST]
    if kind == 3:
        return items[::-1]
    if kind == 4:
        return items[: at + 1]
    if kind == 5:
        return [*items[:at], draw(inner, rng), *items[at + 1 :]]
    if kind == 6:
        other = int(rng.random() * len(items))
        items[at], items[other] = items[other], items[at]
        return items
    return [*items[:at], mutate(items[at], inner, rng), *items[at + 1 :]]


def _mutated_dict(value: dict[Value, Value], input_type: InputType, rng: Rng) -> dict[Value, Value]:
    key_type, held_type = input_type.parts if len(input_type.parts) == 2 else (InputType("any"), InputType("any"))
    changed = dict(value)
    kind = int(rng.random() * 3)
    if not changed or kind == 0:
        changed[hashable(draw(key_type, rng))] = draw(held_type, rng)
        return changed
    key = choose(list(changed), rng)
    if kind == 1:
        del changed[key]
    else:
        changed[key] = mutate(changed[key], held_type, rng)
    return changed


def _random(input_types: Sequence[InputType], count: int, rng: Rng) -> tuple[str, Iterator[tuple[Value, ...]]]:
    """Random inputs, from Hypothesis where it is installed."""
    if importlib.util.find_spec("hypothesis") is not None:
        return "hypothesis", iter(_from_hypothesis(input_types, count, rng))
    return "drawn", (tuple(draw(input_type, rng) for input_type in input_types) for _ in range(4 * count))


def _from_hypothesis(input_types: Sequence[InputType], count: int, rng: Rng) -> list[tuple[Value, ...]]:
    """What Hypothesis generates for the types, seeded by `rng`: no data base, no deadline, no shrinking."""
    import hypothesis
    from hypothesis import strategies as st

    found: list[tuple[Value, ...]] = []

    @hypothesis.seed(int(rng.random() * 2**53))
    @hypothesis.settings(
        max_examples=max(count, 1),
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(st.tuples(*(strategy(input_type) for input_type in input_types)))
    def collect(arguments: tuple[Value, ...]) -> None:
        found.append(arguments)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Hypothesis warns when it is driven from outside a test
        collect()
    return found


def strategy(input_type: InputType) -> Any:
    """The Hypothesis strategy of a type."""
    from hypothesis import strategies as st

    parts = [strategy(part) for part in input_type.parts]
    match input_type.kind:
        case "int":
            return st.integers(int(input_type.low), int(input_type.high))
        case "float":
            low, high = float(input_type.low), float(input_type.high)
            short = all(end.is_integer() and abs(end) <= 2**24 for end in (low, high))  # else no ends of 32 bits
            return st.floats(low, high, allow_nan=False, allow_infinity=False, width=32 if short else 64)
        case "bool":
            return st.booleans()
        case "none":
            return st.none()
        case "str":
            return st.text(alphabet=input_type.letters, max_size=int(input_type.high))
        case "bytes":
            return st.binary(max_size=int(input_type.high))
        case "tuple":
            return st.tuples(*parts)
        case "union":
            return st.one_of(*parts)
        case "dict":
            return st.dictionaries(parts[0].map(hashable), parts[1], max_size=int(input_type.high))
        case "any":
            return st.one_of(st.integers(-20, 20), st.text(max_size=4), st.none())
    lists = st.lists(parts[0], max_size=int(input_type.high))
    kind = input_type.kind
    return lists if kind == "list" else lists.map(lambda items: build(kind, items))
