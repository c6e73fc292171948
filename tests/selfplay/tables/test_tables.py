"""The tables of a run: every row of a log in exactly one, the same columns in all rows, read in one line."""

import json

import pandas
import pytest
from datasets import Dataset, load_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.tables.kinds import KINDS, guard_kind_of, kind_of
from selfplay_gym.selfplay.tables.tables import flat, same_columns, tables, write_tables

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="."), min_size=1, max_size=4)
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | st.text(max_size=3)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=5))
def test_every_row_has_every_column_of_one_type(rows):
    found = same_columns(map(flat, rows))
    assert len(found) == len(rows)
    assert len({tuple(row) for row in found}) <= 1
    for name in found[0] if found else ():
        assert len({type(row[name]) for row in found if row[name] is not None}) <= 1
    pandas.DataFrame(found)


def test_counts_beside_fractions_become_fractions_and_what_is_mixed_becomes_json():
    found = same_columns([{"a": 1, "b": "x", "c": [1, "y"]}, {"a": 0.5, "b": 2}, {"a": None}])
    assert found == [
        {"a": 1.0, "b": '"x"', "c": '[1, "y"]'},
        {"a": 0.5, "b": "2", "c": None},
        {"a": None, "b": None, "c": None},
    ]


@pytest.mark.parametrize("lists", [([], [[]]), ([1], ["x"]), ([1, 0.5], [True])])
def test_lists_of_several_types_in_a_column_become_json(lists):
    assert [row["a"] for row in same_columns({"a": value} for value in lists)] == [json.dumps(value) for value in lists]


def test_every_row_of_a_run_is_in_one_table(finished_run):
    found = tables(finished_run)
    logged = sum(1 for log in ("metrics", "guard", "timings") for _ in finished_run.rows(log))
    assert sum(map(len, found.values())) == logged
    known = {name.partition("_")[0] if name.startswith("steps_") else name for name in found}
    assert known <= {*KINDS, "timings"}
    assert "others" not in found
    assert {"exams", "labellings", "steps_challenger", "steps_solver", "validations"} <= found.keys()


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"phase": "mine", "x": 1}, "others"),
        ({}, "others"),
        ({"phase": "train(tester)", "role": "tester", "step": 0}, "steps_tester"),
        ({"phase": "feedback", "trained": "solver", "role": "solver", "step": 0}, "feedback_steps"),
        ({"phase": "sft(judge)", "trained": "judge"}, "supervised"),
        ({"phase": "evaluate", "turn_exam": {}}, "exams"),
        ({"phase": "label", "policy": {}}, "policies"),
    ],
)
def test_a_row_of_each_kind(row, kind):
    assert kind_of(row) == kind


def test_events_are_no_validations():
    assert [guard_kind_of({"event": "alarm"}), guard_kind_of({"validation_loss": 0.5})] == ["events", "validations"]


def test_files_are_read_in_one_line(finished_run, scripted_run, tmp_path):
    path = write_tables(scripted_run(tmp_path / "run", rounds=1))
    names = sorted(file.stem for file in path.iterdir())
    assert names == sorted({*tables(finished_run)} - {"events"} | ({"events"} & set(names)))
    for file in path.iterdir():
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        assert len(pandas.read_json(file, lines=True)) == len(rows)
        assert Dataset.from_list(rows).num_rows == len(rows)
        loaded = load_dataset("json", data_files=str(file), cache_dir=str(tmp_path / "cache"))["train"]
        assert loaded.column_names == list(rows[0])


def test_polars_reads_them_too(finished_run):
    polars = pytest.importorskip("polars", reason="polars is nobody's dependency")
    for rows in tables(finished_run).values():
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        assert polars.read_ndjson(lines.encode(), infer_schema_length=None).height == len(rows)


def test_tables_can_be_written_again(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=1)
    before = {file.name: file.read_bytes() for file in write_tables(folder).iterdir()}
    assert {file.name: file.read_bytes() for file in write_tables(folder).iterdir()} == before
