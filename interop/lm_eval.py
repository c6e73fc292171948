"""Questions as a task of lm-eval (0.4.13), graded by our verifiers. lm-eval itself is not imported.

    selfplay-gym export mixed --format lm-eval --out tasks/mixed

prints the line by which lm-eval is called; `docs/interop_evaluators.md` says when its `--apply_chat_template` is left
out. The folder holds the questions as JSON lines, the task as YAML, and `utils.py`, by which lm-eval finds both the
questions, wherever the folder lies, and `process_results`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import MissingExtraError
from ..core.options.counts import check_whole
from ..core.records import Outcome
from .question_sets import HELD_OUT, QuestionSet
from .rows import check_template, graded_of, reward_of, type_of, write_lines

__all__ = ["LmEvalFormat", "load", "process_results"]

UTILS = '''"""What lm-eval calls for this task. Written by selfplay-gym, which must be installed."""

from pathlib import Path

from selfplay_gym.interop.lm_eval import load, process_results

__all__ = ["process_results", "questions"]


def questions(**_):
    """The questions of this folder, by split."""
    return load(Path(__file__).parent)
'''
TASK = """# Written by selfplay-gym: {source}.
task: {task}
custom_dataset: !function utils.questions
test_split: {split}
output_type: generate_until
doc_to_text: prompt
doc_to_target: reference
process_results: !function utils.process_results
num_fewshot: 0
generation_kwargs:
  until: []
  do_sample: false
  max_gen_toks: {max_tokens}
metric_list:
  - metric: reward
    aggregation: mean
    higher_is_better: true
  - metric: undecided
    aggregation: mean
    higher_is_better: false
"""


class LmEvalFormat:
    """A task folder for `lm_eval --include_path FOLDER`.

    Args:
        template: the words around a question: "r-zero" for models that follow instructions, "plain" for the bare
            question, as the shipped models read it.
        max_tokens: most tokens of an answer, ≥ 1.
    """

    splits = (HELD_OUT,)

    def __init__(self, template: str = "r-zero", max_tokens: int = 512) -> None:
        check_whole("max_tokens", max_tokens)
        check_template(template)
        self.template, self.max_tokens = template, max_tokens

    def write(self, questions: QuestionSet, folder: Path) -> str:
        """See `export.ExportFormat`. With several splits there is a task for each, called after it."""
        names = []
        for split, found in questions.splits.items():
            task = f"selfplay_{questions.name}" + (f"_{split}" if len(questions.splits) > 1 else "")
            rows = [{**one.row(), "prompt": one.prompt(self.template)} for one in found]
            write_lines(folder / f"{split}.jsonl", rows)
            text = TASK.format(
                source=" ".join(ascii(questions.source)[1:-1].split()),
                task=task,
                split=split,
                max_tokens=self.max_tokens,
            )
            _write(folder / f"{task}.yaml", text)
            names.append(task)
        _write(folder / "utils.py", UTILS)
        model = "--model hf --model_args pretrained=MODEL --apply_chat_template"
        return f"lm_eval --include_path {{folder}} --tasks {','.join(names)} {model}"


def load(folder: Path) -> Any:
    """The questions of a task folder as a `datasets.DatasetDict`, by split.

    Raises:
        MissingExtraError: `datasets` is not installed.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "datasets", "a task of lm-eval") from None
    splits = {}
    for file in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        kinds = {name: datasets.Value(type_of(name)) for name in rows[0]}
        splits[file.stem] = datasets.Dataset.from_list(rows, features=datasets.Features(kinds))
    return datasets.DatasetDict(splits)


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """The score of one answer, as lm-eval asks for it.

    Args:
        doc: the row of a question.
        results: what the model wrote; the first text counts.

    Returns:
        "reward" in [0, 1], and "undecided": 1.0 where the verifier could not decide, which earns 0.
    """
    verdict = graded_of(doc).judge(results[0])
    return {"reward": reward_of(verdict), "undecided": float(verdict.outcome is Outcome.UNDECIDED)}


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
