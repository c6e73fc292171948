"""The model card of a base: what it is, the command that makes it, and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exams.result import ExamResult
from .bases import find_base

CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
---

# {name}: {title}

{about}

Made by `{command} --seed {seed}` with

{settings}

Equal settings and versions give equal weights on a CPU with one thread. The corpus holds no question of the held-out
split, and no data from outside.

| held-out exam ({questions} questions × {samples} samples, seed {seed}) | value | 95 % interval |
|---|---|---|
{scores}

{limits}
"""


def model_card(name: str, settings: Mapping[str, Any], exam: ExamResult) -> str:
    """The card of the base `name` as Markdown with the front matter of Hugging Face."""
    base = find_base(name)
    scores = {"sampled accuracy": exam.accuracy}
    if exam.samples in exam.votes:
        scores["majority of samples"] = exam.majority_at(exam.samples)
    if exam.greedy_accuracy is not None:
        scores["greedy accuracy"] = exam.greedy_accuracy
    rows = [f"| {name} | {score.value:.3f} | {score.low:.3f} to {score.high:.3f} |" for name, score in scores.items()]
    return CARD.format(
        name=name,
        title=base.title,
        about=base.about,
        limits=base.limits,
        command="selfplay-gym warmup" + ("" if name == "tiny" else f" --preset {name}"),
        seed=settings["seed"],
        settings="\n".join(f"    {name} = {value!r}" for name, value in settings.items()),
        questions=len(exam.keys),
        samples=exam.samples,
        scores="\n".join(rows),
    )
