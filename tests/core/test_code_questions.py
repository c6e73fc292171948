"""A code question survives its way through `meta`, and a field that cannot be read is named."""

import json
import random

import pytest

from selfplay_gym import Question, TaskSpec, make_generator
from selfplay_gym.core.code_questions import TASKS, CodeQuestion
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.game.code_domain import read_code

GOOD = {"task": "deduction", "function": "f", "program": "def f(x):\n    return x", "inputs": ["(4,)"], "hidden": []}


def question(meta):
    return Question("text", None, "code", meta=meta)


@pytest.mark.parametrize("task", TASKS)
def test_a_generated_question_read_and_written_again_is_the_same_text(task):
    rng = random.Random(1)
    for level in (0.1, 0.5, 0.9):
        written = make_generator("code").generate(TaskSpec(level, task), rng)
        code = CodeQuestion.of(written)
        assert code.task == task
        assert code.asks_for_program == (task in ("program", "induction"))
        assert json.dumps(code.as_meta()) == json.dumps(dict(written.meta))


def test_a_proposal_claims_no_outputs_and_has_no_signature():
    proposed = read_code("<question>```python\ndef f(x):\n    return 3 * x + 2\n```\nf(4), f(5), f(-1)</question>")
    code = CodeQuestion.of(proposed)
    assert code == CodeQuestion(
        "induction", "f", "def f(x):\n    return 3 * x + 2", inputs=((4,), (5,)), hidden=((-1,),)
    )
    assert list(proposed.meta) == ["task", "function", "program", "inputs", "hidden"]
    assert proposed.meta == code.as_meta()


def test_no_outputs_and_an_empty_list_of_outputs_differ():
    assert CodeQuestion.of(question(GOOD)).outputs is None
    assert CodeQuestion.of(question(GOOD | {"outputs": []})).as_meta()["outputs"] == []


def test_a_question_by_hand_may_leave_out_what_has_a_default_and_bring_keys_of_its_own():
    code = CodeQuestion.of(question({"task": "program", "inputs": [[1, "a"]], "kind": "mine"}))
    assert (code.function, code.program, code.inputs, code.hidden) == ("f", None, ((1, "a"),), ())


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"task": "quiz"}, "task"),
        ({"task": None}, "task"),
        ({"program": 3}, "program"),
        ({"program": None}, "program"),
        ({"inputs": "(4,)"}, "inputs"),
        ({"inputs": ["(4"]}, "inputs"),
        ({"inputs": ["4"]}, "inputs"),
        ({"hidden": ["[...]"]}, "hidden"),
        ({"outputs": ["f(1)"]}, "outputs"),
        ({"outputs": ["1"] * 257}, "outputs"),
    ],
)
def test_what_cannot_be_read_is_named(wrong, field):
    with pytest.raises(ConfigError, match=rf"meta\['{field}'\]"):
        CodeQuestion.of(question(GOOD | wrong))
