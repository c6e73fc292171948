"""The model card of the tiny base: what it is, the command that makes it, and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exams.result import ExamResult

CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
---

# tiny: the embedded base model of selfplay_gym

A Qwen3-shaped causal language model of 0.8 M parameters; its tokens are digits, letters and a few words. It was trained
from scratch on a generated corpus: small questions of math and code, solutions in three styles with deliberate slips,
and challenger examples. It is the starting point of the preset `tiny`, not a model to ask anything else.

Made by `selfplay-gym warmup --seed {seed}` with

{settings}

Equal settings and versions give equal weights on a CPU with one thread. The corpus holds no question of the held-out
split, and no data from outside.

| held-out exam ({questions} questions × {samples} samples, seed {seed}) | value | 95 % interval |
|---|---|---|
{scores}

It is unreliable on purpose: sampled answers are wrong often, and in different ways, so that a vote of its own attempts
is right more often than any of them. Known limits: integers of at most three digits, the three question forms of the
generators, no other language.
"""


def model_card(settings: Mapping[str, Any], exam: ExamResult) -> str:
    """The card as Markdown with the front matter of Hugging Face."""
    scores = {"sampled accuracy": exam.accuracy, "majority of samples": exam.majority_at(exam.samples)}
    if exam.greedy_accuracy is not None:
        scores["greedy accuracy"] = exam.greedy_accuracy
    rows = [f"| {name} | {score.value:.3f} | {score.low:.3f} to {score.high:.3f} |" for name, score in scores.items()]
    return CARD.format(
        seed=settings["seed"],
        settings="\n".join(f"    {name} = {value!r}" for name, value in settings.items()),
        questions=len(exam.keys),
        samples=exam.samples,
        scores="\n".join(rows),
    )
