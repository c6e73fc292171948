"""Questions as a data set of the library `datasets`: a Parquet file per split, and a card that names splits and types.

    selfplay-gym export runs/tiny --format datasets --out questions
    load_dataset("questions", split="train")

JSON lines would not do: their reader takes a column of texts for times if each of them can be one, and an answer such
as "2020-01-01" comes back as another text. The card is the folder's `README.md`, as the Hub wants it. (A run folder
itself is not taken: `datasets` holds whatever has a `state.json` for its own format. Its logs are, one by one:
`load_dataset("json", data_files="RUN/labels.jsonl")`.)
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ..selfplay.pages.tables import markdown_table
from ..selfplay.sharing.front_matter import data_set_fields, front_matter
from .parquet import pyarrow_for
from .question_sets import HELD_OUT, TRAIN, QuestionSet
from .rows import type_of

MEANING = {
    "question": "what is asked",
    "reference": "the answer; in training questions of a run, the label its solver learnt from",
    "domain": "what kind of game: math, code, …",
    "level": "difficulty in [0, 1]; null where nobody knows",
    "author": "the generator or role that wrote it",
    "meta": "what the domain's verifier needs besides, as JSON text",
    "verifier": "which verifier of selfplay-gym grades answers",
}
"""The columns in order; all are text but for `level`."""


class DataSetFormat:
    """A folder for `datasets.load_dataset(FOLDER)`: a split of the data set for each of ours.

    Raises:
        MissingExtraError: `pyarrow`, which comes with `datasets`, is not installed.
    """

    splits = (TRAIN, HELD_OUT)

    def __init__(self) -> None:
        self._arrow = pyarrow_for("datasets")  # before a folder is made

    def write(self, questions: QuestionSet, folder: Path) -> str:
        """See `export.ExportFormat`."""
        pyarrow, parquet = self._arrow
        types = {"float64": pyarrow.float64(), "string": pyarrow.string()}
        schema = pyarrow.schema({name: types[type_of(name)] for name in MEANING})
        for split, found in questions.splits.items():
            table = pyarrow.Table.from_pylist([one.row() for one in found], schema=schema)
            parquet.write_table(table, folder / f"{split}.parquet")
        (folder / "README.md").write_text(_card(questions, _version(questions)), encoding="utf-8", newline="\n")
        return "datasets.load_dataset({folder!r})"


def _version(questions: QuestionSet) -> str:
    """A name that changes with the questions: the library keeps what it has read by folder and name alone."""
    rows = {split: [one.row() for one in found] for split, found in questions.splits.items()}
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]


def _card(questions: QuestionSet, version: str) -> str:
    """What `README.md` says: to the library between the rules, to people below."""
    files = [{"split": split, "path": f"{split}.parquet"} for split in questions.splits]
    types = {name: {"dtype": type_of(name)} for name in MEANING}
    head = front_matter(data_set_fields(f"v-{version}", files, types, default=True))
    sizes = [f"- `{split}`: {len(found):,} questions" for split, found in questions.splits.items()]
    columns = markdown_table(("column", "meaning"), [(f"`{name}`", what) for name, what in MEANING.items()])
    source = " ".join(questions.source.replace("`", "'").split())
    title = ["", "# Questions for self-play", "", f"Written by selfplay-gym from `{source}`.", ""]
    return "\n".join([*head, *title, *sizes, "", *columns, ""])
