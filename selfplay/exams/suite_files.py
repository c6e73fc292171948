"""Published and user exams as questions: rows of GSM8K, MATH-500, SVAMP or a user's JSONL, from a file or the Hub.

A source is a local `.jsonl` or `.json` file, read here with the standard library, or anything
`datasets.load_dataset` takes (a Hub name, optionally `name@config`, or a local folder), which needs the extra
`datasets`. Nothing is downloaded unless a Hub name is given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, MissingExtraError
from ...core.records import Question

Row = Mapping[str, Any]

QUESTION_FIELDS = ("question", "problem", "text", "prompt")
ANSWER_FIELDS = ("reference", "answer", "solution", "target")

HUB_NAMES = {"gsm8k": "openai/gsm8k@main", "math-500": "HuggingFaceH4/MATH-500", "svamp": "ChilleD/SVAMP"}
"""Where a published suite is found when no source is given."""


def read_questions(form: str, source: str, split: str = "test") -> list[Question]:
    """Questions of a source whose rows have the form "gsm8k", "math-500", "svamp" or "jsonl".

    Raises:
        ConfigError: no such file or data set, a row that does not have that form (says which), or no rows.
        MissingExtraError: a Hub name or folder without the library `datasets`.
    """
    parse = PARSERS[form]
    questions = []
    for number, row in enumerate(read_rows(source, split), start=1):
        try:
            questions.append(parse(row))
        except (KeyError, ValueError, TypeError) as error:
            have = ", ".join(map(str, row))
            raise ConfigError(f"row {number} of {source!r} is not a {form} row ({error}); it has {have}") from None
    if not questions:
        raise ConfigError(f"{source!r} holds no questions")
    return questions


def read_rows(source: str, split: str = "test") -> Iterable[Row]:
    """The rows of a local `.jsonl` or `.json` file, of a local data set folder, or of a Hub data set."""
    path = Path(source)
    if path.suffix in (".jsonl", ".json"):
        if not path.is_file():
            raise ConfigError(f"no such file: {source!r}")
        return _read_file(path)
    return _load_dataset(source, split)


def _read_file(path: Path) -> list[Row]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            rows = json.loads(text)
        else:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"{str(path)!r} is not {path.suffix[1:].upper()} text: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{str(path)!r} must hold a list of objects, one per question")
    return rows


def _load_dataset(source: str, split: str) -> Iterable[Row]:
    try:
        from datasets import load_dataset
    except ImportError:
        raise MissingExtraError("datasets", "datasets", f"the data set {source!r}") from None
    name, _, config = source.partition("@")
    try:
        loaded: Iterable[Row] = load_dataset(name, config or None, split=split)
    except (FileNotFoundError, ValueError, OSError) as error:  # the Hub's own errors are OSErrors
        raise ConfigError(
            f"cannot load the data set {source!r} (split {split!r}): {error}. "
            "Give a local .jsonl or .json file, or a Hub name such as 'openai/gsm8k@main'."
        ) from None
    return loaded


def _gsm8k(row: Row) -> Question:
    _worked, mark, answer = str(row["answer"]).rpartition("####")
    if not mark:
        raise ValueError("no '####' in the answer")
    return Question(str(row["question"]), answer.strip().replace(",", ""), author="gsm8k", meta={"kind": "gsm8k"})


def _math_500(row: Row) -> Question:
    stated = row.get("level")
    level = None if stated is None else (float(str(stated).removeprefix("Level ")) - 1) / 4
    kind = str(row.get("subject", row.get("type", "math-500")))
    return Question(str(row["problem"]), str(row["answer"]), level=level, author="math-500", meta={"kind": kind})


def _svamp(row: Row) -> Question:
    answer = float(str(row["Answer"]).replace(",", ""))
    body = str(row["Body"]).strip()
    text = f"{body}{'' if body.endswith(('.', '?', '!')) else '.'} {str(row['Question']).strip()}"
    reference = str(int(answer)) if answer.is_integer() else str(answer)
    return Question(text, reference, author="svamp", meta={"kind": str(row.get("Type", "svamp"))})


def _own(row: Row) -> Question:
    text = next((row[name] for name in QUESTION_FIELDS if row.get(name)), None)
    answer = next((row[name] for name in ANSWER_FIELDS if row.get(name) is not None), None)
    if text is None or answer is None:
        raise ValueError(f"needs one of {', '.join(QUESTION_FIELDS)} and one of {', '.join(ANSWER_FIELDS)}")
    level = None if row.get("level") is None else float(row["level"])
    meta = {**dict(row.get("meta") or {}), **({"kind": str(row["kind"])} if row.get("kind") else {})}
    return Question(str(text), str(answer), str(row.get("domain", "maths")), level, str(row.get("author", "")), meta)


PARSERS: dict[str, Callable[[Row], Question]] = {
    "gsm8k": _gsm8k,
    "math-500": _math_500,
    "svamp": _svamp,
    "jsonl": _own,
}
