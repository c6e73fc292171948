import dataclasses
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
    with pytest.raises(ConfigError, match="no such file"):
        submit(tmp_path / "none.json", board)
    assert not board.exists()
    board.write_text("junk\n")
    with pytest.raises(ConfigError, match="leaderboard file"):
        read_board(board)


FOREIGN = [
    "[1, 2]",
    "7",
    "null",
    '"text"',
    "{}",
    '{"entries": [{}]}',
    '{"entries": [',
    "",
    "NaN",
    "[" * 100_000,
    "\ufeff{",
]


@pytest.mark.parametrize("text", FOREIGN, ids=lambda text: text[:12])
def test_a_file_that_no_benchmark_wrote_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "q.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"q\.json.*expected what a benchmark writes.*bench AGENT --out") as caught:
        submit(tmp_path / "q.json", tmp_path / "leaderboard.jsonl")
    said = str(caught.value)
    assert "Error" not in said
    assert "\n" not in said
    assert len(said) < 500
    assert not (tmp_path / "leaderboard.jsonl").exists()


def places(value, path=()):
    """Every place in a JSON value, the innermost of the first entry of each list."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def test_a_submission_that_was_damaged_anywhere_is_refused_or_read_but_never_fails(tmp_path):
    whole = json.loads(_submission(tmp_path / "a.json", "random").read_text())
    broken, refused = tmp_path / "b.json", 0
    for path in places(whole):
        if not path:
            continue
        for value in (None, [], {}, "x", -1.5):
            damaged = json.loads(json.dumps(whole))
            inner = damaged
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
            broken.write_text(json.dumps(damaged))
            board = tmp_path / "board.jsonl"
            try:
                submit(broken, board)
            except ConfigError as error:
                refused += 1
                assert "Error" not in str(error)  # noqa: PT017
            else:
                assert read_board(board)
                board.unlink()
    assert refused > 50


@pytest.mark.parametrize("line", ["[1]", "7", "{}", "null", '{"agent": "a"}', '{"agent": 1, "agent": 2}', "junk"])
def test_a_board_that_is_none_is_refused_by_its_line(tmp_path, line):
    board = tmp_path / "leaderboard.jsonl"
    submit(_submission(tmp_path / "a.json", "random"), board)
    board.write_text(board.read_text() + line + "\n")
    with pytest.raises(ConfigError, match=r"line 2 of .*leaderboard\.jsonl.*an object with agent, suite") as caught:
        read_board(board)
    assert "argument" not in str(caught.value)


def test_a_board_whose_fields_have_other_types_is_refused(tmp_path):
    board = tmp_path / "leaderboard.jsonl"
    (result,) = submit(_submission(tmp_path / "a.json", "random"), board)
    for name, value in [("score", "high"), ("seed", 0.5), ("agent", None), ("score", float("nan"))]:
        board.write_text(json.dumps({**dataclasses.asdict(result), name: value}))
        with pytest.raises(ConfigError, match="line 1 of"):
            read_board(board)
