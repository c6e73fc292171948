"""Sums by shifted bits against all subsets, and the target where no sum of the middle has one subset only."""

from itertools import combinations

from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.logic.subset_sums import _places, _sums, _target


def test_sums_of_one_subset_and_of_some_are_those_of_all_subsets():
    rng = python_stream(0, "sums")
    for _ in range(50):
        numbers = sorted({2 + int(rng.random() * 30) for _ in range(7)})
        sums = [sum(chosen) for count in range(len(numbers) + 1) for chosen in combinations(numbers, count)]
        once, reached = _sums(numbers)
        assert {s for s in range(sum(numbers) + 1) if once >> s & 1} == {s for s in sums if sums.count(s) == 1}
        assert {s for s in range(sum(numbers) + 1) if reached[-1] >> s & 1} == set(sums)


def test_without_a_sum_of_one_subset_in_the_middle_another_is_taken():
    numbers = [2, 3, 4, 5, 6, 7, 8, 9]
    once, reached = _sums(numbers)
    target = _target(once, sum(numbers), python_stream(0, "target"))
    chosen = [numbers[place - 1] for place in _places(numbers, reached, target)]
    assert sum(chosen) == target > 0
    assert not sum(numbers) / 3 < target < sum(numbers) * 2 / 3
