"""Whoever a run asks besides, for its labels: the solver once more, the model it started from, or another model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...core.protocols import Agent
from ...core.protocols.completions import completions_of
from ...core.seeding import integer_seed
from ..settings.checks import one_of
from ..settings.config import SOLVER
from .build import base_agent
from .drawing import drawing_as

if TYPE_CHECKING:
    from ...agents.models.llm import LLMAgent
    from ..run.run import SelfPlay

BASE = "base"
WHO = ("solver", BASE)


class AskedAgain:
    """An agent that is looked up when it is asked, since training and rollbacks replace it.

    Args:
        run: the run.
        who: "solver", or "base": the untrained model, which cannot drift together with the solver.

    Raises:
        ConfigError: nobody else can be asked.
    """

    def __init__(self, run: SelfPlay, who: str = "solver") -> None:
        one_of("labels.source: ask", who, WHO)
        self.run, self.who, self.name = run, who, who
        self._base: LLMAgent | None = None

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        """Answers from a stream of the place where the run stands, so that a resumed run asks the same again.

        Those that the solver's policy refuses are empty.
        """
        run = self.run
        drawn = integer_seed(run.config.seed, "checks", run.round, run.phase, run.step, seed or 0)
        if self.who == "solver":
            answers = run.attempt(prompts, drawn, n)
        else:
            answers = self._untrained().act(prompts, n=n, seed=drawn)
        return [list(group) for group in run.refusals.allowed(SOLVER, prompts, answers)]

    def _untrained(self) -> Agent:
        """The KL reference where that is the base, else the base loaded once more."""
        role, row = self.run.roles[SOLVER], self.run.config.roles[SOLVER]
        found = role.trainer.reference if row.kl_reference == "base" else None
        if found is None:
            found = self._base = self._base or base_agent(self.run.config, SOLVER)
        asked = drawing_as(found, self.run.config, SOLVER)
        if hasattr(role.agent, "counted"):
            asked.counted = role.agent.counted  # what labels cost is the solver's
        return asked


class AskedMember:
    """Another model that a run asks about its questions, as a member of a coalition.

    Args:
        run: the run.
        agent: whoever answers.
        name: of the member.
    """

    def __init__(self, run: SelfPlay, agent: Agent, name: str) -> None:
        self.run, self.agent, self.name = run, agent, name

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        """Answers from a stream of the place where the run stands; those that the solver's policy refuses are empty."""
        run, solver = self.run, self.run.roles[SOLVER].agent
        if hasattr(self.agent, "counted") and hasattr(solver, "counted"):
            self.agent.counted = solver.counted  # what labels cost is the solver's
        drawn = integer_seed(run.config.seed, "members", run.round, run.phase, run.step, seed or 0)
        answers = completions_of(self.agent, prompts, n=n, seed=drawn)
        return [list(group) for group in run.refusals.allowed(SOLVER, prompts, answers)]
