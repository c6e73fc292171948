"""Questions of a generator as examples to learn from: never held out, each as a pair of a prompt and what to say."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ....core.errors import ConfigError
from ....core.held_out import is_held_out
from ....core.math_language import read
from ....core.protocols import Generator, Rng
from ....core.records import Question, TaskSpec
from ....curricula.generators.worked import Worker
from ....envs.game.domains import identity_of

DRAWS = 1000
"""Draws in a row that may be held out, of which one in eight is."""


def checked_levels(stage: str, levels: Sequence[float]) -> tuple[float, float]:
    """Lowest and highest level of a stage's questions.

    Raises:
        ConfigError: no such pair within [0, 1].
    """
    if len(levels) != 2 or not 0.0 <= levels[0] <= levels[1] <= 1.0:
        raise ConfigError(f"{stage} needs levels=[low, high] within [0, 1], got {levels!r}")
    return float(levels[0]), float(levels[1])


def training_question(
    generator: Generator, levels: tuple[float, float], rng: Rng, without: Collection[str] = ()
) -> Question:
    """A question that is not held out, its level drawn evenly from [low, high].

    Args:
        without: families whose questions are drawn anew, see `family_of`.

    Raises:
        ConfigError: the generator has hardly any such questions.
    """
    low, high = levels
    for _ in range(DRAWS):
        question = generator.generate(TaskSpec(low + (high - low) * rng.random()), rng)
        if family_of(question) not in without and not is_held_out(identity_of(question)):
            return question
    of = f", or of {', '.join(sorted(without))}" if without else ""
    raise ConfigError(f"{DRAWS} questions of a generator in a row are held out{of}: it has too few others")


def family_of(question: Question) -> str:
    """Who writes such questions: a mixture does not stand for its parts."""
    return question.author or str(question.meta.get("kind", question.domain))


def worked(question: Question, rng: Rng) -> str:
    """A solution in steps where the question language knows one, else the answer."""
    return boxed(question) if read(question.text) is None else Worker(rng).solve(question.text, "steps")


def boxed(question: Question) -> str:
    """The answer alone, in a box."""
    return f"\\boxed{{{question.reference}}}"
