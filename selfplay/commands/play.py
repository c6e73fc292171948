"""`selfplay-gym play`: watch rounds of the game, or play a role with the keyboard."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from ... import envs as _envs  # noqa: F401 - registers the environments
from ...agents.addressing import template_for
from ...core.errors import ConfigError
from ...core.protocols import Agent
from ...core.registries import make_agent, make_verifier
from ...envs.game.domains import domain_of
from ...envs.views.setup import GameSetup, make_settings
from ..bench.resolve_agent import resolve_agent
from ..play.claims import Claims
from ..play.players import ME, Person, Quit
from ..play.rounds import Rounds
from ..play.screen import Screen
from ..play.two_people import TwoPeople
from ..settings.compose import suited
from ..settings.config import RunConfig

ASKS, ANSWERS = "generator", "tiny"
"""Who plays if nobody says otherwise."""
WATCHED, PLAYED, OF_TWO = 1, 5, 6
"""Rounds if nobody says otherwise: to watch, to play oneself, and to play in turns."""


def play_rounds(
    *,
    solver: str,
    challenger: str,
    attempts: int,
    rounds: int | None,
    verifier: str,
    reward: str,
    seed: int,
    console: Console,
    env: str = "SelfPlayMath-v0",
    two_people: bool = False,
) -> None:
    """Play rounds and draw each of them; a person may leave at any time, and hears their score.

    Args:
        env: what is played, by its Gymnasium id.
        solver, challenger: an agent (see `resolve_agent`) or "me".
        attempts: attempts per question; a person makes one.
        rounds: how many; `None` for 1 to watch, 5 to play, 6 in the hot seat.
        verifier: judges. A vote of one person is not a vote, so their answers are held against the computed or claimed
            one instead.
        reward: reward preset of the challenger.
        two_people: two people ask each other in turns; no agent plays.

    Raises:
        ConfigError: an unknown name, or agents in the hot seat.
    """
    domain = domain_of(env)
    screen, claims = Screen(console, formulas=domain.name != "code"), Claims(make_verifier(domain.grader))
    if two_people:
        if (solver, challenger) != (ANSWERS, ASKS):
            raise ConfigError("--hot-seat is for two people: leave --solver and --challenger out")
        people = (Person(console, "Player 1"), Person(console, "Player 2"))
        setup = GameSetup(make_settings({"domain": domain, "verifier": domain.grader}), "challenger")
        match = TwoPeople(setup.game, people, claims, screen)
        return _played(match, screen, lambda: match.play(rounds or OF_TWO))
    person = Person(console)
    answering = person if solver == ME else resolve_agent(solver)
    asking = person if challenger == ME else _asking(challenger, env)
    agents = [one for one in (asking, answering) if not isinstance(one, Person)]
    settings = {
        "domain": domain,
        "opponent": None if isinstance(answering, Person) else answering,
        "verifier": domain.grader if solver == ME and verifier == "majority" else verifier,
        "attempts": 1 if solver == ME else attempts,
        "reward": reward,
        "template": max((template_for(agent) for agent in agents), key=lambda name: name == "r-zero", default="plain"),
    }
    table = Rounds(
        GameSetup(make_settings(settings), "challenger"),
        asking,
        answering if isinstance(answering, Person) else None,
        ("you" if challenger == ME else challenger, "you" if solver == ME else solver),
        claims,
        screen,
    )
    default = PLAYED if ME in (solver, challenger) else WATCHED
    return _played(table, screen, lambda: table.play(rounds or default, seed), person=ME in (solver, challenger))


def _asking(challenger: str, env: str) -> Agent:
    """The challenger's agent; "generator" writes what a run in this environment would."""
    if challenger != ASKS:
        return resolve_agent(challenger)
    return make_agent("generator", generator=RunConfig().replace(suited(env)).questions.generator)


def _played(match: Rounds | TwoPeople, screen: Screen, play: Callable[[], None], person: bool = True) -> None:
    """Play to the end, or until somebody leaves; the score is said in any case."""
    if person:
        screen.say("You play. End with Ctrl-D (Ctrl-Z and Enter on Windows).", "dim")
    try:
        play()
    except Quit:
        screen.say("\nGoodbye.")
    except KeyboardInterrupt:
        screen.say("")
        raise
    finally:
        if score := match.summary():
            screen.say(score, "bold")
