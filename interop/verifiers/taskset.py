"""Questions of a source as verifiers' tasks: a prompt each, and the verifier's score as the reward."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import Field

from ...core.errors import MissingExtraError
from ...core.records import Outcome, Verdict
from ..question_sets import question_set
from ..rows import graded_of, reward_of

try:
    import verifiers.v1 as vf
except ImportError as error:
    if (error.name or "").partition(".")[0] != "verifiers":
        raise
    raise MissingExtraError("verifiers", "verifiers", "selfplay_gym.interop.verifiers") from None

__all__ = ["SelfPlayConfig", "SelfPlayData", "SelfPlayTask", "SelfPlayTaskset", "reply_of"]


class SelfPlayData(vf.TaskData):
    """A question; the columns are those of `interop.rows`, and `verifier` the name of what judges it."""

    question: str
    reference: str | None = None
    domain: str = "math"
    level: float | None = None
    author: str = ""
    meta: str = "{}"
    verifier: str = "sympy"


class SelfPlayTask(vf.Task[SelfPlayData]):
    """One question; an attempt earns what it earns in `gym.make`."""

    @vf.reward
    async def correct(self, trace: vf.Trace) -> float:
        """The verifier's score in [0, 1]; 0 for what it left undecided, which the metric `undecided` counts."""
        verdict = await self._verdict(reply_of(trace))  # one for both: judging may take seconds
        trace.record_metric("undecided", float(verdict.outcome is Outcome.UNDECIDED))
        return reward_of(verdict)

    async def validate(self, runtime: Any) -> bool | None:
        """Whether the reference itself is judged right; `None` for a question whose answer is no single value."""
        reference = self.data.reference
        if reference is None or self.data.verifier != "sympy":
            return None
        return (await self._verdict(rf"\boxed{{{reference}}}")).outcome is Outcome.CORRECT

    async def _verdict(self, text: str) -> Verdict:
        return await asyncio.to_thread(graded_of(self.data.model_dump()).judge, text)


class SelfPlayConfig(vf.TasksetConfig):
    """Which questions; the settings are those of `selfplay-gym export`."""

    source: str = "arithmetic"
    """A generator, a domain, a suite, or a run folder."""
    split: Literal["train", "held_out"] = "train"
    """The exam's questions are held out of training."""
    size: int | None = Field(64, ge=1)
    """Most questions; None is all of a run, and as many as a suite has by default."""
    seed: int = 0
    """Of procedural questions."""
    levels: list[float] = []  # noqa: RUF012 - Pydantic copies a default
    """Difficulties in [0, 1], taken in turn; none for those of the source."""
    template: str = "plain"
    """The words around a question, "plain" or "r-zero"."""


class SelfPlayTaskset(vf.Taskset[SelfPlayTask, SelfPlayConfig]):
    """The questions of a source, the same for equal settings."""

    def load(self) -> list[SelfPlayTask]:
        """See `interop.question_sets.question_set`, also for what it raises."""
        chosen = self.config
        found = question_set(
            chosen.source, [chosen.split], limit=chosen.size, seed=chosen.seed, levels=tuple(chosen.levels)
        )
        return [
            SelfPlayTask(SelfPlayData(prompt=graded.prompt(chosen.template), **graded.row()), chosen.task)
            for graded in found.splits[chosen.split]
        ]


def reply_of(trace: vf.Trace) -> str:
    """What the model said last, as it said it; "" where it said nothing."""
    said = trace.assistant_messages
    return (said[-1].content or "") if said else ""
