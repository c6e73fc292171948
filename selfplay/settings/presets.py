"""Named settings of a run, and settings written as `name=value`."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from .config import RunConfig

PRESETS: dict[str, RunConfig] = {
    "tiny": RunConfig(),
    "debug": RunConfig(
        rounds=2,
        attempts=4,
        questions=32,
        challenger_steps=1,
        challenger_groups=4,
        challenger_samples=4,
        solver_steps=2,
        solver_prompts=8,
        solver_samples=4,
        exam_questions=32,
        exam_samples=2,
        validation_questions=8,
        save_every=1,
    ),
    # The published setting of R-Zero (arXiv 2508.05004, section 4.1); wants GPUs and a real model.
    "r-zero": RunConfig(
        model="smollm2",
        template="r-zero",
        rounds=3,
        attempts=10,
        questions=8000,
        challenger_steps=5,
        challenger_groups=128,
        challenger_samples=4,
        solver_steps=15,
        solver_prompts=128,
        solver_samples=5,
        learning_rate=1e-6,
        challenger_learning_rate=1e-6,
        max_new_tokens=1024,
        challenger_max_new_tokens=1024,
        save_every=1,
    ),
}


def preset(name: str) -> RunConfig:
    """A preset by name."""
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]


def parse_settings(assignments: Iterable[str]) -> dict[str, Any]:
    """`["rounds=3", "labels=sympy"]` → typed values for `RunConfig.replace`.

    Raises:
        ConfigError: not of the form name=value, or the value is not of the field's type.
    """
    kinds = typing.get_type_hints(RunConfig)
    known = [field.name for field in dataclasses.fields(RunConfig)]
    settings: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"a setting is written name=value, got {assignment!r}")
        if name not in known:
            raise UnknownNameError("setting", name, known)
        try:
            settings[name] = _switch(text) if kinds[name] is bool else kinds[name](text)
        except ValueError:
            raise ConfigError(f"{name} must be of type {kinds[name].__name__}, got {text!r}") from None
    return settings


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"
