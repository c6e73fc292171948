"""Rewards of answers in whole runs: named in the settings in any form, kept in the folder, measured, refused early."""

import pytest

from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import stored_config

LISTED = ["label", {"term": "efficiency", "weight": 0.2}, "0.1*consistency"]


def test_a_list_of_terms_is_written_to_the_folder_measured_and_resumed(scripted_run, resume_scripted, tmp_path):
    changes = {"roles.solver.reward": LISTED}
    whole = scripted_run(tmp_path / "whole", changes=changes)
    stopped = scripted_run(tmp_path / "stopped", rounds=1, until="label", changes=changes)
    assert stored_config(stopped).roles["solver"].reward == {"name": "sum", "terms": LISTED}
    resumed = resume_scripted(stopped.path)
    assert list(resumed.rows("metrics")) == list(whole.rows("metrics"))
    for row in whole.rows("metrics"):
        if row.get("role") == "solver":
            added = row["reward_terms"]
            assert set(added) == {"label", "efficiency", "consistency"}
            assert sum(added.values()) == pytest.approx(row["mean_reward"])
            assert 0 <= added["efficiency"] <= 0.2 * added["label"] + 1e-9


def test_a_single_name_leaves_the_metrics_as_they_were(finished_run):
    assert not any("reward_terms" in row for row in finished_run.rows("metrics") if row.get("role") == "solver")


def test_who_samples_elsewhere_is_told_what_is_missing(scripted_run, tmp_path):
    with pytest.raises(ConfigError, match="log-probabilities"):
        scripted_run(tmp_path / "run", rounds=1, changes={"roles.solver.reward": "confidence"})


@pytest.mark.parametrize(
    ("role", "reward", "error"),
    [
        ("solver", "label + 0.1*efficency", UnknownNameError),
        ("solver", "lable", UnknownNameError),
        ("solver", "label - efficiency", ConfigError),
        ("challenger", "uncertainty + 0.1*noveltie", UnknownNameError),
        ("challenger", ["uncertainty", {"term": "length", "wait": 2}], ConfigError),
    ],
)
def test_a_reward_that_cannot_be_is_refused_before_anything_runs(scripted_run, tmp_path, role, reward, error):
    with pytest.raises(error):
        scripted_run(tmp_path / "run", rounds=1, changes={f"roles.{role}.reward": reward})
    assert not (tmp_path / "run").exists()


def test_the_command_line_and_files_take_sums(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('[roles.challenger]\nreward = ["uncertainty", { term = "novelty", weight = 0.2 }]\n')
    config = compose(file=file, assignments=["roles.solver.reward=label + 0.2*efficiency"])
    assert config.roles["solver"].reward == "label + 0.2*efficiency"
    assert config.roles["challenger"].reward["terms"] == ["uncertainty", {"term": "novelty", "weight": 0.2}]
    with pytest.raises(ConfigError, match="reward"):
        RunConfig().replace({"roles.solver.reward": 3})
