"""What a chat template is told besides the turns."""

from __future__ import annotations

import pytest

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.core.errors import ConfigError

THINKING = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% if enable_thinking is defined and enable_thinking is false %}"
    "(no thoughts){% endif %}{% endif %}"
)


@pytest.fixture
def thinking(make_agent):
    agent = make_agent()
    agent.tokenizer.chat_template = THINKING
    return LLMAgent(agent.model, agent.tokenizer)


def test_an_option_reaches_the_template_and_only_this_agent(thinking):
    quiet = thinking.with_settings(template_options={"enable_thinking": False})
    assert quiet.format("What is 1+1?").endswith("<assistant>(no thoughts)")
    assert thinking.format("What is 1+1?").endswith("<assistant>")
    assert quiet.with_settings(temperature=0.5, system="Be brief.").format("x").endswith("(no thoughts)")
    assert quiet.with_settings(template_options={}).format("x") == thinking.format("x")
    assert quiet.prompt_ids("x") != thinking.prompt_ids("x")


@pytest.mark.parametrize("name", ["enable_thoughts", "thinking", "messages", "tokenize"])
def test_an_option_that_the_template_does_not_know_is_refused(thinking, name):
    with pytest.raises(ConfigError, match=f"'{name}', which is no option of the chat template"):
        thinking.with_settings(template_options={name: True})


def test_a_model_without_a_template_has_no_options(make_agent):
    agent = make_agent()
    agent.tokenizer.chat_template = None
    with pytest.raises(ConfigError, match="for a chat template, and there is none"):
        LLMAgent(agent.model, agent.tokenizer).with_settings(template_options={"enable_thinking": False})
