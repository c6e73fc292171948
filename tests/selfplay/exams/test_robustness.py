"""Robustness: accuracy lost per kind is that of agents whose weakness is known, on held-out questions alone."""

import random

import pytest

from selfplay_gym import make_agent
from selfplay_gym.core.math_language import answer, read
from selfplay_gym.envs.game.domains import held_out
from selfplay_gym.envs.game.perturbations.perturb import KINDS
from selfplay_gym.selfplay.evaluation import held_out_questions, run_exam
from selfplay_gym.selfplay.exams.robustness import held_out_twin, measure_robustness, robustness_rows

QUESTIONS = held_out_questions("mixed", 30)


class Obedient:
    """Calculates without error what it can read, and otherwise does as it is told."""

    def act(self, prompts, *, n=1, seed=None):
        return [[rf"\boxed{{{answer(prompt) or 0}}}"] * n for prompt in prompts]


def measured(agent, kinds=KINDS, questions=QUESTIONS):
    asked = []

    def examine(some):
        asked.append(list(some))
        return run_exam(agent, some, samples=2, greedy=False, vote=None)

    return measure_robustness(questions, kinds, examine, seed=3), asked


def test_who_reads_the_small_language_alone_loses_all_where_it_is_left():
    found, asked = measured(Obedient())
    for kind, one in found.items():
        before, after = one.accuracies
        assert before.value == 1.0
        if kind in ("permuted", "changed"):
            assert after.value == 1.0
            assert one.lost.points == 0
        elif kind in ("irrelevant", "injected", "renamed"):
            assert after.value < 0.2  # it says 0, which is right now and then
            assert one.lost.low > 50
    assert [len(part) for part in asked] == [30, *(one.lost.items for one in found.values())]
    assert {one.keeps for one in found.values()} == {True, False}


def test_equal_seeds_ask_equal_questions_and_pairs_are_of_one_question():
    kinds = ["reworded", "permuted"]
    (_, one), (_, other) = measured(Obedient(), kinds), measured(Obedient(), kinds)
    assert one == other
    twins = [twin for part in one[1:] for twin in part]
    assert {twin.meta["perturbation"]["of"] for twin in twins} <= {read(question.text).key for question in QUESTIONS}


@pytest.mark.parametrize("kind", ["permuted", "changed"])
def test_a_twin_that_asks_something_else_is_held_out_itself(kind):
    rng = random.Random(0)
    twins = [held_out_twin(kind, question, rng) for question in QUESTIONS]
    assert sum(twin is not None for twin in twins) > 2
    assert all(held_out(twin) for twin in twins if twin is not None)


def test_a_kind_that_applies_to_nothing_is_left_out():
    sums = held_out_questions("chains(longest=3)", 6)
    found, asked = measured(Obedient(), ["renamed", "reworded"], sums)
    assert list(found) == ["reworded"]
    assert measured(Obedient(), KINDS, [])[0] == {}
    assert len(asked) == 2


def test_rows_for_people():
    found, _ = measured(make_agent("oracle"), ["changed"])
    header, cells = robustness_rows([(0, {kind: one.as_dict() for kind, one in found.items()})])
    ((base, kind, stays, questions, before, after, lost),) = cells
    assert len(header) == len(cells[0])
    assert (base, kind, stays, questions) == ("base", "changed", "changes", str(found["changed"].lost.items))
    assert before.startswith("100.0 [")
    assert after.startswith("100.0 [")
    assert lost.startswith("+0.0 [-")
