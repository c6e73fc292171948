"""The pool: what the challenger asked in training becomes questions of the round, and no attempt is paid twice."""

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Question
from selfplay_gym.core.registries import make_verifier
from selfplay_gym.selfplay.run.questions.pool import judgement_of, judgement_row, usable
from selfplay_gym.selfplay.settings.config import STAGES, RunConfig
from selfplay_gym.selfplay.storage.run_folder import LOGS

POOL = {"questions.pool": True}


def logs(path):
    """All logs but the clock's, to the byte."""
    return {name: (path / f"{name}.jsonl").read_bytes() for name in LOGS if name != "timings"}


def rows(folder, name, round_=1):
    return [row for row in folder.rows(name) if row["round"] == round_]


@pytest.fixture(scope="module")
def undisturbed(scripted_run, tmp_path_factory):
    """48 questions asked in training, in three steps; 30 may be questions of the round."""
    return scripted_run(tmp_path_factory.mktemp("pool") / "run", questions=30, changes=POOL)


def test_questions_of_the_round_are_those_of_the_last_steps_with_the_attempts_made_there(undisturbed):
    for round_ in (1, 2):
        questions, pool = rows(undisturbed, "questions", round_), rows(undisturbed, "pool", round_)
        asked = [row for row in questions if row["dropped"] is None]
        assert len(asked) == 30
        assert {row["source"] for row in asked} == {"pool"}
        steps = [pool[row["pool"]]["step"] for row in questions]
        assert steps == sorted(steps, reverse=True)
        assert steps[0] == 2
        attempts = {row["index"]: row["attempts"] for row in rows(undisturbed, "attempts", round_)}
        assert attempts == {row["index"]: pool[row["pool"]]["attempts"] for row in asked}
        for row in questions:
            origin = pool[row["pool"]]
            assert (row["text"], row["reference"]) == (origin["text"], origin["reference"])


def test_labels_of_the_pool_are_those_that_its_attempts_give(undisturbed):
    asked = {row["index"]: row["text"] for row in rows(undisturbed, "questions") if row["dropped"] is None}
    attempts = [row["attempts"] for row in rows(undisturbed, "attempts")]
    judged = make_verifier("majority").judge_many([Question(text) for text in asked.values()], attempts)
    found = [(row["label"], row["solve_rate"], row["valid"]) for row in rows(undisturbed, "labels")]
    assert found == [(one.label, one.solve_rate, one.valid) for one in judged]


def test_the_stage_attempt_costs_nothing_where_the_pool_has_all(undisturbed, scripted_run, tmp_path):
    def sampled(folder, phase):
        costs = (row for row in rows(folder, "metrics") if row["phase"] == phase)
        return sum(row.get("tokens_sampled", 0) for row in costs)

    without = scripted_run(tmp_path / "without", rounds=1, questions=30)
    assert sampled(undisturbed, "generate") == sampled(undisturbed, "attempt") == 0
    assert sampled(without, "generate") > 0
    assert sampled(without, "attempt") > 0
    assert sampled(undisturbed, "train(challenger)") == sampled(without, "train(challenger)")
    (labelling,) = (row for row in rows(undisturbed, "metrics") if "asked" in row)
    assert (labelling["pooled"], labelling["asked"]) == (30, 30)


def test_the_source_fills_up_and_is_asked_for_no_more(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=1, questions=70, changes=POOL)
    written, pool = rows(folder, "questions"), rows(folder, "pool")
    pooled = [row for row in written if row["source"] == "pool"]
    kept = sum(row["dropped"] is None for row in pooled)
    assert len(pooled) == len(pool)
    assert 0 < kept < 70
    assert [row["source"] for row in written] == ["pool"] * len(pooled) + ["challenger"] * (70 - kept)
    asked = [row["index"] for row in written if row["dropped"] is None]
    assert [row["index"] for row in rows(folder, "attempts")] == asked
    assert [row["index"] for row in rows(folder, "labels")] == asked


def test_repeated_and_held_out_questions_of_the_pool_are_dropped(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=1, proposals=lambda texts: [texts[0]] * len(texts), changes=POOL)
    written = rows(folder, "questions")
    assert Counter(row["dropped"] for row in written if row["source"] == "pool")["repeated"] > 10
    assert len({row["text"] for row in written if row["dropped"] is None}) == sum(
        row["dropped"] is None for row in written
    )


def test_other_sources_keep_their_shares(scripted_run, tmp_path):
    shares = {"questions.sources": {"procedural": 1.0, "challenger": 3.0}}
    folder = scripted_run(tmp_path / "run", rounds=1, questions=40, changes={**POOL, **shares})
    written = rows(folder, "questions")
    assert sum(row["source"] == "pool" and row["dropped"] is None for row in written) == 30
    assert sum(row["source"] == "procedural" for row in written) == 10
    assert not any(row["source"] == "challenger" for row in written)
    assert all(row["attempts"] for row in rows(folder, "attempts"))


@pytest.mark.parametrize("change", [{"roles.challenger.learns": False}, {"roles.challenger.steps": 0}])
def test_a_challenger_that_does_not_train_has_no_pool_and_the_sources_write_all(scripted_run, tmp_path, change):
    folder = scripted_run(tmp_path / "run", rounds=1, changes={**POOL, **change})
    assert rows(folder, "pool") == []
    assert {row["source"] for row in rows(folder, "questions")} == {"challenger"}


def test_without_the_setting_nothing_is_kept(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=1)
    assert rows(folder, "pool") == []
    assert not any("pool" in row or "source" in row for row in rows(folder, "questions"))


@pytest.mark.parametrize("save_every", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_commit_is_invisible_after_resume(
    scripted_run, resume_scripted, tmp_path, power_cut, moment, save_every
):
    changes = {**POOL, "storage.save_every": save_every}
    settings = {"rounds": 1, "questions": 70, "changes": changes}
    whole = logs(scripted_run(tmp_path / "whole", **settings).path)
    for crash in range(4, 9):  # the steps of the challenger, and the stages that read the pool
        path = tmp_path / f"run-{crash}"
        with power_cut(crash, only="pool" if moment == "before" else None):
            scripted_run(path, **settings)
        resume_scripted(path)
        assert logs(path) == whole, crash


def test_after_a_rollback_the_attempts_of_the_other_solver_are_not_used():
    pool = [{"step": s, "solver": solver} for s, solver in ((0, "solver-01-004"), (1, "solver-01-004"), (1, None))]
    run = SimpleNamespace(rows=lambda name: pool, checkpoints={"solver": "solver-01-004"})
    assert [number for number, _ in usable(run)] == [1, 0]
    run.checkpoints = {}
    assert [number for number, _ in usable(run)] == [2]


@pytest.mark.parametrize("verifier", ["majority", "sympy", "exact"])
def test_a_judgement_comes_back_from_a_log(verifier):
    question = Question("What is 2+3?", "5")
    for attempts in ([], ["no"], ["\\boxed{5}", "\\boxed{5}", "\\boxed{6}", ""]):
        (judgement,) = make_verifier(verifier).judge_many([question], [attempts])
        back = judgement_of(json.loads(json.dumps(judgement_row(judgement))))
        assert back == judgement
        assert back.correct_count == judgement.correct_count


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"stages": ["generate", *(s for s in STAGES if s != "generate")]}, "before 'generate'"),
        ({"roles.*.weight_sharing": "prompt"}, "moves both"),
        ({"roles.*": {"weight_sharing": "lora", "trunk": "trained"}}, "moves both"),
    ],
)
def test_settings_under_which_the_solver_moves_or_no_pool_is_there_are_refused(changes, remedy):
    with pytest.raises(ConfigError, match=remedy):
        RunConfig().replace({**POOL, **changes})


def test_settings_that_keep_the_solver_still_are_fine():
    for change in (
        {"roles.*.weight_sharing": "lora"},
        {"roles.challenger.learns": False},
        {"questions.sources": {"procedural": 1.0}},
        {"stages": [s for s in STAGES if s != "train(challenger)"]},  # an empty pool
    ):
        assert RunConfig().replace({**POOL, **change}).questions.pool
