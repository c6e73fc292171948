"""Questions as a data set of the library `datasets`: JSON lines and a card that names its splits and types.

    selfplay-gym export runs/tiny --format datasets --out questions
    load_dataset("questions", split="train")

The card is the folder's `README.md`, as the Hub wants it. (A run folder itself is not taken: `datasets` holds whatever
has a `state.json` for its own format. Its logs are, one by one: `load_dataset("json", data_files="RUN/labels.jsonl")`.)
"""

from __future__ import annotations

from pathlib import Path

from .question_sets import HELD_OUT, TRAIN, QuestionSet
from .rows import type_of, write_lines

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
    """A folder for `datasets.load_dataset(FOLDER)`: a split of the data set for each of ours."""

    splits = (TRAIN, HELD_OUT)

    def write(self, questions: QuestionSet, folder: Path) -> str:
        """See `export.ExportFormat`."""
        for split, found in questions.splits.items():
            write_lines(folder / f"{split}.jsonl", (one.row() for one in found))
        (folder / "README.md").write_text(_card(questions), encoding="utf-8", newline="\n")
        return 'datasets.load_dataset("{folder}")'


def _card(questions: QuestionSet) -> str:
    """What `README.md` says: to the library between the rules, to people below."""
    head = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split in questions.splits:
        head += [f"  - split: {split}", f"    path: {split}.jsonl"]
    head += ["dataset_info:", "  config_name: default", "  features:"]
    for name in MEANING:
        head += [f"  - name: {name}", f"    dtype: {type_of(name)}"]
    sizes = [f"- `{split}`: {len(found):,} questions" for split, found in questions.splits.items()]
    columns = ["| column | meaning |", "| --- | --- |", *(f"| `{name}` | {what} |" for name, what in MEANING.items())]
    title = ["---", "", "# Questions for self-play", "", f"Written by selfplay-gym from `{questions.source}`.", ""]
    return "\n".join([*head, *title, *sizes, "", *columns, ""])
