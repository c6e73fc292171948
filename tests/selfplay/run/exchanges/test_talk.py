"""Runs whose solver answers in several turns: what is logged, what is trained, and that a kill changes nothing."""

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.hooks import Hook
from selfplay_gym.selfplay.run.provenance import describe_environment
from selfplay_gym.selfplay.run.train import make_run
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder

SMALL = {
    "rounds": 1,
    "stages": ("generate", "attempt", "label", "train(solver)", "evaluate"),
    "questions.sources": {"procedural": 1.0},
    "questions.count": 6,
    "questions.keep_band": (0.0, 1.0),
    "labels.source": "sympy",
    "labels.attempts": 2,
    "roles.solver": {"steps": 2, "groups": 3, "samples": 2, "max_new_tokens": 24},
    "exam.questions": 2,
    "exam.samples": 1,
    "guard.questions": 1,
    "guard.mode": "off",
    "storage.save_every": 1,
}


def small(turns, **more):
    return preset("debug").replace({**SMALL, "roles.solver.turns": turns, **more})


class Kill(Hook):
    def after_step(self, run, step):
        raise KeyboardInterrupt


def play(config, path, hooks=()):
    RunFolder.create(path, to_toml(config), describe_environment())
    try:
        make_run(config, RunFolder.resume(path), further=hooks).run()
    except KeyboardInterrupt:
        make_run(config, RunFolder.resume(path)).run()
    return RunFolder.open(path)


def logs(folder):
    return {name: list(folder.rows(name)) for name in ("metrics", "attempts", "trajectories", "labels")}


def test_attempts_keep_their_schema_and_turns_stand_beside_them(tmp_path):
    found = logs(play(small("ask_back"), tmp_path / "run"))
    turns = {(row["index"], row["attempt"]): row["turns"] for row in found["trajectories"]}
    assert set(turns) == {(row["index"], at) for row in found["attempts"] for at in range(2)}
    for row in found["attempts"]:
        assert set(row) == {"round", "phase", "index", "attempts"}
        for at, text in enumerate(row["attempts"]):
            assert turns[row["index"], at][-1]["text"] == text
    assert max(map(len, turns.values())) == 2
    assert any(row.get("role") == "solver" and row["rows_trained"] for row in found["metrics"])


def test_a_killed_run_ends_as_one_left_alone(tmp_path):
    config = small("retry(turns=2)")
    alone, killed = play(config, tmp_path / "alone"), play(config, tmp_path / "killed", [Kill()])
    assert logs(killed) == logs(alone)


def test_a_run_of_one_turn_logs_no_turns(tmp_path):
    assert logs(play(small("none"), tmp_path / "run"))["trajectories"] == []


@pytest.mark.parametrize(("source", "knows"), [("sympy", True), ("oracle", True), ("vote", False), ("checked", False)])
def test_only_computed_labels_are_known_before_the_attempts(tmp_path, source, knows):
    run = make_run(small("retry", **{"labels.source": source}), RunFolder.vacant(tmp_path / "run"))
    assert (run.talk.exchange.verifier is not None) == knows


def test_an_exam_has_one_turn_unless_asked(tmp_path):
    heard = []
    for turns in (False, True):
        run = make_run(small("ask_back", **{"exam.turns": turns}), RunFolder.vacant(tmp_path / "run"))
        run.talk.exchange.reply = lambda prompts, written: heard.append(len(written)) or ["Sure?"] * len(written)
        run.examine(run.exam, samples=1)
        assert bool(heard) == turns


def test_other_roles_answer_at_once(tmp_path):
    config = small("none", **{"roles.challenger.turns": "retry"})
    with pytest.raises(ConfigError, match=r"roles\.challenger\.turns is for the solver"):
        make_run(config, RunFolder.vacant(tmp_path / "run"))
