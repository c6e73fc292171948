"""Published and user exams as questions: rows of GSM8K, MATH-500, SVAMP or a user's own, from a file or the Hub.

A source is a path or a name on the Hub, optionally `name@config`; see `row_files`.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.errors import ConfigError, short
from ...core.options import unquoted
from ...core.options.finite import all_finite
from ...core.records import Question
from .row_files import Row, read_rows

QUESTION_FIELDS = ("question", "problem", "text", "prompt")
ANSWER_FIELDS = ("reference", "answer", "solution", "target")

HUB_NAMES = {"gsm8k": "openai/gsm8k@main", "math-500": "HuggingFaceH4/MATH-500", "svamp": "ChilleD/SVAMP"}
"""Where a published suite is found when no source is given."""


def source_of(text: str) -> str:
    """A source as it stands behind the colon of a name: in quotes, where its name has commas, or bare.

    Raises:
        ConfigError: a quote is not closed, or holds nothing.
    """
    source = unquoted(text)
    if not source.strip():
        raise ConfigError(f'{text!r} names no file; write it as in jsonl:"a,b.jsonl"')
    if source == text and text[:1] in ('"', "'"):
        raise ConfigError(f'the quote {text[0]} is not closed in {short(text)}; write it as in jsonl:"a,b.jsonl"')
    return source


def read_questions(form: str, source: str, split: str = "test") -> list[Question]:
    """Questions of a source whose rows have the form "gsm8k", "math-500", "svamp" or "jsonl".

    Raises:
        ConfigError: no such file or data set, a row that does not have that form (says which), or no rows.
        MissingExtraError: a library that the source needs is not installed.
    """
    questions = []
    for where, row in read_rows(source, split):
        try:
            questions.append(PARSERS[form](row))
        except (KeyError, ValueError, TypeError) as error:
            raise ConfigError(f"{where} of {source!r} {_misfit(form, row, error)}") from None
    if not questions:
        raise ConfigError(f"{source!r} holds no questions; expected rows with {FIELDS[form]}")
    return questions


def _misfit(form: str, row: Row, error: Exception) -> str:
    """Why a row does not have a form, and which one it may have instead."""
    missing = isinstance(error, KeyError)
    why = f"no field {error}" if missing else str(error)
    what = "no question with an answer" if form == OWN else f"not a {form} row"
    problem = f"is {what}: {why}. It has {', '.join(map(str, row)) or 'no fields'}"
    fitting = [name for name, parse in PARSERS.items() if name != form and _fits(parse, row)]
    remedy = f". Read it with {fitting[0]}:FILE" if fitting else ""
    if len(row) == 1 and any(mark in next(iter(row)) for mark in ";\t"):
        remedy = ". Where it is CSV, its columns must be separated by commas"
    return f"{problem}; expected {FIELDS[form]}{remedy}"


def _fits(parse: Callable[[Row], Question], row: Row) -> bool:
    try:
        parse(row)
    except (KeyError, ValueError, TypeError):
        return False
    return True


def _gsm8k(row: Row) -> Question:
    _worked, mark, answer = str(row["answer"]).rpartition("####")
    if not mark:
        raise ValueError("there is no '####' in its answer")
    return Question(str(row["question"]), answer.strip().replace(",", ""), author="gsm8k", meta={"kind": "gsm8k"})


def _math_500(row: Row) -> Question:
    stated = str(row.get("level")).removeprefix("Level ")
    level = (int(stated) - 1) / 4 if stated in ("1", "2", "3", "4", "5") else None  # MATH has a few "Level ?"
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
    if not all_finite(row):
        raise ValueError("NaN, Infinity and numbers too large for a float are none")
    if text is None or answer is None:
        raise ValueError("no question" if text is None else "no answer")
    level = None if row.get("level") is None else float(row["level"])
    meta = {**dict(row.get("meta") or {}), **({"kind": str(row["kind"])} if row.get("kind") else {})}
    return Question(str(text), str(answer), str(row.get("domain", "math")), level, str(row.get("author", "")), meta)


OWN = "jsonl"
PARSERS: dict[str, Callable[[Row], Question]] = {
    "gsm8k": _gsm8k,
    "math-500": _math_500,
    "svamp": _svamp,
    OWN: _own,
}

FIELDS = {
    "gsm8k": "question, and answer with the result after '####'",
    "math-500": "problem, answer, and optionally subject and level (1 to 5)",
    "svamp": "Body, Question, Answer, and optionally Type",
    OWN: f"one of {', '.join(QUESTION_FIELDS)}, and one of {', '.join(ANSWER_FIELDS)}",
}
"""What a row of each form has, for people."""
