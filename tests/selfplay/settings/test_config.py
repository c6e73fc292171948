"""Settings travel through JSON and the command line, and wrong ones are named."""

import json

import pytest

from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.presets import PRESETS, parse_settings, preset


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name):
    config = preset(name)
    assert RunConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


def test_the_published_setting_is_what_the_paper_says():
    config = preset("r-zero")
    assert (config.attempts, config.questions, config.rounds) == (10, 8000, 3)
    assert (config.challenger_samples, config.solver_samples) == (4, 5)
    assert (config.challenger_steps, config.solver_steps) == (5, 15)
    assert (config.learning_rate, config.kl, config.temperature) == (1e-6, 1e-2, 1.0)


def test_settings_from_the_command_line_get_the_type_of_their_field():
    assert parse_settings(["rounds=3", "learning_rate=2e-4", "labels=sympy"]) == {
        "rounds": 3,
        "learning_rate": 2e-4,
        "labels": "sympy",
    }


@pytest.mark.parametrize("text", ["rounds", "rounds=many", "learning_rate=fast"])
def test_what_is_no_setting_is_refused(text):
    with pytest.raises(ConfigError, match=text.partition("=")[0]):
        parse_settings([text])


def test_typos_are_answered():
    with pytest.raises(UnknownNameError, match="Did you mean 'rounds'"):
        parse_settings(["rouns=3"])
    with pytest.raises(UnknownNameError, match="Did you mean 'tiny'"):
        preset("tny")
    with pytest.raises(UnknownNameError, match="Did you mean 'vote'"):
        RunConfig(labels="votes")


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"band": 0.7}, {"temperature": 0.0}, {"kl": -1.0}, {"seed": -1}])
def test_values_that_cannot_work_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        RunConfig(**wrong)
