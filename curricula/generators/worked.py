"""Worked solutions of the procedural questions, in several styles and with occasional slips: the warm-up's answers.

    direct    \\boxed{33}
    steps     7*3=21, 12+21=33. \\boxed{33}
    rewrite   12+7*3=12+21=33. \\boxed{33}

A *slip* is a single wrong result (off by 1, 2 or 10) that the rest of the solution builds on. Slips fall anywhere, so
the wrong answers of a model that learnt from them scatter, while the right ones agree; that is what lets a vote find
the truth. (A base that is wrong in one systematic way outvotes it, and label-free self-play collapses.)
"""

from __future__ import annotations

import re

from ...core.errors import ConfigError
from ...core.protocols import Rng
from ...core.questions.word_problems import sum_of

STYLES = ("direct", "steps", "rewrite")
SLIPS = (-10, -2, -1, 1, 2, 10)

_NUMBER_OR_SIGN = re.compile(r"^-\d+|\d+|[-+*()]")
_TERM = re.compile(r"(\d*)x([+-]\d+)?")
_CALL = re.compile(r"f=lambda (?P<names>[a-z](?:,[a-z])*): (?P<body>[^.]+)\. f\((?P<values>-?\d+(?:,-?\d+)*)\)=\?")
_OPERATIONS = re.compile(r"\d+(?:[-+*]\d+)+")
_EQUATION = re.compile(r"(?P<left>[^=\s:]+)=(?P<right>[^=\s,.]+)")


class Worker:
    """Solves questions on paper.

    Args:
        rng: draws the slips.
        slip: probability that a computed result is written down wrong, in [0, 1].
    """

    def __init__(self, rng: Rng, slip: float = 0.0) -> None:
        if not 0.0 <= slip <= 1.0:
            raise ConfigError(f"slip must be in [0, 1], got {slip!r}")
        self.rng, self.slip = rng, slip

    def solve(self, question: str, style: str) -> str:
        """A solution that ends in a boxed answer.

        Raises:
            ConfigError: the style is unknown, or the question is not one the generators write.
        """
        if style not in STYLES:
            raise ConfigError(f"style must be one of {', '.join(STYLES)}, got {style!r}")
        expression, equation = sum_of(question), _EQUATION.search(question)
        if expression is not None:
            lines, result = self._arithmetic(expression, style)
        elif equation is None:
            lines, result = self._arithmetic(question.rstrip("?.").split()[-1], style)
        else:
            lines, result = self._equation(equation["left"], equation["right"], style)
            if question.startswith("If "):
                more, result = self._substitute(question.rstrip("?.").split()[-1], result, style)
                lines += more
        return _as_text(lines, result, style)

    def run(self, question: str, reference: str, style: str) -> str:
        """A solution of `f=lambda x: 5*x-9. f(9)=?`: put the values in, then calculate.

        Functions that are more than sums and products are answered without working.
        """
        found = _CALL.fullmatch(question)
        if found is not None:
            values = dict(zip(found["names"].split(","), found["values"].split(","), strict=False))
            expression = "".join(_operand(values[c]) if c in values else c for c in found["body"])
            if len(values) == found["names"].count(",") + 1 and _OPERATIONS.fullmatch(expression):
                lines, result = self._arithmetic(expression, style)
                return _as_text([expression, *lines] if style == "steps" else lines, result, style)
        return f"\\boxed{{{reference}}}"

    def _write(self, result: int) -> int:
        """The result as it is written down: right, or a slip."""
        if self.rng.random() < self.slip:
            return result + SLIPS[int(self.rng.random() * len(SLIPS))]
        return result

    def _arithmetic(self, expression: str, style: str) -> tuple[list[str], int]:
        tokens = _NUMBER_OR_SIGN.findall(expression)
        if "".join(tokens) != expression:
            raise ConfigError(f"not an expression of the generators: {expression!r}")
        lines = []
        chain = [expression]
        while len(tokens) > 1:
            at = _next_operator(tokens)
            left, operator, right = tokens[at - 1 : at + 2]
            result = self._write(_apply(int(left), operator, int(right)))
            lines.append(f"{left}{operator}{_operand(right)}={result}")
            bracketed = at >= 2 and tokens[at - 2] == "("
            tokens[at - 1 - bracketed : at + 2 + bracketed] = [str(result)]
            chain.append(_join(tokens))
        result = int(tokens[0])
        return (["=".join(chain)] if style == "rewrite" else lines), result

    def _equation(self, left: str, right: str, style: str) -> tuple[list[str], int]:
        a, b = _linear(left)
        c, d = _linear(right)
        slope, constant = self._write(a - c) if c else a, self._write(d - b)
        slope = slope or 1
        root = round(constant / slope) if slope != 1 else constant
        root = self._write(root) if slope != 1 else root
        name = "x" if slope == 1 else f"{slope}x"
        isolated = f"{name}={d}{-b:+d}={constant}" if style == "rewrite" else f"{name}={constant}"
        return [isolated] + ([f"x={root}"] if slope != 1 else []), root

    def _substitute(self, target: str, root: int, style: str) -> tuple[list[str], int]:
        a, b = _linear(target)
        product = self._write(a * root)
        result = self._write(product + b)
        if style == "rewrite":
            return [f"{a}*{_operand(str(root))}{b:+d}={product}{b:+d}={result}"], result
        return [f"{a}*{_operand(str(root))}={product}", f"{product}{b:+d}={result}"], result


def _as_text(lines: list[str], result: int, style: str) -> str:
    """Lines and answer as one text; nothing but the answer in style `direct`."""
    answer = f"\\boxed{{{result}}}"
    return answer if style == "direct" else f"{', '.join(lines)}. {answer}"


def _next_operator(tokens: list[str]) -> int:
    """Index of the operator to apply next: inside parentheses first, then `*`, then left to right."""
    if "(" in tokens:
        return tokens.index("(") + 2
    if "*" in tokens:
        return tokens.index("*")
    return 1


def _apply(left: int, operator: str, right: int) -> int:
    return left + right if operator == "+" else left - right if operator == "-" else left * right


def _operand(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def _join(tokens: list[str]) -> str:
    """Tokens as text; a negative number after an operator is bracketed."""
    return "".join(_operand(t) if i and len(t) > 1 else t for i, t in enumerate(tokens))


def _linear(term: str) -> tuple[int, int]:
    """`3x-4` → (3, -4); `19` → (0, 19)."""
    found = _TERM.fullmatch(term)
    if found is None:
        return 0, int(term)
    return int(found[1] or 1), int(found[2] or 0)
