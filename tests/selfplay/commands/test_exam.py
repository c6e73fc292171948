"""`exam`: what it prints is what the exam says, for every kind of agent, and wrong names end in one line."""

import io
import json
import shutil

import pytest
from rich.console import Console

from selfplay_gym.cli import main
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.commands.exam import hold_exam
from selfplay_gym.selfplay.evaluation import held_out_questions, run_exam

SMALL = {"questions": 24, "samples": 4, "generator": "mixed", "verifier": "sympy", "seed": 5}


def examined(agent, as_json=False, **changes):
    console = Console(file=io.StringIO(), width=80)
    result = hold_exam(agent, **{**SMALL, **changes}, as_json=as_json, console=console)
    return result, console.file.getvalue()


def test_the_table_shows_the_scores_with_their_intervals():
    result, text = examined("noisy")
    assert result == run_exam(make_agent("noisy"), held_out_questions("mixed", 24, 5), samples=4, seed=5, name="noisy")
    for estimate in (result.accuracy, result.pass_at(4), result.majority_at(4), *result.breakdown("kind").values()):
        assert f"{100 * estimate.value:.1f} %" in text
        assert f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %" in text
    for name in ("avg@4", "pass@4", "majority@4", "no answer", "level", *set(result.kinds)):
        assert name in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("workers", ["2", "processes(1)"])
def test_workers_grade_and_count_votes_to_the_same_result(workers):
    alone, table = examined("noisy")
    result, same = examined("noisy", workers=workers)
    assert (result, same) == (alone, table)
    assert result.majority_at(4).value > 0


def test_an_oracle_gets_everything_and_an_echo_nothing():
    assert examined("oracle")[0].accuracy.value == 1.0
    assert examined("echo")[0].accuracy.value == 0.0


def test_json_is_json_and_nothing_else():
    result, text = examined("noisy", as_json=True)
    scores = json.loads(text)
    assert scores["accuracy"] == result.accuracy.as_dict()
    assert (scores["generator"], scores["verifier"], scores["seed"]) == ("mixed", "sympy", 5)


def test_a_untrained_model_is_an_agent_with_a_greedy_mode(untrained_model):
    result, text = examined(str(untrained_model), questions=4, samples=2)
    assert result.greedy_accuracy is not None
    assert "greedy" in text


def test_an_exam_is_held_against_the_training_questions_of_the_run(untrained_model, tmp_path):
    checkpoint = tmp_path / "run" / "checkpoints" / "solver-01-001"
    shutil.copytree(untrained_model, checkpoint)
    leaked = held_out_questions("mixed", 4, 5)[2].text
    (tmp_path / "run" / "questions.jsonl").write_text(json.dumps({"text": leaked, "dropped": None}) + "\n")
    _, text = examined(str(checkpoint), questions=4, samples=1)
    assert "4 exam items against 1 training question: 1 exact" in " ".join(text.split())
    _, text = examined(str(checkpoint), questions=4, samples=1, as_json=True)
    assert json.loads(text)["contamination"]["exact"] == 1
    assert "not a checkpoint of a run" in " ".join(examined("noisy")[1].split())


def test_agents_take_options():
    assert examined("noisy(accuracy=1.0)")[0].accuracy.value == 1.0


def test_a_run_folder_is_told_from_a_model(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=0, until="train(challenger)").path
    with pytest.raises(ConfigError, match="no model of who answers yet"):
        examined(str(folder))
    (folder / "checkpoints" / "solver-01-002").mkdir(parents=True)
    with pytest.raises(ConfigError, match="solver-01-002"):
        examined(str(folder))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nosy"], "Did you mean 'noisy'?"),
        (["./nowhere/at-all"], "no model folder"),
        (["oracle", "--generator", "mixd"], "Did you mean 'mixed'?"),
        (["oracle", "--verifier", "sympi"], "Did you mean 'sympy'?"),
        (["no_such_module:agent"], "no_such_module"),
        (["oracle", "--questions", "0"], "--questions"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(capsys, arguments, expected):
    assert main(["exam", *arguments]) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


def test_an_empty_folder_is_not_a_model(tmp_path, capsys):
    assert main(["exam", str(tmp_path)]) == 2
    assert "config.json" in capsys.readouterr().err
