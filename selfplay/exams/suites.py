"""Exam suites by name: procedural, reasoning-gym, published, or a user's own file.

    mixed, arithmetic, equation, composed        procedural math, held out by `core.split`, spread over the levels
    deduction, abduction, induction              procedural code questions, graded by running them
    rg:chain_sum                                 any reasoning-gym data set, its own seed path, guarded scorer
    gsm8k, math-500, svamp                       from the Hub; `gsm8k:FILE.jsonl` from a local file
    jsonl:FILE                                   rows with question and answer, optionally level, kind, domain
    builtin                                      the math and code suites together

`load_suites("mixed,rg:chain_sum")` gives one `Suite` per name.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, MissingExtraError, UnknownNameError
from ...core.records import Question
from ...core.registries import generators, verifiers
from ...core.seeding import integer_seed
from .questions import held_out_questions
from .suite_files import HUB_NAMES, read_questions

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
    return ["builtin", *MATH_SUITES, "mixed", *_code_suites(), "rg:", *files]


def load_suites(names: str | Sequence[str], *, limit: int | None = None, seed: int = 0) -> list[Suite]:
    """The suites of a comma-separated list of names.

    Args:
        limit: at most so many questions per suite (its first ones); procedural suites have 500 by default (code
            167), published ones all they have.
        seed: of the procedural suites; 0 is the standard exam.

    Raises:
        UnknownNameError: no such suite.
        ConfigError: a source that cannot be read, two files of one name, or a limit below 1.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit must be at least 1, got {limit}")
    listed = names.split(",") if isinstance(names, str) else list(names)
    wanted = [expanded for name in listed if name.strip() for expanded in _expand(name.strip())]
    if not wanted:
        raise ConfigError(f"no suite named in {names!r}; known: {', '.join(suite_names())}")
    suites = [load_suite(name, limit=limit, seed=seed) for name in dict.fromkeys(wanted)]
    for name, count in Counter(suite.name for suite in suites).items():
        if count > 1:
            raise ConfigError(f"{count} suites would be called {name!r}; rename one of the files")
    return suites


def load_suite(name: str, *, limit: int | None = None, seed: int = 0) -> Suite:
    """One suite; see `load_suites`."""
    family, colon, rest = name.partition(":")
    if name in (*MATH_SUITES, "mixed"):
        questions = held_out_questions(name, limit or DEFAULT_SIZE, seed)
        return Suite(name, tuple(questions), source=f"generator {name}, seed {seed}")
    if name in _code_suites():
        questions = held_out_questions(name, limit or CODE_SIZE, seed)
        vote = None if name == "induction" else "majority"
        return Suite(name, tuple(questions), "code", vote, source=f"generator {name}, seed {seed}")
    if family == "rg" and rest:
        return _reasoning_gym(name, rest, limit or DEFAULT_SIZE, seed)
    if family in HUB_NAMES and (rest or not colon):
        return _from_rows(family, rest or HUB_NAMES[family], limit)
    if family == "jsonl" and rest:
        return _from_rows("jsonl", rest, limit)
    raise UnknownNameError("suite", name, suite_names(), "A user file is 'jsonl:FILE'.")


def _expand(name: str) -> list[str]:
    if name != "builtin":
        return [name]
    return [*MATH_SUITES, *_code_suites()]


def _code_suites() -> list[str]:
    """The code suites that can be asked here: they need their generator and the sandbox verifier."""
    return [task for task in CODE if task in generators.names() and "code" in verifiers.names()]


def _from_rows(form: str, source: str, limit: int | None) -> Suite:
    """Rows of a file or data set, called by their form and the file's own name: the same wherever the file lies."""
    name = form if source == HUB_NAMES.get(form) else f"{form}:{Path(source.partition('@')[0]).stem}"
    return Suite(name, tuple(read_questions(form, source)[:limit]), source=source, published=form in HUB_NAMES)


def _reasoning_gym(name: str, dataset: str, count: int, seed: int) -> Suite:
    """Questions of a reasoning-gym data set. Its seeds s and s + 1 share nearly all items; seeds by path share none."""
    try:
        from reasoning_gym import create_dataset
        from reasoning_gym.factory import DATASETS
    except ImportError:
        raise MissingExtraError("reasoning_gym", "rg", f"the suite {name!r}") from None
    if dataset not in DATASETS:
        raise UnknownNameError("reasoning-gym data set", dataset, DATASETS)
    try:
        # 32 bits are all that some data sets take
        items = create_dataset(dataset, size=count, seed=integer_seed(seed, "exam", "rg", dataset) % 2**32)
    except (AssertionError, ValueError) as error:  # how it says that a data set needs a configuration
        raise ConfigError(f"reasoning-gym cannot make {dataset!r} by its name alone: {error}") from None
    questions = []
    for entry in (items[index] for index in range(count)):
        meta = {"kind": dataset, "dataset": dataset, "entry": entry}
        questions.append(Question(str(entry["question"]), _reference(entry), "reasoning-gym", None, name, meta))
    return Suite(name, tuple(questions), f"rg:{dataset}", source=f"reasoning-gym {dataset}, seed path of {seed}")


def _reference(entry: Mapping[str, Any]) -> str:
    """The stated answer as text; some data sets state none, and their scorer accepts whatever fits."""
    stated = entry["answer"]
    if stated is None:
        return "any answer that fits"
    return stated if isinstance(stated, str) else json.dumps(stated, default=str)
