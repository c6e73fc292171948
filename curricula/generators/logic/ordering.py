"""The order of a race: clues leave exactly one, and all places are asked as one number, so that no guess pays.

Clues are drawn until one order is left (`candidates`: over all n! of them). With the level there are more runners, and
more of the clues are weak: they compare, where the strong ones name a place or a direct neighbour.

    level       0 … 1/5   1/5 … 2/5   2/5 … 3/5   3/5 … 4/5   4/5 … 1
    runners n      4          5           6           7          8         weak clues: .4 + .6·level
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise, permutations
from typing import TypeAlias

from ....core.protocols import Rng
from ....core.records import Question, TaskSpec
from ..draws import integer, pick, sample, size
from .candidates import Constraint, everything, single_out

NAMES = ("Anna", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana")
FEWEST, MOST = 4, len(NAMES)
TRIES = 3


class OrderingGenerator:
    """Writes races with one possible order."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        runners = size(spec.level, FEWEST, MOST)
        planted = integer(0, len(orders(runners)) - 1, rng)
        race = _Race(runners, planted, 0.4 + 0.6 * spec.level, rng)
        clues = single_out(planted, everything(len(orders(runners))), race.draw, race.excluding, TRIES, rng)
        names = NAMES[:runners]
        text = (
            f"{_listed(names)} ran a race, and no two of them finished together. {' '.join(sorted(clues))} "
            f"Write the places of {_listed(names)}, in this order and without blanks, as one number."
        )
        answer = "".join(str(place + 1) for place in race.places)
        return Question(text, answer, "math", spec.level, "ordering", {"kind": "ordering"})


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


class _Race:
    """Clues that fit one order; places are numbered from 0 here, and from 1 in the texts.

    Args:
        planted: the number of the order.
        weak: the share of clues that name neither a place nor a direct neighbour.
    """

    def __init__(self, runners: int, planted: int, weak: float, rng: Rng) -> None:
        self.places, self.weak, self.rng = orders(runners)[planted], weak, rng
        self.runners, self.all = runners, everything(len(orders(runners)))

    def draw(self, other: int) -> Constraint:
        """A clue that fits the planted order."""
        one, two = sample(range(self.runners), 2, self.rng)
        if self.places[one] > self.places[two]:
            one, two = two, one
        clues: tuple[_Clue, ...] = (self._before, self._apart, self._not_at)
        if self.rng.random() >= self.weak:
            clues = (self._at, self._directly) if self.places[two] == self.places[one] + 1 else (self._at,)
        return pick(clues, self.rng)(one, two)

    def excluding(self, other: int) -> Constraint:
        """Two neighbours of the planted order that are the other way round in the other one: there always are some."""
        places = orders(self.runners)[other]
        order = sorted(range(self.runners), key=self.places.__getitem__)
        turned = [pair for pair in pairwise(order) if places[pair[0]] > places[pair[1]]]
        return self._before(*pick(turned, self.rng))

    def _before(self, one: int, two: int) -> Constraint:
        return Constraint(f"{NAMES[one]} finished before {NAMES[two]}.", before(self.runners, one, two))

    def _directly(self, one: int, two: int) -> Constraint:
        return Constraint(f"{NAMES[one]} finished directly before {NAMES[two]}.", apart(self.runners, one, two, 1))

    def _apart(self, one: int, two: int) -> Constraint:
        """The number of runners between two, whoever of them came first."""
        gap = self.places[two] - self.places[one]
        holds = apart(self.runners, one, two, gap) | apart(self.runners, two, one, gap)
        between = f"between {NAMES[min(one, two)]} and {NAMES[max(one, two)]}"
        if gap <= 2:
            return Constraint(f"There was {'exactly 1 runner' if gap == 2 else 'nobody'} {between}.", holds)
        return Constraint(f"There were exactly {gap - 1} runners {between}.", holds)

    def _at(self, one: int, two: int) -> Constraint:
        place = self.places[one]
        return Constraint(f"{NAMES[one]} finished at place {place + 1}.", at(self.runners)[one][place])

    def _not_at(self, one: int, two: int) -> Constraint:
        """The first did not finish where the second did."""
        place = self.places[two]
        holds = self.all ^ at(self.runners)[one][place]
        return Constraint(f"{NAMES[one]} did not finish at place {place + 1}.", holds)


_Clue: TypeAlias = Callable[[int, int], Constraint]


@cache
def orders(runners: int) -> tuple[tuple[int, ...], ...]:
    """All orders; an order is the place of each runner."""
    return tuple(permutations(range(runners)))


@cache
def at(runners: int) -> tuple[tuple[int, ...], ...]:
    """The orders in which a runner has a place, by runner and place."""
    reverse = orders(runners)[::-1]
    return tuple(
        tuple(int("".join("1" if order[one] == place else "0" for order in reverse), 2) for place in range(runners))
        for one in range(runners)
    )


@cache
def before(runners: int, one: int, two: int) -> int:
    """The orders in which the first finished before the second."""
    found = 0
    for gap in range(1, runners):
        found |= apart(runners, one, two, gap)
    return found


@cache
def apart(runners: int, one: int, two: int, gap: int) -> int:
    """The orders in which the second finished so many places behind the first."""
    found, where = 0, at(runners)
    for place in range(runners - gap):
        found |= where[one][place] & where[two][place + gap]
    return found
