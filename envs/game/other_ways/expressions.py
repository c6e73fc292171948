"""Expressions as they are written, so that they can be asked in another order or in other parts.

    value = terms with their signs      term = factors after "*", divisors after "/"

A parenthesis that a sum or a product does not need is opened: 5-(3+4) is 5-3-4.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from ....core.math_language import build_expression


@dataclass(frozen=True, slots=True)
class Term:
    """A product with its sign.

    Attributes:
        negative: whether it is subtracted.
        factors: at least one.
        divisors: what the product is divided by.
    """

    negative: bool
    factors: tuple[Factor, ...]
    divisors: tuple[Factor, ...] = ()

    def __neg__(self) -> Term:
        return Term(not self.negative, self.factors, self.divisors)

    @property
    def number(self) -> int | None:
        """The number that the term is, without its sign; `None` if it is more than a number."""
        (*others, factor) = self.factors
        return factor if isinstance(factor, int) and not others and not self.divisors else None

    def written(self) -> str:
        """Without the sign."""
        return "*".join(map(_factor, self.factors)) + "".join(f"/{_factor(one)}" for one in self.divisors)


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms in the order in which they are written; at least one."""

    terms: tuple[Term, ...]

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.terms + other.terms)

    def __neg__(self) -> Sum:
        return Sum(tuple(-term for term in self.terms))

    def __sub__(self, other: Sum) -> Sum:
        return self + -other

    def __mul__(self, other: Sum) -> Sum:
        one, two = self._as_term(), other._as_term()
        return Sum((Term(one.negative ^ two.negative, one.factors + two.factors, one.divisors + two.divisors),))

    def __truediv__(self, other: Sum) -> Sum:
        one, two = self._as_term(), other._as_term()
        single = len(two.factors) == 1 and not two.divisors
        below: Factor = two.factors[0] if single else Sum((Term(False, two.factors, two.divisors),))
        return Sum((Term(one.negative ^ two.negative, one.factors, (*one.divisors, below)),))

    def _as_term(self) -> Term:
        return self.terms[0] if len(self.terms) == 1 else Term(False, (self,))

    @property
    def number(self) -> int | None:
        """The number ≥ 0 that the sum is as it is written, `None` if it is more than that."""
        first = self.terms[0]
        return None if len(self.terms) > 1 or first.negative else first.number

    @property
    def starts_positive(self) -> bool:
        """Whether it can be written without a sign in front: some term is added."""
        return any(not term.negative for term in self.terms)

    def in_order(self) -> Sum:
        """The terms as they are written: the first one that is added, where there is one, in front."""
        at = next((i for i, term in enumerate(self.terms) if not term.negative), 0)
        return Sum((self.terms[at], *self.terms[:at], *self.terms[at + 1 :]))

    def written(self) -> str:
        """As text."""
        terms = self.in_order().terms
        return "".join(f"{'-' if term.negative else '+'}{term.written()}" for term in terms).removeprefix("+")


Factor: TypeAlias = int | Sum


def read_sum(text: str, x: Fraction | None = None) -> Sum:
    """An expression of the question language.

    Args:
        x: what stands for the unknown.

    Raises:
        ValueError: not an expression, or it holds x and nothing stands for it.
    """
    if x is None and "x" in text:
        raise ValueError("nothing stands for x")
    return build_expression(text, whole, whole(0) if x is None else of_fraction(x))


def whole(value: int) -> Sum:
    """A whole number as it is written."""
    return Sum((Term(value < 0, (abs(value),)),))


def of_fraction(value: Fraction) -> Sum:
    """A number as it is written: 3, -3, 3/4."""
    found = whole(value.numerator)
    return found if value.denominator == 1 else found / whole(value.denominator)


def _factor(factor: Factor) -> str:
    return str(factor) if isinstance(factor, int) else f"({factor.written()})"
