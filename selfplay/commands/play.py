"""`selfplay-gym play`: watch rounds of the game, or play a role with the keyboard."""

from __future__ import annotations

from collections.abc import Sequence

import gymnasium as gym
from rich.console import Console

from ... import envs as _envs  # noqa: F401 - registers the environments
from ...core.extraction import last_boxed
from ...core.protocols import Agent
from ...core.protocols.completions import completions_of
from ...core.registries import make_agent
from ...core.seeding import integer_seed
from ...envs.game.domains import domain_of
from ..bench.resolve_agent import resolve_agent, template_for
from ..pages.wording import counted
from ..settings.compose import suited
from ..settings.config import RunConfig

ME = "me"


class Quit(Exception):
    """The person at the keyboard has left."""


class Person:
    """Somebody at a keyboard, as an agent that writes one completion per prompt.

    Args:
        console: where questions are shown and answers are read.
    """

    name = ME

    def __init__(self, console: Console) -> None:
        self.console = console

    def ask(self, label: str) -> str:
        """A line from the person.

        Raises:
            Quit: there will be no more (end of input).
        """
        try:
            return self.console.input(f"{label}: ", markup=False).strip()
        except EOFError:
            raise Quit from None


class SolvingPerson(Person):
    """Reads a question, types an answer."""

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        groups = []
        for prompt in prompts:
            self.console.print(f"\n{prompt}", markup=False, highlight=False)
            groups.append([_boxed(self.ask("Your answer")) for _ in range(n)])
        return groups


class ChallengingPerson(Person):
    """Types a question and the answer it should have."""

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        return [[self._propose() for _ in range(n)] for _ in prompts]

    def _propose(self) -> str:
        question = self.ask("Your question")
        return f"<question>{question}</question> {_boxed(self.ask('The answer you claim'))}"


def _asking(challenger: str, env: str) -> Agent:
    """The challenger's agent; "generator" writes what a run in this environment would."""
    if challenger != "generator":
        return resolve_agent(challenger)
    return make_agent("generator", generator=RunConfig().replace(suited(env)).questions.generator)


def play_rounds(
    *,
    solver: str,
    challenger: str,
    attempts: int,
    rounds: int,
    verifier: str,
    reward: str,
    seed: int,
    console: Console,
    env: str = "SelfPlayMath-v0",
) -> None:
    """Play `rounds` rounds and draw each of them.

    Args:
        env: what is played, by its Gymnasium id.
        solver, challenger: an agent (see `resolve_agent`) or "me".
        attempts: attempts per question; a person makes one.
        verifier: judges. A vote of one person is not a vote, so their answers are held against the claimed one instead.
        reward: reward preset of the challenger.

    Raises:
        ConfigError: an unknown name.
    """
    alone = solver == ME
    answering = SolvingPerson(console) if alone else resolve_agent(solver)
    asking = ChallengingPerson(console) if challenger == ME else _asking(challenger, env)
    judge = domain_of(env).grader if alone and verifier == "majority" else verifier
    game = gym.make(
        env,
        role="challenger",
        opponent=answering,
        verifier=judge,
        attempts=1 if alone else attempts,
        reward=reward,
        template=_template(asking, answering),
        render_mode="ansi",
        disable_env_checker=True,
    )
    if ME in (solver, challenger):
        console.print("You play. End with Ctrl-D (Ctrl-Z and Enter on Windows).", highlight=False)
    played: list[float] = []
    try:
        for number in range(rounds):
            instruction, _ = game.reset(seed=integer_seed(seed, "play") if number == 0 else None)
            proposal = completions_of(asking, [instruction], n=1, seed=integer_seed(seed, "play", number))[0][0]
            _, _, _, _, info = game.step(proposal)
            played.append(info["solve_rate"])
            console.print(str(game.render()), markup=False, highlight=False, soft_wrap=True)
    except Quit:
        console.print("\nGoodbye.", highlight=False)
    finally:
        game.close()
    if alone and played:
        console.print(f"You were right {sum(played):.0f} of {counted(len(played), 'time')}.", highlight=False)


def _template(*players: Agent) -> str:
    """The words all players understand: full instructions as soon as one of them needs them."""
    return max((template_for(player) for player in players), key=lambda name: name == "r-zero")


def _boxed(text: str) -> str:
    return text if last_boxed(text) is not None else rf"\boxed{{{text}}}"
