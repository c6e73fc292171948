"""The questions that are handed to another tool: those of a suite, of a generator at a level, or of a run."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import ConfigError, UnknownNameError
from ..core.options import parse_named
from ..core.options.counts import check_level, check_whole
from ..core.protocols import Domain, Generator
from ..core.records import Question, TaskSpec
from ..core.registries import domains, generators, make_generator
from ..core.seeding import python_stream
from ..envs.game.domains import find_domain, identity_of
from ..envs.game.question_cache import QuestionCache
from ..selfplay.counting import Count, uncounted
from ..selfplay.exams.questions import exam_and_validation, held_out_questions
from ..selfplay.exams.suites import Suite, generated_suite, grader_of, load_suites, suite_names
from ..selfplay.pages.wording import counted
from ..selfplay.run import round_log
from ..selfplay.settings.config import RunConfig
from ..selfplay.settings.files import stored_config
from ..selfplay.storage.run_folder import CONFIG, STATE, RunFolder
from .rows import Graded, check_texts

TRAIN, HELD_OUT = "train", "held_out"
SPLITS = (TRAIN, HELD_OUT)
COUNTED = 64
"""Questions between two calls of `progress`."""
REPEATS = 2_000
"""After this number of repeated questions in a row, a generator is taken to have no more."""
KIND_DRAWS = 16
"""Questions by which it is seen whether a generator has kinds."""


@dataclass(frozen=True)
class QuestionSet:
    """Questions by split; in none of them does one come twice, and none is in both.

    Attributes:
        name: of letters, digits and "_", for files and for the names of tasks.
        source: where they come from, for people.
        splits: "train": for training; "held_out": an exam's, which nothing of ours trains on. Only what was asked for.
        notes: what people must know of them, a sentence each.
    """

    name: str
    source: str
    splits: dict[str, tuple[Graded, ...]]
    notes: tuple[str, ...] = ()


def question_set(
    source: str,
    splits: Sequence[str] = SPLITS,
    *,
    limit: int | None = None,
    seed: int = 0,
    levels: Sequence[float] = (),
    progress: Count = uncounted,
) -> QuestionSet:
    """The questions of a source.

    A run gives what its solver trained on, with the labels as references, and its exam. A generator or a domain gives
    training questions, and its suite. Any other suite gives itself, as `held_out`.

    Args:
        source: a run folder, a suite as `bench.load_suites` takes it, or a list of suites between commas.
        splits: which are wanted.
        limit: most questions per split; `None` for all of a run, and as many as a suite has by default.
        seed: of procedural questions; 0 is the standard exam. A run has its own.
        levels: difficulties in [0, 1], taken in turn; none for those of an exam, and evenly drawn ones in training.
        progress: called with (questions drawn, in all) for each split.

    Raises:
        ConfigError: no such source, a split or a level that it does not have, no questions in it, or a text that no
            file can hold.
    """
    if not source.strip():
        raise ConfigError(f"questions come from a suite, a generator or a run folder, got {source!r}")
    if not splits or set(splits) - set(SPLITS):
        raise ConfigError(f"splits are {' and '.join(SPLITS)}, got {list(splits)!r}")
    if limit is not None:
        check_whole("limit", limit)
    check_whole("seed", seed, least=0)
    for level in levels:
        check_level("a level", level)
    found = _questions_of(source, splits, limit, seed, levels, progress)
    for split, questions in found.splits.items():
        for number, one in enumerate(questions, start=1):
            check_texts(f"question {number} of {split}, from {found.source}", one.row())
    return found


def _questions_of(
    source: str, splits: Sequence[str], limit: int | None, seed: int, levels: Sequence[float], progress: Count
) -> QuestionSet:
    if (Path(source) / CONFIG).exists() or (Path(source) / STATE).exists():
        return _of_run(Path(source), splits, limit, levels)
    if Path(source).is_dir():
        raise ConfigError(f"no run in {source} (there is no {CONFIG}); name a run folder, or a suite such as 'mixed'")
    notes: list[str] = []
    found = {
        split: _held_out(source, limit, seed, levels, progress, notes)
        if split == HELD_OUT
        else _train(source, limit, seed, levels, progress)
        for split in dict.fromkeys(splits)
    }
    at = f", level {', '.join(f'{level:g}' for level in levels)}" if levels else ""
    return QuestionSet(_name(source), f"{source}{at}, seed {seed}", found, tuple(notes))


def different_questions(
    cache: QuestionCache,
    size: int,
    rng: random.Random,
    levels: Sequence[float] | None = None,
    kind: str | None = None,
    progress: Count = uncounted,
) -> list[Question]:
    """`size` procedural questions no two of which ask the same.

    Args:
        levels: taken in turn; `None` draws them evenly.
        progress: called with (questions drawn, `size`).

    Raises:
        ConfigError: no levels, no such kind, or the generator has fewer questions.
    """
    check_kind(cache.generator, kind)
    turns = None if levels is None else itertools.cycle(levels)
    found: dict[str, Question] = {}
    repeats = 0
    while repeats < REPEATS:
        level = rng.random() if turns is None else next(turns, None)
        if level is None:
            raise ConfigError("levels must name at least one difficulty in [0, 1], or be None for all")
        question = cache.fresh(TaskSpec(level, kind), rng)
        identity = identity_of(question)
        repeats = repeats + 1 if identity in found else 0
        found.setdefault(identity, question)
        if not len(found) % COUNTED:
            progress(len(found), size)
        if len(found) == size:
            return list(found.values())
    raise ConfigError(
        f"{type(cache.generator).__name__} has only about {len(found)} different questions at levels {levels}; "
        f"size={size} is too many. Ask for fewer, or for more levels"
    )


def check_kind(generator: Generator, kind: str | None) -> None:
    """Refuse a sub-kind that a generator does not have; `None`, its own mix, is always fine.

    A generator without kinds writes the same whatever kind it is asked for, and is told by that.

    Raises:
        ConfigError: no such kind; says which there are, where that is known.
    """
    if kind is None:
        return
    if not isinstance(kind, str):
        raise ConfigError(f"kind must be a text or None, got {kind!r:.80}")
    for number in range(KIND_DRAWS):
        level = number / KIND_DRAWS
        asked, own = (
            generator.generate(TaskSpec(level, one), python_stream(0, "interop", "kind", number))
            for one in (kind, None)
        )
        if asked != own:
            return
    raise ConfigError(f"{type(generator).__name__} has no kinds, got kind={kind!r:.80}; leave kind out")


def domain_of_generator(generator: str) -> Domain | None:
    """The domain of the questions that a generator writes, by one of them; `None` where it is not registered."""
    question = make_generator(generator).generate(TaskSpec(0.0), python_stream(0, "interop", "domain"))
    return find_domain(question.domain) if domains.knows(question.domain) else None


def kept_questions(run: RunFolder) -> list[Question]:
    """What the solver of a run trained on, oldest first: the reference is the label, after reviews.

    A question that was asked in several rounds comes once, with its last label.
    """
    found: dict[str, Question] = {}
    for _, logs in run.by_round("questions", "attempts", "labels", "reviews"):
        for _, question in round_log.kept(logs.__getitem__):
            identity = identity_of(question)
            found.pop(identity, None)
            found[identity] = question
    return list(found.values())


def _of_run(path: Path, splits: Sequence[str], limit: int | None, levels: Sequence[float]) -> QuestionSet:
    if levels:
        raise ConfigError(f"levels go with a generator or a domain; the questions of {path} are those it asked")
    run = RunFolder.open(path)
    config = stored_config(run)
    if "questions" not in run.state["logs"] or not config.exam.questions:
        raise ConfigError(f"the run in {path} has no questions of one turn; export those of another run")
    found = {}
    for split in dict.fromkeys(splits):
        questions = kept_questions(run) if split == TRAIN else _exam_of(config)
        if not questions:
            raise ConfigError(f"the run in {path} has kept no questions so far; export a run that has labelled some")
        found[split] = tuple(Graded(question, grader_of(question)) for question in questions[:limit])
    return QuestionSet(_name(path.resolve().name), f"run {path.resolve().name}, seed {config.seed}", found)


def _exam_of(config: RunConfig) -> list[Question]:
    sizes = config.exam.questions, config.guard.questions
    return exam_and_validation(config.questions.generator, *sizes, config.seed)[0]


def _held_out(
    source: str, limit: int | None, seed: int, levels: Sequence[float], progress: Count, notes: list[str]
) -> tuple[Graded, ...]:
    """The questions of suites, none of them twice; what is left out for that goes to `notes`."""
    loaded = load_suites(source, limit=limit, seed=seed, progress=progress)
    suites = [_at(suite, _generator(source), seed, levels, progress) for suite in loaded]
    listed = [Graded(question, suite.verifier) for suite in suites for question in suite.questions]
    found: dict[str, Graded] = {}
    for one in listed:
        first = found.setdefault(identity_of(one.question), one).question
        if first.reference != one.question.reference:
            here, there = f"{one.question.reference!r:.40}", f"{first.reference!r:.40}"
            notes.append(
                f"{one.question.text!r:.80} is asked twice, with the answers {there} and {here}: the first stays"
            )
    if len(found) < len(listed):
        notes.append(f"{counted(len(listed) - len(found), 'question')} left out that ask what another one asks")
    return tuple(found.values())


def _at(suite: Suite, generator: str | None, seed: int, levels: Sequence[float], progress: Count) -> Suite:
    """The suite with as many questions of these levels."""
    if not levels:
        return suite
    if generator is None:
        raise ConfigError(f"levels go with one generator or domain; {suite.name!r} has the questions it has")
    questions = held_out_questions(generator, len(suite.questions), seed, levels, progress)
    return replace(suite, questions=tuple(questions))


def _train(source: str, limit: int | None, seed: int, levels: Sequence[float], progress: Count) -> tuple[Graded, ...]:
    generator = _generator(source)
    if generator is None:
        if "," not in source and source not in suite_names() and f"{source.partition(':')[0]}:" not in suite_names():
            raise UnknownNameError("suite", source, suite_names(), "Or give a run folder.")
        raise ConfigError(
            f"{source!r} has no training questions, only an exam: take --split {HELD_OUT}, or a generator, a domain "
            "or a run"
        )
    size = limit or len(generated_suite(generator, seed=seed).questions)
    rng = python_stream(seed, "interop", "export", source)
    cache = QuestionCache(make_generator(generator), TRAIN, 1, domain_of_generator(generator))
    questions = different_questions(cache, size, rng, levels or None, progress=progress)
    return tuple(Graded(question, grader_of(question)) for question in questions)


def _generator(source: str) -> str | None:
    """The generator that a source names, by itself or as that of a domain; `None` for any other source."""
    if generators.knows(source):
        return source
    return find_domain(source).generator if parse_named(source).name in domains.names() else None


def _name(source: str) -> str:
    """A name for files and tasks: a file's own name without its folder and ending."""
    family, colon, rest = source.partition(":")
    shown = f"{family}_{Path(rest).stem}" if colon else source
    return re.sub(r"\W+", "_", shown, flags=re.ASCII).strip("_").lower() or "questions"
