"""Rounds of the game between agents, or with a person in one of the roles or in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...core.protocols import Agent
from ...core.protocols.completions import completions_of
from ...core.seeding import integer_seed
from ...envs.game.engine import Episode, Game, Proposal
from ...envs.views.setup import GameSetup
from ..pages.wording import counted
from .claims import Claims
from .players import Person
from .screen import Screen, total


@dataclass
class Rounds:
    """One table: who asks, who answers, and what they have earned.

    Attributes:
        setup: the game, its random stream, and who answers if that is an agent.
        asking: an agent, or a person.
        answering: a person, or `None` for the agent of the setup.
        names: what the two are called on the screen.
        claims: explains claimed answers.
        screen: where rounds are drawn.
    """

    setup: GameSetup
    asking: Agent | Person
    answering: Person | None
    names: tuple[str, str]
    claims: Claims
    screen: Screen
    rewards: list[float] = field(default_factory=list)
    """What the challenger earned, per round."""
    right: list[bool] = field(default_factory=list)
    """Whether the person who answers was right, per question that could be decided."""

    def play(self, count: int, seed: int) -> None:
        """Play rounds, and draw each.

        Raises:
            Quit: a person has left.
        """
        self.setup.seed(integer_seed(seed, "play"))
        for number in range(count):
            self.screen.begin(f"round {number + 1} of {count} · {self._who_does_what()}")
            spec = self.setup.curriculum.sample(self.setup.rng)
            played = self._round(self._proposal(integer_seed(seed, "play", number)))
            if played.judgement is not None:
                self.setup.observe(spec, played.judgement.solve_rate)
            self.rewards.append(played.reward.value)
            self._score(played)

    def summary(self) -> str:
        """The person's score, "" if nobody plays or nothing was played."""
        lines = []
        if self.answering is not None and self.right:
            lines.append(f"You were right {sum(self.right)} of {counted(len(self.right), 'time')}.")
        if isinstance(self.asking, Person) and self.rewards:
            lines.append(f"Your questions earned {total(self.rewards)}.")
        return "\n".join(lines)

    def _who_does_what(self) -> str:
        asks = "ask" if isinstance(self.asking, Person) else "asks"
        answers = "answers" if self.answering is None else "answer"
        return f"{self.names[0]} {asks}, {self.names[1]} {answers}"

    def _proposal(self, seed: int) -> str:
        if isinstance(self.asking, Person):
            return self.asking.proposes()
        return completions_of(self.asking, [self.setup.game.instruct()], n=1, seed=seed)[0][0]

    def _round(self, text: str) -> Episode:
        game = self.setup.game
        if self.answering is None:
            (played,) = game.play([text], self.setup.answer, self.setup.unreadable)
            self._show_question(played.proposal)
            return played
        (proposal,) = game.read([text])
        self._show_question(proposal)
        (played,) = game.settle([proposal], self._attempts(game, proposal, self.answering))
        return played

    def _attempts(self, game: Game, proposal: Proposal, person: Person) -> Sequence[Sequence[str]]:
        return [()] if proposal.question is None else person.answers(game.ask([proposal.question]))

    def _show_question(self, proposal: Proposal) -> None:
        if proposal.question is not None and not (isinstance(self.asking, Person) and self.answering is None):
            self.screen.question(proposal.question.text)

    def _score(self, played: Episode) -> None:
        question, judgement, screen = played.proposal.question, played.judgement, self.screen
        if question is None or judgement is None:
            screen.refused(played)
        elif self.answering is not None:
            self._person_answered(played)
        else:
            screen.answers(judgement)
            screen.field("label", self.claims.about_label(judgement))
            screen.field("claimed", self.claims.about_claim(question, judgement))
            screen.rate(judgement)
        if self.answering is None or isinstance(self.asking, Person):
            terms = ", ".join(f"{name} {value:+.2f}" for name, value in played.reward.terms.items())
            screen.field("reward", f"{played.reward.value:+.2f} for {self.names[0]} ({terms})")
        if isinstance(self.asking, Person):
            if self.answering is None:
                screen.say("Asking earns most where the solver is right half of the time.", "dim")
            screen.field("your score", total(self.rewards))

    def _person_answered(self, played: Episode) -> None:
        question, judgement = played.proposal.question, played.judgement
        assert question is not None
        assert judgement is not None
        verdict, right = judgement.verdicts[0], self.claims.right(question, played.attempts[0])
        if right is None:
            self.screen.say(f"? That could not be decided: {verdict.reason}.", "yellow")
        else:
            self.right.append(right)
            self.screen.say("✓ Right." if right else "✗ Not right.", "green" if right else "red")
        self.screen.field("claimed", self.claims.about_claim(question))
        if self.right:
            self.screen.field("your score", f"{sum(self.right)} of {len(self.right)}")
