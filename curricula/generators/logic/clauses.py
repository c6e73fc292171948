"""Clauses with exactly one satisfying assignment: the sum of the indices of the true variables is asked.

Clauses are drawn until one assignment is left (`candidates`: over all 2ⁿ of them); each is false in an assignment that
was left.

    level          0 … 1/9   1/9 … 2/9   …   8/9 … 1
    variables n       4          5              12        literals of a clause: 3 with the chance .1 + .9·level, else 2
"""

from __future__ import annotations

from ....core.protocols import Rng
from ....core.records import Question, TaskSpec
from ..draws import sample, size
from .candidates import Constraint, columns, everything, single_out

FEWEST, MOST = 4, 12
TRIES = 4


class ClauseGenerator:
    """Writes formulas in conjunctive form with one solution."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        variables = size(spec.level, FEWEST, MOST)
        planted = int(rng.random() * 2**variables)
        formula = _Formula(variables, planted, 0.1 + 0.9 * spec.level, rng)
        every = everything(2**variables)
        clauses = single_out(planted, every, formula.excluding, formula.excluding, TRIES, rng)
        text = (
            f"Each of the variables x1 to x{variables} is true or false, and all these clauses hold, where "
            f'"or" means one or more: {", ".join(sorted(clauses))}. '
            "What is the sum of the indices of all variables that are true?"
        )
        answer = sum(i + 1 for i in range(variables) if planted >> i & 1)
        return Question(text, str(answer), "math", spec.level, "clauses", {"kind": "clauses"})


class _Formula:
    """Clauses that are true in one assignment; variables are numbered from 0 here, and from 1 in the texts.

    Args:
        planted: the assignment; bit i is the value of variable i.
        three: the share of clauses with three literals.
    """

    def __init__(self, variables: int, planted: int, three: float, rng: Rng) -> None:
        self.variables, self.planted, self.three, self.rng = variables, planted, three, rng
        self.true, self.every = columns(variables), everything(2**variables)

    def excluding(self, other: int) -> Constraint:
        """A clause all of whose literals are false in the other assignment; one is about a variable that differs."""
        differing = [i for i in range(self.variables) if (self.planted ^ other) >> i & 1]
        first = sample(differing, 1, self.rng)[0]
        rest = [i for i in range(self.variables) if i != first]
        chosen = sorted([first, *sample(rest, 2 if self.rng.random() < self.three else 1, self.rng)])
        holds, literals = 0, []
        for i in chosen:
            negated = other >> i & 1
            holds |= self.every ^ self.true[i] if negated else self.true[i]
            literals.append(f"{'not ' if negated else ''}x{i + 1}")
        return Constraint(f"({' or '.join(literals)})", holds)
