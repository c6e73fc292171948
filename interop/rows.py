"""A question as a row of a table, and back: what a dataset can hold, and what a reward function is handed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import ConfigError
from ..core.options.json_rows import half_character
from ..core.protocols import Verifier
from ..core.records import Question, Verdict
from ..core.registries import make_verifier
from ..envs.game.domains import find_domain
from ..envs.game.screening import ReadingVerifier
from ..selfplay.exams.hold import prompt_of
from ..selfplay.sharing.scrub import without_paths

COLUMNS = ("question", "reference", "domain", "level", "author", "meta")
"""One per field of `Question`; `meta` is JSON text, because a table would give every row the keys of all."""


def row_of(question: Question) -> dict[str, Any]:
    """The columns of a question, which other people may read: no folders of this machine in the name of its author."""
    return {
        "question": question.text,
        "reference": question.reference,
        "domain": question.domain,
        "level": question.level,
        "author": without_paths(question.author),
        "meta": json.dumps(dict(question.meta), ensure_ascii=False, sort_keys=True),
    }


def question_of(row: Mapping[str, Any], text: str, reference: str = "reference") -> Question:
    """The question of a row; of columns that are missing, the text is `text` and the rest the defaults.

    Args:
        reference: the column that holds the answer, "solution" or "answer" in many datasets.

    Raises:
        ConfigError: `meta` is neither JSON text of an object nor a mapping.
    """
    answer, meta = row.get(reference), row.get("meta") or {}
    if isinstance(meta, str):
        try:
            meta = json.loads(meta)
        except ValueError:
            meta = None
    if not isinstance(meta, Mapping):
        raise ConfigError(f"column 'meta' must hold JSON text of an object, got {row['meta']!r}")
    found = row.get("question")
    return Question(
        text=found if isinstance(found, str) else text,
        reference=None if answer is None else str(answer),
        domain=row.get("domain") or "math",
        level=row.get("level"),
        author=row.get("author") or "",
        meta=meta,
    )


class Graded(NamedTuple):
    """A question with the name of the verifier that grades it against its reference."""

    question: Question
    verifier: str

    def prompt(self, template: str = "plain") -> str:
        """What a solver reads; see `prompt_of`."""
        return prompt_of(self.question, template)

    def judge(self, attempt: str) -> Verdict:
        """The verdict on one attempt."""
        return named_verifier(self.verifier).judge(self.question, [attempt]).verdicts[0]

    def row(self) -> dict[str, Any]:
        """The columns of the question, and "verifier"."""
        return {**row_of(self.question), "verifier": self.verifier}


def graded_of(row: Mapping[str, Any]) -> Graded:
    """The inverse of `Graded.row`."""
    return Graded(question_of(row, ""), str(row["verifier"]))


def reward_of(verdict: Verdict) -> float:
    """In [0, 1], as `gym.make("SelfPlayMath-v0")` pays it: an attempt that is not decided earns 0."""
    return 0.0 if verdict.score is None else verdict.score


@lru_cache(maxsize=64)
def named_verifier(name: str) -> Verifier:
    """One of each per process, as `name(key=value)`: a verifier may keep workers. Attempts are read as in the game."""
    return ReadingVerifier(make_verifier(name))


def conversation(text: str, system: str | None) -> list[dict[str, Any]]:
    """A prompt as turns: that of the user, and before it a system turn where there is one."""
    opening = [] if system is None else [{"role": "system", "content": system}]
    return [*opening, {"role": "user", "content": text}]


def type_of(column: str) -> str:
    """The type of a column of questions, as `datasets` names it."""
    return "float64" if column == "level" else "string"


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON lines of ASCII, in which half a surrogate pair stays what it is."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8", newline="\n")


def check_texts(where: str, row: Mapping[str, Any]) -> None:
    """Refuse a text that no file in UTF-8 can hold: one with half a surrogate pair.

    Args:
        where: what the row is, such as "question 3 of train".
        row: its columns; those that are no texts are left alone.

    Raises:
        ConfigError: names the row, the column, the character, and what to do.
    """
    for column, value in row.items():
        half = half_character(value) if isinstance(value, str) else None
        if half is not None:
            at, around = half
            raise ConfigError(
                f"{where}: {column} holds half a surrogate pair at character {at} ({around}), which no file in UTF-8 "
                "can hold; put the whole character there, or leave it out"
            )


def check_template(template: str) -> None:
    """Refuse words around a question that mathematics, which has all of them, does not have.

    Raises:
        ConfigError: no such template; names those there are.
    """
    if not isinstance(template, str):
        raise ConfigError(f"a template is a name such as 'plain', got {template!r:.80}")
    find_domain("math").template(template)


def text_of(turns: str | Sequence[Mapping[str, Any]], role: str) -> str:
    """The text of a prompt or completion: itself, or that of the last turn of `role` in a conversation; else ""."""
    if isinstance(turns, str):
        return turns
    contents = [turn.get("content") for turn in turns if turn.get("role") == role]
    return _words(contents[-1]) if contents else ""


def runs(keys: Iterable[Any]) -> list[range]:
    """Stretches of equal neighbours, as ranges of indices."""
    found: list[range] = []
    last: Any = None
    for index, key in enumerate(keys):
        if found and key == last:
            found[-1] = range(found[-1].start, index + 1)
        else:
            found.append(range(index, index + 1))
        last = key
    return found


def _words(content: Any) -> str:
    """A turn's content: text, or a list of blocks of which some are text; `None` in a turn that only calls tools."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, Sequence) else ()
    return "".join(str(b["text"]) for b in blocks if isinstance(b, Mapping) and b.get("type") == "text")
