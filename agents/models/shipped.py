"""The agents of the models that come with the package; `model_names.py` lists them.

`selfplay-gym warmup --preset NAME` makes any of them again; the model card in its folder says how good it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..packages import check_models

if TYPE_CHECKING:
    from .llm import LLMAgent


def tiny_agent(**options: Any) -> LLMAgent:
    """The registered agent "tiny": questions of math and code, unreliably, with the options of
    `LLMAgent.from_pretrained`."""
    return _agent("tiny", options)


def frontier_agent(**options: Any) -> LLMAgent:
    """The registered agent "frontier": sums and differences up to a length, with the options of
    `LLMAgent.from_pretrained`."""
    return _agent("frontier", options)


def _agent(name: str, options: dict[str, Any]) -> LLMAgent:
    check_models(f"the agent {name!r}")
    from .llm import LLMAgent

    return LLMAgent.from_pretrained(name, **options)
