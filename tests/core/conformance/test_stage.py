"""What a stage must look like."""

import pytest

from selfplay_gym import make_stage
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.registries import stages
from selfplay_gym.testing import check_stage


class Waits:
    """Conforms."""

    name = "wait"

    def run(self, run):
        return None


class Nameless(Waits):
    name = " "


class WantsMore(Waits):
    def run(self, run, seconds):
        return None


class NoRun:
    name = "no run"


def test_what_conforms_passes():
    assert check_stage(Waits()) == ["name", "run"]


@pytest.mark.parametrize(
    ("broken", "message"), [(Nameless, "name: "), (WantsMore, "run: .*one argument"), (NoRun, "not a stage")]
)
def test_what_is_broken_is_named(broken, message):
    with pytest.raises(PluginError, match=message):
        check_stage(broken())


OPTIONS = {"train": "solver", "sft": "validator", "adapt": 'families=["units", "equation"], held_out=sequences'}


@pytest.mark.parametrize("name", stages.names())
def test_every_built_in_stage_conforms(name):
    check_stage(make_stage(f"{name}({OPTIONS[name]})" if name in OPTIONS else name))
