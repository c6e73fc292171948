"""verl (0.9): questions as parquet rows, and `compute_score` for its reward managers. verl itself is not imported.

    selfplay-gym export arithmetic --format verl --split both --out FOLDER

writes `train.parquet`, `held_out.parquet` and `reward.py`, which offers `compute_score` to verl's
`reward.custom_reward_function.path`. A score is what the game pays: the verifier's, and 0 for what it left undecided.

`docs/interop_verl.md` says what to watch for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import ConfigError
from ..core.options import write_named
from ..core.records import Outcome
from .parquet import pyarrow_for
from .question_sets import SPLITS, QuestionSet
from .rows import (
    COLUMNS,
    Graded,
    check_template,
    check_texts,
    conversation,
    named_verifier,
    question_of,
    reward_of,
)

__all__ = ["VerlFormat", "compute_score"]

LOGGER = logging.getLogger(__name__)
REWARD_FILE = '''"""The reward of these questions; verl loads it by `reward.custom_reward_function.path`."""

from selfplay_gym.interop.verl import compute_score

__all__ = ["compute_score"]
'''


class VerlFormat:
    """Parquet files for `verl.trainer.main_ppo`, and the file with the reward.

    Args:
        template: the words around a question, "plain" or "r-zero"; a domain without such ones has its "plain".
        system: a system turn before it; `None` for none.

    Raises:
        MissingExtraError: `pyarrow`, which comes with `datasets`, is not installed.
    """

    splits = SPLITS

    def __init__(self, template: str = "plain", system: str | None = None) -> None:
        self._arrow = pyarrow_for("verl")  # before a folder is made
        check_template(template)
        check_texts("verl", {"system": system})
        self.template, self.system = template, system

    def write(self, questions: QuestionSet, folder: Path) -> str:
        """See `export.ExportFormat`."""
        pyarrow, parquet = self._arrow
        text, count = pyarrow.string(), pyarrow.int64()
        extra = {"split": text, "index": count, "verifier": text, **dict.fromkeys(COLUMNS, text)}
        schema = pyarrow.schema(
            {
                "data_source": text,
                "prompt": pyarrow.list_(pyarrow.struct({"role": text, "content": text})),
                "ability": text,
                "reward_model": pyarrow.struct({"style": text, "ground_truth": text}),
                "extra_info": pyarrow.struct({**extra, "level": pyarrow.float64()}),
            }
        )
        for split, found in questions.splits.items():
            rows = [self._row(one, questions.name, split, index) for index, one in enumerate(found)]
            parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), folder / f"{split}.parquet")
        (folder / "reward.py").write_text(REWARD_FILE, encoding="utf-8")
        files = {"train": "train_files", "held_out": "val_files"}
        given = " ".join(f"data.{files[split]}={{folder}}/{split}.parquet" for split in questions.splits)
        return f"python -m verl.trainer.main_ppo {given} reward.custom_reward_function.path={{folder}}/reward.py"

    def _row(self, graded: Graded, name: str, split: str, index: int) -> dict[str, Any]:
        question = graded.question
        return {
            "data_source": f"selfplay_gym/{name}",
            "prompt": conversation(graded.prompt(self.template), self.system),
            "ability": question.domain,
            "reward_model": {"style": "rule", "ground_truth": question.reference},
            "extra_info": {"split": split, "index": index, **graded.row()},
        }


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str | None,
    extra_info: Mapping[str, Any] | None = None,
    *,
    verifier: str | Mapping[str, Any] | None = None,
    **_: Any,
) -> dict[str, float]:
    """Judge one completion; what verl calls, from any number of threads and processes.

    Args:
        data_source: for the log; every row says how it is judged.
        solution_str: the completion. Any text ends within the verifier's time limit, and none raises.
        ground_truth: the reference; for rows that are not ours, any answer in mathematical notation.
        extra_info: as exported: the question, and which verifier judges it.
        verifier: in place of the row's, by name with options: `reward.custom_reward_function.reward_kwargs.verifier`.
        _: what other versions pass besides.

    Returns:
        `score` in [0, 1], what the game pays, 0 for what is undecided; and 0 or 1 each: `acc`, right; `undecided`;
        `answered`, an answer was found.

    Raises:
        ConfigError: no such verifier; a run must not go on with it.
    """
    row = dict(extra_info) if isinstance(extra_info, Mapping) else {}
    judging = named_verifier(_name_of(verifier, row.get("verifier")))
    try:
        question = question_of({**row, "ground_truth": ground_truth}, "", "ground_truth")
        (verdict,) = judging.judge(question, [solution_str]).verdicts
    except Exception:  # whatever it is, one completion must not end a training: it is logged, and undecided
        LOGGER.exception("a completion of %s could not be judged", data_source)
        return {"score": 0.0, "acc": 0.0, "undecided": 1.0, "answered": 0.0}
    return {
        "score": float(reward_of(verdict)),
        "acc": float(verdict.outcome is Outcome.CORRECT),
        "undecided": float(verdict.outcome is Outcome.UNDECIDED),
        "answered": float(verdict.answer is not None),
    }


def _name_of(wanted: object, of_row: object) -> str:
    """The verifier that a run names, else that of the row, else `sympy`."""
    named = next((one for one in (wanted, of_row) if one is not None and one != ""), "sympy")
    if not isinstance(named, str | Mapping):
        raise ConfigError(f"a verifier is a name such as 'sympy(timeout_s=2)', or a mapping with one, got {named!r}")
    return write_named(named)
