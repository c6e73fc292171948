"""A run whose completions come from a server, which takes over the roles' adapters as they learn."""

import runpy
from pathlib import Path

import pytest

from selfplay_gym.agents.model_names import shipped_folder
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder

pytest.importorskip("peft")
FAKE = runpy.run_path(str(Path(__file__).parents[2] / "agents" / "remote" / "fake_server.py"))
SMALL = {
    "rounds": 1,
    "questions.count": 8,
    "exam.questions": 4,
    "exam.samples": 1,
    "labels.attempts": 4,
    "guard.mode": "off",
    "roles.*.groups": 2,
    "roles.*.samples": 4,
    "roles.*.max_new_tokens": 40,
    "roles.*.weight_sharing": "lora",
    "roles.*.adapter_rank": 4,
}


@pytest.fixture(scope="module")
def server():
    with FAKE["FakeServer"](shipped_folder("tiny")) as running:
        yield running


def config_for(server, options="", **changes):
    return preset("debug").replace({**SMALL, "compute.sampler": f"vllm(url={server.url}{options})", **changes})


@pytest.fixture(scope="module")
def served(server, tmp_path_factory):
    return train(config_for(server), tmp_path_factory.mktemp("served") / "run")


def test_both_roles_learn_from_what_the_server_samples(served, server):
    steps = [row for row in served.rows("metrics") if "grad_norm" in row]
    assert {row["role"] for row in steps} == {"challenger", "solver"}
    learnt = [row for row in steps if row["updates"]]
    assert learnt
    assert all(row["sampler_gap"] < 1e-4 for row in learnt)
    assert all(row["staleness"] == 0 for row in steps)
    taken = {body["lora_name"].rpartition("-")[0] for body in server.asked("load_lora_adapter")}
    assert len(taken) >= 1 + len(learnt)
    assert not server.loaded  # the run is over


def test_each_attempt_says_which_version_of_the_solver_made_it(served):
    rows = list(served.rows("attempts"))
    assert rows
    for row in rows:
        assert len(row["policies"]) == len(row["attempts"])
        assert {name.split("-")[0] for name in row["policies"]} == {"solver"}


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_to_the_same_end(served, server, tmp_path, power_cut, logged):
    path = tmp_path / "cut"
    with power_cut(3):
        train(config_for(server), path)
    assert RunFolder.open(path).state["phase"] != "done"
    train({}, path, resume=True)
    whole, again = logged(served.path), logged(path)
    for name in ("metrics", "questions", "attempts", "labels"):
        assert again[name] == whole[name], name


@pytest.mark.slow
def test_steps_may_be_behind_if_the_settings_say_so(server, tmp_path):
    folder = train(config_for(server, ", max_staleness=1", **{"roles.solver.steps": 4}), tmp_path / "run")
    steps = [row for row in folder.rows("metrics") if row.get("role") == "solver" and row.get("updates")]
    assert {row["staleness"] for row in steps} <= {0, 1}


def test_a_role_that_a_server_cannot_follow_is_refused_before_anything_is_written(server, tmp_path):
    for sharing, trunk in (("copies", "frozen"), ("lora", "trained"), ("prompt", "trained")):
        config = config_for(server, **{"roles.*.weight_sharing": sharing, "roles.*.trunk": trunk})
        with pytest.raises(ConfigError, match="adapters only") as caught:
            train(config, tmp_path / "run")
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "run").exists()
