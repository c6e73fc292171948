"""Questions from a file: a small data set of one's own, as JSONL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from ...core.options.json_rows import is_csv, strict_value
from ...core.options.paths import path_of
from ...core.protocols import Draw
from ...core.records import Question
from ...core.registries import domains
from ...core.seeding import python_stream

_KEYS = ("question", "answer", "domain", "level", "meta")
_OTHERS = (".csv", ".json", ".parquet")


class FileSource:
    """The rows of a JSONL file as questions whose answer is known.

    A row has `question` and `answer` (text, or `null` where nobody knows it), and may have `domain`, `level` in [0, 1]
    and `meta`. A draw takes the rows behind those of earlier draws, in an order that the seed shuffles: none comes
    twice before all have come once.

    Args:
        path: the file.
        repeat: whether to begin again at its end; else the source is exhausted there.
        shuffle: whether the seed decides the order; else it is that of the file.
    """

    gives_references = True

    def __init__(self, path: str, *, repeat: bool = False, shuffle: bool = True) -> None:
        self.path, self.repeat, self.shuffle = str(path), repeat, shuffle
        self.questions = read_questions(path_of("the file", path, "questions.jsonl"))

    def draw(self, n: int, draw: Draw) -> list[Question]:
        order = "file" if self.shuffle else None
        questions = part_of(self.questions, n, sum(draw.counts_before(n)), draw.seed, order, repeat=self.repeat)
        return [question if question.domain else replace(question, domain=draw.domain) for question in questions]


def part_of(
    questions: Sequence[Question], n: int, start: int, seed: int, order: str | None, *, repeat: bool
) -> list[Question]:
    """The next `n` of a list.

    Args:
        start: how many have come before.
        order: names the random stream of `seed` that shuffles the list, `None` for the order it has.
        repeat: whether to begin again at its end; else fewer come there, and then none.
    """
    places = list(range(len(questions)))
    if order is not None:
        python_stream(seed, order).shuffle(places)
    end = start + n if repeat else min(start + n, len(places))
    return [questions[places[i % len(places)]] for i in range(start, end)]


def read_questions(path: Path) -> list[Question]:
    """The questions of a file; `domain` is "" where a row does not name one.

    Raises:
        ConfigError: there is no such file, it is empty, or a line cannot be read; names file and line.
    """
    if path.suffix.lower() in _OTHERS:
        raise ConfigError(f"{str(path)!r} is no JSONL, which this source reads; take open(data=jsonl:FILE) for it")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read questions from {str(path)!r}: {error}") from None
    except OSError as error:
        raise ConfigError(f"cannot read questions from {str(path)!r}: {error.strerror or error}") from None
    found = [_question(line, str(path), number) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise ConfigError(f'{path} has no questions; write one {{"question": ..., "answer": ...}} a line')
    return found


def _question(line: str, path: str, number: int) -> Question:
    where = f"{path}, line {number}"
    try:
        row: Any = strict_value(line)
    except (ValueError, RecursionError) as error:
        remedy = (
            "; it looks like CSV: name it .csv and take open(data=jsonl:FILE) for it"
            if number == 1 and is_csv(line)
            else ""
        )
        raise ConfigError(f"{where}: not JSON that can be read ({error}){remedy}") from None
    if not isinstance(row, dict) or not {"question", "answer"} <= row.keys():
        raise ConfigError(f'{where}: expected {{"question": ..., "answer": ...}}, got {line[:80]}')
    unknown = sorted(set(row) - set(_KEYS))
    if unknown:
        raise ConfigError(f"{where}: unknown key {', '.join(unknown)}; a row has {', '.join(_KEYS)}")
    text, answer, level, meta = row["question"], row["answer"], row.get("level"), row.get("meta", {})
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"{where}: question must be a text that is not empty, got {text!r}")
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        answer = json.dumps(answer)  # 42 stands for "42"
    if answer is not None and not isinstance(answer, str):
        raise ConfigError(f"{where}: answer must be text, a number or null, got {answer!r}")
    number = isinstance(level, int | float) and not isinstance(level, bool)
    if level is not None and not (number and 0.0 <= level <= 1.0):
        raise ConfigError(f"{where}: level must be in [0, 1], got {level!r}")
    if not isinstance(meta, dict) or not isinstance(row.get("domain", ""), str):
        raise ConfigError(f"{where}: meta must be an object and domain a name")
    domain = row.get("domain", "")
    if domain and domain not in domains.names():
        raise UnknownNameError("domain", domain, domains.names(), f"It stands in {where}; none is that of the game.")
    return Question(text, answer, domain, level, "file", meta)
