"""The kinds of answers that are compared, each with its like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .values import reals
from .values.scalar import Scalar


@dataclass(frozen=True, slots=True)
class Number:
    """An expression, or a matrix of them."""

    scalar: Scalar


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value in base units."""

    scalar: Scalar
    dimension: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Tuple:
    """Ordered; brackets as written, "(" for angle brackets."""

    brackets: str
    items: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """Unordered; kind "list" (bare), "set" (braces), or "either" (propositions of which one holds)."""

    kind: str
    items: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Assigned:
    """A name and what it is."""

    name: str
    value: Form


@dataclass(frozen=True, slots=True)
class Relation:
    """difference op 0, up to a factor; op is "=", "<", "<=" or "!="; names of variables in it."""

    op: str
    difference: Scalar


@dataclass(frozen=True, slots=True)
class Area:
    """A set of reals, for the variable of that name if one was given; `inequality` if it was written as one."""

    name: str | None
    region: reals.Region
    inequality: bool = False


@dataclass(frozen=True, slots=True)
class Residue:
    """A value modulo something."""

    value: Scalar
    modulus: Scalar


@dataclass(frozen=True, slots=True)
class Directed:
    """A value and where it goes: north, a loss, clockwise."""

    value: Form
    direction: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; half "" where nobody knows whether it is before noon."""

    hour: int
    minute: int
    half: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The letter of a choice, and what stands behind it."""

    letter: str
    rest: Form


@dataclass(frozen=True, slots=True)
class Given:
    """A form that holds under a condition."""

    value: Form
    condition: Form


@dataclass(frozen=True, slots=True)
class Structure:
    """Anything else: equal if its parts are, in order."""

    head: str
    items: tuple[Form, ...]


Form: TypeAlias = (
    Number | Quantity | Words | Tuple | Collection | Assigned | Relation | Area
    | Residue | Directed | Clock | Choice | Given | Structure
)  # fmt: skip
