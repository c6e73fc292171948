"""Sources in which somebody writes: the challenger, the generator under a curriculum, any agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.protocols import Agent, Draw, GameWords, unreadable
from ...core.protocols.completions import completions_of
from ...core.records import Question, Request, TaskSpec, with_spec
from ...core.registries import make_agent
from ...core.seeding import integer_seed, python_stream


class ChallengerSource:
    """The agent in the role "challenger" writes.

    Args:
        role: another role to write instead.
    """

    follows_condition = True

    def __init__(self, role: str = "challenger") -> None:
        self.role = role

    def draw(self, n: int, draw: Draw) -> list[Question]:
        agent = draw.agents.get(self.role)
        if agent is None:
            raise ConfigError(
                f"the source 'challenger' needs an agent in the role {self.role!r}, and there is "
                f"{', '.join(sorted(draw.agents)) or 'nobody'}; give 'agent(name=...)', an agent of its own"
            )
        rng = python_stream(draw.seed, "condition", draw.round, "generate")
        requests = [] if draw.condition is None else draw.condition.requests(n, draw, rng)
        return proposed(agent, n, draw, integer_seed(draw.seed, "generate", draw.round, 0), requests)


class ProceduralSource:
    """The generator of the game writes, at the level asked for, or else at those that the curriculum chooses."""

    follows_curriculum = True

    def draw(self, n: int, draw: Draw) -> list[Question]:
        generator, curriculum = draw.generator, draw.curriculum
        if generator is None or (curriculum is None and draw.level is None):
            raise ConfigError("the source 'procedural' needs a generator, and a curriculum or a level")
        rng = python_stream(draw.seed, "draw", draw.round)
        if curriculum is None or draw.level is not None:
            specs = [TaskSpec(draw.level or 0.0) for _ in range(n)]
        else:
            specs = [curriculum.sample(rng) for _ in range(n)]
        return [with_spec(generator.generate(spec, rng), spec) for spec in specs]


class AgentSource:
    """A registered agent writes, whatever role it could play otherwise.

    Args:
        name: of the agent, or a live one. As a mapping: `{"name": "agent", "agent": "generator"}`.
        agent: the same.
        options: of the agent.
    """

    def __init__(
        self, name: str | Mapping[str, Any] | Agent | None = None, *, agent: Any = None, **options: Any
    ) -> None:
        if (name is None) is (agent is None):
            raise ConfigError("the source 'agent' takes the name of one agent: agent(name=generator)")
        self.agent = make_agent(agent if name is None else name, **options)

    def draw(self, n: int, draw: Draw) -> list[Question]:
        return proposed(self.agent, n, draw, integer_seed(draw.seed, "agent", draw.round))


def proposed(agent: Agent, n: int, draw: Draw, seed: int, requests: Sequence[Request | None] = ()) -> list[Question]:
    """What an agent writes on the game's instruction, read; malformed texts go to `draw.rejected`.

    Args:
        requests: what each question is asked for; one prompt for all if that is nothing in particular.
    """
    if draw.game is None:
        raise ConfigError("an agent needs a game to write questions for: its instruction, and a reader of its texts")
    if n == 0:
        return []
    if any(requests):
        prompts, each = [_instruction(draw.game, request) for request in requests], 1
        marks: tuple[Sequence[Request | None], ...] = (requests,)
    else:
        prompts, each, marks = [draw.game.instruct()], n, ()
    texts = [text for group in completions_of(agent, prompts, n=each, seed=seed) for text in group]
    why = next((reason for reason in unreadable(agent, prompts) if reason is not None), None)
    if why is not None:
        raise ConfigError(f"{type(agent).__name__} cannot read the instruction to write questions: {why}; take another")
    proposals = draw.game.read(texts, *marks)
    draw.rejected += [(proposal.text, proposal.reason) for proposal in proposals if proposal.question is None]
    return [proposal.question for proposal in proposals if proposal.question is not None]


def _instruction(game: GameWords, request: Request | None) -> str:
    return game.instruct() if request is None else game.instruct(request)
