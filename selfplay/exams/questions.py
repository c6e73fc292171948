"""Exam questions from procedural generators: held out, all different, spread evenly over the levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.held_out import is_held_out
from ...core.math_language import read
from ...core.protocols import Generator, Rng
from ...core.records import Question, TaskSpec
from ...core.registries import domains, make_generator
from ...core.seeding import python_stream
from ...envs.game.domains import folded, identity_of

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
    fresh = _FreshQuestions(source)
    found: list[Question] = []
    rich = list(range(len(asked)))
    while rich and len(found) < count:
        for index in list(rich):
            question = fresh.draw(asked[index], rngs[index])
            if question is None:
                rich.remove(index)
            elif len(found) < count:
                found.append(question)
    if len(found) < count:
        raise ConfigError(
            f"{name!r} has only about {len(found)} held-out questions at these levels, not {count}; ask for fewer"
        )
    return found


class _FreshQuestions:
    """Draws held-out questions of a generator, none twice."""

    def __init__(self, source: Generator) -> None:
        self.source = source
        self.seen: set[str] = set()
        self.known: dict[str, bool] = {}

    def draw(self, level: float, rng: Rng) -> Question | None:
        """A new question, `None` where there seem to be no more at this level."""
        for _ in range(DRAWS_PER_QUESTION):
            question = self.source.generate(TaskSpec(level), rng)
            identity = self._identity(question)
            if identity not in self.seen and is_held_out(identity):
                self.seen.add(identity)
                return question
        return None

    def _identity(self, question: Question) -> str:
        """As `identity_of`; whether a domain is registered is looked up once, for that may read installed packages."""
        name = question.domain
        if name not in self.known:
            self.known[name] = domains.knows(name)
        return identity_of(question) if self.known[name] else folded(question)


def kind_of(question: Question) -> str:
    """What a question is counted under: `meta["kind"]`, else its form in the question language, else its author."""
    if "kind" in question.meta:
        return str(question.meta["kind"])
    reading = read(question.text)
    return reading.kind if reading is not None else (question.author or question.domain)
