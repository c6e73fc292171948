"""How a role draws and is prompted, by its row of the settings, whoever's weights stand in for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ConfigError
from ..settings.config import CHALLENGER, RunConfig

if TYPE_CHECKING:
    from ...agents.models.llm import LLMAgent


def drawing_as(agent: LLMAgent, config: RunConfig, role: str) -> LLMAgent:
    """The same model under the settings of a role: what it reads, length, temperature, nucleus, stop strings, template
    options.

    Raises:
        ConfigError: the model's chat template has no such option, or its tokenizer cannot skip what it should.
    """
    row = config.roles[role]
    stop = row.stop
    if stop is None and role == CHALLENGER:
        stop = ()  # what it writes is a question
    if row.skips:
        try:
            agent = agent.skipping(row.skips)
        except ConfigError as error:
            raise ConfigError(f"roles.{role}.{error}") from None
    return agent.with_settings(
        max_new_tokens=row.max_new_tokens,
        temperature=row.grpo.temperature,
        top_p=row.grpo.top_p,
        stop=stop,
        template_options=row.template_options,
    )
