"""What every generator must do."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import PluginError, with_article
from ..protocols import Generator, Rng, Verifier
from ..records import Outcome, Question, TaskSpec
from .findings import Findings, global_randomness_problems

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)


class _OnlyRandom:
    """As much of a random generator as `core.protocols.Rng` promises."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random


def _boxed(question: Question) -> str:
    return rf"\boxed{{{question.reference}}}"


def check_generator(
    generator: Generator,
    *,
    kinds: Sequence[str | None] = (None,),
    count: int = 4,
    verifier: Verifier | None = None,
    attempt: Callable[[Question], str] = _boxed,
    skip: Collection[str] = (),
) -> list[str]:
    """Check a generator: whole questions at all levels, repeatability, references that are right.

    Args:
        generator: what `make_generator` would give.
        kinds: sub-kinds to ask for; `None` is the generator's own mix.
        count: questions per level and kind.
        verifier: if given, must judge the reference of every question correct.
        attempt: how a question's reference is written as an attempt, for that.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(generator, Generator):
        raise PluginError(f"{type(generator).__name__} is not a generator: it needs generate(spec, rng)")
    found = Findings(f"generator {type(generator).__name__}", skip)
    specs = [TaskSpec(level, kind) for kind in kinds for level in LEVELS]

    def written(rng: Rng) -> list[Question]:
        return [generator.generate(spec, rng) for spec in specs for _ in range(count)]

    found.check("questions", lambda: _question_problems(generator, specs, count))
    found.check("repeatability", lambda: _repeat_problems(written))
    found.check("variety", lambda: _variety_problems(written))
    found.check("numpy stream", lambda: _type_problems(written(np.random.default_rng(0))))
    found.check("randomness", lambda: global_randomness_problems(lambda: written(random.Random(0))))
    if verifier is not None:
        found.check("references", lambda: _reference_problems(written(random.Random(1)), verifier, attempt))
    return found.report()


def _question_problems(generator: Generator, specs: Sequence[TaskSpec], count: int) -> Iterable[str]:
    rng = _OnlyRandom(0)
    for spec in specs:
        for _ in range(count):
            question = generator.generate(spec, rng)
            yield from _type_problems([question])
            if question.level != spec.level:
                yield f"a question asked for at level {spec.level} says level {question.level!r}"


def _type_problems(questions: Sequence[Any]) -> Iterable[str]:
    for question in questions:
        if not isinstance(question, Question):
            yield f"generate returned {with_article(type(question).__name__)}, expected a Question"
            continue
        if not isinstance(question.text, str) or not question.text.strip():
            yield f"a question has no text: {question.text!r}"
        if not isinstance(question.reference, str) or not question.reference.strip():
            yield f"{question.text[:40]!r} has no reference: {question.reference!r}"
        if question.author in ("", "challenger"):
            yield f"the author is {question.author!r}; it must name the generator, since its reference is known"
        try:
            json.dumps(dict(question.meta))
        except (TypeError, ValueError) as error:
            yield f"meta is not JSON: {error}"


def _repeat_problems(written: Callable[[Rng], list[Question]]) -> Iterable[str]:
    if written(random.Random(3)) != written(random.Random(3)):
        yield "equal specs and equal random streams give different questions"


def _variety_problems(written: Callable[[Rng], list[Question]]) -> Iterable[str]:
    if len({question.text for seed in range(3) for question in written(random.Random(seed))}) < 2:
        yield "all questions of three streams are the same"


def _reference_problems(
    questions: Sequence[Question], verifier: Verifier, attempt: Callable[[Question], str]
) -> Iterable[str]:
    for question in questions:
        verdict = verifier.judge(question, [attempt(question)]).verdicts[0]
        if verdict.outcome is not Outcome.CORRECT:
            yield f"the reference {question.reference!r} of {question.text[:40]!r} is judged {verdict.outcome.value}"
