"""What every agent must do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ..errors import PluginError, SelfPlayError
from ..protocols import Agent
from .findings import Findings, global_randomness_problems


def check_agent(
    agent: Agent, *, prompts: Sequence[str] = ("What is 6*7?", "Solve 3x+4=19.", ""), skip: Collection[str] = ()
) -> list[str]:
    """Check an agent: shape of what it returns, repeatability by seed, no touch of global random state.

    Args:
        prompts: what it is asked.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    found = Findings(f"agent {type(agent).__name__}", skip)
    if not isinstance(agent, Agent):
        raise PluginError(f"{type(agent).__name__} is not an agent: it needs act(prompts, *, n, seed)")
    found.check("shape", lambda: _shape_problems(agent, prompts))
    found.check("no prompts", lambda: [] if agent.act([], n=2, seed=0) == [] else ["act([]) is not an empty list"])
    found.check("seed", lambda: _seed_problems(agent, prompts))
    found.check("randomness", lambda: global_randomness_problems(lambda: agent.act(prompts, n=1, seed=0)))
    found.check("bad n", lambda: _bad_count_problems(agent, prompts))
    return found.report()


def _shape_problems(agent: Agent, prompts: Sequence[str]) -> Iterable[str]:
    for n in (1, 3):
        completions = agent.act(prompts, n=n, seed=0)
        if len(completions) != len(prompts) or any(len(samples) != n for samples in completions):
            yield f"expected {len(prompts)} lists of {n}, got {[len(samples) for samples in completions]}"
        if any(not isinstance(text, str) for samples in completions for text in samples):
            yield "a completion is not a text"


def _seed_problems(agent: Agent, prompts: Sequence[str]) -> Iterable[str]:
    if agent.act(prompts, n=2, seed=5) != agent.act(prompts, n=2, seed=5):
        yield "equal prompts, n and seed give different completions"


def _bad_count_problems(agent: Agent, prompts: Sequence[str]) -> Iterable[str]:
    try:
        agent.act(prompts, n=0, seed=0)
    except (SelfPlayError, ValueError):
        return
    yield "n=0 is not refused"
