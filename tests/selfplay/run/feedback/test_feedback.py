"""The stage `feedback` goes on exactly after a kill, takes back what harms, and never trains on what is set aside."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from selfplay_gym import train
from selfplay_gym.agents.training.trainer import GRPOTrainer
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.records import Question
from selfplay_gym.core.registries import make_stage, make_verifier, register_stage, stages
from selfplay_gym.selfplay.report.summary_data import read_run_summary
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.reviews.decisions import Decision
from selfplay_gym.selfplay.run.feedback import overfitting
from selfplay_gym.selfplay.run.feedback.material import HUMAN, is_set_aside
from selfplay_gym.selfplay.run.feedback.parts import HumanFirst
from selfplay_gym.selfplay.run.question_log import question_of
from selfplay_gym.selfplay.run.run import SelfPlay
from selfplay_gym.selfplay.run.stage import Interrupted
from selfplay_gym.selfplay.run.stages.feedback import Feedback
from selfplay_gym.selfplay.run.train import make_run
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder
from selfplay_gym.testing import check_stage

FEEDBACK = "feedback(steps=3, epochs=99, look=2, held_out=0.3, preferences='dpo(batch=4)', proposals='dpo(batch=4)')"
PLAYED = ["generate", "attempt", "label", "decide"]
CONFIG = preset("debug").replace(
    {
        "rounds": 1,
        "stages": [*PLAYED, FEEDBACK, "train(solver)"],
        "labels": {"source": "vote", "attempts": 4},
        "questions": {"count": 32, "keep_band": [0.0, 1.0]},
        "roles.*.max_new_tokens": 24,
        "roles.solver": {"steps": 1, "groups": 6, "samples": 4},
        "exam": {"questions": 4, "samples": 1},
        "guard": {"questions": 4, "mode": "watch"},
    }
)


class Decide:
    """Approves, edits and rejects three of four labels of a round, and prefers one of two attempts at each of these."""

    name = "decide"

    def run(self, run):
        rows = []
        for place, (index, _) in enumerate(run.asked()):
            decision = ("approve", "edit", "reject", "nothing")[place % 4]
            if decision == "nothing":
                continue
            made = [(f"label/{run.round}/{index}", decision, "7" if decision == "edit" else None, "1")]
            made.append((f"pair/{run.round}/{index}/0-3", "prefer", 3, None))
            rows += [Decision(i, d, "anna", 0.0, f"k/{i}", before=b, after=a).row() for i, d, a, b in made]
        run.log("reviews", rows)


@pytest.fixture(scope="module", autouse=True)
def _registered():
    register_stage("decide", Decide)
    yield
    stages.unregister("decide")


def outcome(path):
    """Logs but the clock's, and every file of the last checkpoints."""
    folder = RunFolder.open(path)
    names = folder.state["checkpoints"]
    files = {
        file.relative_to(path).as_posix(): file.read_bytes()
        for name in names.values()
        for file in (path / "checkpoints" / name).rglob("*.safetensors")
    }
    return {name: list(folder.rows(name)) for name in LOGS if name != "timings"}, names, files


def rows_of(folder, name="metrics"):
    return [row for row in folder.rows(name) if row["phase"] == "feedback"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A whole run, and what its trainers were given to learn from."""
    path, seen = tmp_path_factory.mktemp("feedback") / "run", []
    with pytest.MonkeyPatch.context() as patched:
        for method in ("step", "learn"):
            whole = getattr(GRPOTrainer, method)

            def spied(self, given, *rest, whole=whole, **named):
                seen.extend(one if isinstance(one, str) else " ".join(one) for one in given)
                return whole(self, given, *rest, **named)

            patched.setattr(GRPOTrainer, method, spied)
        train(CONFIG, path)
    return path, seen


def test_every_part_takes_its_steps_in_turn_and_is_looked_at(undisturbed):
    rows = rows_of(RunFolder.open(undisturbed[0]))
    steps = [(row.get("role") or row["trained"], row["part"], row["step"]) for row in rows if "loss" in row]
    first, second = ([(r, p, s) for r, p in ROLES for s in own] for own in ((0, 1), (2,)))
    assert steps == [*first, *second]
    looks = [(row["part"], row["step"]) for row in rows if "held_out_losses" in row]
    assert looks == [(part, step) for step in (0, 2, 3) for _, part in ROLES]
    assert all(row["held_out"] == len(row["held_out_losses"]) > 0 for row in rows if "held_out" in row)
    (counts,) = (row["feedback"] for row in rows if "feedback" in row)
    assert counts["reviewers"] == 1
    assert counts["labels"]["held_out"] == next(row["held_out"] for row in rows if row.get("part") == "labels")
    assert min(counts[part]["train"] for _, part in ROLES) > 0
    labels = [row for row in rows if row.get("role") == "solver"]
    assert all(row["human_share"] == 0.5 and row["rows_trained"] > 0 for row in labels)
    counted = [row["by_role"] for row in rows if "by_role" in row][-1]
    assert counted["solver"]["trained"] > 0 < counted["challenger"]["trained"]


ROLES = (("solver", "labels"), ("solver", "preferences"), ("challenger", "proposals"))


def test_what_is_set_aside_is_never_trained_on_by_any_stage(undisturbed):
    path, seen = undisturbed
    questions = [question_of(row) for row in RunFolder.open(path).rows("questions") if row["dropped"] is None]
    decided = [question for place, question in enumerate(questions) if place % 4 < 3]
    aside = [question.text for question in decided if is_set_aside(question, 0.3)]
    others = [question.text for question in decided if not is_set_aside(question, 0.3)]
    assert len(aside) >= 5
    assert not [text for text in aside if any(text in one for one in seen)]
    assert any(text in one for text in others for one in seen)


def test_its_checkpoints_have_names_of_their_own(undisturbed):
    state = RunFolder.open(undisturbed[0]).state
    assert state["checkpoints"]["challenger"] == "challenger-01-010"  # 1 step of train(challenger), 9 of feedback
    assert {"challenger-01-010", "solver-01-009"} <= set(state["kept"])


def test_a_run_that_stops_within_the_stage_goes_on_to_the_same_end(undisturbed, tmp_path):
    path, number = tmp_path / "run", 6
    folder = RunFolder.create(path, to_toml(CONFIG), {})
    run = make_run(CONFIG, folder, stop=lambda: (run.phase, run.step) == ("feedback", number))
    with pytest.raises(Interrupted):
        run.run()
    assert RunFolder.open(path).state["step"] == number
    train(CONFIG, path, resume=True)
    assert outcome(path) == outcome(undisturbed[0])


def test_a_run_that_is_killed_between_two_looks_repeats_the_steps_since_the_last(undisturbed, tmp_path, monkeypatch):
    path, whole, calls = tmp_path / "run", GRPOTrainer.learn, []

    def dying(self, *given):
        calls.append(1)
        if len(calls) == 4:  # the second step of the third part
            raise KeyboardInterrupt
        return whole(self, *given)

    monkeypatch.setattr(GRPOTrainer, "learn", dying)
    with pytest.raises(Interrupted):
        train(CONFIG, path)
    monkeypatch.setattr(GRPOTrainer, "learn", whole)
    assert RunFolder.open(path).state["step"] == 4
    train(CONFIG, path, resume=True)
    assert outcome(path) == outcome(undisturbed[0])


def test_steps_that_harm_are_taken_back_and_the_part_is_over(tmp_path, monkeypatch):
    looks, back, whole = [], [], SelfPlay.take_back

    def worse_at_the_second_look(best, now):
        looks.append(1)
        return len(looks) == 2  # that of the preferences

    def weights(run):
        return {name: p.detach().clone() for name, p in run.roles["solver"].trainer.parameters.items()}

    def spied(run):
        before, saved = weights(run), load_file(run.store.path(run.checkpoints["solver"]) / "model.safetensors")
        whole(run)
        back.append((before, weights(run), saved, run.checkpoints["solver"]))

    monkeypatch.setattr(overfitting, "has_worsened", worse_at_the_second_look)
    monkeypatch.setattr(SelfPlay, "take_back", spied)
    folder = train(CONFIG, tmp_path / "run")
    rows = rows_of(folder)
    assert [(row["part"], row["step"]) for row in rows if row.get("taken_back")] == [("preferences", 2)]
    steps = [row["part"] for row in rows if "loss" in row]
    assert [steps.count(part) for _, part in ROLES] == [3, 2, 3]
    ((before, after, saved, name),) = back
    assert name == "solver-01-003"  # 1 step of train(solver), and 2 of the labels
    assert all(torch.equal(saved[key], value) for key, value in after.items() if key in saved)
    assert len(saved.keys() & after.keys()) > 10
    assert any(not torch.equal(before[key], value) for key, value in after.items())


def test_the_report_says_what_people_decided_and_keeps_its_steps_apart(undisturbed):
    page = render_report(RunFolder.open(undisturbed[0]))
    section = page[page.index('<section id="feedback">') :].partition("</section>")[0]
    assert "preferences: accuracy on what is set aside" in section
    assert "(3 looks)" in section
    assert "Cohen" not in section  # there is one reviewer
    summary = read_run_summary(RunFolder.open(undisturbed[0]))
    assert [row["phase"] for row in summary.steps("solver")] == ["train(solver)"]


def test_it_is_a_part_of_its_own_that_learns_what_was_decided_in_earlier_rounds(tmp_path):
    parts = {
        "self_play": {"stages": PLAYED, "until": "rounds(1)"},
        "feedback": {"stages": [FEEDBACK], "until": "rounds(1)"},
    }
    folder = train(CONFIG.replace({"rounds": 9, "schedule": parts}), tmp_path / "run")
    assert folder.state["round"] == 2
    rows = rows_of(folder)
    assert {row["round"] for row in rows} == {2}
    assert [row["human_share"] for row in rows if "human_share" in row] == [0.5] * 3  # others: of the earlier round
    (counts,) = (row["feedback"] for row in rows if "feedback" in row)
    assert counts["human_share"] is None


def test_without_a_decision_there_is_a_warning_and_nothing_moves(tmp_path):
    config = CONFIG.replace({"stages": ["generate", "attempt", "label", FEEDBACK]})
    folder = train(config, tmp_path / "run")
    assert folder.state["checkpoints"] == {}
    assert [row["feedback"]["by_decision"] for row in rows_of(folder) if "feedback" in row] == [{}]


def test_a_person_owns_the_label_and_votes_keep_theirs():
    verifier = HumanFirst(make_verifier("majority"))
    human = Question("What is 1+2?", "1/2", meta={HUMAN: True})
    voted = Question("What is 1+2?", "4")
    attempts = ["\\boxed{0.5}", "\\boxed{3}", "\\boxed{3}"]
    first, second = verifier.judge_many([human, voted], [attempts, attempts])
    assert [one.score for one in first.verdicts] == [1.0, 0.0, 0.0]
    assert second.label == "3"
    assert verifier.judge(human, attempts).label == "1/2"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"stages": ["feedback(steps=0)"]}, ConfigError, "steps >= 1"),
        ({"stages": ["feedback(epochs=0)"]}, ConfigError, "epochs above 0"),
        ({"stages": ["feedback(share=0)"]}, ConfigError, r"share in \(0, 1\]"),
        ({"stages": ["feedback(held_out=0.9)"]}, ConfigError, r"held_out in \[0, 0.5\]"),
        ({"stages": ["feedback(preferences=grpo)"]}, ConfigError, "learns preferences by 'dpo"),
        ({"stages": ["feedback(proposals='dpo(beta=0)')"]}, ConfigError, "beta must be above 0"),
        ({"stages": ["feedback(proposals=dpp)"]}, UnknownNameError, "dpo"),
        ({"roles.solver.reward": "random", "stages": ["feedback"]}, ConfigError, "rewards the solver for labels"),
        ({"roles.solver.grpo.kl_weight": 0.0, "stages": ["feedback"]}, ConfigError, r"preferences=none"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_written(tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        train(CONFIG.replace(changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("epochs", "things", "batch", "steps"), [(1, 70, 16, 5), (2, 9, 32, 1), (500, 1, 32, 10)])
def test_few_decisions_take_few_steps(epochs, things, batch, steps):
    stage, part = Feedback(steps=10, epochs=epochs, look=4), SimpleNamespace(things=things, batch=batch)
    chunks = list(stage._chunks([part]))
    assert sum(chunk.steps for chunk in chunks) == chunks[-1].end == steps
    assert all(chunk.steps <= 4 for chunk in chunks)


def test_it_is_a_stage_and_its_rows_are_json():
    assert check_stage(make_stage("feedback"))
    assert json.dumps(make_stage("feedback(share=1, preferences=none)").most_steps) == "30"
