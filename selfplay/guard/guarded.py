"""What the guard touches of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ...core.protocols import Curriculum
from ...core.records import Question
from ...envs.game.engine import Game
from ..evaluation import ExamResult
from ..progress import Progress
from ..settings.config import RunConfig
from ..storage.run_folder import RunFolder

if TYPE_CHECKING:
    from ..roles.role import Seat


class GuardedRun(Protocol):
    """`rounds.SelfPlay`, as far as its guard knows it."""

    config: RunConfig
    folder: RunFolder
    progress: Progress
    curriculum: Curriculum
    game: Game
    held_back: list[Question]
    seats: dict[str, Seat]
    challenger: Seat | None
    solver: Seat
    round: int
    checkpoints: dict[str, str]

    def sit(self) -> None:
        """Fill the seats from `checkpoints`."""
        ...

    def attempts(self, prompts: list[str], seed: int) -> list[list[str]]:
        """The solver's attempts at prompts."""
        ...

    def examine(self, questions: Sequence[Question], *, samples: int, greedy: bool) -> ExamResult:
        """The solver's answers to questions, graded."""
        ...

    def here(self) -> dict[str, Any]:
        """Round and phase, as every row of a log has them."""
        ...
