"""What is kept of the logs: training steps by what they learn."""

import random

import pytest

from selfplay_gym.selfplay.dashboard.reading.run_reader import RunReader
from selfplay_gym.selfplay.dashboard.views.curves import curves
from selfplay_gym.selfplay.report.summary_data import read_run_summary
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder

ROLES = {"labels": "solver", "preferences": "solver", "proposals": "challenger"}


def step(rng, phase, role):
    return {"phase": phase, "role": role, "step": 0, "rows_trained": 8, "loss": rng.random(), "mean_reward": 0.5}


def fed_back(rng, part):
    """A step of a part of `feedback`, whose loss may have been none, and perhaps a look behind it."""
    measures = {"part": part, "rows_trained": 8, "loss": rng.choice([None, rng.random()])}
    named = {"role": ROLES[part], "mean_reward": 0.9} if part == "labels" else {"trained": ROLES[part], "margin": 0.1}
    yield {"phase": "feedback", "step": 0, **named, **measures}
    if rng.random() < 0.5:
        held_out = {"held_out": 2, "held_out_loss": 0.4, "held_out_accuracy": 0.6, "held_out_losses": [0.4, 0.4]}
        yield {"phase": "feedback", "part": part, "step": 1, **held_out, "taken_back": False}


@pytest.mark.parametrize("seed", range(4))
def test_steps_on_what_people_decided_are_no_steps_of_a_training_stage(tmp_path, seed):
    rng, parts = random.Random(seed), list(ROLES)
    folder = RunFolder.create(tmp_path / "run", to_toml(preset("debug")), {})
    rows = [{"phase": "feedback", "feedback": {"labels": {"train": 3, "held_out": 1}}}]
    for _ in range(60):
        role, part = rng.choice(["solver", "challenger"]), rng.choice(parts)
        rows += [step(rng, f"train({role})", role)] if rng.random() < 0.5 else list(fed_back(rng, part))
    folder.log("metrics", [{"round": 1, **row} for row in rows])
    folder.commit({"round": 1, "phase": "feedback"})
    run, summary = RunReader(folder.path), read_run_summary(folder)
    run.begin()
    for role in ("solver", "challenger"):
        losses = [one["loss"] for one in summary.steps(role)]
        assert [value for _, value in run.metrics.roles[role].curves["loss"].points()] == pytest.approx(losses)
    for part in parts:
        own = [row for row in rows if row.get("part") == part]
        found = run.metrics.feedback[part]
        assert found.count == sum("taken_back" not in row for row in own)
        looks = found.curves.get("held_out_loss")
        assert (0 if looks is None else looks.count) == sum("taken_back" in row for row in own)
    page = "".join(one.html for one in curves(run))
    assert page.count("<h2") == 5
    assert all(f"Learning from reviews: {part}" in page for part in parts)
