"""Questions and attempts told to the hooks as models make them, before the call that makes all of them is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ....core.records import Question
from ....envs.game.engine import Episode
from ...hooks import Answered

if TYPE_CHECKING:
    from ....agents.inference.interface.samples import Policy
    from ..run import SelfPlay

AgentT = TypeVar("AgentT")


def heard(agent: AgentT, listener: Any) -> AgentT:
    """The same agent, which tells the listener of completions as they are done; the agent itself where it cannot, or
    where there is none. What an agent only passes on to one inside it is not its own: that one would answer instead."""
    if listener is None or not hasattr(type(agent), "heard_by"):
        return agent
    hears: Any = agent
    twin: AgentT = hears.heard_by(listener)
    return twin


class AttemptsAsMade:
    """Tells of questions whose attempts are complete.

    Args:
        run: the run.
        asked: the questions of the call in order, with their index.
        count: attempts at each.

    Attributes:
        policies: of questions whose attempts a server made, by index: the version of the solver that made each.
    """

    def __init__(self, run: SelfPlay, asked: Sequence[tuple[int, Question]], count: int) -> None:
        self.run, self.asked, self.count, self.done = run, asked, count, 0
        self.policies: dict[int, list[str]] = {}
        self._open: dict[int, list[str]] = {}

    def drawn_by(self, policies: Sequence[Policy]) -> None:
        """Who made the attempts, those at the first question first."""
        names = [policy.name for policy in policies]
        for at, (index, _) in enumerate(self.asked):
            self.policies[index] = names[at * self.count : (at + 1) * self.count]

    def __call__(self, completions: Sequence[tuple[int, str]]) -> None:
        complete = []
        for number, text in completions:
            group = self._open.setdefault(number, [])
            group.append(text)
            if len(group) == self.count:
                index, question = self.asked[number]
                complete.append(Answered(question, self._open.pop(number), index))
        self.done += len(complete)
        for hook in self.run.hooks if complete else ():
            hook.after_attempts(self.run, complete)
            hook.count(self.done, len(self.asked))


class ProposalsAsWritten:
    """Tells of what a challenger writes, as the domain reads it.

    Args:
        run: the run.
        source: name of the source that asks the challenger.
        count: questions asked of it.
    """

    def __init__(self, run: SelfPlay, source: str, count: int) -> None:
        self.run, self.source, self.count, self.done = run, source, count, 0

    def __call__(self, completions: Sequence[tuple[int, str]]) -> None:
        written = []
        for _, text in completions:
            found = self.run.domain.read(text)
            written.append(found if isinstance(found, Question) else text)
        self.done += len(written)
        for hook in self.run.hooks:
            hook.after_writing(self.run, self.source, written)
            hook.count(min(self.done, self.count), self.count)


def tell_played(run: SelfPlay, episodes: Sequence[Episode]) -> None:
    """Tell of what a challenger asked in its training, and how it was answered; malformed proposals are left out."""
    asked = [
        Answered(question, played.attempts, judgement=played.judgement)
        for played in episodes
        if (question := played.proposal.question) is not None
    ]
    for hook in run.hooks if asked else ():
        hook.after_attempts(run, asked)
