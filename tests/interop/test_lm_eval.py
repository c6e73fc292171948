"""The task folder for lm-eval: what it holds, our rewards, and lm-eval itself on it."""

import json
import re
import shutil
from pathlib import Path

import pytest

import selfplay_gym
from selfplay_gym.interop.export import export
from selfplay_gym.interop.lm_eval import load, process_results
from selfplay_gym.selfplay.exams.hold import exam, prompt_of
from selfplay_gym.selfplay.exams.suites import load_suite

TINY = Path(selfplay_gym.__file__).parent / "agents" / "models" / "tiny"


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_text_earns_what_the_environment_pays(texts):
    scored = [process_results({**one.row(), "prompt": "?"}, [text]) for one, text in texts.attempts()]
    assert [row["reward"] for row in scored] == texts.rewards()
    assert {row["undecided"] for row in scored} <= {0.0, 1.0}


def test_the_folder_asks_the_questions_of_the_suite_in_the_words_of_the_template(tmp_path):
    export("mixed", "lm-eval(template=plain)", tmp_path / "plain", limit=5)
    export("mixed", "lm-eval", tmp_path / "worded", limit=5)
    questions = load_suite("mixed", limit=5).questions
    for name, template in (("plain", "plain"), ("worded", "r-zero")):
        prompts = [row["prompt"] for row in rows_of(tmp_path / name / "held_out.jsonl")]
        assert prompts == [prompt_of(question, template) for question in questions]


def test_the_line_that_export_prints_is_the_one_in_the_documentation(tmp_path):
    said = export("mixed", "lm-eval", tmp_path / "mixed", limit=1).splitlines()[1]
    line = said.replace(str(tmp_path), "tasks")
    page = Path(selfplay_gym.__file__).parent / "docs" / "interop_evaluators.md"
    lines = map(str.strip, page.read_text(encoding="utf-8").splitlines())
    assert [found for found in lines if found.startswith("lm_eval --")] == [line]


def test_both_splits_are_two_tasks(tmp_path):
    said = export("mixed", "lm-eval", tmp_path / "out", limit=2, splits=("train", "held_out"))
    assert "--tasks selfplay_mixed_train,selfplay_mixed_held_out" in said
    for split in ("train", "held_out"):
        text = (tmp_path / "out" / f"selfplay_mixed_{split}.yaml").read_text()
        assert f"task: selfplay_mixed_{split}\n" in text
        assert f"test_split: {split}\n" in text


def test_texts_of_all_kinds_come_through(tmp_path, texts):
    pytest.importorskip("datasets")
    rows = [{"question": text, "answer": text or "x"} for text in texts.hostile_texts() if text.strip()]
    rows = [row for row in rows if "\ud800" not in row["question"]]  # no JSON file that datasets takes holds halves
    source = tmp_path / "own.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    export(f"jsonl:{source}", "lm-eval(template=plain)", tmp_path / "out")
    loaded = load(tmp_path / "out")["held_out"]
    assert set(loaded["question"]) == {row["question"] for row in rows}
    assert all(isinstance(one, str) for one in loaded["reference"])


def evaluate(folder, model, task="selfplay_mixed", **options):
    lm_eval = pytest.importorskip("lm_eval")
    from lm_eval.tasks import TaskManager

    tasks = TaskManager(include_path=str(folder), include_defaults=False)
    return lm_eval.simple_evaluate(model=model, tasks=[task], task_manager=tasks, **options)


@pytest.mark.slow
def test_their_dummy_model_goes_through_wherever_the_folder_lies(tmp_path):
    export("mixed", "lm-eval", tmp_path / "out", limit=6)
    shutil.move(tmp_path / "out", tmp_path / "moved")
    found = evaluate(tmp_path / "moved", "dummy")
    assert found["n-samples"]["selfplay_mixed"]["effective"] == 6
    assert found["results"]["selfplay_mixed"]["reward,none"] == 0.0


@pytest.mark.slow
def test_odd_questions_reach_the_model_as_they_are(tmp_path, texts):
    source = texts.write_rows(tmp_path / "own.jsonl", texts.odd_questions(seed=3))
    export(source, "lm-eval(template=plain)", tmp_path / "out")
    rows = rows_of(tmp_path / "out" / "held_out.jsonl")
    samples = evaluate(tmp_path / "out", "dummy", "selfplay_jsonl_own")["samples"]["selfplay_jsonl_own"]
    assert [one["arguments"][0][0] for one in samples] == [row["prompt"] for row in rows]
    assert [one["target"] for one in samples] == [row["reference"] for row in rows]


@pytest.mark.slow
def test_the_shipped_model_scores_what_our_exam_says(tmp_path):
    """Greedy, on the same questions, through their `hf` model."""
    export("mixed", "lm-eval(template=plain, max_tokens=64)", tmp_path / "out", limit=30)
    arguments = {"pretrained": str(TINY), "device": "cpu", "dtype": "float32"}
    found = evaluate(tmp_path / "out", "hf", model_args=arguments, apply_chat_template=True, batch_size=8)
    ours = exam("tiny", questions=30, samples=1)
    theirs = [row["reward"] for row in found["samples"]["selfplay_mixed"]]
    assert theirs == [float(right) for right in ours.greedy]
    assert re.fullmatch(r"0\.\d+", str(found["results"]["selfplay_mixed"]["reward,none"]))
