"""Other ways to ask for the value of an expression.

permuted   terms and factors in another order                 3+4*5-2   →  5*4-2+3, the label
split      a number or a parenthesis in two parts             7*8       →  7*5+7*3, the label
backward   from the label back to a number of the question    12-5 = 7  →  7+5, must be 12
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from ....core.protocols import Rng
from ....core.records import OtherWay
from .expressions import Sum, Term, of_fraction, whole

Item = TypeVar("Item")

TRIES = 64
"""Orders that are drawn until one fits; among those of three terms it is one in six."""


def ways_of_value(value: Sum, label: Fraction, rng: Rng) -> Iterator[OtherWay]:
    """The other ways to ask what `value` is, the nearest first."""
    asked, answer = (value, label) if value.starts_positive else (-value, -label)
    if (order := permuted(asked, rng)) is not None:
        yield _asks("permuted", order, answer)
    yield _asks("split", _mixed(split(asked, rng), rng), answer)
    if (way := backward(value, label, rng)) is not None:
        yield way


def permuted(value: Sum, rng: Rng) -> Sum | None:
    """The same terms and factors in another order, no place as it was; `None` where there is no such order.

    An error that hangs on a place, such as a last factor that is overlooked, then meets another number there. Exempt is
    what cannot move: two equal factors, and a single term that is added, which has to stand first.
    """
    terms = list(value.in_order().terms)
    fixed = 1 if len(terms) == 1 or all(term.negative for term in terms[1:]) else 0
    rest = _moved(terms[fixed:], rng, lambda order: fixed or not order[0].negative)
    if rest is None:
        return None
    found = [_moved_factors(term, rng) for term in [*terms[:fixed], *rest]]
    order = Sum(tuple(term for term in found if term is not None))
    return order if len(order.terms) == len(terms) and order.written() != value.written() else None


def _moved_factors(term: Term, rng: Rng) -> Term | None:
    factors = list(term.factors)
    if len(set(factors)) > 1 or len(factors) > 2:
        moved = _moved(factors, rng)
        if moved is None:
            return None
        factors = moved
    inside = [(permuted(one, rng) or one) if isinstance(one, Sum) else one for one in factors]
    return replace(term, factors=tuple(inside))


def _moved(items: list[Item], rng: Rng, fits: Callable[[list[Item]], object] = bool) -> list[Item] | None:
    """The items in an order in which no place holds what it held, and which `fits`; `None` if none was drawn."""
    if not items:
        return items
    for _ in range(TRIES):
        order = _shuffled(items, rng)
        if fits(order) and all(one != other for one, other in zip(items, order, strict=True)):
            return order
    return None


def split(value: Sum, rng: Rng) -> Sum:
    """The same with one factor of the longest term in two parts: 7*8 is 7*5+7*3, and 2*(3+4) is 2*3+2*4."""
    most = max(len(term.factors) for term in value.terms)
    longest = [i for i, term in enumerate(value.terms) if len(term.factors) == most]
    at = longest[_below(len(longest), rng)]
    term = value.terms[at]
    place = _below(len(term.factors), rng)
    parts = _parts(term.factors[place], rng)
    pieces = []
    for part in parts:
        factors = (*term.factors[:place], *part.factors, *term.factors[place + 1 :])
        pieces.append(Term(term.negative ^ part.negative, factors, term.divisors + part.divisors))
    return Sum((*value.terms[:at], *pieces, *value.terms[at + 1 :]))


def backward(value: Sum, label: Fraction, rng: Rng) -> OtherWay | None:
    """One term from the label and all the others; `None` for a single term that no division ends."""
    if len(value.terms) == 1:
        return _undivided(value.terms[0], label)
    numbers = [i for i, term in enumerate(value.terms) if term.number is not None]
    at = numbers[_below(len(numbers), rng)] if numbers else _below(len(value.terms), rng)
    term, others = value.terms[at], Sum((*value.terms[:at], *value.terms[at + 1 :]))
    rest = of_fraction(label) - others
    return same_value("backward", Sum((term,)), _mixed(rest, rng))


def same_value(name: str, one: Sum, other: Sum) -> OtherWay:
    """Whether two sums have one value: one is asked where the other is a plain number, else both."""
    if not (one.starts_positive and other.starts_positive):
        one, other = -one, -other
    if not (one.starts_positive and other.starts_positive):
        one, other = _all_added(one, other)
    for known, asked in ((one, other), (other, one)):
        if known.number is not None:
            return OtherWay(name, (question(asked),), str(known.number))
    return OtherWay(name, (question(one), question(other)))


def question(value: Sum) -> str:
    """The question for a value."""
    return f"What is {value.written()}?"


def _asks(name: str, value: Sum, answer: Fraction) -> OtherWay:
    return OtherWay(name, (question(value),), str(answer))


def _undivided(term: Term, label: Fraction) -> OtherWay | None:
    """A quotient backwards: the label times the divisors is the product above."""
    if not term.divisors:
        return None
    product = of_fraction(label)
    for divisor in term.divisors:
        product = product * (whole(divisor) if isinstance(divisor, int) else divisor)
    return same_value("backward", Sum((replace(term, divisors=()),)), product)


def _all_added(one: Sum, other: Sum) -> tuple[Sum, Sum]:
    """Both sides with what is subtracted brought to the other one; an empty side is 0."""
    everything = [*one.terms, *(-other).terms]
    left = tuple(term for term in everything if not term.negative)
    right = tuple(-term for term in everything if term.negative)
    return Sum(left or whole(0).terms), Sum(right or whole(0).terms)


def _parts(factor: int | Sum, rng: Rng) -> tuple[Term, ...]:
    """Terms that add up to a factor: those of a parenthesis, or n as k + (n-k), and small n as (n+k) - k."""
    if isinstance(factor, Sum):
        return factor.terms
    if factor > 1:
        part = 1 + _below(factor - 1, rng)
        return Term(False, (part,)), Term(False, (factor - part,))
    part = 1 + _below(3, rng)
    return Term(False, (factor + part,)), Term(True, (part,))


def _mixed(value: Sum, rng: Rng) -> Sum:
    return Sum(tuple(_shuffled(list(value.terms), rng)))


def _shuffled(items: list[Item], rng: Rng) -> list[Item]:
    """Fisher and Yates."""
    items = list(items)
    for last in range(len(items) - 1, 0, -1):
        other = _below(last + 1, rng)
        items[last], items[other] = items[other], items[last]
    return items


def _below(count: int, rng: Rng) -> int:
    return int(rng.random() * count)
