"""TensorBoard: what its own reader finds in the files of a run that was killed and resumed."""

import json

import pytest

from selfplay_gym.core.protocols import TrackedRun
from selfplay_gym.core.registries import make_tracker
from selfplay_gym.testing import check_tracker

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

SETTINGS = {"seed": 0, "env": "SelfPlayMath-v0", "live.on": True, "questions.margin": 0.5}


def read(folder):
    found = accumulators.EventAccumulator(str(folder), {"scalars": 0, "tensors": 0})
    found.Reload()
    return found


def curve(folder, name):
    return [(event.step, event.value) for event in read(folder).Scalars(name)]


def test_it_conforms():
    assert check_tracker(make_tracker("tensorboard")) == ["new run", "resumed run", "randomness"]


def test_scalars_texts_and_settings_are_read_back(tmp_path):
    tracker = make_tracker("tensorboard")
    tracker.begin(TrackedRun("run", "0123456789ab", tmp_path, SETTINGS))
    tracker.log({"solver/loss": 0.5, "round": 1}, 0)
    tracker.log({"solver/loss": 0.25, "round": 1}, 3)
    tracker.table("completions", ("question", "reward"), [["a|b\n<script>alert(1)</script>", 0.5], [None, 1]], 3)
    tracker.end("done")
    assert curve(tmp_path / "tensorboard", "solver/loss") == [(0, 0.5), (3, 0.25)]
    found = read(tmp_path / "tensorboard")
    (event,) = found.Tensors("completions/text_summary")
    lines = event.tensor_proto.string_val[0].decode().splitlines()
    assert event.step == 3
    assert lines == [
        "| question | reward |",
        "| --- | --- |",
        "| a&#124;b &#60;script&#62;alert(1)&#60;/script&#62; | 0.5 |",
        "|  | 1 |",
    ]
    hparams = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    assert all(name.encode() in hparams for name in SETTINGS)


def test_after_a_kill_there_is_one_curve(tmp_path):
    run = TrackedRun("run", "0123456789ab", tmp_path, SETTINGS)
    killed = make_tracker("tensorboard")
    killed.begin(run)
    for step in range(6):
        killed.log({"loss": float(step)}, step)
    killed._writer.flush()  # killed here: never told of an end
    resumed = make_tracker("tensorboard")
    resumed.begin(TrackedRun(run.name, run.id, run.folder, run.settings, step=4))
    for step in range(4, 8):
        resumed.log({"loss": float(step)}, step)
    resumed.end("done")
    killed.end("failed")
    assert curve(tmp_path / "tensorboard", "loss") == [(step, float(step)) for step in range(8)]


def test_several_runs_in_one_folder_stay_apart(tmp_path):
    for name in ("0123456789ab", "ba9876543210"):
        tracker = make_tracker("tensorboard", folder=str(tmp_path / "all"))
        tracker.begin(TrackedRun("run", name, tmp_path / "runs"))
        tracker.log({"loss": 1.0}, 0)
        tracker.end("done")
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["run-0123456789ab", "run-ba9876543210"]
    assert curve(tmp_path / "all" / "run-0123456789ab", "loss") == [(0, 1.0)]


def test_a_disk_that_is_full_is_an_error_that_the_hook_can_catch(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    tracker = make_tracker("tensorboard", folder=str(blocked))
    with pytest.raises(OSError):  # noqa: PT011 - whichever the writer raises
        tracker.begin(TrackedRun("run", "0123456789ab", tmp_path))
    tracker.end("failed")


def test_a_whole_run_of_the_embedded_model(tmp_path):
    from selfplay_gym.selfplay.run.train import train
    from selfplay_gym.selfplay.settings.presets import preset

    config = preset("debug").replace(
        {
            "rounds": 1,
            "stages": ["generate", "attempt", "label"],
            "questions.count": 6,
            "exam.questions": 4,
            "trackers": ["tensorboard"],
        }
    )
    folder = train(config, tmp_path / "run")
    rows = [json.loads(line) for line in (folder.path / "metrics.jsonl").read_text().splitlines()]
    expected = [(at, row["solve_rate"]) for at, row in enumerate(rows) if "asked" in row]
    found = curve(folder.path / "tensorboard", "label/solve_rate")
    assert [step for step, _ in found] == [step for step, _ in expected]
    assert [value for _, value in found] == pytest.approx([value for _, value in expected])
    assert read(folder.path / "tensorboard").Tags()["tensors"] == ["completions/text_summary"]
