"""A tokenizer that does not read some parts of a prompt, such as the rules of a game, which are the same at every move.

The parts are left out by its normaliser. So they are in its file too, and whoever loads a checkpoint, in this package
or another, asks it with the whole prompt. What the model writes is not a prompt: `writing` gives the tokenizer of that.
For small models that learn one game: a model that is to understand what it is asked has to read it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...core.errors import ConfigError

MARK = "(?#skipped)"
"""A comment before each expression, by which the steps of a normaliser that are ours are known."""
LONG = ("a" * 2000 + "!", "12 " * 800 + "?\n", "Word, and number 7.\n" * 100)
"""Texts on which an expression shows that it goes back over the text again and again."""


def skipping(tokenizer: Any, patterns: Sequence[str]) -> Any:
    """The tokenizer itself if it skips these parts already, or a copy that does as well, before its own normaliser.

    Args:
        tokenizer: of transformers.
        patterns: regular expressions as the library `tokenizers` reads them (Oniguruma), one after the other.

    Raises:
        ConfigError: a pattern that is none, or that takes for ever, or a tokenizer without a normaliser.
    """
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise ConfigError(f"{type(tokenizer).__name__} has no normaliser that could skip {list(patterns)!r}")
    from tokenizers import Regex, normalizers

    ours, own = _steps(tokenizer)
    known = [step["pattern"]["Regex"] for step in ours]
    further = [MARK + pattern for pattern in patterns if MARK + pattern not in known]
    if not further:
        return tokenizer
    try:
        tried = normalizers.Sequence([normalizers.Replace(Regex(pattern), "") for pattern in further])
    except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
        raise ConfigError(f"skips must be regular expressions, got {list(patterns)!r}: {error}") from None
    check_bearable(tried.normalize_str, LONG, patterns)
    added = [{"type": "Replace", "pattern": {"Regex": pattern}, "content": ""} for pattern in further]
    return _with_steps(tokenizer, [*ours, *added, *own])


def writing(tokenizer: Any) -> Any:
    """The tokenizer of what the model itself writes: the same, and nothing is skipped."""
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        return tokenizer
    ours, own = _steps(tokenizer)
    return _with_steps(tokenizer, own) if ours else tokenizer


def check_bearable(read: Callable[[str], Any], texts: Iterable[str], patterns: Sequence[str]) -> None:
    """Let an expression that goes back too often be noticed before a run begins.

    Raises:
        ConfigError: the engine gave up on one of the texts.
    """
    for text in texts:
        try:
            read(text)
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # of the library, which is no Exception
                raise
            raise ConfigError(
                f"skips={list(patterns)!r} go back over a text of {len(text)} characters too often: write them without "
                "one repetition inside another"
            ) from None


def _steps(tokenizer: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The steps of its normaliser as JSON: those that are ours, and its own."""
    normaliser = tokenizer.backend_tokenizer.normalizer
    present = {"normalizers": []} if normaliser is None else json.loads(normaliser.__getstate__())
    steps = present.get("normalizers", [present])
    ours = [step for step in steps if str((step.get("pattern") or {}).get("Regex", "")).startswith(MARK)]
    return ours, [step for step in steps if step not in ours]


def _with_steps(tokenizer: Any, steps: Sequence[dict[str, Any]]) -> Any:
    from tokenizers import normalizers

    normaliser = normalizers.Sequence([])
    normaliser.__setstate__(json.dumps({"type": "Sequence", "normalizers": list(steps)}).encode())
    twin = copy.deepcopy(tokenizer)
    twin.backend_tokenizer.normalizer = normaliser
    return twin
