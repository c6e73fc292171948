"""Packages that an installation may lack, and the command that brings each of them."""

from __future__ import annotations

import importlib.util
import re
from importlib import metadata

from ..core.errors import MissingExtraError

NAME = "selfplay-gym"
MODELS = ("torch", "transformers", "tokenizers", "safetensors")
"""What language models need, and a light installation (`requirements/light.txt`) leaves out."""
LEFT_OUT = (*MODELS, "stable_baselines3")
"""All that a light installation leaves out; `pip install selfplay-gym` brings it afterwards."""
FOR_DEVELOPERS = ("bench", "dev", "mutation", "test")
"""Extras that no message advises: they hold more than a user asked for."""


def check_models(purpose: str) -> None:
    """Check that language models can be used here, before anything is loaded or written.

    Args:
        purpose: what they are needed for; the error begins with it.

    Raises:
        MissingExtraError: one of `MODELS` is not installed.
    """
    for library in MODELS:
        if importlib.util.find_spec(library) is None:
            raise MissingExtraError(library, None, purpose)


def declared() -> list[tuple[str, str | None]]:
    """(package, extra) of all that an installed selfplay-gym declares; the extra is `None` for what is required.

    Empty where it is imported from a folder and not installed.
    """
    try:
        lines = metadata.requires(NAME) or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in lines:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", line)
        if name is not None and name.group() != NAME:
            found.append((name.group(), extra.group(1) if extra else None))
    return found


def command_for(library: str) -> str:
    """The command that brings a package, by its import name."""
    if library in LEFT_OUT:
        return f"pip install {NAME}"
    extras = [extra for name, extra in declared() if name.lower().replace("-", "_") == library.lower()]
    if None in extras:
        return f"pip install {NAME}"
    advised = sorted({extra for extra in extras if extra} - set(FOR_DEVELOPERS))
    return f"pip install '{NAME}[{advised[0]}]'" if advised else f"pip install {library.replace('_', '-')}"
