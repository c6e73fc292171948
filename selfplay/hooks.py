"""What watches a run: hooks are told what happened, and answer with what should be done.

    Rates(scale)       learning rates of all roles become those of the settings times `scale`
    RollBack(cause)    the best checkpoints and their curriculum come back
    Stop(reason)       the run saves and stops, as after Ctrl-C

The run carries actions out; a hook never writes its state. `guard.controller`, `progress`, `live.feed` and
`trackers.hook` are hooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ..core.records import Judgement, Question
    from .evaluation import ExamResult


@dataclass(frozen=True, slots=True)
class Rates:
    """Multiply the learning rates of the settings by `scale`, in (0, 1]."""

    scale: float


@dataclass(frozen=True, slots=True)
class RollBack:
    """Go back to the best checkpoints.

    Attributes:
        cause: one word for logs.
        scale: of the learning rates from there on.
    """

    cause: str
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Stop:
    """Save and stop; `reason` is a sentence for people."""

    reason: str


AnyRun: TypeAlias = Any
"""A run: `SelfPlay` or `TurnPlay`. A hook that is about questions and answers is for the first alone."""
Action: TypeAlias = Rates | RollBack | Stop


@dataclass(frozen=True, slots=True)
class Step:
    """One training step that has just been taken.

    Attributes:
        role: who learnt.
        number: counts from 0 within the stage.
        total: steps of the stage.
        measures: as `metrics.jsonl` has them.
        bad_rewards: rewards that were not finite.
        majority_premium: how much more the most frequent answer of a group was rewarded; see `roles.rewards`.
    """

    role: str
    number: int
    total: int
    measures: Mapping[str, Any]
    bad_rewards: int = 0
    majority_premium: float | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with the attempts at it.

    Attributes:
        question: what was asked.
        attempts: what the solver answered.
        index: of the question in `questions.jsonl`; `None` where a challenger asks it in its training.
        judgement: `None` as long as there is none.
    """

    question: Question
    attempts: Sequence[str]
    index: int | None = None
    judgement: Judgement | None = None


class Hook:
    """Does nothing at every occasion; a hook overrides those it is about.

    Attributes:
        name: under which the run keeps its state.
    """

    name = "hook"

    def before_stage(self, run: AnyRun) -> None:
        """A stage begins, or is entered again."""

    def after_rows(self, run: AnyRun, log: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows were added to a log of the run folder, as it has them; they reach the disk with the next commit."""

    def after_writing(self, run: AnyRun, source: str, written: Sequence[Question | str]) -> None:
        """A source wrote questions, while it goes on writing: each as it is read, or its text if it makes none. What
        is asked is decided when all are written; then they are rows of the log `questions`."""

    def after_attempts(self, run: AnyRun, answered: Sequence[Answered]) -> None:
        """Attempts came in while others are still made, or those at what a challenger asked in its training."""

    def after_step(self, run: AnyRun, step: Step) -> Action | None:
        """A training step was taken and logged."""

    def after_labels(self, run: AnyRun, measures: Mapping[str, Any]) -> Action | None:
        """A round's questions were labelled; `measures` as `metrics.jsonl` has them."""

    def after_exam(self, run: AnyRun, validation: ExamResult) -> Action | None:
        """A validation was held: a smaller exam on questions of its own."""

    def after_stage(self, run: AnyRun) -> Action | None:
        """A stage ended; nothing of the next one is done yet."""

    def after_commit(self, run: AnyRun) -> None:
        """All that was logged is on the disk, and the state with it; also once before a run begins or goes on."""

    def count(self, done: int, total: int) -> None:
        """`done` of `total` things of the present stage are done."""

    def warn(self, run: AnyRun, message: str) -> None:
        """Something a person should know."""

    def ask(self, run: AnyRun, items: int, message: str) -> None:
        """The run waits until people have decided about so many items; `message` says where they do."""

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on after a kill, as plain JSON values."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict()`."""
