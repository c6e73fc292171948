"""A generator of formulas."""

from selfplay_gym.core.records import Question

from .formulas import value


class FormulaGenerator:
    """Asks for the truth of a random formula; the level is its length.

    Args:
        longest: truth values in a formula of level 1; one of level 0 has three.
    """

    def __init__(self, longest=9):
        self.longest = longest

    def generate(self, spec, rng):
        formula = self._formula(3 + round(spec.level * (self.longest - 3)), rng)
        return Question(f"What is {formula}?", value(formula), "logic", spec.level, "formulas")

    def _formula(self, values, rng):
        if values == 1:
            return ("not " if rng.random() < 0.5 else "") + ("true" if rng.random() < 0.5 else "false")
        left = 1 + int(rng.random() * (values - 1))
        parts = [self._formula(left, rng), self._formula(values - left, rng)]
        return "(" + (" and " if rng.random() < 0.5 else " or ").join(parts) + ")"
