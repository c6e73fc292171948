"""Scripted agents have exactly the skill they claim."""

import pytest

from selfplay_gym import TaskSpec, make_agent, make_generator
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.math_language import answer
from selfplay_gym.core.seeding import python_stream


def questions(count, level=0.5):
    generator, rng = make_generator("mixed"), python_stream(0, "scripted", level)
    return [generator.generate(TaskSpec(level), rng) for _ in range(count)]


def share_right(agent, level=0.5):
    asked = questions(400, level)
    groups = agent.act([q.text for q in asked], n=5, seed=0)
    right = [text == f"\\boxed{{{q.reference}}}" for q, group in zip(asked, groups, strict=True) for text in group]
    return sum(right) / len(right)


def test_the_oracle_is_always_right_and_admits_what_it_cannot_read():
    assert share_right(make_agent("oracle")) == 1.0
    assert "boxed" not in make_agent("oracle").act(["What is love?"])[0][0]


@pytest.mark.parametrize("accuracy", [0.0, 0.3, 0.8, 1.0])
def test_noisy_is_right_as_often_as_set(accuracy):
    assert abs(share_right(make_agent("noisy", accuracy=accuracy)) - accuracy) < 0.04


def test_a_skilled_solver_finds_longer_questions_harder_and_skill_helps():
    rates = [share_right(make_agent("noisy", skill=0.5), level) for level in (0.1, 0.9)]
    assert rates[0] > rates[1] + 0.2
    assert share_right(make_agent("noisy", skill=0.9)) > share_right(make_agent("noisy", skill=0.3)) + 0.2


def test_generator_agents_write_readable_questions_with_their_answers():
    for text in make_agent("generator", generator="arithmetic").act(["Write!"] * 50, n=1, seed=1):
        question = text[0].split("<question>")[1].split("</question>")[0]
        assert text[0].endswith(f"\\boxed{{{answer(question)}}}")


@pytest.mark.parametrize("name", ["oracle", "noisy", "random", "echo", "generator"])
def test_equal_seeds_repeat_and_shapes_hold(name):
    agent = make_agent(name)
    first = agent.act(["What is 1+2?", "What is 3+4?"], n=3, seed=5)
    assert first == agent.act(["What is 1+2?", "What is 3+4?"], n=3, seed=5)
    assert [len(group) for group in first] == [3, 3]
    with pytest.raises(ConfigError, match="n must"):
        agent.act(["x"], n=0)


@pytest.mark.parametrize("options", [{"accuracy": 2}, {"accuracy": 0.5, "skill": 0.5}, {"width": 0}])
def test_impossible_skill_is_refused(options):
    with pytest.raises(ConfigError):
        make_agent("noisy", **options)
