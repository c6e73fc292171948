"""A third trainable role is words of the domain and a row of the settings: nothing of the product knows its name."""

from dataclasses import replace

import gymnasium as gym
import pytest

from selfplay_gym import Question, make_domain, register_domain
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import domains, env_id
from selfplay_gym.envs.game.domains import RoleWords
from selfplay_gym.selfplay.run.run import Interrupted
from selfplay_gym.selfplay.run.train import make_run, train
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.storage.run_folder import RunFolder

STAGES = ["generate", "attempt", "label", "train(validator)", "train(solver)", "evaluate"]


def attempts_to_check(labelled):
    """Every attempt as a task: does it match the label?"""
    return [
        Question(f"{one.question.text} {attempt[:20]}", "1" if right else "0", "checked", None, "validator")
        for one in labelled
        for attempt, right in zip(one.attempts, one.matches, strict=True)
    ]


@pytest.fixture
def config(untrained_model):
    """Settings of a run in a domain whose validator says 1 or 0 of an attempt."""
    words = RoleWords(attempts_to_check, "format", lambda task: f"{task.text}?")
    register_domain("checked", replace(make_domain("math"), name="checked", roles={"validator": words}))
    yield compose("debug", env="SelfPlayChecked-v0").replace(
        {
            "rounds": 1,
            "stages": STAGES,
            "roles.validator": {"steps": 2, "groups": 4, "samples": 2, "reward": "random"},
            "roles.solver": {"steps": 1, "groups": 4, "samples": 2},
            "roles.*": {"model": str(untrained_model), "max_new_tokens": 6},
            "questions": {"sources": {"procedural": 1.0}, "count": 6, "keep_band": [0.0, 1.0]},
            "labels": {"source": "oracle", "attempts": 2},
            "exam": {"questions": 4, "samples": 1},
            "guard.questions": 4,
        }
    )
    domains.unregister("checked")
    gym.registry.pop(env_id("checked"))


def steps_of(folder):
    return [(row["role"], row["step"]) for row in folder.rows("metrics") if "role" in row]


def test_a_third_role_trains_and_a_stopped_run_goes_on_to_the_same_end(config, tmp_path):
    folder = train(config, tmp_path / "whole")
    assert steps_of(folder) == [("validator", 0), ("validator", 1), ("solver", 0)]
    saved = folder.state["checkpoints"]
    assert saved == {"validator": "validator-01-002", "solver": "solver-01-001"}
    weights = folder.path / "checkpoints" / saved["validator"] / "model.safetensors"

    stopped = RunFolder.vacant(tmp_path / "stopped")
    run = make_run(config, stopped, stop=lambda: (run.phase, run.step) == ("train(validator)", 1))
    stopped.begin(to_toml(config), {})
    with pytest.raises(Interrupted):
        run.run()
    assert steps_of(RunFolder.open(stopped.path)) == [("validator", 0)]
    resumed = train(config, stopped.path, resume=True)
    assert steps_of(resumed) == steps_of(folder)
    again = resumed.path / "checkpoints" / resumed.state["checkpoints"]["validator"] / "model.safetensors"
    assert again.read_bytes() == weights.read_bytes()


def test_its_own_verifier_rewards_it_where_nothing_else_is_said(config, tmp_path):
    """`format`, in its words, accepts what stands in a box; an untrained model writes none."""
    folder = train(config.replace({"roles.validator": {"reward": "label", "steps": 1}}), tmp_path / "run")
    (row,) = [row for row in folder.rows("metrics") if row.get("role") == "validator"]
    assert row["mean_reward"] == 0.0


def test_a_role_without_words_is_refused_before_anything_is_written(config, tmp_path):
    with pytest.raises(ConfigError, match="editor"):
        train(config.replace({"stages": [*STAGES, "train(editor)"]}), tmp_path / "run")
    alone = {name: value for name, value in config.as_dict()["roles"].items() if name != "validator"}
    with pytest.raises(ConfigError, match="unknown role 'validator'"):
        train(RunConfig.from_dict({**config.as_dict(), "roles": alone}), tmp_path / "run")
    with pytest.raises(ConfigError, match="unknown role 'editor'"):
        config.replace({"roles.editor": {"steps": 1}})
    assert not (tmp_path / "run" / "state.json").exists()
