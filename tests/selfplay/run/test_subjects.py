"""A run can be about mathematics or about code, and each knows its labels."""

import pytest

from selfplay_gym import Question, TaskSpec, make_generator
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.run.labels import labels_right
from selfplay_gym.selfplay.run.subjects import SUBJECTS, find_subject
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.presets import preset


def test_a_round_of_code_trains_on_what_the_sandbox_returned(tmp_path):
    config = preset("debug").replace(env="SelfPlayCode-v0", rounds=1, **SUBJECTS["SelfPlayCode-v0"].settings)
    folder = train(config, tmp_path / "run")
    labels = list(folder.rows("labels"))
    assert labels
    assert {row["label_right"] for row in labels} == {True}
    assert all(row["meta"]["task"] == "deduction" for row in folder.rows("questions"))
    assert [row["role"] for row in folder.rows("metrics") if "role" in row] == ["solver"] * config.solver_steps


def test_executor_labels_do_not_believe_the_reference():
    question = make_generator("deduction", style="short").generate(TaskSpec(0.3), python_stream(0, "executor"))
    lied = Question(question.text, "999", question.domain, question.level, question.author, question.meta)
    attempts = [f"\\boxed{{{question.reference}}}", "\\boxed{999}"]
    judgement = find_subject("SelfPlayCode-v0").labeller("executor").judge(lied, attempts)
    assert (judgement.label, judgement.solve_rate) == (question.reference, 0.5)


def test_labels_a_subject_does_not_have_are_refused_with_those_it_has():
    with pytest.raises(ConfigError, match=r"vote, sympy, oracle; got 'executor'"):
        find_subject("SelfPlayMath-v0").labeller("executor")
    with pytest.raises(UnknownNameError, match="Did you mean 'SelfPlayCode-v0'"):
        find_subject("SelfPlayCode")


def test_labels_are_checked_against_the_text_and_unknown_stays_unknown():
    asked = [Question("What is 2+3?"), Question("What is 2+3?", "6"), Question("What is love?", "6")]
    assert labels_right(asked, ["5", "6", "6"]) == [True, False, None]
    assert labels_right(asked[:1], [None]) == [False]
