"""Judging a file: order, errors, resuming after a cut, several workers."""

import json

import pytest

from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.selfplay.commands.verify import verify_file


def write(path, rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def source(tmp_path):
    rows = [
        {"question": f"q{n}", "reference": str(n), "attempts": [f"\\boxed{{{n}.0}}", "\\boxed{-1}"]} for n in range(150)
    ]
    rows[3] = "{not json"
    rows[4] = {"question": "no attempts"}
    rows[5] = {"question": "one", "reference": 7, "attempts": "\\boxed{7}"}
    return write(tmp_path / "in.jsonl", rows)


def test_one_record_per_line_in_order_with_reasons(source, tmp_path):
    summary = verify_file(source, tmp_path / "out" / "verdicts.jsonl")
    records = [json.loads(line) for line in (tmp_path / "out" / "verdicts.jsonl").read_text().splitlines()]
    assert [record["line"] for record in records] == list(range(1, 151))
    assert [v["outcome"] for v in records[0]["verdicts"]] == ["correct", "wrong"]
    assert records[0]["verdicts"][0]["reason"]
    assert records[0]["solve_rate"] == 0.5
    assert "error" in records[3]
    assert "attempts" in records[4]["error"]
    assert records[5]["label"] == "7"
    assert (summary.lines, summary.errors, summary.resumed) == (150, 2, 0)
    assert summary.outcomes == {"correct": 148, "wrong": 147, "undecided": 0}


@pytest.mark.parametrize("cut", [0, 1, 700, 20_000])
def test_resumes_where_it_was_cut(source, tmp_path, cut):
    whole, target = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    complete = verify_file(source, whole)
    target.write_bytes(whole.read_bytes()[:cut])
    resumed = verify_file(source, target)
    assert target.read_bytes() == whole.read_bytes()
    assert (resumed.outcomes, resumed.errors) == (complete.outcomes, complete.errors)
    assert resumed.resumed == whole.read_bytes()[:cut].count(b"\n")


def test_several_workers_write_the_same(source, tmp_path):
    verify_file(source, tmp_path / "one.jsonl")
    verify_file(source, tmp_path / "two.jsonl", workers=2)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_vote_needs_no_reference(tmp_path):
    source = write(tmp_path / "in.jsonl", [{"question": "q", "attempts": ["\\boxed{1/2}", "0.5", "\\boxed{3}"]}])
    verify_file(source, tmp_path / "out.jsonl", verifier={"name": "majority", "min_share": 0.5})
    record = json.loads((tmp_path / "out.jsonl").read_text())
    assert (record["label"], record["label_source"], record["valid"]) == ("0.5", "vote", True)


def test_refuses_what_cannot_work(source, tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        verify_file(tmp_path / "absent.jsonl", tmp_path / "out.jsonl")
    with pytest.raises(ConfigError, match="same file"):
        verify_file(source, source)
    with pytest.raises(ConfigError, match="workers"):
        verify_file(source, tmp_path / "out.jsonl", workers=0)
    write(tmp_path / "other.jsonl", [{"line": 1, "question": "another", "verdicts": []}])
    with pytest.raises(RunError, match="another target"):
        verify_file(source, tmp_path / "other.jsonl")
    verify_file(source, tmp_path / "other.jsonl", resume=False)
