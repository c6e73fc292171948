"""A run whose labels a third role, or a head, confirms: it learns from votes alone, and resumes to the same bytes."""

import math

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.run.run import Interrupted
from selfplay_gym.selfplay.run.train import make_run, train
from selfplay_gym.selfplay.run.validator.beliefs import best_threshold
from selfplay_gym.selfplay.run.validator.measures import check_measures, decisions
from selfplay_gym.selfplay.run.validator.votes import votes_of
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.storage.files import read_bytes
from selfplay_gym.selfplay.storage.run_folder import RunFolder

SFT = "sft(validator, steps=2, batch=8)"
SMALL = {
    "rounds": 1,
    "stages": ["train(challenger)", "generate", "attempt", "label", SFT],
    "labels": {"source": "validated(samples=2, least=0.0)", "attempts": 4},
    "questions.count": 12,
    "roles.challenger": {"steps": 1, "groups": 1, "samples": 2},
    "roles.validator": {"max_new_tokens": 8},
}


def config(**changes):
    return compose("debug").replace({**SMALL, **changes})


def stopped_run(settings, path, when):
    """A run that was stopped at a moment, and went on."""
    folder = RunFolder.vacant(path)
    run = make_run(settings, folder, stop=lambda: when(run))
    folder.begin(to_toml(settings), {})
    with pytest.raises(Interrupted):
        run.run()
    return train(settings, path, resume=True)


def logs(folder):
    return {name: list(folder.rows(name)) for name in ("questions", "attempts", "labels", "metrics")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(config(), tmp_path_factory.mktemp("validated") / "whole")


def test_it_learns_before_the_first_round_and_after_each_labelling(whole):
    taught = [row for row in whole.rows("metrics") if "sft_steps" in row]
    assert [row["phase"] for row in taught] == ["sft(validator)"] * 2
    assert [row["round"] for row in taught] == [0, 1]
    assert all(row["sft_steps"] == 2 and row["tasks"] > 0 and row["tasks"] % 2 == 0 for row in taught)
    assert all(row["against_votes"]["decisions"] % 2 == 0 for row in taught)
    assert taught[1]["last_loss"] < taught[0]["first_loss"]


@pytest.mark.parametrize(("stage", "steps"), [("sft(validator, batch=8)", 3), ("sft(validator, batch=8, steps=1)", 1)])
def test_it_takes_the_steps_of_its_row_unless_it_is_given_its_own(stage, steps, tmp_path):
    stages = [*SMALL["stages"][:4], stage]
    run = train(config(stages=stages, **{"roles.validator": {"max_new_tokens": 8, "steps": 3}}), tmp_path / "run")
    assert {row["sft_steps"] for row in run.rows("metrics") if "sft_steps" in row} == {steps}


def test_nothing_is_kept_that_was_not_confirmed(whole):
    rows = list(whole.rows("labels"))
    assert all(set(row["check"]) >= {"way", "agrees", "asked", "score"} for row in rows)
    assert all(row["valid"] is (row["check"]["agrees"] is True) for row in rows)
    inside = [row for row in rows if 0.25 <= row["solve_rate"] <= 0.75 and row["label"] is not None]
    assert inside
    assert all(row["check"]["asked"] == 2 for row in inside)
    assert all(row["check"]["way"] is None for row in rows if row not in inside)
    (measures,) = [row for row in whole.rows("metrics") if "written" in row]
    assert measures["validator"]["decisions"] == sum(row["label_right"] is not None for row in inside)


def test_the_report_says_how_good_it_is(whole, finished_run):
    page = render_report(whole)
    assert "Who confirms the labels" in page
    assert "the majority of the attempts" in page
    assert "Who confirms the labels" not in render_report(finished_run)


@pytest.mark.parametrize("phase", ["train(challenger)", "label"])
def test_a_stopped_run_goes_on_to_the_same_bytes(whole, phase, tmp_path):
    again = stopped_run(config(), tmp_path / "run", lambda run: (run.round, run.phase) == (1, phase))
    assert logs(again) == logs(whole)
    name = whole.state["checkpoints"]["validator"]
    assert again.state["checkpoints"] == whole.state["checkpoints"]
    weights = [read_bytes(run.path / "checkpoints" / name / "model.safetensors") for run in (whole, again)]
    assert weights[0] == weights[1]


def test_known_answers_move_nothing(whole, tmp_path, monkeypatch):
    """The same run where every known answer is another one: only what is measured differs."""
    from selfplay_gym.envs.game import math_domain

    monkeypatch.setattr(type(math_domain.MATH), "known_answer", lambda self, question: "77")
    other = train(config(), tmp_path / "other")
    name = whole.state["checkpoints"]["validator"]
    weights = [read_bytes(run.path / "checkpoints" / name / "model.safetensors") for run in (whole, other)]
    assert weights[0] == weights[1]
    kept = [[row["kept"] for row in run.rows("labels")] for run in (whole, other)]
    assert kept[0] == kept[1]


def test_votes_that_a_person_overruled_teach_nothing(whole):
    run = make_run(config(), RunFolder.open(whole.path))
    votes = votes_of(run, 1)
    rows = [row for row in whole.rows("labels") if row["label"] is not None]
    assert len(votes) == len(rows) > sum(row["kept"] for row in rows)
    assert [vote.labelled.question.reference for vote in votes] == [row["label"] for row in rows]
    first, second = (row["index"] for row in rows[:2])
    run.folder.log("reviews", [{"round": 1, "index": first, "decision": "reject"}])
    run.folder.log("reviews", [{"round": 1, "index": second, "decision": "approve"}])
    run.folder.commit(run.folder.state)
    assert len(votes_of(run, 1)) == len(rows) - 1


def test_a_head_confirms_from_the_first_round_on_and_resumes_alike(tmp_path):
    settings = compose("debug").replace(
        {
            "rounds": 1,
            "stages": ["train(challenger)", "generate", "attempt", "label"],
            "labels": {"source": "validated(by=head)", "attempts": 4},
            "questions.count": 16,
            "roles.challenger": SMALL["roles.challenger"],
        }
    )
    whole = train(settings, tmp_path / "whole")
    rows = list(whole.rows("labels"))
    assert {row["check"]["way"] for row in rows} == {None, "head"}
    assert all(row["check"]["score"] is None or 0 <= row["check"]["score"] < 1 for row in rows)
    again = stopped_run(settings, tmp_path / "run", lambda run: run.phase == "label")
    assert logs(again) == logs(whole)


def test_an_adapter_of_its_own_learns_beside_the_solvers(tmp_path):
    pytest.importorskip("peft")
    stages = ["generate", "attempt", "label", SFT]
    folder = train(config(stages=stages, **{"roles.*.weight_sharing": "lora"}), tmp_path / "run")
    assert list(folder.state["checkpoints"]) == ["validator"]
    taught = [row for row in folder.rows("metrics") if "sft_steps" in row]
    assert taught[1]["first_loss"] < taught[0]["first_loss"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"roles.*.weight_sharing": "prompt"}, "would move weights that other roles act with"),
        ({"roles.*": {"weight_sharing": "lora", "trunk": "trained"}}, "would move weights"),
        ({"stages": [*SMALL["stages"][:4], SFT, "sft(solver)"]}, "is for further roles"),
        ({"labels.source": "validated(by=tester)"}, "does not say how the role 'tester'"),
        ({"labels.source": "validated(simples=2)"}, "simples"),
        ({"labels.source": "validated(by=head)", "roles.*.weight_sharing": "prompt"}, "reads the solver's states"),
        ({"labels.source": "validated(by=head)", "compute.sharding": "fsdp2"}, "whole and in this process"),
    ],
)
def test_what_cannot_go_together_is_refused_before_anything_is_written(changes, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        train(config(**changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_source_without_its_role_names_the_remedy(tmp_path):
    settings = compose("debug").replace({"labels.source": "validated"})
    with pytest.raises(ConfigError, match=r"\[roles.validator\]"):
        train(settings, tmp_path / "run")


def test_it_can_stand_before_or_without_a_label_only_by_mistake(tmp_path):
    with pytest.raises(ConfigError, match="label"):
        train(config(stages=["generate", "attempt", SFT, "label"]), tmp_path / "run")


def test_decisions_are_shares_of_what_is_known():
    found = decisions([True, True, False, False, True], [True, False, False, True, None])
    assert found == {
        "decisions": 4,
        "accepted_share": 0.5,
        "balanced_accuracy": 0.5,
        "false_accept": 0.5,
        "false_reject": 0.5,
    }
    assert decisions([True], [True])["balanced_accuracy"] is None
    assert decisions([], [])["accepted_share"] is None


def test_only_what_was_shown_is_measured():
    unasked = {"label_right": True, "check": {"agrees": None, "score": None}}
    asked = {"label_right": True, "check": {"agrees": True, "score": 0.9}}
    assert check_measures([{"label_right": True, "check": None}, unasked]) == {}
    assert check_measures([unasked, asked])["validator"]["decisions"] == 1


@pytest.mark.parametrize(
    ("scores", "right", "threshold"),
    [
        ([3.0, 2.0, 1.0, 0.0], [True, True, False, False], 1.5),
        ([3.0, 2.0, 1.0, 0.0], [True, False, True, False], 2.5),
        ([1.0, 1.0], [True, False], math.inf),
        ([0.0, 1.0], [True, False], math.inf),
    ],
)
def test_the_threshold_is_where_accepting_pays_most(scores, right, threshold):
    assert best_threshold(scores, right) == threshold
