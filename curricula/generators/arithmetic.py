"""Procedural arithmetic: `What is 12+7*3?` with 1 to 4 operations, exact integer answers.

Level in [0, 1] is four bands of growing length; inside a band the operands grow:

    level   0 … ¼   ¼ … ½   ½ … ¾   ¾ … 1
    operators  1       2       3       4         operands up to 9 in a band's lower half, up to 20 in its upper

One operator in five is `*` (at most one per question, factors up to 9). From level ½ one question in four has a pair of
parentheses, always around something that is not negative.
"""

from __future__ import annotations

from ...core.math_language import parse_expression
from ...core.protocols import Rng
from ...core.records import Question, TaskSpec
from .draws import integer, pick

BANDS = 4
WORDINGS = ("What is {}?", "Compute {}.", "Find the value of {}.")


class ArithmeticGenerator:
    """Writes sums, differences and products of small integers."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        expression = arithmetic_expression(spec.level, rng)
        text = pick(WORDINGS, rng).format(expression)
        value = parse_expression(expression).b
        return Question(text, str(value), "math", spec.level, "arithmetic")


def arithmetic_expression(level: float, rng: Rng) -> str:
    """An expression of the given level, without spaces."""
    scaled = min(level * BANDS, BANDS - 1e-9)
    operations = 1 + int(scaled)
    top = 9 if scaled % 1 < 0.5 else 20
    operands = [str(integer(1, top, rng)) for _ in range(operations + 1)]
    operators = ["+" if rng.random() < 0.5 else "-" for _ in range(operations)]
    product = integer(0, operations - 1, rng) if rng.random() < 0.2 * operations else None
    if product is not None:
        operators[product] = "*"
        operands[product], operands[product + 1] = (str(integer(2, 9, rng)) for _ in range(2))
    if level >= 0.5 and rng.random() < 0.25:
        _parenthesise(operands, operators, integer(0, operations - 1, rng))
    return operands[0] + "".join(o + n for o, n in zip(operators, operands[1:], strict=True))


def _parenthesise(operands: list[str], operators: list[str], at: int) -> None:
    """Bracket `operands[at] operators[at] operands[at + 1]`, larger operand first so that the value is not negative."""
    if operators[at] == "-" and int(operands[at]) < int(operands[at + 1]):
        operands[at], operands[at + 1] = operands[at + 1], operands[at]
    operands[at], operands[at + 1] = f"({operands[at]}", f"{operands[at + 1]})"
