"""Runs whose roles share a model: they play, stop anywhere and go on to the same end, and their checkpoints load."""

import importlib.util

import pytest

from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.selfplay.bench.resolve_agent import resolve_agent
from selfplay_gym.selfplay.run.run import Interrupted
from selfplay_gym.selfplay.run.train import make_run, train
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

CONFIG = preset("debug").replace(
    {
        "rounds": 1,
        "questions.count": 16,
        "roles.*": {"max_new_tokens": 32, "adapter_rank": 4},
        "roles.challenger.groups": 2,
        "roles.solver": {"groups": 4, "steps": 1},
        "exam.questions": 8,
    }
)
KINDS = [("lora", "frozen"), ("lora", "trained"), ("prompt", "frozen"), ("tokens", "frozen")]


def outcome(path):
    """Logs but the clock's, and every file of the last checkpoints."""
    folder = RunFolder.open(path)
    names = folder.state["checkpoints"]
    files = {
        (role, file.relative_to(path).as_posix()): file.read_bytes()
        for role, name in names.items()
        for file in (path / "checkpoints" / name).rglob("*.safetensors")
    }
    return {name: list(folder.rows(name)) for name in LOGS if name != "timings"}, names, files


@pytest.mark.parametrize(
    ("sharing", "trunk"), [KINDS[0], *(pytest.param(*kind, marks=pytest.mark.slow) for kind in KINDS[1:])]
)
def test_roles_that_share_a_model_play_stop_and_go_on(tmp_path, sharing, trunk):
    if sharing == "lora" and importlib.util.find_spec("peft") is None:
        pytest.skip("needs peft")
    config = CONFIG.replace({"roles.*": {"weight_sharing": sharing, "trunk": trunk}})
    train(config, tmp_path / "whole")
    logs, names, files = outcome(tmp_path / "whole")
    together = (sharing, trunk) != ("lora", "frozen")
    assert (names["challenger"] == names["solver"]) is together
    trained = [row for row in logs["metrics"] if "role" in row]
    assert {row["role"] for row in trained} == {"challenger", "solver"}
    assert sum(row["updates"] for row in trained) >= 1
    assert any("solver-01" in name for _, name in files)

    asked = []
    folder = RunFolder.create(tmp_path / "stopped", to_toml(config), {})
    with pytest.raises(Interrupted):  # right after the challenger's step
        make_run(config, folder, stop=lambda: asked.append(1) or len(asked) == 3).run()
    assert set(RunFolder.open(tmp_path / "stopped").state["checkpoints"]) >= {"challenger"}
    train(config, tmp_path / "stopped", resume=True)
    assert outcome(tmp_path / "stopped") == (logs, names, files)

    solver = resolve_agent(str(tmp_path / "whole" / "checkpoints" / names["solver"]))
    assert getattr(solver, "role", "solver") == "solver"
    assert len(solver.act(["What is 1+2?"], n=2, seed=0)[0]) == 2


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'copies'"):
        RunConfig().replace({"roles.*.weight_sharing": "copie"})
    untrained = {"roles.challenger.learns": False}
    with pytest.raises(ConfigError, match=r"roles\.challenger does not learn"):
        RunConfig().replace({"roles.*.weight_sharing": "prompt", **untrained})
    assert RunConfig().replace({"roles.*.weight_sharing": "lora", **untrained}).roles["solver"].trunk == "frozen"
    with pytest.raises(ConfigError, match=r"roles\.challenger and roles\.solver share weights, so adapter_rank"):
        RunConfig().replace({"roles.*.weight_sharing": "lora", "roles.solver.adapter_rank": 8})
    with pytest.raises(ConfigError, match="sharding"):
        RunConfig().replace({"roles.*.weight_sharing": "lora", "compute.sharding": "fsdp2"})
