"""A question about programs written as a challenger writes it is read as the same question."""

import random

import pytest

from selfplay_gym import make_domain, make_generator
from selfplay_gym.core.code_questions import CodeQuestion
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Question, TaskSpec
from selfplay_gym.envs.game.code_domain import read_code, write_code

GENERATORS = [
    "deduction:short",
    {"name": "abduction", "style": "short"},
    "deduction",
    "abduction",
    "induction",
    "program",
    "code",
]


@pytest.mark.parametrize("generator", GENERATORS)
def test_what_is_written_is_read_back(generator):
    rng = random.Random(7)
    for _ in range(60):
        question = make_generator(generator).generate(TaskSpec(rng.random()), rng)
        wrote, read = CodeQuestion.of(question), read_code(write_code(question))
        assert isinstance(read, Question), read
        again = CodeQuestion.of(read)
        assert (again.task, again.function) == (wrote.task, wrote.function)
        assert again.inputs + again.hidden == wrote.inputs + wrote.hidden
        if generator == "deduction:short":
            assert read.text == question.text
        else:
            assert again.program == wrote.program


def test_what_a_challenger_asked_is_written_as_it_asked():
    for body in ("f=lambda x: 3*x. f(4)=?", "Write f, which doubles a number. f(2), f(3)"):
        asked = read_code(f"<question>{body}</question>")
        assert write_code(asked) == f"<question>{body}</question>"


def test_the_domain_writes_so_and_mathematics_in_its_own_way():
    (question,) = [make_generator("deduction").generate(TaskSpec(0.5), random.Random(0))]
    assert make_domain("code").write(question) == write_code(question)
    assert make_domain("math").write(Question("What is 1+2?", "3")) == "<question>What is 1+2?</question> \\boxed{3}"
    with pytest.raises(ConfigError):
        write_code(Question("What is 1+2?", "3"))


def test_the_embedded_model_can_read_and_write_short_programs_and_tests():
    from selfplay_gym.agents.models.tiny import build_tokenizer

    tokenizer, rng = build_tokenizer(), random.Random(3)
    for _ in range(200):
        question = make_generator("deduction:short").generate(TaskSpec(rng.random()), rng)
        for text in (write_code(question), question.meta["program"]):
            ids = tokenizer(text)["input_ids"]
            assert tokenizer.unk_token_id not in ids
            assert len(ids) <= 72
