"""Judging done by workers, questions in chunks, judgements in order; and an agent whose samples come from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...agents.workers.named import Here
from ...agents.workers.ray_workers import RayWorkers
from ...core.protocols import Agent, BaseVerifier, Verifier, Workers
from ...core.records import Judgement, Question, Verdict
from ...envs.game.engine import TestJudge
from .labels import KnownReference

QUESTIONS = 16
"""Questions of a chunk: fewer would be mostly sending, more would leave workers without one at the end of a batch."""
PROGRAMS = 1
"""The same where programs are run for a question, which takes hundreds of times as long as sending it."""

Chunk: TypeAlias = tuple[Sequence[Question], Sequence[Sequence[str]]]


@dataclass(frozen=True, eq=False)
class _Judging:
    """What a worker does; it keeps the verifier, with what that has started, from chunk to chunk."""

    verifier: Verifier

    def __call__(self, chunk: Chunk) -> list[Judgement]:
        return self.verifier.judge_many(*chunk)


class ByWorkers(BaseVerifier):
    """See the module. A single question is judged here.

    Args:
        verifier: judges; it pickles, and what it says of a question does not depend on others, or on a seed that moves.
        workers: who does it.
    """

    size = QUESTIONS

    def __init__(self, verifier: Verifier, workers: Workers) -> None:
        self.verifier, self.workers, self._judging = verifier, workers, _Judging(verifier)

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return self.verifier.judge(question, attempts)

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        if len(questions) < 2:
            return self.verifier.judge_many(questions, groups)
        starts = range(0, len(questions), self.size)
        chunks = ((questions[at : at + self.size], groups[at : at + self.size]) for at in starts)
        return [one for judged in self.workers.map(self._judging, chunks) for one in judged]


class TestsByWorkers(ByWorkers):
    """The same of a verifier that also judges tests, which it does here."""

    verifier: Any
    size = PROGRAMS

    def asks_for_program(self, question: Question) -> bool:
        """See `envs.game.engine.TestJudge`."""
        return bool(self.verifier.asks_for_program(question))

    def judge_tests(
        self, question: Question, attempts: Sequence[str], judgement: Judgement, texts: Sequence[str]
    ) -> list[Verdict]:
        """See `envs.game.engine.TestJudge`."""
        return list(self.verifier.judge_tests(question, attempts, judgement, texts))


def by_workers(verifier: Verifier, workers: Workers) -> Verifier:
    """The verifier, whose work is done by others. What a domain knows is asked here: it need not pickle."""
    if isinstance(workers, Here):
        return verifier
    if isinstance(verifier, KnownReference):
        return KnownReference(by_workers(verifier.verifier, workers), verifier.domain)
    return TestsByWorkers(verifier, workers) if isinstance(verifier, TestJudge) else ByWorkers(verifier, workers)


def sampled_by_workers(agent: Agent, workers: Workers) -> Agent:
    """An agent that is a model in this process, whose samples come from workers of Ray if there are some."""
    if not isinstance(workers, RayWorkers) or not hasattr(agent, "sampler"):
        return agent
    from ...agents.workers.ray_sampler import sampled_by

    model: Any = agent
    return sampled_by(model, workers)
