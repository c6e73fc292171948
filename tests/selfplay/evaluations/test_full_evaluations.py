"""Full evaluations every N games: the same ones after a kill, beside the run or inside it, and no trace in training."""

import json
from collections import Counter
from pathlib import Path

import pytest

from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.selfplay.evaluations import process
from selfplay_gym.selfplay.evaluations.hold import FOLDER, Occasion
from selfplay_gym.selfplay.evaluations.hook import FullEvaluations
from selfplay_gym.selfplay.evaluations.page import read_evaluations, to_html
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.parts import EvaluationConfig
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder

CONFIG = preset("debug").replace(
    {
        "questions.count": 16,
        "exam.questions": 8,
        "roles.*.max_new_tokens": 24,
        "guard.questions": 4,
        "evaluation": {"every_games": 30, "suites": ["arithmetic"], "questions": 6, "samples": 1, "proposals": 4},
    }
)


def evaluations(path):
    return {file.name: file.read_text() for file in sorted((path / FOLDER).iterdir())}


def weights(path):
    names = RunFolder.open(path).state["checkpoints"]
    return {role: (path / "checkpoints" / name / "model.safetensors").read_bytes() for role, name in names.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run"
    train(CONFIG, path)
    return path


def test_they_are_held_at_the_end_of_the_stages_in_which_n_games_were_full(whole):
    held = read_evaluations(whole)
    rows = list(RunFolder.open(whole).rows("metrics"))
    games, due = 0, [0]
    for row in rows:
        if row.get("role") == "challenger":
            games += 4 * 4
        games += row.get("groups_drawn", 0) if row.get("role") == "solver" else 0
        games += row["asked"] - row["pooled"] if "asked" in row else 0
        due.append(games)
    assert held[0]["games"] == 0
    assert len({one["games"] // 30 for one in held}) == len(held) == games // 30 + 1
    assert {one["games"] for one in held} <= set(due)
    assert [len(one["suites"]["arithmetic"].keys) for one in held] == [6] * len(held)
    assert len(held[0]["cross_play"]) == 1
    assert len(held[-1]["cross_play"]) == 4
    assert held[0]["labels"] == {}
    assert held[-1]["labels"]["round"] in (1, 2)


@pytest.mark.parametrize("beside", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_run_that_was_killed_and_resumed_holds_the_same_ones(whole, tmp_path, power_cut, logged, beside):
    config = CONFIG.replace({"evaluation.beside": beside})
    with power_cut(9):
        train(config, tmp_path / "run")
    train(config, tmp_path / "run", resume=True)
    assert evaluations(tmp_path / "run") == evaluations(whole)
    assert logged(tmp_path / "run") == logged(whole)
    assert (tmp_path / "run" / "evaluations.html").exists()


def test_training_goes_as_it_goes_without_them(whole, tmp_path, logged):
    train(CONFIG.replace({"evaluation.every_games": 0}), tmp_path / "run")
    assert weights(tmp_path / "run") == weights(whole)
    assert logged(tmp_path / "run") == logged(whole)
    assert not (tmp_path / "run" / FOLDER).exists()


@pytest.mark.slow
def test_an_evaluation_that_fails_says_why_and_stays_to_be_held(whole, tmp_path):
    (tmp_path / "config.toml").write_bytes((whole / "config.toml").read_bytes().replace(b'"arithmetic"', b'"nothing"'))
    process.prepare(tmp_path, Occasion(7, 1, "label", {}, {}))
    assert process.unfinished(tmp_path) == ["000000007"]
    with pytest.raises(RunError, match="unknown suite 'nothing'"):
        process.finish(tmp_path, "000000007", process.start(tmp_path, "000000007"))
    assert process.unfinished(tmp_path) == ["000000007"]


def test_the_process_ends_with_a_run_that_was_killed(whole, tmp_path):
    (tmp_path / "config.toml").write_bytes((whole / "config.toml").read_bytes())
    process.prepare(tmp_path, Occasion(7, 1, "label", {}, {}))
    running = process.start(tmp_path, "000000007")
    running.stdin.close()  # as the kernel closes what a killed process held
    assert running.wait(60) == 1
    assert process.unfinished(tmp_path) == ["000000007"]


@pytest.mark.slow
def test_leaving_a_run_ends_the_process(whole, tmp_path):
    (tmp_path / "config.toml").write_bytes((whole / "config.toml").read_bytes())
    process.prepare(tmp_path, Occasion(7, 1, "label", {}, {}))
    hook = FullEvaluations(tmp_path, EvaluationConfig(30, beside=True))
    hook.__enter__()
    running = hook._running[1]
    assert running.poll() is None
    hook.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert running.poll() is not None
    said = []
    with FullEvaluations(tmp_path, EvaluationConfig(30, beside=True), said.append):
        assert process.unfinished(tmp_path) == ["000000007"]
    assert process.unfinished(tmp_path) == []
    assert list(evaluations(tmp_path)) == ["000000007.json"]
    assert said == ["waiting for the full evaluation after 7 games"]


def test_the_page_shows_every_evaluation_and_escapes_what_is_in_it(whole):
    held = read_evaluations(whole)
    page = to_html("<script>", held)
    assert "<script>" not in page
    assert Counter(page.split()).total() > 100
    for one in held:
        assert f"{one['games']:,}" in page
    assert page == to_html("<script>", read_evaluations(whole))


def test_a_number_of_games_that_was_not_reached_is_told(whole):
    first = read_evaluations(whole)[:1]
    page = to_html("run", first, 5000, 1320)
    assert "evaluation.every_games = 5,000 was not reached: the run has played 1,320 games so far" in page
    assert "1 full evaluation, after 0 games" in page
    assert "A game is a" in page
    assert "0.04" not in page
    assert "was not reached" not in to_html("run", first, 5000, 5000)
    assert "was not reached" not in (whole / "evaluations.html").read_text()


def test_counts_go_on_where_a_state_stands():
    hook = FullEvaluations(Path("nowhere"), EvaluationConfig(10))
    hook.games, hook.held, hook.labels = 25, 2, {"asked": 3}
    other = FullEvaluations(Path("nowhere"), EvaluationConfig(10))
    other.load_state_dict(json.loads(json.dumps(hook.state_dict())))
    assert (other.games, other.held, other.labels) == (25, 2, {"asked": 3})
    assert FullEvaluations(Path("nowhere"), EvaluationConfig()).state_dict() == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluation.every_games": -1}, "every_games"),
        ({"evaluation": {"every_games": 5, "suites": []}}, "suites"),
        ({"evaluation.questions": 0}, "questions"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        RunConfig().replace(changes)
