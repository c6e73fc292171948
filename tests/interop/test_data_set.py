"""An exported data set, and the logs of a run, are read by `datasets` in one line."""

import json

import pytest

from selfplay_gym.interop.export import export
from selfplay_gym.interop.question_sets import question_set
from selfplay_gym.interop.rows import graded_of

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def load(folder, cache, **options):
    return datasets.load_dataset(str(folder), cache_dir=str(cache), **options)


def test_the_splits_are_read_with_their_types_and_give_the_questions_back(tmp_path):
    said = export("mixed", "datasets", tmp_path / "out", limit=5)
    assert said.splitlines()[1] == f"datasets.load_dataset({str(tmp_path / 'out')!r})"
    loaded = load(tmp_path / "out", tmp_path / "cache")
    assert {split: rows.num_rows for split, rows in loaded.items()} == {"train": 5, "held_out": 5}
    for split, rows in loaded.items():
        assert rows.features["level"].dtype == "float64"
        assert tuple(map(graded_of, rows)) == question_set("mixed", limit=5).splits[split]


def test_a_column_without_values_keeps_its_type(tmp_path):
    (tmp_path / "own.jsonl").write_text('{"question": "½ + ½?", "answer": "1"}\n')
    export(f"jsonl:{tmp_path / 'own.jsonl'}", "datasets", tmp_path / "out", splits=("held_out",))
    rows = load(tmp_path / "out", tmp_path / "cache", split="held_out")
    assert (rows[0]["question"], rows[0]["level"], rows.features["level"].dtype) == ("½ + ½?", None, "float64")


def test_code_questions_come_back_with_what_their_verifier_needs(tmp_path):
    export("code", "datasets", tmp_path / "out", limit=2, splits=("held_out",))
    for row in load(tmp_path / "out", tmp_path / "cache", split="held_out"):
        assert json.loads(row["meta"])
        assert graded_of(row).judge(row["reference"]).score == 1.0
