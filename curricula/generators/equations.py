"""Procedural linear equations with one integer root, and the harder questions composed of an equation and a value.

Level in [0, 1]:

    0 … ¼   x+b=c         ¼ … ½   ax+b=c, x ≥ 0       ½ … ¾   ax±b=c, any sign      ¾ … 1   ax±b=cx±d
"""

from __future__ import annotations

from ...core.protocols import Rng
from ...core.records import Question, TaskSpec
from .draws import integer, pick

WORDINGS = ("Solve {}.", "Solve for x: {}.")


class EquationGenerator:
    """Writes `Solve 3x+4=19.`; the reference is the value of x."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        equation, root = linear_equation(spec.level, rng)
        return Question(pick(WORDINGS, rng).format(equation), str(root), "math", spec.level, "equation")


class ComposedGenerator:
    """Writes `If 2x+3=11, what is 3x-1?`: solve an equation, then use its root. The combinatorial, hard questions."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        equation, root = linear_equation(spec.level, rng)
        a, b = integer(2, 9, rng), integer(1, 9, rng) * (1 if rng.random() < 0.5 else -1)
        text = f"If {equation}, what is {linear_term(a, b)}?"
        return Question(text, str(a * root + b), "math", spec.level, "composed")


def linear_equation(level: float, rng: Rng) -> tuple[str, int]:
    """An equation of the given level and its integer root."""
    if level < 0.25:
        root, b = integer(0, 9, rng), integer(1, 9, rng)
        return f"x+{b}={root + b}", root
    a, b = integer(2, 9, rng), integer(1, 9, rng)
    if level < 0.5:
        root = integer(0, 9, rng)
        return f"{linear_term(a, b)}={a * root + b}", root
    root = integer(-9, 9, rng)
    b = b if rng.random() < 0.5 else -b
    if level < 0.75:
        return f"{linear_term(a, b)}={a * root + b}", root
    c = integer(1, a - 1, rng)
    return f"{linear_term(a, b)}={linear_term(c, (a - c) * root + b)}", root


def linear_term(a: int, b: int) -> str:
    """`ax+b` as people write it: no coefficient 1, no `+0`, no `+-3`."""
    head = "x" if a == 1 else f"{a}x"
    return head if b == 0 else f"{head}{b:+d}"
