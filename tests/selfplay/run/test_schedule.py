"""Parts of a run, each with stages of its own and a rule that ends it; and the stage that shows roles the forms."""

import pytest

from selfplay_gym import train
from selfplay_gym.core.errors import ConfigError, RunError, UnknownNameError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key
from selfplay_gym.core.records import Question
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.run.questions.examples import training_question, worked
from selfplay_gym.selfplay.run.schedule.endings import Plateau, Rounds, Tokens
from selfplay_gym.selfplay.run.schedule.parts import Schedule
from selfplay_gym.selfplay.run.stages.warm_up import WarmUp
from selfplay_gym.selfplay.run.train import make_run
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import STAGES, RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder

ASKING = ["generate", "attempt", "label", "evaluate"]
SCHEDULE = {
    "asking": {"stages": ASKING, "until": "rounds(2)"},
    "learning": {"stages": list(STAGES), "until": "rounds(1)"},
    "asking again": {"stages": ASKING, "until": "never"},
}


def played(folder):
    """The stages of every round, in order."""
    rounds = {}
    for row in folder.rows("timings"):
        rounds.setdefault(row["round"], []).append(row["phase"])
    return rounds


def test_parts_play_their_own_stages_one_after_the_other(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=5, changes={"schedule": SCHEDULE})
    rounds = played(folder)
    assert rounds[0] == ["evaluate"]
    assert rounds[1] == rounds[2] == rounds[4] == rounds[5] == ASKING
    assert rounds[3] == list(STAGES)
    over = [(row["round"], row["part_over"]) for row in folder.rows("metrics") if "part_over" in row]
    assert over == [(2, "asking"), (3, "learning")]
    assert folder.state["part"] == {"name": "asking again", "since": 4, "over": False}


@pytest.mark.parametrize(("stopped_in", "at"), [(1, "label"), (2, "train(solver)"), (3, "generate")])
def test_a_resumed_run_goes_on_in_its_part(scripted_run, resume_scripted, logged, tmp_path, stopped_in, at):
    whole = scripted_run(tmp_path / "whole", rounds=4, changes={"schedule": SCHEDULE})
    scripted_run(tmp_path / "run", rounds=stopped_in, until=at, changes={"schedule": SCHEDULE, "rounds": 4})
    resume_scripted(tmp_path / "run")
    assert logged(tmp_path / "run") == logged(whole.path)


def test_a_run_ends_with_its_last_part_and_stays_ended(scripted_run, resume_scripted, tmp_path):
    schedule = {"one": {"stages": ASKING, "until": "rounds(2)"}}
    folder = scripted_run(tmp_path / "run", rounds=9, changes={"schedule": schedule})
    assert (folder.state["phase"], folder.state["round"]) == ("done", 2)
    before = folder.path.joinpath("metrics.jsonl").read_bytes()
    resume_scripted(tmp_path / "run")
    assert folder.path.joinpath("metrics.jsonl").read_bytes() == before


class Told:
    """As much of a run as rules read."""

    def __init__(self, rows, since=1):
        self.folder = self
        self.schedule = type("Schedule", (), {"since": since})
        self.all = rows

    def rows(self, name):
        return self.all if name == "metrics" else []


@pytest.mark.parametrize(
    ("scores", "over"),
    [
        ([0.5], False),
        ([0.5, 0.5], False),
        ([0.5, 0.5, 0.5], True),
        ([0.5, 0.505, 0.507], True),
        ([0.5, 0.511, 0.4], False),
        ([0.5, 0.4, 0.51], False),
        ([0.1, 0.9, 0.3, 0.4], True),
    ],
)
def test_a_plateau_is_two_rounds_without_a_gain_of_a_point(scores, over):
    rows = [{"round": number, "validation_accuracy": score} for number, score in enumerate(scores, start=1)]
    assert Plateau().is_over(Told(rows), len(scores)) is over
    earlier = [{"round": 0, "validation_accuracy": 0.99}, {"round": 0}]
    assert Plateau().is_over(Told(earlier + rows), len(scores)) is over


def test_a_plateau_without_validations_is_an_error():
    with pytest.raises(RunError, match="evaluate"):
        Plateau(rounds=1).is_over(Told([]), 2)


def test_a_budget_counts_the_tokens_of_its_part():
    rows = [{"round": number, "tokens_counted": 10} for number in (1, 2, 2, 3)]
    assert not Tokens(31).is_over(Told(rows, since=2), 2)
    assert Tokens(30).is_over(Told(rows, since=2), 2)
    assert [Rounds(2).is_over(Told([]), n) for n in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize(
    ("schedule", "error", "message"),
    [
        ({"a": {"stages": ASKING, "until": "round(1)"}}, ConfigError, r"schedule\.a: .*'rounds'"),
        ({"a": {"stages": ["label"], "until": "rounds(1)"}}, ConfigError, r"schedule\.a.*without 'attempt'"),
        ({"a": {"stages": []}}, ConfigError, r"schedule\.a\.stages"),
        ({"a": {"stages": ["evaluate"], "until": "rounds(0)"}}, ConfigError, "n >= 1"),
        ({"a": {"stages": ["evaluate"], "until": "plateau(gain=-1)"}}, ConfigError, "gain"),
        ({"a": {"stages": ["evaluate"], "until": "tokens(0)"}}, ConfigError, "n >= 1"),
        ({"a": {"stages": ["train(valdator)"]}}, UnknownNameError, "valdator"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused(schedule, error, message):
    with pytest.raises(error, match=message):
        Schedule.of(RunConfig().replace({"schedule": schedule}))


def test_a_state_of_another_schedule_is_refused():
    with pytest.raises(RunError, match="nowhere"):
        Schedule.of(RunConfig().replace({"schedule": SCHEDULE})).load_state_dict({"name": "nowhere", "since": 1})


SMALL = preset("debug").replace(
    {
        "rounds": 2,
        "questions.count": 12,
        "exam": {"questions": 8, "samples": 1},
        "guard.questions": 4,
        "schedule": {"warm_up": {"stages": ["warm_up(steps=4, batch=4)", "evaluate"], "until": "rounds(1)"}},
    }
)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["copies", "lora"])
def test_a_warm_up_teaches_the_forms_and_goes_on_after_a_kill(tmp_path, power_cut, logged, untrained_model, sharing):
    roles = {"model": str(untrained_model), "max_new_tokens": 8, "weight_sharing": sharing}
    config = SMALL.replace({"roles.*": roles, "schedule.warm_up.stages": ["warm_up(steps=12, batch=8)", "evaluate"]})
    folder = train(config, tmp_path / "whole")
    rows = [row for row in folder.rows("metrics") if "trained" in row]
    assert [row["trained"] for row in rows] == ["solver", "challenger"]
    assert all(row["last_loss"] < row["first_loss"] - 0.1 for row in rows)
    with power_cut(2):
        train(config, tmp_path / "run")
    train(config, tmp_path / "run", resume=True)
    assert logged(tmp_path / "run") == logged(tmp_path / "whole")


def test_its_examples_are_read_back_and_none_is_held_out(tmp_path):
    run = make_run(SMALL, RunFolder.create(tmp_path / "run", to_toml(SMALL), {}))
    rng = python_stream(0, "test")
    for _ in range(200):
        question = training_question(run.generator, (0.0, 0.5), rng)
        assert not is_held_out(key(question.text))
        assert question.level <= 0.5
        written = run.domain.read(run.domain.write(question))
        assert (written.text, written.reference) == (question.text, question.reference)
        assert worked(question, rng).endswith(rf"\boxed{{{question.reference}}}")


def test_what_the_question_language_cannot_read_is_shown_with_its_answer_alone():
    assert worked(Question("How many legs have 3 cats?", "12"), python_stream(0)) == r"\boxed{12}"


CODE = compose("debug", env="SelfPlayCode-v0")


def run_of(config, path):
    return make_run(config, RunFolder.create(path, to_toml(config), {}))


def test_a_warm_up_may_be_one_roles_alone(tmp_path):
    run = run_of(CODE, tmp_path / "run")
    rng = python_stream(0, "test")
    assert WarmUp()._taught(run) == ["solver", "challenger", "tester"]
    for role in run.roles:
        assert (WarmUp(role).name, WarmUp(role)._taught(run)) == (f"warm_up({role})", [role])
    for _ in range(50):
        prompt, call = WarmUp("tester")._pair(run, "tester", rng)
        assert prompt.startswith("def f(")
        assert call.startswith("f(")
        prompt, written = WarmUp("challenger")._pair(run, "challenger", rng)
        assert prompt == run.game.instruct()
        (proposal,) = run.game.read([written])
        assert proposal.question.reference is not None
        assert not is_held_out(run.domain.identity(proposal.question))


def test_a_role_that_rests_or_does_not_play_is_not_warmed_up(tmp_path):
    changes = {"roles.tester.learns": False, "questions.sources": {"procedural": 1.0}}
    run = run_of(CODE.replace(changes), tmp_path / "run")
    assert WarmUp()._taught(run) == ["solver"]
    assert WarmUp("challenger")._taught(run) == WarmUp("tester")._taught(run) == []


@pytest.mark.parametrize(
    ("config", "stage", "message"),
    [
        (CODE, "warm_up(testr)", "testr"),
        (SMALL, "warm_up(tester)", "tester"),
        (
            CODE.replace(
                {
                    "schedule.self_play.stages": ["generate", "attempt", "label", "train(tester)", "train(validator)"],
                    "roles.validator.steps": 1,
                }
            ),
            "warm_up(validator)",
            "made of attempts",
        ),
        (
            CODE.replace({"schedule.self_play.stages": ["generate", "attempt", "label", "sft(tester)"]}),
            "evaluate",
            "no task of the role",
        ),
    ],
)
def test_a_role_that_nothing_can_be_shown_is_refused(config, stage, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        run_of(config.replace({"schedule.warm_up.stages": [stage]}), tmp_path / "run")


@pytest.mark.parametrize("options", [{"batch": 0}, {"levels": [0.5]}, {"levels": [0.6, 0.5]}, {"steps": 0}])
def test_a_warm_up_that_cannot_work_is_refused(options):
    with pytest.raises(ConfigError):
        WarmUp(**options)
