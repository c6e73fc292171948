"""An agent of known skill that plays both roles of the game."""

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.core.seeding import fresh_seed, python_stream

from .formulas import read, value
from .generator import FormulaGenerator


class Logician:
    """Answers a formula right with a known probability; asks for one where there is none in the prompt.

    Args:
        accuracy: of the answers, in [0, 1].
        level: of the questions that it writes, in [0, 1].
    """

    def __init__(self, accuracy=0.75, level=0.5):
        self.accuracy, self.level = accuracy, level

    def act(self, prompts, *, n=1, seed=None):
        if n < 1:
            raise ConfigError(f"n must be >= 1, got {n!r}")
        rng = python_stream(fresh_seed() if seed is None else seed, "logician")
        return [[self._write(prompt, rng) for _ in range(n)] for prompt in prompts]

    def _write(self, prompt, rng):
        formula = read(prompt)
        if formula is None:
            question = FormulaGenerator().generate(TaskSpec(self.level), rng)
            return rf"<question>{question.text}</question> \boxed{{{question.reference}}}"
        right = rng.random() < self.accuracy
        answer = value(formula) if right else {"true": "false", "false": "true"}[value(formula)]
        return rf"\boxed{{{answer}}}"
