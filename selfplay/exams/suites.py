"""Exam suites by name: procedural, reasoning-gym, published, or a user's own file.

    mixed, deduction, name(options)              any registered generator: held out, spread over the levels, graded as
                                                 the domain of its questions says
    math, sets                                   any registered domain: its own generator
    rg:chain_sum                                 any reasoning-gym data set, its own seed path, guarded scorer
    gsm8k, math-500, svamp                       from the Hub; `gsm8k:FILE.jsonl` from a local file
    jsonl:FILE                                   rows with question and answer, optionally level, kind, domain; also
                                                 a .csv or .parquet file. In quotes it may have commas
    builtin                                      the math and code suites together

`load_suites("mixed,rg:chain_sum")` gives one `Suite` per name.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ...core.code_questions import PROGRAM_TASKS, TASKS
from ...core.errors import ConfigError, UnknownNameError
from ...core.options import split_list, write_named
from ...core.protocols import Generator
from ...core.records import Question
from ...core.registries import domains, generators, verifiers
from ...core.seeding import integer_seed
from ...envs.game.domains import find_domain
from ...envs.sources.data_sets import HUB_NAMES, read_questions, source_of
from ...envs.sources.open_data import REASONING_GYM, reasoning_gym_questions
from ..counting import Count, uncounted
from .questions import held_out_questions

MATH_SUITES = ("arithmetic", "equation", "composed")
CODE = ("deduction", "abduction", "induction")
DEFAULT_SIZE = 500
CODE_SIZE = 167
"""Code questions per suite by default: longer to read, answer and run; `builtin` has 2,001 questions in all."""


@dataclass(frozen=True)
class Suite:
    """A fixed list of exam questions and how they are graded.

    Attributes:
        name: what it is called in tables, and where its samples' seeds come from.
        questions: each with a reference.
        verifier: registered name of the grader.
        vote: registered name of the vote for majority@k, `None` where answers cannot be voted on (programs).
        source: where the questions came from, for the report.
        published: whether the questions stand in public files, so that a model may have been trained on them.
    """

    name: str
    questions: tuple[Question, ...]
    verifier: str = "sympy"
    vote: str | None = "majority"
    source: str = ""
    published: bool = False

    @property
    def digest(self) -> str:
        """Identifies the exam by its content: equal digests mean the same questions, references and grader."""
        rows = [[q.text, q.reference, q.domain, q.level] for q in self.questions]
        content = json.dumps([self.verifier, self.vote, rows], ensure_ascii=False)
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def suite_names() -> list[str]:
    """Every name `load_suites` takes; a trailing colon wants something after it."""
    files = [*HUB_NAMES, *(f"{name}:" for name in HUB_NAMES), "jsonl:"]
    return list(dict.fromkeys(["builtin", *generators.names(), *domains.names(), "rg:", *files]))


def describe_suites() -> Iterator[tuple[str, str]]:
    """The suites that are not a generator or a domain, each with a sentence."""
    yield "builtin", f"The suites {', '.join(_expand('builtin'))} together."
    yield "rg:", "A reasoning-gym data set by its name, with its own scorer."
    for name, source in HUB_NAMES.items():
        yield name, f"The test split of {source.partition('@')[0]} from the Hub; {name}:FILE from a local file."
    yield "jsonl:", "Your own file: rows with question and answer, optionally level, kind, domain."


def load_suites(
    names: str | Sequence[str], *, limit: int | None = None, seed: int = 0, progress: Count = uncounted
) -> list[Suite]:
    """The suites of a comma-separated list of names.

    Args:
        limit: at most this many questions per suite (its first ones); procedural suites have 500 by default (code
            167), published ones all they have.
        seed: of the procedural suites; 0 is the standard exam.
        progress: called with (questions drawn, in all) of each procedural suite.

    Raises:
        UnknownNameError: no such suite.
        ConfigError: a source that cannot be read, two files of one name, or a limit below 1.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit must be at least 1, got {limit}")
    listed = split_list(names) if isinstance(names, str) else list(names)
    wanted = [expanded for name in listed if name.strip() for expanded in _expand(name.strip())]
    if not wanted:
        raise ConfigError(f"no suite named in {names!r}; known: {', '.join(suite_names())}")
    loads = [_loading(name, limit, seed, progress) for name in dict.fromkeys(wanted)]
    suites = [load() for load in loads]
    for name, count in Counter(suite.name for suite in suites).items():
        if count > 1:
            raise ConfigError(f"{count} suites would be called {name!r}; rename one of the files")
    return suites


def load_suite(name: str, *, limit: int | None = None, seed: int = 0, progress: Count = uncounted) -> Suite:
    """One suite; see `load_suites`."""
    return _loading(name, limit, seed, progress)()


def _loading(name: str, limit: int | None, seed: int, progress: Count) -> Callable[[], Suite]:
    """What loads a suite, so that all names are known to be some before anything is read or fetched.

    Raises:
        UnknownNameError: no such suite.
        ConfigError: a quote that is not closed.
    """
    family, colon, rest = name.partition(":")
    if family == "rg" and rest:
        return partial(_reasoning_gym, name, rest, limit or DEFAULT_SIZE, seed)
    if family in HUB_NAMES and (rest or not colon):
        return partial(_from_rows, family, source_of(rest) if rest else HUB_NAMES[family], limit)
    if family == "jsonl" and rest:
        return partial(_from_rows, "jsonl", source_of(rest), limit)
    if generators.knows(name):
        return partial(generated_suite, name, limit=limit, seed=seed, progress=progress)
    if name in domains.names():
        return lambda: replace(
            generated_suite(find_domain(name).generator, limit=limit, seed=seed, progress=progress), name=name
        )
    raise UnknownNameError(
        "suite", name, suite_names(), "A user file is 'jsonl:FILE', in quotes if its name has commas."
    )


def generated_suite(
    generator: str | Mapping[str, Any] | Generator,
    *,
    limit: int | None = None,
    seed: int = 0,
    progress: Count = uncounted,
) -> Suite:
    """Held-out questions of a generator, graded as the domain of these questions says, or else by `exact`.

    Args:
        generator: by name, `name(options)`, as a mapping, or a live object.
        limit: how many questions; `None` for 500, or 167 code questions.
        seed: root of all draws, an integer ≥ 0.
        progress: called with (questions drawn, in all).

    Raises:
        ConfigError: the generator has too few held-out questions, or questions of domains with different graders.
    """
    name = write_named(generator) if isinstance(generator, str | Mapping) else type(generator).__name__
    if limit is None:
        (first,) = held_out_questions(generator, 1, seed)
        limit = CODE_SIZE if first.meta.get("task") in TASKS else DEFAULT_SIZE
    questions = held_out_questions(generator, limit, seed, progress=progress)
    graders = sorted({grader_of(question) for question in questions})
    if len(graders) > 1:
        raise ConfigError(
            f"the generator {name!r} writes questions that need different graders ({', '.join(graders)}); "
            "a suite has one: use a generator per domain"
        )
    answers_are_programs = any(question.meta.get("task") in PROGRAM_TASKS for question in questions)
    vote = None if answers_are_programs else "majority"
    return Suite(name, tuple(questions), graders[0], vote, source=f"generator {name}, seed {seed}")


def grader_of(question: Question) -> str:
    """Name of the verifier that grades a question: its data set's, its domain's, or "exact" where neither has one."""
    if question.domain == REASONING_GYM and "dataset" in question.meta:
        return f"rg:{question.meta['dataset']}"
    return find_domain(question.domain).grader if question.domain in domains.names() else "exact"


def _expand(name: str) -> list[str]:
    """`builtin` as the suites it stands for: code needs its generators and the sandbox verifier."""
    if name != "builtin":
        return [name]
    return [*MATH_SUITES, *(task for task in CODE if task in generators.names() and "code" in verifiers.names())]


def _from_rows(form: str, source: str, limit: int | None) -> Suite:
    """Rows of a file or data set, called by their form and the file's own name: the same wherever the file lies."""
    name = form if source == HUB_NAMES.get(form) else f"{form}:{Path(source.partition('@')[0]).stem}"
    return Suite(name, tuple(read_questions(form, source)[:limit]), source=source, published=form in HUB_NAMES)


def _reasoning_gym(name: str, dataset: str, count: int, seed: int) -> Suite:
    """Questions of a reasoning-gym data set, graded by its own scorer."""
    questions = reasoning_gym_questions(dataset, count, integer_seed(seed, "exam", "rg", dataset))
    return Suite(
        name, tuple(questions), grader_of(questions[0]), source=f"reasoning-gym {dataset}, seed path of {seed}"
    )
