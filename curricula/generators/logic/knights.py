"""Knights and knaves: who says only what is true, who only what is false? The sum of the knights' numbers is asked.

Statements are drawn until exactly one assignment fits them all (`candidates`: over all 2ⁿ of them); each excludes one
that those before it left, so that there are about as many as people.

    level        0 … 1/8   1/8 … 2/8   …   7/8 … 1
    people n        4          5              11        about more than one person: .3 + .6·level of the statements
"""

from __future__ import annotations

from functools import cache

from ....core.protocols import Rng
from ....core.records import Question, TaskSpec
from ..draws import integer, sample, size
from .candidates import Constraint, columns, everything, single_out

FEWEST, MOST = 4, 11
TRIES = 3


class KnightGenerator:
    """Writes puzzles with one consistent assignment."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        people = size(spec.level, FEWEST, MOST)
        planted = int(rng.random() * 2**people)
        island = _Island(people, planted, 0.3 + 0.6 * spec.level, rng)
        said = single_out(planted, everything(2**people), island.draw, island.excluding, TRIES, rng)
        text = (
            f"Each of {people} people, numbered from 1 to {people}, is a knight or a knave. Every statement of a "
            f"knight is true, every statement of a knave is false. {' '.join(sorted(said, key=_speaker))} "
            "What is the sum of the numbers of all knights?"
        )
        answer = sum(i + 1 for i in range(people) if planted >> i & 1)
        return Question(text, str(answer), "math", spec.level, "knights", {"kind": "knights"})


def _speaker(text: str) -> tuple[int, str]:
    return int(text.split()[1]), text


class _Island:
    """Statements that fit one assignment; persons are numbered from 0 here, and from 1 in the texts.

    Args:
        planted: the assignment; bit i is set exactly if person i is a knight.
        wide: the share of statements about more than one person.
    """

    def __init__(self, people: int, planted: int, wide: float, rng: Rng) -> None:
        self.people, self.planted, self.wide, self.rng = people, planted, wide, rng
        self.knights, self.all = columns(people), everything(2**people)

    def draw(self, other: int) -> Constraint:
        """Somebody's statement that fits the planted assignment."""
        speaker, one, two = sample(range(self.people), 3, self.rng)
        if self.rng.random() >= self.wide:
            return self._alone(speaker, one)
        form = integer(0, 3, self.rng)
        if form == 0:
            return self._count(speaker)
        if form == 1:
            return self._alike(speaker, one, two)
        a, b, pair = self.knights[one], self.knights[two], _pair(one, two)
        if form == 2:
            return self._says(speaker, a & b, f"{pair} are both knights", f"at least one of {pair} is a knave")
        return self._says(speaker, a | b, f"at least one of {pair} is a knight", f"{pair} are both knaves")

    def excluding(self, other: int) -> Constraint:
        """Somebody whose kind does not change speaks of somebody whose kind does. If all change, two are compared."""
        changed = [i for i in range(self.people) if (self.planted ^ other) >> i & 1]
        same = [i for i in range(self.people) if i not in changed]
        if not same:
            return self._alike(*sample(range(self.people), 3, self.rng))
        return self._alone(sample(same, 1, self.rng)[0], sample(changed, 1, self.rng)[0])

    def _alone(self, speaker: int, about: int) -> Constraint:
        return self._says(speaker, self.knights[about], f"{about + 1} is a knight", f"{about + 1} is a knave")

    def _alike(self, speaker: int, one: int, two: int) -> Constraint:
        different, pair = self.knights[one] ^ self.knights[two], _pair(one, two)
        return self._says(speaker, different, f"{pair} are of different kinds", f"{pair} are of the same kind")

    def _count(self, speaker: int) -> Constraint:
        """A knight says how many knights there are, a knave says another number."""
        count = self.planted.bit_count()
        if not self.planted >> speaker & 1:
            count = (count + integer(1, self.people, self.rng)) % (self.people + 1)
        stated = f"exactly {count} of us {'is a knight' if count == 1 else 'are knights'}"
        return self._says(speaker, with_count(self.people)[count], stated, "")

    def _says(self, speaker: int, true_in: int, text: str, opposite: str) -> Constraint:
        """What the speaker says: the text where its truth is as the speaker's kind has it, else the opposite."""
        if (true_in ^ self.knights[speaker]) >> self.planted & 1:
            text, true_in = opposite, self.all ^ true_in
        return Constraint(f"Number {speaker + 1} says: {text}.", self.all ^ true_in ^ self.knights[speaker])


def _pair(one: int, two: int) -> str:
    return f"{min(one, two) + 1} and {max(one, two) + 1}"


@cache
def with_count(people: int) -> tuple[int, ...]:
    """For each number of knights the assignments that have it."""
    found = [0] * (people + 1)
    for assignment in range(2**people):
        found[assignment.bit_count()] |= 1 << assignment
    return tuple(found)
