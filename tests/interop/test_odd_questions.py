"""Odd questions through every export: what a tool reads is what was written, and a text earns what `gym.make` pays."""

import json

import gymnasium as gym
import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Question
from selfplay_gym.interop.export import export
from selfplay_gym.interop.lm_eval import load, process_results
from selfplay_gym.interop.question_sets import question_set
from selfplay_gym.interop.rows import graded_of
from selfplay_gym.interop.verl import compute_score

datasets = pytest.importorskip("datasets")
parquet = pytest.importorskip("pyarrow.parquet")

FORMATS = ("datasets", "lm-eval(template=plain)", "verl")
TIMES = ("2020-01-01T00:00:00Z", "2021-01-01 10:00:00", "2020-02-03")
HALF = "a \ud83d b"


@pytest.fixture(scope="module")
def source(texts, tmp_path_factory):
    return texts.write_rows(tmp_path_factory.mktemp("odd") / "own.jsonl", texts.odd_questions(seed=20261127))


@pytest.fixture(scope="module")
def asked(source):
    return question_set(source, ("held_out",)).splits["held_out"]


def read(form, folder):
    """The rows of an export as the tool's reader has them: columns of a question, and what a model is shown."""
    if form == "verl":
        rows = parquet.read_table(folder / "held_out.parquet").to_pylist()
        assert all(row["reward_model"]["ground_truth"] == row["extra_info"]["reference"] for row in rows)
        return [{**row["extra_info"], "prompt": row["prompt"][-1]["content"]} for row in rows]
    if form == "datasets":
        return list(datasets.load_dataset(str(folder), cache_dir=f"{folder}-cache", split="held_out"))
    return list(load(folder)["held_out"])


@pytest.fixture(scope="module")
def exported(source, tmp_path_factory):
    """Rows by format."""
    folder = tmp_path_factory.mktemp("exported")
    found = {}
    for form in FORMATS:
        export(source, form, folder / form[:4], splits=("held_out",))
        found[form] = read(form, folder / form[:4])
    return found


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_read_is_what_was_written(form, exported, asked):
    rows = exported[form]
    assert [graded_of(row).row() for row in rows] == [one.row() for one in asked]
    assert [row.get("prompt", one.prompt()) for row, one in zip(rows, asked, strict=True)] == [
        one.prompt() for one in asked
    ]


def test_every_format_pays_what_gymnasium_pays(exported, asked, texts):
    env = gym.make("SelfPlayMath-v0", disable_env_checker=True)
    earned = set()
    for place, one in enumerate(asked):
        reference = one.question.reference
        if max(len(one.question.text), len(reference)) > 300 or place % 3:
            continue
        for text in (rf"\boxed{{{reference}}}", reference, rf"\boxed{{{reference}7}}"):
            env.reset(options={"question": graded_of(one.row()).question})
            paid = env.step(text)[1]
            earned.add(paid)
            data, task, verl = (exported[form][place] for form in FORMATS)
            assert (graded_of(data).judge(text).score or 0.0) == paid
            assert process_results(task, [text])["reward"] == paid
            assert compute_score("x", text, verl["reference"], verl)["score"] == paid
    assert earned == {0.0, 1.0}


@pytest.mark.parametrize("form", FORMATS)
def test_texts_that_could_be_times_stay_texts_in_an_export_that_was_replaced(form, texts, tmp_path):
    """`datasets` keeps what it has read of a folder."""
    for values in (TIMES, ("1", "2", "3"), ("true", "null", "12:30:45")):
        own = texts.write_rows(tmp_path / "own.jsonl", [{"question": one, "answer": one} for one in values])
        export(own, form, tmp_path / "out", splits=("held_out",), force=True)
        rows = read(form, tmp_path / "out")
        assert [(row["question"], row["reference"]) for row in rows] == [(one, one) for one in values]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("wrong", [{"question": HALF}, {"answer": HALF}, {"meta": {"x": [HALF]}}, {"meta": {HALF: 1}}])
def test_half_a_character_is_refused_with_the_line_that_has_it(form, wrong, texts, tmp_path):
    good = {"question": "1+1?", "answer": "2"}
    own = texts.write_rows(tmp_path / "own.jsonl", [good, {"question": "1+2?", "answer": "3", **wrong}])
    with pytest.raises(ConfigError, match=r"line 2 of .*own\.jsonl.*half a surrogate"):
        export(own, form, tmp_path / "out", splits=("held_out",))
    assert not (tmp_path / "out").exists()


def test_half_a_character_in_an_option_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"system holds half a surrogate pair"):
        export("arithmetic", {"name": "verl", "system": HALF}, tmp_path / "out", limit=1)


def test_a_row_survives_json(asked):
    """What Inspect, verifiers and reasoning-gym hand on."""
    for one in asked:
        assert graded_of(json.loads(json.dumps(one.row()))).row() == one.row()
        assert isinstance(one.question, Question)
