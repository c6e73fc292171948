"""Every generator's reference is the computed answer, levels order difficulty, and draws follow the stream alone."""

import pytest

from selfplay_gym import TaskSpec, make_generator
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.math_language import read
from selfplay_gym.core.seeding import python_stream, stream

MATH_GENERATORS = ("arithmetic", "equation", "composed", "mixed", "word-problem", "school")


@pytest.mark.parametrize("name", MATH_GENERATORS)
def test_references_are_the_exact_answers_at_every_level(name):
    generator, rng = make_generator(name), python_stream(0, "references", name)
    for index in range(2000):
        question = generator.generate(TaskSpec(index / 1999), rng)
        assert str(read(question.text).answer) == question.reference, question


@pytest.mark.parametrize("name", MATH_GENERATORS)
def test_equal_streams_give_equal_questions_with_both_kinds_of_generator(name):
    generator = make_generator(name)
    for make in (python_stream, stream):
        first, second = (
            [generator.generate(TaskSpec(0.6), r) for _ in range(50)] for r in (make(3, "q"), make(3, "q"))
        )
        assert first == second
        assert len({q.text for q in first}) > 25


def test_arithmetic_grows_longer_with_the_level():
    generator, rng = make_generator("arithmetic"), python_stream(0, "length")
    lengths = [read(generator.generate(TaskSpec(level), rng).text).operations for level in (0.0, 0.3, 0.6, 1.0)]
    assert lengths == [1, 2, 3, 4]


def test_mixed_asks_the_kind_it_is_told_to_and_names_its_parts_otherwise():
    generator, rng = make_generator("mixed", parts={"equation": 1.0, "arithmetic": 3.0}), python_stream(0, "kinds")
    assert {generator.generate(TaskSpec(0.5, "equation"), rng).author for _ in range(20)} == {"equation"}
    authors = [generator.generate(TaskSpec(0.5), rng).author for _ in range(2000)]
    assert 0.2 < authors.count("equation") / 2000 < 0.3
    with pytest.raises(ConfigError, match=r"composed.*equation.*arithmetic"):
        generator.generate(TaskSpec(0.5, "composed"), rng)
    with pytest.raises(ConfigError, match="positive"):
        make_generator("mixed", parts={"equation": 0.0})


def test_school_sums_are_a_third_of_each_kind_and_take_two_steps_at_most():
    generator, rng = make_generator("school"), python_stream(0, "school")
    questions = [generator.generate(TaskSpec(index / 2999), rng) for index in range(3000)]
    readings = [read(question.text) for question in questions]
    shares = {
        kind: sum(one.kind == kind for one in readings) / 3000 for kind in ("arithmetic", "equation", "word-problem")
    }
    assert shares == {kind: pytest.approx(1 / 3, abs=0.03) for kind in shares}
    assert {one.operations for one in readings if one.kind != "equation"} == {1, 2}
    roots = [one.answer for one in readings if one.kind == "equation"]
    assert min(roots) == 0
    assert max(roots) == 9
    assert [question.level for question in questions[::2999]] == [0.0, 1.0]


@pytest.mark.parametrize(
    "mixture",
    [
        {"name": "mixed", "parts": {"units": 1e308, "knights": 1e308}},
        {"name": "code", "parts": {"deduction": 1e308, "abduction": 1e308}},
    ],
)
def test_weights_that_overflow_together_are_refused(mixture):
    with pytest.raises(ConfigError, match="finite sum"):
        make_generator(mixture)
