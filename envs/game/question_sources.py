"""Who asks when no challenger is being trained: a procedural generator, or an agent whose proposals are read.

A procedural question costs tens of microseconds, most of it for deciding exactly whether it belongs to the exam, and a
solver step four. So questions are kept per level and kind (a *shelf*) and asked again later: the first `SHELF` draws of
a shelf are all fresh, after that one draw in `reuse` is, and takes the place of the oldest. `reuse=1` makes every draw
fresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...core.errors import ConfigError
from ...core.held_out import is_held_out
from ...core.protocols import Agent, Generator
from ...core.records import Question, TaskSpec
from .engine import Game

SPLITS = ("train", "held_out", "any")
SHELF = 256
CELLS = 16
"""Levels that share a shelf differ by less than 1/16."""

_TRIES = 2_000
_PROPOSALS = 8


class IntRng(Protocol):
    """`random.Random`, as far as it is needed here."""

    def random(self) -> float: ...
    def getrandbits(self, k: int, /) -> int: ...


class Shelves:
    """The procedural challenger seat.

    Args:
        generator: writes the questions.
        split: which it may show: "train" (default), "held_out" (the exam) or "any".
        reuse: how often a question is asked on average once its shelf is full, ≥ 1.
    """

    def __init__(self, generator: Generator, split: str = "train", reuse: int = 64) -> None:
        if split not in SPLITS:
            raise ConfigError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
        if isinstance(reuse, bool) or not isinstance(reuse, int) or reuse < 1:
            raise ConfigError(f"reuse must be an integer >= 1, got {reuse!r}")
        self.generator, self.split, self.reuse = generator, split, reuse
        self._places = SHELF * reuse / max(reuse - 1, 1)  # a draw beyond the shelf, one in `reuse`, is a fresh one
        self._shelves: dict[tuple[int, str | None], list[Question]] = {}
        self._oldest: dict[tuple[int, str | None], int] = {}

    def restart(self) -> None:
        """Forget all questions, so that what follows depends on the random stream alone."""
        self._shelves.clear()
        self._oldest.clear()

    def draw(self, spec: TaskSpec, rng: IntRng) -> Question:
        """A question for `spec`."""
        if self.reuse == 1 or spec.meta:
            return self.fresh(spec, rng)
        cell = (int(spec.level * CELLS), spec.kind)
        shelf = self._shelves.get(cell)
        if shelf is None:
            shelf = self._shelves[cell] = []
        if len(shelf) < SHELF:
            shelf.append(question := self.fresh(spec, rng))
            return question
        place = int(rng.random() * self._places)
        if place < SHELF:
            return shelf[place]
        oldest = self._oldest.get(cell, 0)
        self._oldest[cell] = (oldest + 1) % SHELF
        question = shelf[oldest] = self.fresh(spec, rng)
        return question

    def fresh(self, spec: TaskSpec, rng: IntRng) -> Question:
        """A question written now.

        Raises:
            ConfigError: the generator writes nothing of this split at this level.
        """
        for _ in range(_TRIES):
            question = self.generator.generate(spec, rng)
            if self.shows(question):
                return question
        raise ConfigError(
            f"{type(self.generator).__name__} wrote {_TRIES} questions for {spec} and none belongs to split "
            f"{self.split!r}; choose another split, level or generator"
        )

    def shows(self, question: Question) -> bool:
        """Whether a question belongs to the split."""
        return self.split == "any" or is_held_out(question.text) is (self.split == "held_out")


class ProposingSeat:
    """An agent in the challenger seat. It writes a few proposals at a time; those that can be read are asked.

    When none of them can, a procedural question is asked instead, so that a weak challenger cannot stop the game.

    Args:
        agent: the challenger.
        game: whose instruction it reads.
        fallback: the procedural seat.
    """

    def __init__(self, agent: Agent, game: Game, fallback: Shelves) -> None:
        self.agent, self.game, self.fallback = agent, game, fallback
        self._waiting: list[Question] = []

    def restart(self) -> None:
        """Forget what waits to be asked."""
        self._waiting.clear()
        self.fallback.restart()

    def draw(self, spec: TaskSpec, rng: IntRng) -> Question:
        """The next proposal that can be asked."""
        if not self._waiting:
            texts = self.agent.act([self.game.instruct()], n=_PROPOSALS, seed=rng.getrandbits(62))[0]
            self._waiting = self._askable(texts)[::-1]
        return self._waiting.pop() if self._waiting else self.fallback.draw(spec, rng)

    def _askable(self, texts: Sequence[str]) -> list[Question]:
        questions = [proposal.question for proposal in self.game.read(texts)]
        return [question for question in questions if question is not None and self.fallback.shows(question)]


QuestionSource = Shelves | ProposingSeat
