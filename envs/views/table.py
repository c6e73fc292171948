"""From names to a table set for play: builds game, curriculum, question source and opponent from keyword arguments."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import ConfigError
from ...core.protocols import Agent, Curriculum, Generator, RewardRule, Verifier
from ...core.records import Question, TaskSpec
from ...core.registries import make_agent, make_curriculum, make_generator, make_reward, make_verifier
from ...core.seeding import python_stream
from ..game.domains import Domain, find_domain
from ..game.engine import Game
from ..game.question_sources import ProposingSeat, QuestionSource, Shelves

Named = str | Mapping[str, Any]
ROLES = ("solver", "challenger")


@dataclass(frozen=True, slots=True)
class Settings:
    """The keyword arguments all views share; each part by name, by dict (`{"name": "band", "target": 0.6}`) or live.

    Attributes:
        domain: "math".
        opponent: who sits opposite. For solvers `None` is the procedural generator, for challengers the domain's
            scripted solver.
        verifier: judges; `None` is the domain's own.
        curriculum: chooses levels.
        generator: writes questions procedurally; `None` is the domain's own.
        attempts: m, how often a question is answered, ≥ 1.
        reward: pays challengers.
        template: words of the prompts, "plain" or "r-zero".
        split: which procedural questions may be shown: "train", "held_out", "any".
        reuse: how often a procedural question is asked on average, see `envs.questions`.
    """

    domain: str | Domain = "math"
    opponent: Named | Agent | None = None
    verifier: Named | Verifier | None = None
    curriculum: Named | Curriculum = "band"
    generator: Named | Generator | None = None
    attempts: int = 10
    reward: Named | RewardRule = "r-zero"
    template: str = "plain"
    split: str = "train"
    reuse: int = 64


class Table:
    """Everybody and everything a view needs, and the one random stream of its game.

    Args:
        settings: see there.
        role: the seat the caller takes; the opponent gets the other one.
    """

    def __init__(self, settings: Settings, role: str) -> None:
        if role not in ROLES:
            raise ConfigError(f"role must be 'solver' or 'challenger', got {role!r}")
        if isinstance(settings.attempts, bool) or not isinstance(settings.attempts, int) or settings.attempts < 1:
            raise ConfigError(f"attempts must be an integer >= 1, got {settings.attempts!r}")
        domain = find_domain(settings.domain)
        reward: Any = make_reward(settings.reward)
        self.attempts = settings.attempts
        self.game = Game(domain, make_verifier(settings.verifier or domain.verifier), reward, settings.template)
        self.curriculum = make_curriculum(settings.curriculum)
        # A curriculum built here starts anew with every seed; a live one is the caller's, and keeps what it learnt.
        owned = isinstance(settings.curriculum, str | Mapping)
        self._initial = self.curriculum.state_dict() if owned else None
        procedural = Shelves(make_generator(settings.generator or domain.generator), settings.split, settings.reuse)
        self.source: QuestionSource = procedural
        self.opponent: Agent | None = None
        if role == "challenger":
            self.opponent = make_agent(settings.opponent or domain.solver)
        elif settings.opponent is not None:
            self.source = ProposingSeat(make_agent(settings.opponent), self.game, procedural)
        self.rng = random.Random(0)

    def seed(self, root: int) -> None:
        """Start anew: everything that follows is a function of `root` and the moves made."""
        self.rng = python_stream(root, "table")
        self.source.restart()
        if self._initial is not None:
            self.curriculum.load_state_dict(self._initial)

    def draw(self) -> tuple[TaskSpec, Question]:
        """The next question and what the curriculum asked for."""
        spec = self.curriculum.sample(self.rng)
        return spec, self.source.draw(spec, self.rng)

    def answer(self, prompts: list[str]) -> list[list[str]]:
        """The opponent's attempts at each prompt, `attempts` of them."""
        if self.opponent is None:
            raise ConfigError("nobody sits in the solver seat of this table")
        return self.opponent.act(prompts, n=self.attempts, seed=self.rng.getrandbits(62))


def make_settings(options: Mapping[str, Any]) -> Settings:
    """Keyword arguments of a view as `Settings`.

    Raises:
        ConfigError: no such keyword; lists what there is.
    """
    unknown = sorted(set(options) - set(Settings.__dataclass_fields__))
    if unknown:
        known = ", ".join(["role", "render_mode", *Settings.__dataclass_fields__])
        raise ConfigError(f"unknown keyword {', '.join(map(repr, unknown))}; an environment takes: {known}")
    return Settings(**options)
