"""Were exam questions seen in training? Exact, normalised and near-duplicate matches, reported with every exam.

    exact        the same text
    normalised   the same after case, accents, punctuation, spacing and, for the question language, wording are removed
    near         most of the item's 8-grams of words stand in one training question (GPT-3's check, arXiv 2005.14165,
                 appendix C, uses 13-grams over whole documents; questions are short)

Questions of the procedural language are compared by their mathematics only: "3+4" and "3+5" are neighbours in text but
different questions.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import RunError
from ...core.math_language import read
from ...core.options.paths import path_of
from ..pages.wording import counted
from ..storage.files import json_object, open_file

GRAM = 8
NEAR = 0.6
"""Share of an item's 8-grams that one training question must hold for a near-duplicate."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Contamination:
    """Which exam items were found among training questions; each item is listed once, under its strongest match.

    Attributes:
        items, training: numbers of questions compared.
        exact, normalised, near: pairs (exam text, training text).
    """

    items: int
    training: int
    exact: tuple[tuple[str, str], ...]
    normalised: tuple[tuple[str, str], ...]
    near: tuple[tuple[str, str], ...]

    @property
    def clean(self) -> bool:
        """No exact or normalised match. Near-duplicates are for a person to look at."""
        return not (self.exact or self.normalised)

    @property
    def leaked(self) -> frozenset[str]:
        """Texts of the exam items with an exact or normalised match."""
        return frozenset(item for item, _ in self.exact + self.normalised)

    def as_dict(self) -> dict[str, Any]:
        kinds = {"exact": self.exact, "normalised": self.normalised, "near": self.near}
        examples = {name: [list(pair) for pair in pairs[:5]] for name, pairs in kinds.items()}
        counts: dict[str, Any] = {name: len(pairs) for name, pairs in kinds.items()}
        return {"items": self.items, "training": self.training, **counts, "clean": self.clean, "examples": examples}

    def __str__(self) -> str:
        counts = f"{len(self.exact)} exact, {len(self.normalised)} normalised, {len(self.near)} near"
        return f"{counted(self.items, 'exam item')} against {counted(self.training, 'training question')}: {counts}"


def check_contamination(exam: Iterable[str], training: Iterable[str], *, near: bool = True) -> Contamination:
    """Look for every exam text among the training texts, which are gone through once and need not be in memory."""
    items = list(dict.fromkeys(exam))
    wanted = {normalised(item) for item in items}
    seen: set[str] = set()
    same: dict[str, str] = {}  # the first training text of each normal form that an item has
    nearest = _Nearest(items if near else ())
    for text in training:
        if text not in seen:
            seen.add(text)
            normal = normalised(text)
            if normal in wanted:
                same.setdefault(normal, text)
            nearest.look_at(text, normal)
    found: dict[str, list[tuple[str, str]]] = {"exact": [], "normalised": [], "near": []}
    for item in items:
        if item in seen:
            found["exact"].append((item, item))
        elif (alike := same.get(normalised(item))) is not None:
            found["normalised"].append((item, alike))
        elif (close := nearest.of(item)) is not None:
            found["near"].append((item, close))
    return Contamination(len(items), len(seen), **{name: tuple(pairs) for name, pairs in found.items()})


def normalised(text: str) -> str:
    """A text without case, accents, punctuation between words, spacing, or wording where the mathematics can be read.

    Operators and digits stay: "3-4" and "34" are different.
    """
    if (reading := read(text)) is not None:
        return reading.key
    folded = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(character for character in folded if not unicodedata.combining(character))
    return " ".join(token for token in _TOKEN.findall(letters) if token not in ".,;:!?\"'`“”‘’")


def training_texts(run: str | Path) -> Iterator[str]:
    """The questions a run could train on, one after the other: field `text` (or `question`) of its `questions.jsonl`,
    without dropped ones.

    Raises:
        RunError: no such file, or a line that is not JSON.
    """
    path = path_of("run", run, "runs/tiny") / "questions.jsonl"
    if not path.is_file():
        raise RunError(f"{str(run)!r} has no questions.jsonl; expected a run folder of `selfplay-gym train`")
    return _texts(path)


def _texts(path: Path) -> Iterator[str]:
    with open(open_file(path), "rb") as lines:
        for number, line in enumerate(lines, start=1):
            row = json_object(line, f"line {number} of {str(path)!r}")
            text = row.get("text", row.get("question"))
            if isinstance(text, str) and not row.get("dropped"):
                yield text


def run_of_checkpoint(model: Path) -> Path | None:
    """The run folder a model folder is a checkpoint of (RUN/checkpoints/NAME), `None` if it is not one."""
    run = model.resolve().parent.parent
    inside = model.is_dir() and model.resolve().parent.name == "checkpoints"
    return run if inside and (run / "questions.jsonl").is_file() else None


class _Nearest:
    """For each exam text the training text that holds most of its word 8-grams, the first of several.

    Args:
        items: exam texts; those of the question language have no near-duplicates.
    """

    def __init__(self, items: Iterable[str]) -> None:
        self.grams = {item: _grams(normalised(item)) for item in items if read(item) is None}
        self.holders: dict[int, list[str]] = {}
        for item, grams in self.grams.items():
            for gram in grams:
                self.holders.setdefault(gram, []).append(item)
        self.best: dict[str, tuple[int, str]] = {}

    def look_at(self, text: str, normal: str) -> None:
        """Hold a training text, whose normal form is given, against all items."""
        if not self.holders:
            return
        shared = Counter(item for gram in _grams(normal) & self.holders.keys() for item in self.holders[gram])
        for item, count in shared.items():
            if item not in self.best or count > self.best[item][0]:
                self.best[item] = count, text

    def of(self, item: str) -> str | None:
        """The nearest training text that was looked at, if it holds enough of the item."""
        count, text = self.best.get(item, (0, ""))
        return text if count and count >= NEAR * len(self.grams[item]) else None


def _grams(normal: str) -> set[int]:
    words = normal.split()
    return {hash(tuple(words[start : start + GRAM])) for start in range(len(words) - GRAM + 1)}
