"""The questions of a run as a data set: one row per question that was asked, with one schema for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ..pages.tables import markdown_table
from ..settings.config import RunConfig
from ..settings.files import stored_config
from ..storage.checkpoint import CARD
from ..storage.files import as_lines
from ..storage.run_folder import RunFolder
from .cards import FREE_BASES, OURS, short_model, shown
from .facts import RunFacts
from .front_matter import data_set_fields, front_matter
from .outgoing import Outgoing
from .scrub import own_folders, scrubbed, scrubbed_text

DATA = "questions.jsonl"
COLUMNS = {
    "round": ("int", "self-play round in which it was asked"),
    "index": ("int", "its number in the round"),
    "question": ("text", "as it was asked"),
    "domain": ("text", "what kind of game: math, code, …"),
    "kind": ("text", "the kind of question, as the domain tells them apart"),
    "author": ("text", "the role or generator that wrote it"),
    "source": ("text", "the source that drew it; null where the run has one source"),
    "level": ("float", "difficulty in [0, 1]; null where nobody knows"),
    "reference": ("text", "the answer that its source knows, or that a challenger claims; null where there is none"),
    "attempts": ("list of texts", "the solver's attempts, as written"),
    "answers": ("list of texts", "the answer found in each attempt; null where there is none"),
    "label": ("text", "what attempts are held against; null where there is none"),
    "label_source": ("text", "where the label came from: vote, reference, …"),
    "label_right": ("bool", "whether it equals the known answer; null where none is known"),
    "solve_rate": ("float", "share of the attempts that match the label"),
    "valid": ("bool", "whether the verifier holds the question to be valid"),
    "kept": ("bool", "whether the solver learnt from it"),
}
"""The columns of a row in order: type, meaning."""
_STATED = {
    "int": {"dtype": "int64"},
    "float": {"dtype": "float64"},
    "text": {"dtype": "string"},
    "bool": {"dtype": "bool"},
    "list of texts": {"list": "string"},
}
"""What the card says of a type to the library `datasets`, which else has none for a column that is always null."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_WRITTEN = ("question", "reference", "label")
"""Texts of models, which hold slashes of their own."""
_NAMES = ("domain", "kind", "author", "source", "label_source")


def question_rows(folder: RunFolder) -> Iterator[dict[str, Any]]:
    """A row for every question that was asked and labelled, in order; each has all of `COLUMNS`."""
    for _, rows in folder.by_round("questions", "attempts", "labels"):
        asked = {row["index"]: row for row in rows["questions"] if row["dropped"] is None}
        attempts = {row["index"]: row for row in rows["attempts"]}
        for label in rows["labels"]:
            index = label["index"]
            if index not in asked or index not in attempts:
                continue
            question = {"domain": "math", **asked[index]}
            edited = attempts[index].get("question")
            text = edited if isinstance(edited, str) else question["text"]
            row = {**question, **label, "question": text, "attempts": attempts[index]["attempts"]}
            yield {name: row.get(name) for name in COLUMNS}


def question_files(folder: RunFolder, place: Path) -> list[Outgoing]:
    """The data set and its card.

    Args:
        place: a folder in which the data set is written, row by row.

    Raises:
        ConfigError: the run has labelled no questions.
    """
    config, folders, count = stored_config(folder), own_folders(folder.path), 0
    with (place / DATA).open("wb") as data:
        for row in question_rows(folder):
            data.write(as_lines([_clean(row, folders)]))
            count += 1
    if not count:
        raise ConfigError(f"{folder.path} has labelled no questions: there is no data set to push")
    card = questions_card(config, RunFacts(folder.rows("metrics")), count)
    return [Outgoing(CARD, card.encode()), Outgoing(DATA, place / DATA)]


def _clean(row: dict[str, Any], folders: Sequence[str]) -> dict[str, Any]:
    """A row without what stays on this machine."""

    def clean(text: str | None) -> str | None:
        return None if text is None else scrubbed_text(text, folders)

    lists = {name: row[name] and [clean(one) for one in row[name]] for name in ("attempts", "answers")}
    names = {name: scrubbed(row[name]) for name in _NAMES}
    return {**row, **names, **{name: clean(row[name]) for name in _WRITTEN}, **lists}


def questions_card(config: RunConfig, facts: RunFacts, count: int) -> str:
    """`README.md` of the data set."""
    models = {row.model for row in config.roles.values()}
    licence = (
        {"license": "apache-2.0"} if models <= FREE_BASES else {"license": "other", "license_name": "of-the-models"}
    )
    size = next((name for most, name in _SIZES if count < most), "n>1M")
    sources = ", ".join(f"`{short_model(source)}`" for source in config.questions.sources)
    rounds = [
        (str(number), str(found.labelling["asked"]), str(found.labelling["kept"]), shown(found.label_accuracy))
        for number, found in sorted(facts.rounds.items())
        if found.labelling
    ]
    fields = {
        **licence,
        "task_categories": ["question-answering"],
        "tags": ["selfplay-gym", "self-play", "synthetic"],
        "size_categories": [size],
        **data_set_fields("default", DATA, {name: _STATED[kind] for name, (kind, _) in COLUMNS.items()}),
    }
    lines = [
        *front_matter(fields),
        OURS,
        f"# Questions of a self-play run in {config.env}, seed {config.seed}",
        "",
        f"{count:,} questions that were asked in {config.rounds} rounds, written by {sources}, with the attempts of a "
        f"solver that began as `{short_model(config.roles['solver'].model)}`, and labels by "
        f"`{short_model(str(config.labels.source))}`. Models wrote them: a reference that a challenger claims, a "
        "label and an attempt can each be wrong.",
        "",
        *markdown_table(("round", "asked", "kept", "asked labels right, % [95 %]"), rounds),
        "",
        *markdown_table(("column", "type", "meaning"), [(f"`{name}`", *about) for name, about in COLUMNS.items()]),
        "",
    ]
    return "\n".join(lines)
