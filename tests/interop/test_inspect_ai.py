"""Inspect AI asks our exams, found by name, and pays what the environment pays; our agents are its models."""

import asyncio
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

import selfplay_gym
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.interop.question_sets import question_set
from selfplay_gym.selfplay.exams.hold import exam as our_exam
from selfplay_gym.selfplay.exams.hold import prompt_of
from selfplay_gym.selfplay.exams.suites import load_suite

inspect_ai = pytest.importorskip("inspect_ai")
bridge = pytest.importorskip("selfplay_gym.interop.inspect_ai")

from inspect_ai.log import read_eval_log  # noqa: E402
from inspect_ai.model import ModelOutput, ModelUsage, get_model  # noqa: E402

pytestmark = pytest.mark.slow


def evaluate(model, tmp_path, task="selfplay_gym/exam", **options):
    (log,) = inspect_ai.eval(task, model=model, log_dir=str(tmp_path), display="none", **options)
    assert log.status == "success", log.error
    return log


def said(*texts):
    """Their mock model that says these texts. A usage is given, or it would count tokens with a vocabulary it
    downloads."""
    usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    outputs = [ModelOutput.from_content("mockllm", text) for text in texts]
    for output in outputs:
        output.usage = usage
    return get_model("mockllm/model", custom_outputs=outputs)


def test_odd_questions_come_back_from_the_log(texts, tmp_path):
    source = texts.write_rows(tmp_path / "own.jsonl", texts.odd_questions(seed=5, size=80))
    asked = question_set(source, ("held_out",)).splits["held_out"]
    answers = [rf"\boxed{{{one.question.reference}}}" for one in asked]
    log = evaluate(
        said(*answers), tmp_path / "logs", bridge.exam(source, template="plain"), max_connections=1, max_samples=1
    )
    read = read_eval_log(log.location).samples
    assert [one.metadata for one in read] == [one.row() for one in asked]
    assert [one.input for one in read] == [one.prompt() for one in asked]
    assert [one.target for one in read] == [one.question.reference for one in asked]


def accuracy(log, reducer="mean"):
    scores = log.results.scores
    (found,) = [score for score in scores if score.reducer in (reducer, None)]
    return found.metrics["accuracy"].value


def test_every_text_earns_what_the_environment_pays(texts):
    score = bridge.verdict()

    async def scored():
        found = []
        for one, text in texts.attempts():
            state = SimpleNamespace(metadata=one.row(), output=SimpleNamespace(completion=text))
            found.append((await score(state, None)).value)
        return found

    assert asyncio.run(scored()) == texts.rewards()


def test_the_task_is_found_by_the_name_that_pyproject_gives(tmp_path):
    project = tomllib.loads((Path(selfplay_gym.__file__).parent / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["inspect_ai"] == {"selfplay_gym": "selfplay_gym.interop.inspect_ai"}
    questions = load_suite("mixed", limit=4).questions
    answers = [rf"\boxed{{{question.reference}}}" for question in questions]
    log = evaluate(said(*answers[:3], "no idea"), tmp_path, task_args={"limit": 4}, max_samples=1)
    assert log.eval.task == "selfplay_gym/exam"
    assert [sample.input for sample in log.samples] == [prompt_of(question, "r-zero") for question in questions]
    assert accuracy(log) == 0.75
    assert log.samples[3].scores["verdict"].metadata == {"outcome": "wrong"}


def test_an_agent_of_ours_scores_what_our_exam_says(tmp_path):
    options = {"limit": 30, "template": "plain"}
    log = evaluate("selfplay/tiny", tmp_path, task_args=options, temperature=0)
    greedy = our_exam("tiny", questions=30, samples=1).greedy
    scores = [sample.scores["verdict"].value for sample in sorted(log.samples, key=lambda sample: sample.id)]
    assert scores == [float(right) for right in greedy]


def test_several_samples_are_reduced_to_their_mean_and_to_pass_at_k(tmp_path):
    (question,) = load_suite("mixed", limit=1).questions
    right = rf"\boxed{{{question.reference}}}"
    options = {"limit": 1, "samples": 4}
    log = evaluate(said(right, "?", "?", right), tmp_path, task_args=options, max_samples=1)
    assert accuracy(log) == 0.5
    assert accuracy(log, "pass_at_2") == pytest.approx(1 - 1 / 6)
    assert accuracy(log, "pass_at_4") == 1.0


def test_an_oracle_of_ours_is_right_on_another_suite(tmp_path):
    log = evaluate("selfplay/oracle", tmp_path, task_args={"suite": "arithmetic", "limit": 5, "template": "plain"})
    assert accuracy(log) == 1.0


@pytest.mark.parametrize("wrong", [{"suite": "mixd"}, {"samples": 0}, {"template": "plane"}, {"limit": 0}])
def test_a_wrong_argument_is_a_config_error(wrong):
    with pytest.raises(ConfigError):
        bridge.exam(**wrong)
