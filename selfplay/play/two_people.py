"""Two people at one keyboard: each asks in turn, the other answers, and a claim that does not hold earns nothing.

the answer is right                     a point for who answered
it is not, and the claim holds          a point for who asked
it is not, and nobody can compute it    a point for who asked, if the other one accepts the claim
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...core.records import Question
from ...envs.game.engine import Game
from .claims import Claims
from .players import Person
from .screen import Screen


@dataclass
class TwoPeople:
    """A match.

    Attributes:
        game: reads proposals.
        people: the two, in the order of their turns to ask.
        claims: compares answers.
        screen: where the match is shown.
    """

    game: Game
    people: tuple[Person, Person]
    claims: Claims
    screen: Screen
    points: dict[str, int] = field(default_factory=dict)
    """By name, from the first round on."""

    def play(self, count: int) -> None:
        """Play rounds, and draw each.

        Raises:
            Quit: somebody has left.
        """
        for number in range(count):
            asking, answering = self.people[number % 2], self.people[1 - number % 2]
            self.screen.begin(f"round {number + 1} of {count} · {asking.name} asks")
            self.screen.say(f"{answering.name} looks away.", "dim")
            question = self._question(asking)
            if self.screen.console.is_terminal:
                self.screen.console.clear()
            self.screen.begin(f"round {number + 1} of {count} · {answering.name} answers")
            self.screen.question(question.text)
            winner = self._winner(question, asking, answering)
            self.points = {one.name: self.points.get(one.name, 0) + (one is winner) for one in self.people}
            self.screen.field("score", self.score())

    def score(self) -> str:
        """Points of both."""
        return " · ".join(f"{name}: {points}" for name, points in self.points.items())

    def summary(self) -> str:
        """How the match ended; "" if nothing was played."""
        if not self.points:
            return ""
        (first, most), (_, least) = sorted(self.points.items(), key=lambda one: -one[1])
        return f"{self.score()}. {f'{first} wins.' if most > least else 'A draw.'}"

    def _question(self, asking: Person) -> Question:
        while True:
            (proposal,) = self.game.read([asking.proposes(hidden=True)])
            if proposal.question is not None and proposal.question.reference is not None:
                return proposal.question
            self.screen.say(f"That cannot be asked: {proposal.reason or 'it has no answer'}. Once more.", "yellow")

    def _winner(self, question: Question, asking: Person, answering: Person) -> Person | None:
        ((attempt,),) = answering.answers(self.game.ask([question]))
        right, holds = self.claims.right(question, attempt), self.claims.holds(question)
        if right:
            self.screen.say("✓ Right.", "green")
        else:
            self.screen.say("✗ Not right." if right is not None else "? That could not be compared.", "red")
        self.screen.field("claimed", self.claims.about_claim(question))
        if right:
            return answering
        if holds is None:
            holds = answering.agrees(f"{answering.name}, is the claimed answer right?")
        return asking if holds else None
