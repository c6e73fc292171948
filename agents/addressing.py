"""How an agent is addressed: bare questions for models that were made for them, full instructions for all others."""

from __future__ import annotations

from typing import Any

BARE, INSTRUCTED = "plain", "r-zero"
"""Names of the templates (`envs.game.templates`)."""


def template_for(agent: Any) -> str:
    """The template that an agent understands: "r-zero" if it is instruction-tuned or remote, else "plain".

    An instruction-tuned model is one whose tokenizer has a chat template, other than that of the shipped models. A
    coalition is addressed as "plain" if any member needs that.
    """
    from .coalition.agent import CoalitionAgent
    from .remote.openai_agent import OpenAIAgent

    if isinstance(agent, CoalitionAgent):
        return BARE if BARE in map(template_for, agent.members.values()) else INSTRUCTED
    if isinstance(agent, OpenAIAgent):
        return INSTRUCTED
    template = getattr(getattr(agent, "tokenizer", None), "chat_template", None)
    if template is None:
        return BARE
    from .models.tiny import CHAT_TEMPLATE

    return BARE if template == CHAT_TEMPLATE else INSTRUCTED
