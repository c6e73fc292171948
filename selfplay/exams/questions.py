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
from ..counting import Count, uncounted

DRAWS_PER_QUESTION = 400
"""Draws in a row without a new held-out question after which a level counts as exhausted."""


LEVELS = 11
"""Levels of an exam, evenly over [0, 1], where the generator names none of its own."""


def held_out_questions(
    generator: str | Mapping[str, Any] | Generator,
    count: int,
    seed: int = 0,
    levels: int | Sequence[float] | None = None,
    progress: Count = uncounted,
) -> list[Question]:
    """`count` different exam questions of a generator, spread evenly over levels.

    All are in the held-out eighth of `core.held_out`, which nothing trains on. A level too poor in questions passes its
    quota on to the others. The order interleaves the levels, so that any prefix is a fair, smaller exam.

    Args:
        seed: root of all draws, an integer ≥ 0.
        levels: which, or a number of them over [0, 1]; `None` means those that the generator names (`own_levels`), else
            `LEVELS`.
        progress: called with (questions drawn, `count`).

    Raises:
        ConfigError: the generator does not have that many held-out questions.
    """
    source = make_generator(generator)
    name = generator if isinstance(generator, str) else type(source).__name__
    levels = (own_levels(source) or LEVELS) if levels is None else levels
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
        progress(len(found), count)
    if len(found) < count:
        raise ConfigError(
            f"{name!r} has only about {len(found)} held-out questions at these levels, not {count}; ask for fewer"
        )
    return found


def own_levels(generator: Generator) -> tuple[float, ...]:
    """The levels that a generator wants its exams to ask, its attribute `levels`; empty where it names none."""
    return tuple(getattr(generator, "levels", ()))


def exam_and_validation(
    generator: str | Mapping[str, Any] | Generator, exam: int, validation: int, seed: int
) -> tuple[list[Question], list[Question]]:
    """The questions of a run's exam and of its validation; none is in both.

    Where the generator names its own levels the exam has as many of each as there are, and the validation asks others;
    otherwise chance deals one spread of questions out to both.

    Raises:
        ConfigError: the generator does not have that many held-out questions.
    """
    held_out = held_out_questions(generator, exam + validation, seed)
    if own_levels(make_generator(generator)):
        return held_out[:exam], held_out[exam:]
    shuffled = python_stream(seed, "exam order").sample(held_out, len(held_out))
    return shuffled[validation:], shuffled[:validation]


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


def length_of(question: Question) -> int | None:
    """How many operations a question of the question language has; `None` for any other."""
    reading = read(question.text)
    return None if reading is None else reading.operations


def kind_of(question: Question) -> str:
    """What a question is counted under: `meta["kind"]`, else its form in the question language, else its author."""
    if "kind" in question.meta:
        return str(question.meta["kind"])
    reading = read(question.text)
    return reading.kind if reading is not None else (question.author or question.domain)
