"""Who else asks in a view: an agent whose proposals are read, or a question source. Both fall back on the cache.

When nothing they bring can be asked, a procedural question is asked instead, so that a weak writer cannot stop a game.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.errors import ConfigError
from ...core.protocols import Agent, Curriculum, Draw, QuestionSource, unreadable
from ...core.records import Question, TaskSpec, spec_of
from ..sources.mixing import drawn
from .engine import Game
from .question_cache import IntRng, QuestionCache

BATCH = 16
"""Questions that a source is asked for at a time."""

_PROPOSALS = 8


class AgentAsker:
    """An agent writes a few proposals at a time; those that can be read are asked.

    Args:
        agent: the challenger.
        game: whose instruction it reads.
        fallback: asks when none of its proposals can be asked.
    """

    def __init__(self, agent: Agent, game: Game, fallback: QuestionCache) -> None:
        self.agent, self.game, self.fallback = agent, game, fallback
        self._waiting: list[Question] = []

    def restart(self) -> None:
        """Forget what waits to be asked."""
        self._waiting.clear()
        self.fallback.restart()

    def draw(self, spec: TaskSpec, rng: IntRng) -> Question:
        """The next proposal that can be asked."""
        if not self._waiting:
            instruction = self.game.instruct()
            texts = self.agent.act([instruction], n=_PROPOSALS, seed=rng.getrandbits(62))[0]
            (why,) = unreadable(self.agent, [instruction])
            if why is not None:
                raise ConfigError(f"the opponent cannot read the instruction to write questions: {why}; take another")
            read = [proposal.question for proposal in self.game.read(texts)]
            self._waiting = [q for q in read if q is not None and self.fallback.shows(q)][::-1]
        return self._waiting.pop() if self._waiting else self.fallback.draw(spec, rng)


class SourceAsker:
    """A question source is asked for a batch at a time; questions of the split are put one by one.

    The source is given a seed from the game's stream, the number of the batch as round, and everything the view has.

    Args:
        source: where the questions come from.
        game: the rules.
        fallback: keeps the split, and asks when a batch brings nothing that can be asked.
        curriculum: what the view was given; a source may follow it.
        agents: who plays inside the view, by role.
    """

    def __init__(
        self,
        source: QuestionSource,
        game: Game,
        fallback: QuestionCache,
        curriculum: Curriculum,
        agents: Mapping[str, Agent],
    ) -> None:
        self.source, self.game, self.fallback = source, game, fallback
        self.curriculum, self.agents = curriculum, agents
        self.restart()

    def restart(self) -> None:
        """Begin with the first batch, of another seed."""
        self._waiting: list[Question] = []
        self._seed: int | None = None
        self._batches = 0
        self.fallback.restart()

    def next(self, rng: IntRng) -> tuple[TaskSpec | None, Question]:
        """The next question, with the level that its source gives it.

        Raises:
            ConfigError: the source is exhausted.
            PluginError: the source raised, or broke its contract.
        """
        if not self._waiting:
            self._waiting = self._batch(BATCH, None, rng)[::-1]
        if self._waiting:
            question = self._waiting.pop()
            return spec_of(question), question
        spec = self.curriculum.sample(rng)
        return spec, self.fallback.draw(spec, rng)

    def draw(self, spec: TaskSpec, rng: IntRng) -> Question:
        """One question at the level of `spec`, as far as the source minds it; raises as `next` does."""
        found = self._batch(1, spec.level, rng)
        return found[0] if found else self.fallback.draw(spec, rng)

    def _batch(self, n: int, level: float | None, rng: IntRng) -> list[Question]:
        if self._seed is None:
            self._seed = rng.getrandbits(62)
        domain = self.game.domain.name
        draw = Draw(
            self._seed,
            self._batches + 1,
            level,
            domain,
            self.game,
            dict(self.agents),
            self.fallback.generator,
            self.curriculum,
        )
        questions = drawn(self.source, n, draw)
        self._batches += 1
        if not questions and not draw.rejected:
            raise ConfigError(
                f"the source {type(self.source).__name__} is exhausted after {self._batches - 1} batches; give one "
                "that repeats its questions (file(path=..., repeat=true)), or play fewer episodes"
            )
        return [question for question in questions if self.fallback.shows(question)]
