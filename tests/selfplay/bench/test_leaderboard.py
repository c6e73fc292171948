import json

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.bench import BenchSettings, run_bench
from selfplay_gym.selfplay.bench.agents import load_contestants
from selfplay_gym.selfplay.bench.leaderboard import read_board, submit
from selfplay_gym.selfplay.bench.table import to_json
from selfplay_gym.selfplay.exams.suites import Suite, load_suite


def _submission(path, *specs, limit=100, seed=0, training=None):
    loaded = load_suite("mixed", limit=limit)
    suite = Suite("mixed", loaded.questions, "exact", None)
    report = run_bench(load_contestants(list(specs)), [suite], BenchSettings(2, seed), training=training)
    path.write_text(to_json(report))
    return path


def test_results_are_ranked_with_what_it_takes_to_repeat_them(tmp_path):
    board = tmp_path / "leaderboard.jsonl"
    submit(_submission(tmp_path / "a.json", "weak=noisy(accuracy=0.3)", "random"), board)
    submit(_submission(tmp_path / "b.json", "oracle"), board)
    page = (tmp_path / "leaderboard.md").read_text()
    assert page.index("| oracle |") < page.index("| weak |") < page.index("| random |")
    assert "100 questions, content" in page
    assert {result.command for result in read_board(board)} != {""}
    assert len(read_board(board)) == 3


def test_a_resubmission_replaces_and_another_seed_stands_beside(tmp_path):
    board = tmp_path / "leaderboard.jsonl"
    for name in ("a.json", "b.json"):
        submit(_submission(tmp_path / name, "random"), board)
    assert len(read_board(board)) == 1
    submit(_submission(tmp_path / "c.json", "random", seed=1), board)
    assert len(read_board(board)) == 2


def test_different_exams_are_not_ranked_together(tmp_path):
    board = tmp_path / "leaderboard.jsonl"
    submit(_submission(tmp_path / "a.json", "random"), board)
    submit(_submission(tmp_path / "b.json", "random", limit=120), board)
    assert (tmp_path / "leaderboard.md").read_text().count("## mixed") == 2


def test_leaked_small_and_foreign_submissions_are_refused(tmp_path):
    board = tmp_path / "leaderboard.jsonl"
    leaked = load_suite("mixed", limit=100).questions[0].text
    with pytest.raises(ConfigError, match="trained on"):
        submit(_submission(tmp_path / "a.json", "random", training=[leaked]), board)
    with pytest.raises(ConfigError, match="too few"):
        submit(_submission(tmp_path / "b.json", "random", limit=99), board)
    (tmp_path / "c.json").write_text(json.dumps({"entries": [{}]}))
    with pytest.raises(ConfigError, match="was not written by"):
        submit(tmp_path / "c.json", board)
    with pytest.raises(ConfigError, match="no such file"):
        submit(tmp_path / "none.json", board)
    assert not board.exists()
    board.write_text("junk\n")
    with pytest.raises(ConfigError, match="leaderboard file"):
        read_board(board)
