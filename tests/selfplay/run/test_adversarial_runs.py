"""Runs with perturbed questions: measured, trained on, resumed; and nothing else of a run changes by them."""

import json

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_stage
from selfplay_gym.selfplay.diagnose.measure import diagnose
from selfplay_gym.selfplay.diagnose.page import to_html, to_json
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.report.summary_data import read_run_summary
from selfplay_gym.selfplay.run.questions.failures import failures
from selfplay_gym.selfplay.settings.config import RunConfig

ROUND = list(RunConfig().stages)
MEASURED = [*ROUND, "robustness(every=2, questions=12, kinds=[reworded, changed])"]
SOURCES = {"questions.sources": {"procedural": 0.5, "adversarial(choose=bandit)": 0.5}}
SMALL = {"roles.*.steps": 1, "exam.questions": 24, "labels.attempts": 4}


@pytest.fixture(scope="module")
def adversarial_run(scripted_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("adversarial") / "run"
    return scripted_run(path, rounds=3, questions=24, changes={**SMALL, **SOURCES, "stages": MEASURED})


def rows_of(folder, name):
    """What a log says, but for the measuring itself and what it cost."""
    rows = [row for row in folder.rows(name) if row["phase"] != "robustness"]
    return [row for row in rows if "tokens_counted" not in row]


def test_it_is_measured_every_k_rounds_before_the_first_and_after_the_last(adversarial_run):
    measured = {row["round"]: row["robustness"] for row in adversarial_run.rows("metrics") if "robustness" in row}
    assert list(measured) == [0, 2, 3]
    for kinds in measured.values():
        assert list(kinds) == ["reworded", "changed"]
        assert kinds["reworded"]["questions"] == 12
        lost = kinds["reworded"]["lost"]
        assert lost["low"] <= lost["value"] <= lost["high"]


def test_perturbed_questions_are_asked_labelled_and_known(adversarial_run):
    written = {(row["round"], row["index"]): row for row in adversarial_run.rows("questions")}
    marked = {where for where, row in written.items() if "perturbation" in row.get("meta", {})}
    assert len(marked) > 20
    assert {written[where]["source"] for where in marked} == {"adversarial(choose=bandit)"}
    labels = {(row["round"], row["index"]): row for row in adversarial_run.rows("labels")}
    assert all(labels[where]["label_right"] is not None for where in marked & set(labels))
    assert len(marked & set(labels)) > 20


def test_an_adversary_sees_the_failures_of_earlier_rounds(adversarial_run):
    class Position:
        folder, round = adversarial_run, 2

    seen = failures(Position)
    labels = [row for row in adversarial_run.rows("labels") if row["round"] == 1]
    rights = {row["index"]: 1 - row["solve_rate"] if row["label_right"] else 1.0 for row in labels}
    written = {row["text"]: row["index"] for row in adversarial_run.rows("questions") if row["round"] == 1}
    assert len(seen) > 5
    assert all(failed == rights[written[question.text]] for question, failed in seen)
    Position.round = 1
    assert failures(Position) == []


def test_measuring_changes_nothing_else(adversarial_run, scripted_run, tmp_path):
    changes = {**SMALL, **SOURCES, "stages": ROUND}
    without = scripted_run(tmp_path / "run", rounds=3, questions=24, changes=changes)
    for name in ("questions", "attempts", "labels", "metrics", "guard"):
        assert rows_of(adversarial_run, name) == rows_of(without, name), name


def test_the_other_sources_write_the_same_without_it(adversarial_run, scripted_run, tmp_path):
    alone = {**SMALL, "questions.sources": {"procedural": 1.0}}
    without = scripted_run(tmp_path / "run", rounds=1, questions=12, changes=alone)
    first = [row for row in adversarial_run.rows("questions") if row["round"] == 1]
    beside = [row["text"] for row in first if row["source"] == "procedural"]
    assert beside == [row["text"] for row in without.rows("questions")]


def test_a_stopped_run_goes_on_to_the_same_end(adversarial_run, scripted_run, resume_scripted, tmp_path, logged):
    changes = {**SMALL, **SOURCES, "stages": MEASURED, "rounds": 3}
    scripted_run(tmp_path / "run", rounds=1, until="generate", questions=24, changes=changes)
    resume_scripted(tmp_path / "run")
    assert logged(tmp_path / "run") == logged(adversarial_run.path)


def test_report_and_diagnosis_read_it(adversarial_run, finished_run):
    found = diagnose(adversarial_run.path)
    assert [number for number, _ in found.robustness] == [0, 2, 3]
    assert [row["round"] for row in json.loads(to_json(found))["robustness"]] == [0, 2, 3]
    assert read_run_summary(adversarial_run).robustness == found.robustness
    assert read_run_summary(finished_run).robustness == []


def test_their_pages_show_it(scripted_run, tmp_path):
    changes = {**SMALL, "stages": MEASURED}
    base = scripted_run(tmp_path / "run", rounds=0, until="train(challenger)", changes=changes)
    for page in (to_html(diagnose(base.path)), render_report(base)):
        assert page.count("<h2>Robustness</h2>") == 1
        assert page.count(">reworded<") == 1


@pytest.mark.parametrize("what", ["robustness(every=0)", "robustness(questions=true)", "robustness(kinds=[])"])
def test_bad_settings_of_the_stage_are_refused(what):
    with pytest.raises(ConfigError):
        make_stage(what)
