"""What every question source must do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import PluginError, with_article
from ..protocols import Draw, QuestionSource, Rng
from ..records import Question, Request, TaskSpec
from .findings import Findings, global_randomness_problems

_CLAIM = "a claim that nobody checked"


def check_source(
    source: QuestionSource, *, draw: Callable[[], Draw] | None = None, n: int = 8, skip: Collection[str] = ()
) -> list[str]:
    """Check a question source: at most as many questions as asked for, repeatability, claims that stay claims.

    Args:
        source: what `make_source` would give.
        draw: makes a fresh `Draw`, the same each time; by default one with a small game in it, agents in the roles
            "challenger" and "solver", a generator and a curriculum.
        n: questions asked for.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(source, QuestionSource):
        raise PluginError(f"{type(source).__name__} is not a question source: it needs draw(n, draw)")
    found = Findings(f"source {type(source).__name__}", skip)
    fresh = small_draw if draw is None else draw
    found.check("questions", lambda: _question_problems(source, fresh(), n))
    found.check("no questions", lambda: [] if source.draw(0, fresh()) == [] else ["draw(0) is not an empty list"])
    found.check("repeatability", lambda: _repeat_problems(source, fresh, n))
    found.check("rejected", lambda: _rejected_problems(source, fresh(), n))
    found.check("claims", lambda: _claim_problems(source, fresh(), n))
    found.check("draw untouched", lambda: _mutation_problems(source, fresh, n))
    found.check("randomness", lambda: global_randomness_problems(lambda: source.draw(n, fresh())))
    return found.report()


def _question_problems(source: QuestionSource, draw: Draw, n: int) -> Iterable[str]:
    questions = source.draw(n, draw)
    if not isinstance(questions, list):
        yield f"draw returned {with_article(type(questions).__name__)}, expected a list"
        return
    if len(questions) > n:
        yield f"{len(questions)} questions, at most {n} were asked for"
    if not questions and not draw.rejected:
        yield "the first draw gives nothing and rejects nothing"
    for question in questions:
        if not isinstance(question, Question):
            yield f"{with_article(type(question).__name__)} among the questions"
        elif not isinstance(question.text, str) or not question.text.strip():
            yield f"a question has no text: {question.text!r}"
        elif not question.author:
            yield f"{question.text[:40]!r} has no author"


def _repeat_problems(source: QuestionSource, fresh: Callable[[], Draw], n: int) -> Iterable[str]:
    if source.draw(n, fresh()) != source.draw(n, fresh()):
        yield "equal draws give different questions"


def _rejected_problems(source: QuestionSource, draw: Draw, n: int) -> Iterable[str]:
    source.draw(n, draw)
    for entry in draw.rejected:
        pair = isinstance(entry, tuple) and len(entry) == 2 and all(isinstance(part, str) for part in entry)
        if not pair or not entry[1]:
            yield f"draw.rejected holds {str(entry)[:60]}, expected (text, reason)"


def _claim_problems(source: QuestionSource, draw: Draw, n: int) -> Iterable[str]:
    """The agents of the small game claim nonsense: whoever passes it on as known took a claim for knowledge."""
    for question in source.draw(n, draw):
        if question.reference == _CLAIM and question.author != "challenger":
            yield f"the claimed answer of {question.text!r} is passed on as known, by the author {question.author!r}"


def _mutation_problems(source: QuestionSource, fresh: Callable[[], Draw], n: int) -> Iterable[str]:
    given, before = fresh(), fresh()
    agents = dict(given.agents)
    source.draw(n, given)
    if (given.seed, given.round, given.level, given.domain) != (before.seed, before.round, before.level, before.domain):
        yield "seed, round, level or domain of the draw was changed"
    if dict(given.agents) != agents:
        yield "the agents of the draw were changed"


@dataclass(frozen=True)
class _Proposal:
    text: str
    question: Question | None
    reason: str = ""


class _Game:
    """Whatever a challenger writes is a question, unless it is empty."""

    def instruct(self, request: Request | None = None) -> str:
        return "Write a question."

    def read(self, texts: Sequence[str], requests: Sequence[Request | None] = ()) -> list[_Proposal]:
        questions = [Question(text, _CLAIM, "math", None, "challenger") if text else None for text in texts]
        return [_Proposal(t, q, "" if q else "it is empty") for t, q in zip(texts, questions, strict=True)]


class _Writer:
    """Every fourth text is empty."""

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        return [["" if i % 4 == 3 else f"What is {seed or 0}+{i}?" for i in range(n)] for _ in prompts]


class _Sums:
    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        a, b = int(rng.random() * 90), int(rng.random() * 90)
        return Question(f"What is {a}+{b}?", str(a + b), "math", spec.level, "sums")


class _Even:
    def sample(self, rng: Rng) -> TaskSpec:
        return TaskSpec(rng.random())

    def observe(self, spec: TaskSpec, solve_rate: float) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


def small_draw(seed: int = 7, round: int = 1) -> Draw:
    """A draw with all parts that a source may ask for, made of the standard library."""
    agents = {"challenger": _Writer(), "solver": _Writer()}
    asked = [(Question(f"What is {i}+2?", str(i + 2), author="sums"), i / 11) for i in range(12)]
    draw = Draw(seed, round, game=_Game(), agents=agents, generator=_Sums(), curriculum=_Even(), earlier=lambda: asked)
    return replace(draw, rejected=[])
