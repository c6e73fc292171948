"""`open`: questions that others published, with answers that are known: the open domain beside self-play.

    rg:chain_sum             a data set of reasoning-gym, with options as rg:chain_sum(min_terms=5); every round has
                             new items, from a seed path of its own
    gsm8k, svamp, math-500   from the Hub, or `gsm8k:FILE.jsonl` from a local file
    jsonl:FILE               a file of one's own, rows with question and answer; in quotes its name may have commas
    datasets:NAME@CONFIG     anything `datasets.load_dataset` takes, rows as for jsonl

Rows come in an order that the seed shuffles, and again from the start when all have come. An answer that is given with
a question is its label, whatever attempts say (`labels.references`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol

from ...core.errors import ConfigError, MissingExtraError, UnknownNameError
from ...core.options import parse_named
from ...core.protocols import Draw
from ...core.records import Question
from ...core.seeding import integer_seed
from .data_sets import HUB_NAMES, read_questions, source_of
from .file import part_of
from .mixing import mix

DEFAULT = tuple(
    f"rg:{name}"
    for name in ("chain_sum", "basic_arithmetic", "simple_equations", "gcd", "leg_counting", "number_sequence")
)
"""Short questions with one number as the answer."""
REASONING_GYM = "reasoning-gym"
"""What `Question.domain` says of its items; `meta["dataset"]` names the data set, whose scorer grades them."""


class OpenSource:
    """Questions of one or several open data sets, in equal shares.

    Args:
        data: names as above, one or a list; by default six data sets of reasoning-gym.
        split: which split of what comes through the library `datasets`.

    Raises:
        ConfigError: no such data, or data that cannot be read; says what there is.
        MissingExtraError: the library that a name needs is not installed.
    """

    gives_references = True

    def __init__(self, data: str | Sequence[str] = DEFAULT, *, split: str = "train") -> None:
        names = [data] if isinstance(data, str) else list(data)
        if not names or len(set(names)) < len(names):
            raise ConfigError(f"open needs different data sets, such as data=['rg:chain_sum']; got {names!r}")
        self.parts = {name: _data(name, split) for name in names}

    def draw(self, n: int, draw: Draw) -> list[Question]:
        counts = self._counts(n)
        before = Counter[str]()
        for earlier in draw.counts_before(n):
            before.update(self._counts(earlier))
        return [
            question for name, part in self.parts.items() for question in part.draw(counts[name], before[name], draw)
        ]

    def _counts(self, n: int) -> dict[str, int]:
        return mix(dict.fromkeys(self.parts, 1.0), n)


class _Part(Protocol):
    def draw(self, n: int, before: int, draw: Draw) -> list[Question]:
        """`n` questions, where so many have come before."""
        ...


class _Rows:
    """The rows of a data set that has an end."""

    def __init__(self, name: str, questions: Sequence[Question]) -> None:
        self.name, self.questions = name, questions

    def draw(self, n: int, before: int, draw: Draw) -> list[Question]:
        found = part_of(self.questions, n, before, draw.seed, self.name, repeat=True)
        return [question if question.author else replace(question, author=self.name) for question in found]


class _ReasoningGym:
    """A data set of reasoning-gym, which never ends."""

    def __init__(self, dataset: str) -> None:
        self.dataset = dataset
        reasoning_gym_questions(dataset, 1, 0)  # refuses an unknown name, or a missing library, here

    def draw(self, n: int, before: int, draw: Draw) -> list[Question]:
        return reasoning_gym_questions(self.dataset, n, integer_seed(draw.seed, "open", self.dataset, draw.round))


def _data(name: str, split: str) -> _Part:
    family, colon, rest = name.partition(":")
    if family == "rg" and rest:
        return _ReasoningGym(rest)
    if family in HUB_NAMES and (rest or not colon):
        return _Rows(name, _read(family, source_of(rest) if rest else HUB_NAMES[family], split))
    if family in ("jsonl", "datasets") and rest:
        return _Rows(name, _read("jsonl", source_of(rest), split))
    raise UnknownNameError("open data", name, ["rg:DATASET", *HUB_NAMES, "jsonl:FILE", "datasets:NAME"])


@lru_cache(maxsize=8)
def _read(form: str, source: str, split: str) -> tuple[Question, ...]:
    """The questions of a data set; sources are built anew every round, rows are read once."""
    return tuple(read_questions(form, source, split))


def reasoning_gym_questions(dataset: str, count: int, seed: int) -> list[Question]:
    """Items of a reasoning-gym data set, each with what its scorer reads in `meta["entry"]`.

    Options of its configuration stand behind the name, `chain_sum(min_terms=5)`. Its seeds s and s + 1 share nearly all
    items; seeds by path share none.

    Raises:
        MissingExtraError: reasoning-gym is not installed.
        UnknownNameError: it has no such data set.
        ConfigError: the data set needs options, or does not take those given.
    """
    try:
        from reasoning_gym import create_dataset
        from reasoning_gym.factory import DATASETS
    except ImportError:
        raise MissingExtraError("reasoning_gym", "rg", f"the data set 'rg:{dataset}'") from None
    name, leading, options = parse_named(dataset)
    if name not in DATASETS:
        raise UnknownNameError("reasoning-gym data set", name, DATASETS)
    if leading or {"seed", "size"} & set(options):
        raise ConfigError(f"its options are written rg:{name}(key=value), without seed and size; got {dataset!r}")
    if count == 0:
        return []
    try:
        items = create_dataset(name, **options, size=count, seed=seed % 2**32)  # some take no more than 32 bits
        entries = [items[index] for index in range(count)]
    except (AssertionError, TypeError, ValueError) as error:  # how it says that a configuration cannot work
        raise ConfigError(f"reasoning-gym cannot make {dataset!r}: {error}") from None
    return [_item(name, entry) for entry in entries]


def _item(dataset: str, entry: Mapping[str, Any]) -> Question:
    """An item as a question; the entry as logs can hold it, so that a resumed run scores by the same."""
    kept = json.loads(json.dumps(entry, default=str))
    meta = {"kind": dataset, "dataset": dataset, "entry": kept}
    return Question(str(entry["question"]), _reference(entry), REASONING_GYM, None, f"rg:{dataset}", meta)


def _reference(entry: Mapping[str, Any]) -> str:
    """The stated answer as text; some data sets state none, and their scorer accepts whatever fits."""
    stated = entry["answer"]
    if stated is None:
        return "any answer that fits"
    return stated if isinstance(stated, str) else json.dumps(stated, default=str)
