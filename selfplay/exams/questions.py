"""Exam questions from procedural generators: held out, all different, spread evenly over the levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.held_out import is_held_out
from ...core.math_language import read
from ...core.protocols import Generator, Rng
from ...core.records import Question, TaskSpec
from ...core.registries import make_generator
from ...core.seeding import python_stream
from ...envs.game.domains import identity_of

DRAWS_PER_QUESTION = 400
"""Draws in a row without a new held-out question after which a level counts as exhausted."""


def held_out_questions(
    generator: str | Mapping[str, Any] | Generator, count: int, seed: int = 0, levels: int | Sequence[float] = 11
) -> list[Question]:
    """`count` different exam questions of a generator, spread evenly over `levels` (a number of them over [0, 1]).

    All are in the held-out eighth of `core.held_out`, which nothing trains on. A level too poor in questions passes its
    quota on to the others. The order interleaves the levels, so that any prefix is a fair, smaller exam.

    Raises:
        ConfigError: the generator does not have that many held-out questions.
    """
    source = make_generator(generator)
    name = generator if isinstance(generator, str) else type(source).__name__
    asked = [i / max(levels - 1, 1) for i in range(levels)] if isinstance(levels, int) else list(levels)
    rngs = [python_stream(seed, "exam", name, float(level)) for level in asked]
    seen: set[str] = set()
    found: list[Question] = []
    rich = list(range(len(asked)))
    while rich and len(found) < count:
        for index in list(rich):
            question = _fresh_question(source, asked[index], rngs[index], seen)
            if question is None:
                rich.remove(index)
            elif len(found) < count:
                found.append(question)
    if len(found) < count:
        raise ConfigError(
            f"{name!r} has only about {len(found)} held-out questions at these levels, not {count}; ask for fewer"
        )
    return found


def _fresh_question(source: Generator, level: float, rng: Rng, seen: set[str]) -> Question | None:
    for _ in range(DRAWS_PER_QUESTION):
        question = source.generate(TaskSpec(level), rng)
        identity = identity_of(question)
        if identity not in seen and is_held_out(identity):
            seen.add(identity)
            return question
    return None


def kind_of(question: Question) -> str:
    """What a question is counted under: `meta["kind"]`, else its form in the question language, else its author."""
    if "kind" in question.meta:
        return str(question.meta["kind"])
    reading = read(question.text)
    return reading.kind if reading is not None else (question.author or question.domain)
