"""Sums in parts: whoever calculates rightly comes to the answer whatever the cut, and the joined text works it out."""

import random

import pytest

from selfplay_gym import Question, make_generator
from selfplay_gym.core.extraction.boxes import last_boxed
from selfplay_gym.core.math_language import answer, read
from selfplay_gym.core.protocols import Parts
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.curricula.generators.worked import Worker
from selfplay_gym.envs.game.other_ways.expressions import read_sum
from selfplay_gym.envs.game.other_ways.parts import SumInParts, different_sizes, math_parts, working


def expression(rng, depth=2):
    """Sums of the whole grammar, not only what the generators write."""
    if depth == 0:
        return str(rng.randrange(0, 13))
    forms = ["{}+{}-{}", "-{}+{}*{}", "{}-({}-{})", "{}*2-{}/3+{}", "{}+{}+{}"]
    return rng.choice(forms).format(*(expression(rng, rng.randrange(depth)) for _ in range(3)))


def questions(count):
    rng = random.Random(3)
    chains, mixed = make_generator("chains"), make_generator("mixed")
    for _ in range(count):
        yield chains.generate(TaskSpec(rng.random()), rng).text
        yield mixed.generate(TaskSpec(rng.random()), rng).text
        yield f"Compute {expression(rng)}."


READABLE = [text for text in questions(200) if answer(text) is not None]


def worked_out(parts, wrong=lambda step: 0):
    """What is asked, what the answers are, and the texts of somebody who works in steps."""
    asked, values = [], []
    while (text := parts.question(values)) is not None:
        asked.append(text)
        values.append(str(read(text).answer + wrong(len(asked))))
    return (
        asked,
        values,
        [rf"{text[8:-1]}={value}. \boxed{{{value}}}" for text, value in zip(asked, values, strict=True)],
    )


@pytest.mark.parametrize("reach", [None, 2, 4])
def test_every_cut_comes_to_the_answer_in_parts_that_are_smaller(reach):
    cuts = 0
    for text in READABLE:
        found = math_parts(Question(text), random.Random(0), reach)
        assert len(found) in (0, 1, 2)
        for parts in found:
            assert isinstance(parts, Parts)
            asked, values, texts = worked_out(parts)
            assert parts.value(values) == answer(text), (text, asked)
            assert len(asked) >= 2
            assert reach is not None or len(asked) == 2
            assert last_boxed(parts.join(texts, values[-1])) == answer(text)
            cuts += 1
    assert cuts > 200


def test_a_wrong_value_of_a_part_changes_the_whole():
    for text in READABLE:
        for parts in math_parts(Question(text), random.Random(1)):
            _, values, _ = worked_out(parts, wrong=lambda step: step == 1)
            assert parts.value(values) != answer(text)


def test_chains_are_cut_within_reach_and_joined_as_they_would_be_worked_at_once():
    rng, chains = random.Random(5), make_generator("chains")
    lengths = set()
    for _ in range(200):
        question = chains.generate(TaskSpec(rng.random()), rng)
        steps = Worker(rng).solve(question.text, "steps")
        for parts in math_parts(question, rng, 3):
            asked, values, _ = worked_out(parts)
            assert all(1 <= read(text).operations <= 3 for text in asked)
            texts = [Worker(rng).solve(text, "steps") for text in asked]
            assert parts.join(texts, values[-1]) == steps
            lengths.add(len(asked))
    assert max(lengths) >= 5


def test_two_cuts_are_different_and_follow_from_the_stream():
    question = Question("What is 3+4-5+6-7?")
    for seed in range(20):
        one, other = math_parts(question, random.Random(seed))
        assert one != other
        assert [one, other] == math_parts(question, random.Random(seed))
    assert len({parts for seed in range(20) for parts in math_parts(question, random.Random(seed))}) == 3


@pytest.mark.parametrize(
    ("text", "cuts"),
    [
        ("What is 3+4?", 0),
        ("What is 7?", 0),
        ("What is 3*4*5*6?", 0),  # one term
        ("What is 3+4-5?", 1),  # nothing would check this one
        ("What is 3+4-5+6?", 2),
        ("What is -3+4-5+6?", 2),
        ("Solve 3x+4-1+2-3=19.", 0),
        ("If 2x+3=11, what is 3x-1+2-3?", 0),
        ("How many are 3+4-5+6 apples?", 0),
        ("What is 1/0+2+3+4?", 0),
        ("", 0),
    ],
)
def test_what_has_parts(text, cuts):
    assert len(math_parts(Question(text), random.Random(0))) == cuts


def test_the_next_part_starts_from_the_value_found_so_far():
    for parts in math_parts(Question("What is 1-4+5-6?"), random.Random(0)):
        first = parts.question([])
        rest = {"What is 1-4?": "+5-6", "What is 1-4+5?": "-6"}[first]
        for value in ("-3", "12", "0", "-3/4"):
            assert parts.question([value]) == f"What is {value}{rest}?"
        assert parts.question(["x = 2"]) == f"What is 2{rest}?"
        assert parts.question(["many"]) is parts.question(["2", "3"]) is None
        assert parts.value(["2"]) is parts.value([]) is parts.value(["2", "many"]) is None
        assert parts.value(["2", r"\frac{1}{2}"]) == "1/2"


@pytest.mark.parametrize(
    ("solution", "shown"),
    [
        (r"3+4=7, 7-5=2. \boxed{2}", "3+4=7, 7-5=2"),
        (r"\boxed{2}", ""),
        ("3+4=7", ""),
        (r"3+4=7. \boxed{7} No: \boxed{8}", ""),
        (r"3+4=7. \boxed{7} That is it.", "3+4=7"),
    ],
)
def test_the_working_stands_before_the_box(solution, shown):
    assert working(solution) == shown


def test_solutions_without_working_join_to_the_answer_alone():
    parts, _ = math_parts(Question("What is 3+4-5+6?"), random.Random(0))
    assert parts.join([r"\boxed{2}", r"\boxed{8}"], "8") == r"\boxed{8}"
    assert parts.join([r"3+4=7, 7-5=2. \boxed{2}", r"\boxed{8}"], "8") == r"\boxed{8}"


@pytest.mark.parametrize("reach", [None, 2, 3, 5])
def test_sizes_sum_up_within_reach(reach):
    rng = random.Random(0)
    for operations in range(40):
        found = different_sizes(operations, rng, reach)
        assert len(set(found)) == len(found) == (2 if operations > 2 else 1 if operations == 2 else 0)
        for sizes in found:
            assert sum(sizes) == operations
            assert min(sizes) >= 1
            assert max(sizes) <= (reach or operations)


@pytest.mark.parametrize(
    ("working", "follows"),
    [
        ("3+4=7, 7-12=-5", True),
        ("3+4=9, 9-12=0", True),  # results are not looked at
        ("3+4=7, 7-1=6", False),  # 12 read as 1
        ("3+4=7", False),  # a term left out
        ("3+4=7, 7-12=-5, -5+2=-3", False),
        ("3-4=-1, -1-12=-13", False),
        ("4+3=7, 7-12=-5", False),  # another order is no copy of it
        ("", True),
        ("First add 3 and 4", True),
        ("3+4-12=7-12=-5", True),  # other forms say nothing
    ],
)
def test_a_working_in_steps_uses_each_number_of_the_question(working, follows):
    cut = SumInParts(tuple(read_sum("3+4-12").terms[i:j] for i, j in ((0, 3),)))
    assert cut.follows([], f"{working}. \\boxed{{-5}}") is follows


def test_the_value_before_is_the_first_number_of_a_working():
    terms = read_sum("3+4-12-6").terms
    cut = SumInParts((terms[:2], terms[2:]))
    assert cut.follows(["-7"], r"-7-12=-19, -19-6=-25. \boxed{-25}")
    assert not cut.follows(["-7"], r"7-12=-5, -5-6=-11. \boxed{-11}")
    assert cut.follows(["no number"], r"7-12=-5, -5-6=-11. \boxed{-11}")
    product = SumInParts((read_sum("3*4+2").terms,))
    assert product.follows([], r"12+2=14. \boxed{14}")


def test_a_working_claims_its_steps_backward():
    cut = SumInParts((read_sum("3+4-12").terms,))
    assert cut.claims(r"3+4=7, 7-12=-5. \boxed{-5}") == [("What is 7-4?", "3"), ("What is -5+12?", "7")]
    assert cut.claims(r"-5-3=-8. \boxed{-8}") == [("What is -8+3?", "-5")]
    assert cut.claims(r"3+4-12=7-12=-5. \boxed{-5}") == cut.claims("no box") == []
