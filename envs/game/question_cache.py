"""Procedural questions, kept and asked again: how a view asks when nobody else does.

A procedural question costs tens of microseconds, most of it for deciding exactly whether it belongs to the exam, and a
solver's step four. So questions are kept per level and kind (a *cell*) and asked again later: the first `CELL_SIZE`
draws of a cell are all fresh, after that one draw in `reuse` is, and takes the place of the oldest. `reuse=1` makes
every draw fresh.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...core.errors import ConfigError
from ...core.held_out import is_held_out
from ...core.options.counts import check_whole
from ...core.protocols import Domain, Generator
from ...core.records import Question, TaskSpec
from .domains import folded, identity_of

SPLITS = ("train", "held_out", "any")
CELL_SIZE = 256
CELLS = 16
"""Levels that share a cell differ by less than 1/16."""

_TRIES = 2_000


class IntRng(Protocol):
    """`random.Random`, as far as it is needed here."""

    def random(self) -> float: ...
    def getrandbits(self, k: int, /) -> int: ...


def check_split(split: object) -> None:
    """Refuse what is none of `SPLITS`.

    Raises:
        ConfigError: names those there are.
    """
    if split not in SPLITS:
        raise ConfigError(f"split must be one of {', '.join(SPLITS)}, got {split!r:.80}")


class QuestionCache:
    """Asks procedural questions of one split.

    Args:
        generator: writes the questions.
        split: which may be asked: "train" (default), "held_out" (the exam) or "any".
        reuse: how often a question is asked on average once its cell is full, ≥ 1.
        domain: says which questions are the same; `None` compares folded texts.
        allows: whether a question may be asked at all; `None` allows every one.
    """

    def __init__(
        self,
        generator: Generator,
        split: str = "train",
        reuse: int = 64,
        domain: Domain | None = None,
        allows: Callable[[Question], bool] | None = None,
    ) -> None:
        check_split(split)
        check_whole("reuse", reuse)
        self.generator, self.split, self.reuse = generator, split, reuse
        self.domain, self.allows = domain, allows
        self._span = CELL_SIZE * reuse / max(reuse - 1, 1)  # a draw beyond the cell, one in `reuse`, is a fresh one
        self._cells: dict[tuple[int, str | None], list[Question]] = {}
        self._oldest: dict[tuple[int, str | None], int] = {}

    def restart(self) -> None:
        """Forget all questions, so that what follows depends on the random stream alone."""
        self._cells.clear()
        self._oldest.clear()

    def draw(self, spec: TaskSpec, rng: IntRng) -> Question:
        """A question for `spec`."""
        if self.reuse == 1 or spec.meta:
            return self.fresh(spec, rng)
        address = (int(spec.level * CELLS), spec.kind)
        cell = self._cells.get(address)
        if cell is None:
            cell = self._cells[address] = []
        if len(cell) < CELL_SIZE:
            cell.append(question := self.fresh(spec, rng))
            return question
        index = int(rng.random() * self._span)
        if index < CELL_SIZE:
            return cell[index]
        oldest = self._oldest.get(address, 0)
        self._oldest[address] = (oldest + 1) % CELL_SIZE
        question = cell[oldest] = self.fresh(spec, rng)
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
            f"{self.split!r}{'' if self.allows is None else ' and is allowed by the policy'}; choose another split, "
            "level or generator"
        )

    def shows(self, question: Question) -> bool:
        """Whether a question belongs to the split, and is allowed."""
        if self.split != "any" and is_held_out(self._identity(question)) is not (self.split == "held_out"):
            return False
        return self.allows is None or self.allows(question)

    def _identity(self, question: Question) -> str:
        """As the exam has it: the domain that a question names says what is the same, not the domain that is played."""
        if self.domain is None:
            return folded(question)
        return self.domain.identity(question) if question.domain == self.domain.name else identity_of(question)
