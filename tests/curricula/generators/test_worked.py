"""Worked solutions end in the right answer without slips, and in scattered wrong ones with them."""

from collections import Counter

import pytest

from selfplay_gym import TaskSpec, make_generator
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.worked import STYLES, Worker


@pytest.mark.parametrize("name", ["mixed", "school"])
@pytest.mark.parametrize("style", STYLES)
def test_without_slips_every_solution_is_right(style, name):
    generator, rng = make_generator(name), python_stream(0, "worked", style)
    for _ in range(2000):
        question = generator.generate(TaskSpec(rng.random()), rng)
        assert Worker(rng).solve(question.text, style).endswith(f"\\boxed{{{question.reference}}}"), question.text


def test_the_styles_differ_and_show_their_work():
    worker = Worker(python_stream(0, "styles"))
    assert worker.solve("What is 12+7*3?", "direct") == r"\boxed{33}"
    assert worker.solve("What is 12+7*3?", "steps") == r"7*3=21, 12+21=33. \boxed{33}"
    assert worker.solve("What is 12+7*3?", "rewrite") == r"12+7*3=12+21=33. \boxed{33}"
    assert worker.solve("If 2x+3=11, what is 3x-1?", "steps") == r"2x=8, x=4, 3*4=12, 12-1=11. \boxed{11}"


def test_slips_scatter_so_that_the_truth_stays_the_largest_group():
    worker = Worker(python_stream(0, "slips"), slip=0.2)
    answers = Counter(worker.solve("Compute 9+8-5+7.", "steps") for _ in range(1000)).items()
    ends = Counter()
    for text, count in answers:
        ends[text.split("boxed")[1]] += count
    (best, most), (_, second) = ends.most_common(2)
    assert best == "{19}"
    assert 0.4 < most / 1000 < 0.7
    assert second < most / 3


def test_bad_arguments_are_named():
    with pytest.raises(ConfigError, match="slip"):
        Worker(python_stream(0, "x"), slip=2)
    with pytest.raises(ConfigError, match="style"):
        Worker(python_stream(0, "x")).solve("What is 1+1?", "poetry")
    with pytest.raises(ConfigError, match="not an expression"):
        Worker(python_stream(0, "x")).solve("What is love?", "steps")
