"""Subset sums: exactly one choice among some numbers adds up to a target. The sum of the chosen places is asked.

Which sums are reached at all, and which in more than one way, is computed for all sums at once: bit s of an integer is
set if they include s, and adding a number shifts the bits.

    level         0 … 1/11   1/11 … 2/11   …   10/11 … 1
    numbers n        5            6                15        each from 2 to 2^(n+3)/n, so that about as many of the sums
                                                            near the middle are reached in one way at every level
"""

from __future__ import annotations

from ....core.protocols import Rng
from ....core.records import Question, TaskSpec
from ..draws import integer, size
from .candidates import member

FEWEST, MOST = 5, 15


class SubsetSumGenerator:
    """Writes targets that one subset reaches."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        numbers = _different(size(spec.level, FEWEST, MOST), rng)
        once, reached = _sums(numbers)
        target = _target(once, sum(numbers), rng)
        places = _places(numbers, reached, target)
        listed = ", ".join(f"a{i} = {number}" for i, number in enumerate(numbers, 1))
        text = (
            f"Given are the numbers {listed}. Exactly one selection of them, each taken at most once, adds up "
            f"to {target}. What is the sum of the indices of the selected numbers?"
        )
        return Question(text, str(sum(places)), "math", spec.level, "subset-sums", {"kind": "subset-sums"})


def _different(count: int, rng: Rng) -> list[int]:
    """So many different numbers, in the order in which they were drawn; one drawn again makes way for the next free."""
    largest = 2 ** (count + 3) // count
    numbers: list[int] = []
    while len(numbers) < count:
        number = integer(2, largest, rng)
        while number in numbers:
            number = number + 1 if number < largest else 2
        numbers.append(number)
    return numbers


def _sums(numbers: list[int]) -> tuple[int, list[int]]:
    """The sums of exactly one subset; and those that the first 0, 1, … n numbers reach."""
    some, more, reached = 1, 0, [1]
    for number in numbers:
        more |= more << number | some & some << number
        some |= some << number
        reached.append(some)
    return some & ~more, reached


def _target(once: int, total: int, rng: Rng) -> int:
    """A sum of one subset, from the middle third if there is one; the smallest number always is such a sum."""
    low = total // 3
    middle = once >> low & (1 << (total - 2 * low)) - 1
    return low + member(middle, rng) if middle else member(once & ~1, rng)


def _places(numbers: list[int], reached: list[int], target: int) -> list[int]:
    """The places, from 1, of the only subset: a number is in it if those before it do not reach the rest."""
    places = []
    for place in range(len(numbers), 0, -1):
        if not reached[place - 1] >> target & 1:
            places.append(place)
            target -= numbers[place - 1]
    return places
