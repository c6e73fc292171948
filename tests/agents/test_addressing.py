"""How agents are addressed, and what a run says of a model that is addressed as another one."""

from types import SimpleNamespace

import pytest

from selfplay_gym.agents.addressing import template_for
from selfplay_gym.agents.models.tiny import CHAT_TEMPLATE
from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.run.train import _doubts
from selfplay_gym.selfplay.settings.config import RunConfig


def with_template(template):
    return SimpleNamespace(tokenizer=SimpleNamespace(chat_template=template))


@pytest.mark.parametrize(
    ("agent", "template"),
    [
        (make_agent("oracle"), "plain"),
        (with_template(None), "plain"),
        (with_template(CHAT_TEMPLATE), "plain"),
        (with_template("{{ messages }}"), "r-zero"),
        (make_agent("openai:m@http://localhost:1/v1"), "r-zero"),
    ],
)
def test_models_that_follow_instructions_get_them(agent, template):
    assert template_for(agent) == template


def test_a_run_says_when_a_model_is_not_addressed_as_it_was_taught():
    roles = {
        "challenger": SimpleNamespace(agent=with_template(CHAT_TEMPLATE)),
        "solver": SimpleNamespace(agent=with_template("{{ messages }}")),
    }
    config = RunConfig().replace(**{"roles.solver": {"model": "some/model"}})
    (said,) = _doubts(config, SimpleNamespace(roles=roles))
    assert said.startswith("roles.solver.model=some/model follows instructions, and template=plain gives it none")
    assert said.endswith("--set template=r-zero")
    assert list(_doubts(config.replace({"template": "r-zero"}), SimpleNamespace(roles=roles))) == []
