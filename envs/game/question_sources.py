"""Where the questions of a run, or of a view, come from: the built-in sources, and how sources are mixed.

    challenger          the agent in the role "challenger" writes; what cannot be read is rejected with its reason
    procedural          the generator writes, at the levels that the curriculum asks for
    agent(name=…)       any registered agent writes: agent(name=generator), agent(name=llm:models/mine)
    file(path=…)        the rows of a JSONL file, {"question": …, "answer": …}, each asked once, or again and again

A source draws only from streams of `draw.seed` and `draw.round`: equal draws give equal questions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.completions import completions_of
from ...core.errors import ConfigError, PluginError, SelfPlayError
from ...core.protocols import Agent, Draw, GameWords, QuestionSource, unreadable
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


def drawn(source: QuestionSource, n: int, draw: Draw) -> list[Question]:
    """`source.draw(n, draw)`, held to its contract.

    Raises:
        PluginError: the source raised something that names no remedy, or gave too many or other things than questions.
    """
    name = type(source).__name__
    try:
        questions = source.draw(n, draw)
    except SelfPlayError:
        raise
    except Exception as error:
        raise PluginError(f"the source {name} raised {type(error).__name__}: {error}") from error
    if not isinstance(questions, list) or any(not isinstance(question, Question) for question in questions):
        raise PluginError(f"the source {name} gave {str(questions)[:80]}, expected a list of Questions")
    if len(questions) > n:
        raise PluginError(f"the source {name} gave {len(questions)} questions, at most {n} were asked for")
    return questions


def mix(weights: Mapping[str, float], n: int) -> dict[str, int]:
    """How many of `n` questions each source gives: shares by weight, what is left over to the largest remainders.

    Equal remainders are served in the order of the mapping. A weight of 0 gives 0.

    Raises:
        ConfigError: a weight is negative or not a number, all are 0, or `n` is negative.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ConfigError(f"the number of questions must be an integer >= 0, got {n!r}")
    for name, weight in weights.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not math.isfinite(weight) or weight < 0:
            raise ConfigError(f"the weight of the source {name!r} must be a finite number >= 0, got {weight!r}")
    total = math.fsum(weights.values())
    if total == 0:
        raise ConfigError(f"no source has a weight above 0: {dict(weights) or 'none is given'}")
    shares = {name: n * (weight / total) for name, weight in weights.items()}
    counts = {name: math.floor(share) for name, share in shares.items()}
    missing = n - sum(counts.values())
    for name in sorted(shares, key=lambda one: counts[one] - shares[one])[:missing]:
        counts[name] += 1
    return counts
