"""Agents without a model: of known skill, so that games, rewards and curricula can be proven with them.

They read the question language of `core.maths_language`; a question outside it is answered with a guess (noisy, random)
or left unanswered (oracle), and an exam says how many these were.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.math_language import read
from ...core.protocols import Generator, Rng
from ...core.records import TaskSpec
from ...core.registries import make_generator
from ...core.seeding import fresh_seed, python_stream

HARDEST = 4
"""Operators in the longest questions of the generators: difficulty 1."""


class ScriptedAgent:
    """Base: one completion per prompt and sample index, each from its own random stream."""

    name = "scripted"

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        if n < 1:
            raise ConfigError(f"n must be >= 1, got {n!r}")
        rng = python_stream(fresh_seed() if seed is None else seed, self.name)
        return [[self.complete(prompt, rng) for _ in range(n)] for prompt in prompts]

    def complete(self, prompt: str, rng: Rng) -> str:
        """One completion."""
        raise TypeError(f"{type(self).__name__} must define complete(prompt, rng)")


FOREIGN = "it computes the sums, equations and composed questions of our generators, and knows no other answers"
"""Why the oracle cannot answer."""


class OracleAgent(ScriptedAgent):
    """Computes the answer: right about every question of the question language; it leaves the others, and says so."""

    name = "oracle"

    def complete(self, prompt: str, rng: Rng) -> str:
        reading = read(prompt)
        return "" if reading is None else boxed(str(reading.answer))

    def unreadable(self, prompts: Sequence[str]) -> list[str | None]:
        """See `core.protocols.Reader`."""
        return [FOREIGN if read(prompt) is None else None for prompt in prompts]


class NoisyAgent(ScriptedAgent):
    """Right with a known probability, wrong answers scattered around the right one.

    Args:
        accuracy: probability of a right answer at every difficulty, in [0, 1]; exclusive with `skill`.
        skill: in [0, 1]: the difficulty solved with probability ½; P(right) = σ((skill − difficulty) / width), with
            difficulty = operators / 4 of the question.
        width: how gradually skill fades, > 0.
        scatter: wrong answers differ from the right one by 1 … scatter, either way.
    """

    name = "noisy"

    def __init__(
        self, accuracy: float | None = None, *, skill: float | None = None, width: float = 0.15, scatter: int = 9
    ) -> None:
        if accuracy is not None and skill is not None:
            raise ConfigError(f"noisy takes accuracy or skill, not both (got {accuracy!r} and {skill!r})")
        if accuracy is not None and not 0.0 <= accuracy <= 1.0:
            raise ConfigError(f"noisy needs accuracy in [0, 1], got {accuracy!r}")
        if skill is not None and not math.isfinite(skill):
            raise ConfigError(f"noisy needs a finite skill, got {skill!r}")
        if width <= 0 or scatter < 1:
            raise ConfigError(f"noisy needs width > 0 and scatter >= 1, got {width!r} and {scatter!r}")
        self.accuracy, self.width, self.scatter = accuracy, width, scatter
        self.skill = 0.5 if skill is None else skill

    def probability(self, operations: int) -> float:
        """Chance of a right answer to a question with that many operators."""
        if self.accuracy is not None:
            return self.accuracy
        return 1.0 / (1.0 + math.exp((operations / HARDEST - self.skill) / self.width))

    def complete(self, prompt: str, rng: Rng) -> str:
        reading = read(prompt)
        if reading is None:
            return boxed(str(int(rng.random() * 100)))
        if rng.random() < self.probability(reading.operations):
            return boxed(str(reading.answer))
        slip = (1 + int(rng.random() * self.scatter)) * (1 if rng.random() < 0.5 else -1)
        return boxed(str(reading.answer + slip))

    def guessed(self, prompts: Sequence[str]) -> list[bool]:
        """Which answers have nothing to do with the question, as it is none of the question language."""
        return [read(prompt) is None for prompt in prompts]


class RandomAgent(ScriptedAgent):
    """A uniform integer in [low, high], whatever was asked: the floor of every benchmark."""

    name = "random"

    def __init__(self, low: int = -9, high: int = 40) -> None:
        if low > high:
            raise ConfigError(f"random needs low <= high, got {low!r} and {high!r}")
        self.low, self.high = low, high

    def complete(self, prompt: str, rng: Rng) -> str:
        return boxed(str(self.low + int(rng.random() * (self.high - self.low + 1))))


class EchoAgent(ScriptedAgent):
    """Repeats the prompt: what a grader must never reward."""

    name = "echo"

    def complete(self, prompt: str, rng: Rng) -> str:
        return prompt


class GeneratorAgent(ScriptedAgent):
    """A challenger that writes a generator's questions, with their true answers, whatever the instruction.

    Args:
        generator: a registered name, a dict with options, or a live generator.
        low, high: levels are drawn uniformly from this range within [0, 1].
    """

    name = "generator"

    def __init__(
        self, generator: str | Mapping[str, Any] | Generator = "mixed", *, low: float = 0.0, high: float = 1.0
    ) -> None:
        if not 0.0 <= low <= high <= 1.0:
            raise ConfigError(f"generator needs 0 <= low <= high <= 1, got {low!r} and {high!r}")
        self.generator, self.low, self.high = make_generator(generator), low, high

    def complete(self, prompt: str, rng: Rng) -> str:
        question = self.generator.generate(TaskSpec(self.low + (self.high - self.low) * rng.random()), rng)
        return f"<question>{question.text}</question> {boxed(question.reference or '')}"


def boxed(answer: str) -> str:
    r"""An answer the way every verifier reads it: `\boxed{…}`."""
    return rf"\boxed{{{answer}}}"
