"""The stage `adapt`: it goes on exactly after a kill, never sees what is held out, and puts back what it adapts."""

import pytest
import torch
from safetensors.torch import load_file

from selfplay_gym import train
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.registries import make_generator, make_stage
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.envs.game.domains import held_out
from selfplay_gym.selfplay.exams.adaptation import adaptation_rows, checked_updates
from selfplay_gym.selfplay.report.summary_data import read_run_summary
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.run.questions.examples import family_of, training_question
from selfplay_gym.selfplay.run.stages.adapt import Adapt
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.testing import check_stage

FAMILIES = '["arithmetic", "equation", "mixed"]'
SIZES = {
    "steps": 5,
    "tasks": 2,
    "inner": 2,
    "batch": 3,
    "levels": [0.0, 0.2],
    "shots": 4,
    "questions": 6,
    "updates": [0, 2],
}


def stage(**options):
    given = ", ".join(f"{name}={value}" for name, value in {**SIZES, **options}.items())
    return f"adapt(families={FAMILIES}, held_out=composed, {given})"


@pytest.fixture(scope="module")
def config(untrained_model):
    def made(*stages, sharing="copies"):
        roles = {"model": str(untrained_model), "max_new_tokens": 6, "weight_sharing": sharing, "steps": 1}
        return preset("debug").replace(
            {
                "rounds": 1,
                "roles.*": roles,
                "questions.sources": {"procedural": 1.0},
                "schedule": {"adapt": {"stages": list(stages), "until": "rounds(1)"}},
                "storage.save_every": 2,
                "exam": {"questions": 4, "samples": 2},
                "guard.questions": 4,
            }
        )

    return made


def weights(folder):
    """What the last checkpoint of the solver holds."""
    last = sorted((folder.path / "checkpoints").iterdir())[-1]
    return {name: value for file in sorted(last.glob("*.safetensors")) for name, value in load_file(file).items()}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "sharing"), [("reptile", "copies"), ("multi-task", "copies"), ("fomaml", "lora")])
def test_a_kill_inside_changes_nothing(config, tmp_path, power_cut, logged, method, sharing):
    wanted = config(stage(method=method), sharing=sharing)
    whole = train(wanted, tmp_path / "whole")
    steps = [row for row in whole.rows("metrics") if "outer_rate" in row]
    assert [row["step"] for row in steps] == [0, 1, 2, 3, 4]
    with power_cut(3):  # after the base, after two steps, after four
        train(wanted, tmp_path / "run")
    train(wanted, tmp_path / "run", resume=True)
    assert logged(tmp_path / "run") == logged(tmp_path / "whole")
    assert equal(weights(whole), weights(type(whole).open(tmp_path / "run")))


@pytest.fixture(scope="module")
def runs(config, tmp_path_factory):
    path = tmp_path_factory.mktemp("adapt")
    return {method: train(config(stage(method=method)), path / method) for method in ("reptile", "multi-task")}


def measured(folder):
    return {row["round"]: row["adaptation"] for row in folder.rows("metrics") if "adaptation" in row}


def test_methods_differ_in_weights_and_in_nothing_that_they_are_compared_by(runs):
    tokens, ends = [], []
    for folder in runs.values():
        rows = list(folder.rows("metrics"))
        drawn = [row["families"] for row in rows if "families" in row]
        tokens.append((drawn, [row["tokens_trained"] for row in rows if "tokens_trained" in row]))
        ends.append(weights(folder))
        base, after = measured(folder)[0], measured(folder)[1]
        assert list(base["by_updates"]) == list(after["by_updates"]) == ["0", "2"]
        assert all(len(one["correct"]) == 6 for one in after["by_updates"].values())
    assert tokens[0] == tokens[1]
    assert not equal(*ends)
    reptile, other = (measured(folder)[0]["by_updates"] for folder in runs.values())
    assert reptile == other  # the base, which nobody has trained


def test_the_weights_are_those_before_the_measuring(runs, config, tmp_path):
    without = train(config(stage(updates=[0])), tmp_path / "without")
    assert equal(weights(runs["reptile"]), weights(without))
    assert not any("optimizer." in name for name in weights(without))


def test_a_learner_learns_and_adapts(config, tmp_path):
    folder = train(config(stage(steps=8, inner=3, batch=6, learning_rate=3e-3, updates=[0])), tmp_path / "run")
    rows = [row for row in folder.rows("metrics") if "outer_rate" in row]
    assert rows[-1]["first_batch_loss"] < rows[0]["first_batch_loss"] - 1
    assert rows[0]["last_batch_loss"] < rows[0]["first_batch_loss"]


def test_nothing_that_is_held_out_is_trained_on(config, tmp_path, monkeypatch):
    seen, honest = [], Adapt._pairs

    def watched(self, run, questions, rng):
        seen.extend(questions)
        return honest(self, run, questions, rng)

    monkeypatch.setattr(Adapt, "_pairs", watched)
    train(config(stage(updates=[0], tasks=3)), tmp_path / "run")
    shots = [question for question in seen if question.author == "composed"]
    assert len(shots) == 2 * 4  # of the base and of the round; `mixed` writes them too, which are left out
    assert shots[:4] == shots[4:]
    assert {question.author for question in seen} == {"arithmetic", "equation", "composed"}
    assert not any(map(held_out, seen))
    assert all(question.level <= 0.2 for question in seen)


def test_report_and_summary_show_it(runs):
    folder = runs["reptile"]
    found = read_run_summary(folder).adaptation
    assert [number for number, _ in found] == [0, 1]
    header, cells = adaptation_rows(found)
    assert header[-2:] == ["0 updates", "2 updates"]
    assert [row[:4] for row in cells] == [["base", "–", "composed", "6"], ["1", "reptile", "composed", "6"]]
    page = render_report(folder)
    assert page.count("<h2>Adaptation</h2>") == 1
    assert page.count(">2 updates<") == 1


def test_rounds_that_measured_after_other_numbers_share_a_table():
    estimate = {"accuracy": {"value": 0.5, "low": 0.25, "high": 0.75}}
    rows = [
        (n, {"method": "fomaml", "held_out": "x", "questions": 3, "by_updates": {str(k): estimate}})
        for n, k in [(0, 16), (1, 1)]
    ]
    header, cells = adaptation_rows(rows)
    assert header[4:] == ["1 update", "16 updates"]
    assert [row[4:] for row in cells] == [["–", "50.0 [25.0, 75.0]"], ["50.0 [25.0, 75.0]", "–"]]


def test_it_is_a_stage_and_its_settings_are_read():
    check_stage(make_stage(stage()))
    made = make_stage(stage(method="fomaml", outer_rate=1e-4))
    assert (made.outer_rate, make_stage(stage()).outer_rate, make_stage(stage(method="multi-task")).outer_rate) == (
        1e-4,
        1.0,
        1e-3,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps"),
        ({"batch": True}, "batch"),
        ({"shots": 1.5}, "shots"),
        ({"questions": 0}, "questions"),
        ({"tasks": 4}, "different families"),
        ({"families": ["units", "units"], "tasks": 2}, "different families"),
        ({"families": [5]}, "different families"),
        ({"levels": [0.5]}, "levels"),
        ({"levels": [0.6, 0.5]}, "levels"),
        ({"inner": 0}, "batches"),
        ({"method": "fomaml", "inner": 1}, "inner >= 2"),
        ({"outer_rate": 0.0}, "outer_rate"),
        ({"outer_rate": 1.5}, "outer_rate"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"updates": []}, "updates"),
        ({"updates": [4, 0]}, "updates"),
        ({"updates": [-1]}, "updates"),
        ({"updates": "0, 4"}, "updates"),
    ],
)
def test_what_cannot_work_is_refused(options, message):
    given = {"families": ["arithmetic", "units", "sequences"], "held_out": "composed", "tasks": 1, **options}
    with pytest.raises(ConfigError, match=message):
        Adapt(**given)


def test_a_method_that_nobody_knows_is_refused():
    with pytest.raises(UnknownNameError, match="reptile"):
        Adapt(families=["units", "equation"], held_out="composed", method="reptle")


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ((stage(), "generate", "attempt", "label", "train(solver)"), "a part of its own"),
        ((stage().replace("mixed", "composed"),), "composed"),
        ((stage().replace("mixed", "deduction"),), "'code'"),
    ],
)
def test_runs_that_cannot_work_are_refused_before_anything_is_written(config, tmp_path, stages, message):
    with pytest.raises(ConfigError, match=message):
        train(config(*stages), tmp_path / "run")
    assert not (tmp_path / "run" / "config.toml").exists()


def test_prompts_without_room_for_an_answer_are_refused(config, tmp_path):
    with pytest.raises(ConfigError, match=r"knights.*lower its levels"):
        train(config(stage().replace("mixed", "knights").replace("levels=[0.0, 0.2]", "levels=[1.0, 1.0]")), tmp_path)


def test_training_questions_are_never_those_of_the_families_left_out():
    rng, mixed = python_stream(0, "test"), make_generator("mixed")
    drawn = [training_question(mixed, (0.0, 1.0), rng, {"composed"}) for _ in range(200)]
    assert {family_of(question) for question in drawn} == {"arithmetic", "equation"}
    assert not any(map(held_out, drawn))
    with pytest.raises(ConfigError, match="arithmetic, equation"):
        training_question(make_generator("equation"), (0.0, 1.0), rng, {"equation", "arithmetic"})


def test_updates_come_back_as_a_tuple():
    assert checked_updates([0, 4]) == (0, 4)
