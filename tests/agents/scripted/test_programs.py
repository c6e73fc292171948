"""The scripted code solver: right where it can read, of the skill it was given, and never running anything."""

from __future__ import annotations

import random

import pytest

from selfplay_gym import TaskSpec, make_agent, make_generator
from selfplay_gym.agents.scripted.programs import returned
from selfplay_gym.core.errors import ConfigError


def test_it_reads_every_short_question():
    generator, rng = make_generator("deduction", style="short"), random.Random(1)
    for i in range(200):
        question = generator.generate(TaskSpec(i / 200), rng)
        found = returned(question.text)
        assert found is not None
        assert str(found[0]) == question.reference


def test_what_it_reads_of_long_questions_is_right():
    generator, rng = make_generator("deduction"), random.Random(2)
    questions = [generator.generate(TaskSpec(0.39 * i / 200), rng) for i in range(200)]
    read = [(q, returned(q.text)) for q in questions]
    assert sum(found is not None for _, found in read) > 120
    assert all(found is None or str(found[0]) == q.reference for q, found in read)


@pytest.mark.parametrize(
    "prompt",
    ["", "f=lambda x: x**x. f(9)=?", "f=lambda x: f(x). f(1)=?", "f=lambda x: x//0. f(1)=?", "f=lambda x: y. f(1)=?",
     "f=lambda x: " + "9*" * 90 + "x. f(9)=?", "f=lambda x: __import__('os'). f(1)=?", "f=lambda x: x. f(x)=?"],
)  # fmt: skip
def test_what_it_cannot_read_it_guesses(prompt):
    assert returned(prompt) is None
    assert make_agent("coder").act([prompt], seed=1)[0][0].startswith(r"\boxed{")


def test_it_has_the_accuracy_it_was_given():
    generator, rng = make_generator("deduction", style="short"), random.Random(3)
    questions = [generator.generate(TaskSpec(0.5), rng) for _ in range(200)]
    attempts = make_agent("coder", accuracy=0.3).act([q.text for q in questions], n=10, seed=4)
    right = sum(a == rf"\boxed{{{q.reference}}}" for q, group in zip(questions, attempts, strict=True) for a in group)
    assert 0.26 < right / 2000 < 0.34
    with pytest.raises(ConfigError):
        make_agent("coder", accuracy=2.0)
