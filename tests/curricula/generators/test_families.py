"""Task families: every answer is that of the only solution, found by solvers that read the text and nothing else.

10,000 questions per family and level, and how accuracy falls, are measured by benchmarks/families.py.
"""

import importlib.util
import re
import sys
from pathlib import Path

import gymnasium as gym
import pytest

from selfplay_gym import TaskSpec, make_generator, make_verifier
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.math_language import read
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.mixed import FAMILIES
from selfplay_gym.envs.game.domains import held_out, identity_of, kind_of
from selfplay_gym.envs.game.proposals import unfit
from selfplay_gym.selfplay.evaluation import held_out_questions
from selfplay_gym.selfplay.exams.questions import kind_of as exam_kind
from selfplay_gym.testing import check_generator

NEW = ("units", "sequences", *FAMILIES["hard"])
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
COUNT = 200


@pytest.fixture(scope="module")
def solvers():
    path = Path(__file__).parents[3] / "benchmarks" / "family_solvers.py"
    spec = importlib.util.spec_from_file_location("family_solvers", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["family_solvers"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["family_solvers"]


def written(family, level, count=COUNT, seed=0):
    generator, rng = make_generator(family), python_stream(seed, "families", family, float(level))
    return [generator.generate(TaskSpec(level), rng) for _ in range(count)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", [*FAMILIES["easy"], *FAMILIES["hard"]])
def test_the_answer_is_that_of_the_only_solution(solvers, family, level):
    for question in written(family, level):
        found = solvers.SOLVERS[family](question.text, solvers.Work())
        assert [str(answer) for answer in found] == [question.reference], question


@pytest.mark.parametrize("family", NEW)
def test_also_at_levels_between(solvers, family):
    generator, rng = make_generator(family), python_stream(0, "between", family)
    for index in range(100):
        question = generator.generate(TaskSpec(index / 99), rng)
        found = solvers.SOLVERS[family](question.text, solvers.Work())
        assert [str(answer) for answer in found] == [question.reference], question


@pytest.mark.parametrize("draw", [0.0, 0.3, 0.5, 1 - 2**-53])
@pytest.mark.parametrize("family", NEW)
def test_a_stream_that_always_says_the_same_ends_in_a_question_that_holds(solvers, family, draw):
    class Constant:
        def random(self):
            return draw

    for level in LEVELS:
        question = make_generator(family).generate(TaskSpec(level), Constant())
        found = solvers.SOLVERS[family](question.text, solvers.Work())
        assert [str(answer) for answer in found] == [question.reference], question


@pytest.mark.parametrize(
    ("family", "constraint"),
    [
        ("knights", r" Number \d+ says: [^.]+\."),
        ("ordering", r" (?:There w|[A-Z][a-z]+ (?:did|fin))[^.]+\."),
        ("clauses", r", \([^)]+\)"),
    ],
)
def test_the_solvers_see_when_a_constraint_is_missing(solvers, family, constraint):
    """Most constraints are needed: without the first one there are several solutions, and never none."""
    several = 0
    for question in written(family, 0.5, 50):
        text, changed = re.subn(constraint, "", question.text, count=1)
        assert changed
        answers = solvers.SOLVERS[family](text, solvers.Work())
        assert int(question.reference) in answers
        several += len(answers) > 1
    assert several > 25


@pytest.mark.parametrize("family", NEW)
def test_a_solver_whose_steps_go_wrong_at_times_is_right_less_often_at_higher_levels(solvers, family):
    right = []
    for level in (0.0, 0.5, 1.0):
        work = solvers.Work(0.05, python_stream(0, "slips", family, level))
        questions = written(family, level, 100)
        found = [[str(answer) for answer in solvers.SOLVERS[family](question.text, work)] for question in questions]
        right.append(sum(one == [question.reference] for one, question in zip(found, questions, strict=True)))
    assert right[0] > right[1] > right[2]


@pytest.mark.parametrize("family", NEW)
def test_the_conformance_kit_finds_nothing(family):
    check_generator(make_generator(family), count=2, verifier=make_verifier("sympy"))


@pytest.mark.parametrize("family", NEW)
def test_questions_can_be_asked_told_apart_and_held_out(family):
    for level in LEVELS:
        questions = written(family, level, 100)
        for question in questions:
            assert re.fullmatch(r"-?\d{1,12}", question.reference)
            assert unfit(question.text) is None
            assert question.text.isascii()
            assert len(question.text) < 1200
            assert read(question.text) is None  # or it would be taken for another question
            assert kind_of(question) == exam_kind(question) == question.author == family
        assert len({identity_of(question) for question in questions}) > 75
        assert 3 <= sum(map(held_out, questions)) <= 25


@pytest.mark.parametrize("family", NEW)
def test_no_answer_is_a_good_guess(family):
    for level in LEVELS:
        answers = [question.reference for question in written(family, level)]
        assert max(map(answers.count, answers)) / COUNT < 0.25


def test_families_draw_all_alike_or_only_easy_or_only_hard_ones():
    for only, names in ((None, FAMILIES["easy"] + FAMILIES["hard"]), *FAMILIES.items()):
        generator, rng = make_generator("families", only=only), python_stream(0, "only", str(only))
        authors = [generator.generate(TaskSpec(0.2), rng).author for _ in range(1000)]
        assert generator.kinds == names
        assert set(authors) == set(names)
        assert min(map(authors.count, names)) > 0.6 * 1000 / len(names)
    assert {q.author for q in (generator.generate(TaskSpec(1.0, "clauses"), rng) for _ in range(5))} == {"clauses"}
    with pytest.raises(ConfigError, match="no part 'easy'"):
        generator.generate(TaskSpec(0.5, "easy"), rng)
    with pytest.raises(ConfigError, match="only='medium'"):
        make_generator("families(only=medium)")


def test_an_exam_of_the_families_has_every_kind_at_every_level():
    questions = held_out_questions("families", 330)
    assert {question.author for question in questions} == {*FAMILIES["easy"], *FAMILIES["hard"]}
    assert len({question.level for question in questions}) == 11


@pytest.mark.parametrize("family", ["knights", "grid-paths", "families(only=hard)"])
def test_an_environment_asks_them(family):
    env = gym.make("SelfPlayMath-v0", generator=family, curriculum="fixed(level=0.5)", verifier="sympy")
    for seed in range(3):
        text, info = env.reset(seed=seed)
        assert text in env.observation_space
        _, reward, *_, info = env.step(rf"\boxed{{{10**9}}}")
        assert reward == 0.0
        env.reset(seed=seed)
        assert env.step(rf"So it is \boxed{{{info['label']}}}.")[1] == 1.0
