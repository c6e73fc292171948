"""lm-eval: questions as a task folder, graded by our verifiers. Written for 0.4.13; not imported."""

from __future__ import annotations

import json
from pathlib import Path

from .question_sets import HELD_OUT, QuestionSet
from .rows import row_of


class LmEvalFormat:
    """A task for `lm_eval --include_path FOLDER`."""

    splits = (HELD_OUT,)

    def write(self, questions: QuestionSet, folder: Path) -> str:
        """See `export.ExportFormat`."""
        for split, found in questions.splits.items():
            lines = [
                json.dumps({**row_of(one.question), "verifier": one.verifier}, ensure_ascii=False) for one in found
            ]
            (folder / f"{split}.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")
        return f"lm_eval --include_path {{folder}} --tasks selfplay_{questions.name}"
