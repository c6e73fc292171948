"""Weights & Biases, trackio and MLflow, held against fakes of them (`conftest.py`)."""

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.protocols import TrackedRun
from selfplay_gym.core.registries import make_tracker
from selfplay_gym.testing import check_tracker

ID = "0123456789ab"
SETTINGS = {f"setting.{number}": number for number in range(250)} | {"text": "x" * 9000, "on": True}


def killed_and_resumed(name, folder, **options):
    """Six steps, a kill, and the last two of them again with two more; a table between."""
    first = make_tracker(name, **options)
    first.begin(TrackedRun("mine", ID, folder, SETTINGS))
    for step in range(6):
        first.log({"train(solver)/loss": float(step), "round": 1}, step)
    second = make_tracker(name, **options)
    second.begin(TrackedRun("mine", ID, folder, SETTINGS, step=4))
    for step in range(4, 8):
        second.log({"train(solver)/loss": float(step), "round": 1}, step)
    second.table("completions", ("question", "reward"), [["What?", 1.0], [None, 0], ["x", None]], 8)
    second.end("done")


@pytest.mark.parametrize("name", ["wandb", "trackio", "mlflow"])
def test_they_conform(request, name):
    request.getfixturevalue(name)
    assert check_tracker(make_tracker(name)) == ["new run", "resumed run", "randomness"]


def test_wandb_has_one_curve(wandb, tmp_path):
    killed_and_resumed("wandb", tmp_path, project="p", tags=["a", "b"])
    (run,) = wandb.runs.values()
    assert {step: row["train(solver)/loss"] for step, row in run.history.items() if step < 8} == {
        step: float(step) for step in range(8)
    }
    assert run.history[8]["completions"].rows[0] == {"question": "What?", "reward": 1.0}
    assert (run.project, run.name, run.config, run.exit_code) == ("p", "mine", SETTINGS, 0)
    assert (run.dir, run.tags) == (str(tmp_path), ["a", "b"])
    sent = {name: getattr(run.settings, name) for name in ("console", "disable_git", "x_disable_meta", "host")}
    assert sent == {"console": "off", "disable_git": True, "x_disable_meta": True, "host": ""}


def test_wandb_asks_nobody_for_a_key(wandb, tmp_path):
    wandb.logged_in = False
    with pytest.raises(ConfigError, match=r"wandb login, WANDB_API_KEY, or wandb\(mode=offline\)"):
        make_tracker("wandb").begin(TrackedRun("mine", ID, tmp_path))
    offline = make_tracker("wandb(mode=offline)")
    offline.begin(TrackedRun("mine", ID, tmp_path))
    offline.end("done")
    assert wandb.runs[ID].mode == "offline"
    with pytest.raises(ConfigError, match="online or offline"):
        make_tracker("wandb(mode=of)")
    with pytest.raises(ConfigError, match="api_key"):
        make_tracker("wandb(api_key=secret)")


def test_trackio_has_one_run_with_equal_values_where_steps_come_again(trackio, tmp_path):
    killed_and_resumed("trackio", tmp_path, project="p", space="me/mine")
    ((place, rows),) = trackio.rows.items()
    assert place == ("p", f"mine-{ID}")
    steps = [(step, row["train(solver)/loss"]) for step, row in rows[:-2]]
    assert sorted(set(steps)) == [(step, float(step)) for step in range(8)]
    assert rows[-2][1]["completions"].rows[1] == {"question": None, "reward": 0}
    assert rows[-1] == "finished"
    assert {(one["space_id"], one["private"]) for one in trackio.opened} == {("me/mine", True)}


def test_mlflow_finds_the_run_again(mlflow, tmp_path):
    killed_and_resumed("mlflow", tmp_path, experiment="e")
    ((uri, store),) = mlflow.stores.items()
    assert uri == f"sqlite:///{tmp_path / 'mlflow.db'}"
    (run,) = store.runs.values()
    curve = [(one.step, one.value) for one in run.metrics if one.key == "train_solver_/loss"]
    assert sorted(set(curve)) == [(step, float(step)) for step in range(8)]
    assert run.params["text"] == "x" * 500
    assert len(run.params) == len(SETTINGS)
    assert run.files == {
        "completions/000008.json": {"columns": ["question", "reward"], "data": [["What?", 1.0], [None, 0], ["x", None]]}
    }
    assert (run.name, run.info.status) == ("mine", "FINISHED")


@pytest.mark.parametrize(("reason", "status"), [("done", "FINISHED"), ("stopped", "KILLED"), ("failed", "FAILED")])
def test_mlflow_is_told_how_it_ended(mlflow, tmp_path, reason, status):
    tracker = make_tracker("mlflow")
    tracker.begin(TrackedRun("mine", ID, tmp_path))
    tracker.end(reason)
    (run,) = next(iter(mlflow.stores.values())).runs.values()
    assert run.info.status == status


def test_a_server_is_asked_where_one_is_named(mlflow, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    with pytest.raises(ConnectionError):
        make_tracker("mlflow").begin(TrackedRun("mine", ID, tmp_path))
    make_tracker(f"mlflow(uri=sqlite:///{tmp_path}/other.db)").begin(TrackedRun("mine", ID, tmp_path))
    assert list(mlflow.stores) == [f"sqlite:///{tmp_path}/other.db"]
