"""Stop strings and template options of a role reach its agent, and whoever stands in for it."""

from __future__ import annotations

import tomllib

import pytest

from selfplay_gym.agents.inference.interface.stopping import NEXT_QUESTION
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.roles.build import build_roles
from selfplay_gym.selfplay.roles.drawing import drawing_as
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import to_toml

TEMPLATE = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}{% if not enable_thinking %}!{% endif %}"


@pytest.fixture(scope="module")
def models(tmp_path_factory, untrained_model):
    """A model whose template has an option, and one without a template."""
    folders = {}
    for name, template in (("optional", TEMPLATE), ("base", None)):
        agent = LLMAgent.from_pretrained(untrained_model)
        agent.tokenizer.chat_template = template
        folders[name] = tmp_path_factory.mktemp("models") / name
        agent.save_pretrained(folders[name])
    return folders


def test_each_role_has_its_own(models):
    settings = [
        f"roles.*.model={models['optional']}",
        'roles.solver.stop=["###", "\\n\\n"]',
        "roles.*.template_options={enable_thinking = true}",
        "roles.challenger.template_options={enable_thinking = false}",
    ]
    config = compose("debug", assignments=settings)
    roles = build_roles(config, ("challenger", "solver"), {})
    assert roles["solver"].agent.settings.stop == ("###", "\n\n")
    assert roles["challenger"].agent.settings.stop == ()
    for agent in (roles["challenger"].agent, roles["challenger"].trainer.agent):
        assert agent.format("x").endswith("!")
    assert not roles["solver"].trainer.agent.format("x").endswith("!")
    assert RunConfig.from_dict(tomllib.loads(to_toml(config))) == config


def test_who_answers_stops_at_the_next_question_and_who_asks_does_not(models):
    config = compose("debug", assignments=[f"roles.*.model={models['base']}"])
    agent = LLMAgent.from_pretrained(models["base"])
    assert drawing_as(agent, config, "solver").settings.stop == NEXT_QUESTION
    assert drawing_as(agent, config, "challenger").settings.stop == ()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('roles.solver.stop=["a", ""]', "none of them empty"),
        ("roles.solver.stop=7", "stop must be"),
        ("roles.solver.template_options=7", "template_options must be"),
    ],
)
def test_what_cannot_work_is_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        compose("debug", assignments=[setting])
