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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import RunError
from ...core.math_language import key, read
from ..pages.wording import counted
from ..storage.files import json_object, read_bytes

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
    """Look for every exam text among the training texts. Linear in their total length, but for 8-gram collisions."""
    items, seen = list(dict.fromkeys(exam)), list(dict.fromkeys(training))
    texts, normal = set(seen), {normalised(text): text for text in reversed(seen)}
    index = _GramIndex(seen) if near else None
    found: dict[str, list[tuple[str, str]]] = {"exact": [], "normalised": [], "near": []}
    for item in items:
        if item in texts:
            found["exact"].append((item, item))
        elif (same := normal.get(normalised(item))) is not None:
            found["normalised"].append((item, same))
        elif index is not None and (close := index.nearest(item)) is not None:
            found["near"].append((item, close))
    pairs = {name: tuple(listed) for name, listed in found.items()}
    return Contamination(len(items), len(seen), **pairs)


def normalised(text: str) -> str:
    """A text without case, accents, punctuation between words, spacing, or wording where the mathematics can be read.

    Operators and digits stay: "3-4" and "34" are different.
    """
    if read(text) is not None:
        return key(text)
    folded = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(character for character in folded if not unicodedata.combining(character))
    return " ".join(token for token in _TOKEN.findall(letters) if token not in ".,;:!?\"'`“”‘’")


def training_texts(run: str | Path) -> list[str]:
    """The questions a run could train on: field `text` (or `question`) of its `questions.jsonl`, without dropped ones.

    Raises:
        RunError: no such file, or a line that is not JSON.
    """
    path = Path(run) / "questions.jsonl"
    if not path.is_file():
        raise RunError(f"{str(run)!r} has no questions.jsonl; expected a run folder of `selfplay-gym train`")
    texts = []
    for number, line in enumerate(read_bytes(path).splitlines(), start=1):
        row = json_object(line, f"line {number} of {str(path)!r}")
        text = row.get("text", row.get("question"))
        if isinstance(text, str) and not row.get("dropped"):
            texts.append(text)
    return texts


def run_of_checkpoint(model: Path) -> Path | None:
    """The run folder a model folder is a checkpoint of (RUN/checkpoints/NAME), `None` if it is not one."""
    run = model.resolve().parent.parent
    inside = model.is_dir() and model.resolve().parent.name == "checkpoints"
    return run if inside and (run / "questions.jsonl").is_file() else None


class _GramIndex:
    """Which training questions hold which word 8-grams."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.holders: dict[int, set[int]] = {}
        for index, text in enumerate(texts):
            for gram in _grams(text):
                self.holders.setdefault(gram, set()).add(index)

    def nearest(self, item: str) -> str | None:
        """The training question with most of the item's 8-grams, if it has enough of them."""
        grams = _grams(item)
        if not grams or read(item) is not None:
            return None
        shared = Counter(index for gram in grams for index in self.holders.get(gram, ()))
        if not shared:
            return None
        best, count = min(shared.items(), key=lambda pair: (-pair[1], pair[0]))
        return self.texts[best] if count >= NEAR * len(grams) else None


def _grams(text: str) -> set[int]:
    words = normalised(text).split()
    return {hash(tuple(words[start : start + GRAM])) for start in range(len(words) - GRAM + 1)}
