"""What an agent gives, held to its contract: for each prompt a list of as many texts as were asked for."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import PluginError
from .players import Agent


def completions_of(agent: Agent, prompts: Sequence[str], *, n: int, seed: int | None) -> list[list[str]]:
    """`agent.act(...)`, checked.

    Raises:
        PluginError: the agent gave something else; names it.
    """
    given: object = agent.act(prompts, n=n, seed=seed)
    if not well_formed(given, len(prompts), n):
        name = getattr(agent, "name", None) or type(agent).__name__
        raise PluginError(
            f"the agent {name} must give a list of {n} texts for each of {len(prompts)} prompts, got {given!r:.80}"
        )
    return [list(group) for group in given]  # type: ignore[attr-defined]


def well_formed(given: object, prompts: int, n: int) -> bool:
    """Whether something is a list of `n` texts for each of so many prompts."""
    return (
        isinstance(given, list | tuple)
        and len(given) == prompts
        and all(isinstance(group, list | tuple) and len(group) == n for group in given)
        and all(isinstance(text, str) for group in given for text in group)
    )
