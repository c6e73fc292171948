"""A match between two players of a league: what each of its games is, and who won it.

Questions. The challenger writes n texts, and each is one game. The solver wins if it answers right, loses if it answers
wrong, and nobody wins where that stays undecided. A text that is no question, asks what an earlier one of the match
asked, or has an answer that nobody knows is won by the solver: a challenger scores on checked questions only, and all
challengers are compared over the same number of texts, so none gains by writing few or doubtful ones.

Turn games are in `turn_match`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ...agents.addressing import template_for
from ...core.errors import ConfigError, RunError, UnknownNameError
from ...core.options import parse_named
from ...core.protocols import Agent, Domain, unreadable
from ...core.protocols.completions import completions_of
from ...core.records import Outcome, Question
from ...core.registries import domains, make_agent, make_reward, make_turn_game, make_verifier, turn_games
from ...core.seeding import integer_seed
from ...envs.game.domains import find_domain
from ...envs.game.engine import Game
from .ratings.bradley_terry import Record
from .ratings.online import DRAWN, LOST, WON
from .turn_match import TurnMatch

CHALLENGERS, SOLVERS = "challenger", "solver"
"""The two pools of a league of questions; a turn game has one."""
KNOWN = "known"
"""Labels that the domain computes from the question."""
LETTERS = {
    WON: "answered right",
    DRAWN: "undecided",
    LOST: "answered wrong",
    "m": "no question",
    "r": "asked before",
    "u": "answer not known",
}
"""How a game ended, as the solver sees it; the last three are won by it."""


def results(outcomes: str) -> Iterable[str]:
    """A game after the other as "w", "d" or "l" of the first player.

    Raises:
        RunError: a letter that no game has.
    """
    if unknown := set(outcomes) - LETTERS.keys():
        raise RunError(f"a match has the outcomes {', '.join(sorted(LETTERS))}, got {min(unknown)!r:.20}")
    return (letter if letter in (WON, DRAWN, LOST) else WON for letter in outcomes)


def record_of(outcomes: str) -> Record:
    """The games of a match, counted."""
    counts = [*results(outcomes)]
    return Record(counts.count(WON), counts.count(DRAWN), counts.count(LOST))


def even_shares(total: int, parts: int) -> list[int]:
    """`total` games divided among so many, the first ones taking what is left over."""
    return [total // parts + (place < total % parts) for place in range(parts)]


class LeagueGame(Protocol):
    """What a league plays.

    Attributes:
        pools: the pool of the first and of the second player of a match.
    """

    pools: tuple[str, str]

    def play(self, first: Agent, second: Agent, games: int, seed: int) -> dict[str, Any]:
        """One match: `outcomes`, a letter per game as the first player sees it, and what else is measured."""
        ...


class QuestionGame:
    """Solvers against challengers of a domain.

    Args:
        domain: what is asked.
        labels: "known", the answers that the domain computes; or "checked(agent=NAME)", answers that an agent votes for
            and confirms when asked another way (`verifiers.ensembles.checked`), or any verifier that labels and is
            given `agent` and `attempts`.

    Raises:
        ConfigError: the domain computes no answers, and no agent is named.
    """

    pools = (SOLVERS, CHALLENGERS)

    def __init__(self, domain: str | Domain, labels: str = KNOWN) -> None:
        self.domain = find_domain(domain)
        if labels == KNOWN:
            if not self.domain.recomputes:
                raise ConfigError(
                    f"the domain {self.domain.name!r} computes no answers to its questions: name who labels "
                    "them, as in --labels 'checked(agent=NAME)'"
                )
            self._label: Callable[[Sequence[Question], int], list[str | None]] = self._computed
            grader = self.domain.grader
        else:
            self._label = _Voted(self.domain, labels)
            grader = self.domain.matcher
        self._games: dict[str, Game] = {}
        self._verifier = make_verifier(grader)

    def play(self, first: Agent, second: Agent, games: int, seed: int) -> dict[str, Any]:
        """See `LeagueGame`; the solver is the first."""
        asking, answering = self._game(second), self._game(first)
        instruction = [asking.instruct()]
        (texts,) = completions_of(second, instruction, n=games, seed=integer_seed(seed, "propose"))
        letters, asked = self._read(asking, texts)
        labels = self._label([question for _, question in asked], integer_seed(seed, "label"))
        known = [
            (i, replace(q, reference=label)) for (i, q), label in zip(asked, labels, strict=True) if label is not None
        ]
        prompts = answering.ask([question for _, question in known])
        answers = completions_of(first, prompts, n=1, seed=integer_seed(seed, "answer")) if prompts else []
        too_long = unreadable(first, prompts) if prompts else []
        judged = self._verifier.judge_many([question for _, question in known], answers)
        for (i, _), judgement, reason in zip(known, judged, too_long, strict=True):
            outcome = judgement.verdicts[0].outcome
            letters[i] = {Outcome.CORRECT: WON, Outcome.WRONG: LOST, Outcome.UNDECIDED: DRAWN}[outcome]
            letters[i] = letters[i] if reason is None else "m"
        return {"outcomes": "".join(letters)}

    def _read(self, game: Game, texts: Sequence[str]) -> tuple[list[str], list[tuple[int, Question]]]:
        """A letter per text, "u" for those that are asked as long as nobody knows more; and these."""
        letters, asked, seen = [], [], set[str]()
        for i, proposal in enumerate(game.read(texts)):
            question = proposal.question
            identity = None if question is None else self.domain.identity(question)
            letters.append("m" if identity is None else "r" if identity in seen else "u")
            if question is not None and identity is not None and identity not in seen:
                seen.add(identity)
                asked.append((i, question))
        return letters, asked

    def _computed(self, questions: Sequence[Question], _: int) -> list[str | None]:
        return [self.domain.known_answer(question) for question in questions]

    def _game(self, agent: Agent) -> Game:
        """The rules in the words that an agent reads."""
        template = template_for(agent)
        template = template if template in self.domain.templates else "plain"
        if template not in self._games:
            judge = make_verifier(self.domain.verifier)
            self._games[template] = Game(self.domain, judge, make_reward("r-zero"), template)
        return self._games[template]


class _Voted:
    """Labels that an agent outside the league votes for and a verifier confirms."""

    def __init__(self, domain: Domain, labels: str) -> None:
        named = parse_named(labels)
        options = dict(named.options)
        self.attempts = options.pop("votes", 8)
        if "agent" not in options or named.leading:
            raise ConfigError(
                f"labels are 'known', or a verifier with the agent that it asks, as checked(agent=NAME); got {labels!r}"
            )
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or not 1 <= self.attempts <= 1000:
            raise ConfigError(f"labels: votes must be a whole number of 1 to 1000, got {self.attempts!r}")
        self.agent = make_agent(options["agent"])
        self.template = domain.template("plain")
        self.verifier = make_verifier({"name": named.name, "domain": domain.name, **options})

    def __call__(self, questions: Sequence[Question], seed: int) -> list[str | None]:
        if not questions:
            return []
        bare = [replace(question, reference=None) for question in questions]
        prompts = [self.template.ask(question) for question in bare]
        groups = completions_of(self.agent, prompts, n=self.attempts, seed=seed)
        judged = self.verifier.judge_many(bare, groups)
        return [judgement.label if judgement.valid else None for judgement in judged]


def make_game(name: str, labels: str = KNOWN) -> LeagueGame:
    """What is played: a domain of questions, or a turn game.

    Raises:
        ConfigError: neither of that name is registered.
    """
    if not turn_games.knows(name):
        if not domains.knows(name):
            raise UnknownNameError("game", name, [*domains.names(), *turn_games.names()])
        return QuestionGame(name, labels)
    if labels != KNOWN:
        raise ConfigError(f"labels are for questions, and {name!r} is a turn game; leave out --labels {labels!r}")
    return TurnMatch(make_turn_game(name))
