import time

import pytest

from selfplay_gym.core.records import TaskSpec
from selfplay_gym.core.registries import make_generator
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.worked import Worker
from selfplay_gym.selfplay.diagnose.reasoning import answered_right, measure_reasoning, method_of, steps_of


@pytest.mark.parametrize(
    ("question", "attempt", "held"),
    [
        ("What is 12+7*3?", r"7*3=21, 12+21=33. \boxed{33}", [True, True]),
        ("What is 12+7*3?", r"12+7*3=12+21=34. \boxed{34}", [True, False]),
        ("Solve 3x+4=19.", r"3x=19-4=15, x=5. \boxed{5}", [True, True, True]),
        ("Solve 3x+4=19.", r"3x=15, x=6. \boxed{6}", [True, False]),
        ("If 2x+3=11, what is 3x-1?", r"2x=8, x=4, 3*4=12, 12-1=11. \boxed{11}", [True] * 4),
        ("What is 3+4?", "We have 3 apples. So 3 + 4 = 7 and x = 7.", [True]),
        ("What is 3+4?", "It is seven, I am sure.", []),
        ("What is 3+4?", "1/0=5, ((=3, 2==2", []),
    ],
)
def test_steps_are_checked_as_mathematics(question, attempt, held):
    assert steps_of(attempt, question) == held


def test_methods_are_shapes_without_numbers():
    assert method_of(r"7*3=21, 12+21=33. \boxed{33}") == method_of(r"2*9=18, 1+18=19. \boxed{19}")
    assert method_of(r"12+7*3=12+21=33. \boxed{33}") != method_of(r"7*3=21, 12+21=33. \boxed{33}")
    assert method_of(r"\boxed{33}") == "direct"


def _worked(slip, styles=("steps",), count=200):
    generator, rng = make_generator("mixed"), python_stream(0, "worked")
    worker = Worker(rng, slip)
    questions = [generator.generate(TaskSpec(0.7), rng) for _ in range(count)]
    groups = [[worker.solve(question.text, style) for style in styles] for question in questions]
    right = [[answered_right(text, q.reference) for text in group] for q, group in zip(questions, groups, strict=True)]
    return [question.text for question in questions], groups, right


def test_faultless_work_is_wholly_rigorous_and_slips_are_seen():
    clean, _ = measure_reasoning(*_worked(0.0, ("steps", "rewrite")))
    assert clean.rigour == clean.sound == clean.worked == 1.0
    assert clean.lucky == 0.0
    sloppy, _ = measure_reasoning(*_worked(0.2))
    assert 0.7 < sloppy.rigour < 0.9
    assert sloppy.sound < sloppy.rigour
    assert sloppy.characters_per_correct > clean.characters_per_correct


def test_direct_answers_have_nothing_to_check():
    direct, methods = measure_reasoning(*_worked(0.0, ("direct",)))
    assert (direct.rigour, direct.sound, direct.worked) == (None, None, 0.0)
    assert methods == {"direct"}


def test_new_methods_are_new_against_the_archive():
    _, methods = measure_reasoning(*_worked(0.0, ("steps",)))
    same, _ = measure_reasoning(*_worked(0.0, ("steps",)), known=methods)
    assert same.new_methods == 0.0
    more, _ = measure_reasoning(*_worked(0.0, ("steps", "rewrite")), known=methods)
    assert 0.3 < more.new_methods < 1.0


def test_a_right_answer_with_a_wrong_step_is_called_lucky():
    measured, _ = measure_reasoning(["What is 3+4?"], [[r"3+4=8. \boxed{7}"]], [[True]])
    assert measured.lucky == 1.0


@pytest.mark.parametrize(
    ("attempt", "right"), [(r"\boxed{1/2}", True), (r"\boxed{2/4}", True), (r"\boxed{x}", False), ("1/2", False)]
)
def test_answers_are_compared_as_numbers(attempt, right):
    assert answered_right(attempt, "1/2") is right


@pytest.mark.parametrize("piece", ["1", "1+", "(", "1=1", "x", " ", "solve 1 "])
def test_long_attempts_are_read_in_linear_time(piece):
    attempt = piece * (20_000 // len(piece))
    begun = time.process_time()
    steps_of(attempt, attempt)
    method_of(attempt)
    assert time.process_time() - begun < 10
