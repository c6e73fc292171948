"""A tokenizer that does not read some parts of a prompt, such as the rules of a game, which are the same at every move.

The parts are left out by its normaliser. So they are in its file too, and whoever loads a checkpoint, in this package
or another, asks it with the whole prompt. For small models that learn one game: a model that is to understand what it
is asked has to read it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from ...core.errors import ConfigError


def skipping(tokenizer: Any, patterns: Sequence[str]) -> Any:
    """The tokenizer itself if it skips these parts already, or a copy that does.

    Args:
        tokenizer: of transformers.
        patterns: regular expressions as the library `tokenizers` reads them (Oniguruma), one after the other.

    Raises:
        ConfigError: a pattern that is none, or a tokenizer without a normaliser.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ConfigError(f"{type(tokenizer).__name__} has no normaliser that could skip {list(patterns)!r}")
    from tokenizers import Regex, normalizers

    present = json.loads(backend.to_str())["normalizer"]
    steps = [] if present is None else present.get("normalizers", [present])
    wanted = [{"type": "Replace", "pattern": {"Regex": pattern}, "content": ""} for pattern in patterns]
    if steps[len(steps) - len(wanted) :] == wanted:
        return tokenizer
    twin = copy.deepcopy(tokenizer)
    try:
        further = [normalizers.Replace(Regex(pattern), "") for pattern in patterns]
    except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
        raise ConfigError(f"skips must be regular expressions, got {list(patterns)!r}: {error}") from None
    own = backend.normalizer
    twin.backend_tokenizer.normalizer = normalizers.Sequence([*([] if own is None else [own]), *further])
    return twin
