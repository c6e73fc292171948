"""Our exams as a task of Inspect AI (0.3.285), and our agents as its models: `selfplay-gym[inspect]`.

    inspect eval selfplay_gym/exam --model openai/gpt-5 -T suite=mixed -T limit=100 -T samples=8
    inspect eval selfplay_gym/exam --model selfplay/tiny -T template=plain

Inspect finds them by the entry point `inspect_ai`. Verifiers and agents work outside the event loop, one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar

import anyio
import inspect_ai
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, modelapi
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState, generate
from inspect_ai.tool import ToolChoice, ToolInfo

from ..core.options.counts import check_whole
from ..core.protocols import Agent
from ..selfplay.bench.resolve_agent import resolve_agent
from ..selfplay.evaluation import Adjustable
from ..selfplay.exams.result import powers
from .question_sets import HELD_OUT, question_set
from .rows import check_template, graded_of, reward_of

__all__ = ["SelfPlayModel", "exam", "selfplay", "verdict"]

T = TypeVar("T")


@inspect_ai.task  # type: ignore[untyped-decorator]
def exam(
    suite: str = "mixed",
    limit: int | None = None,
    samples: int = 1,
    seed: int = 0,
    template: str = "r-zero",
    level: float | None = None,
) -> inspect_ai.Task:
    """Held-out questions, judged by the verifier of their suite.

    Args:
        suite: as `selfplay-gym bench --suite` takes it, or a run folder: its exam.
        limit: most questions; `None` for as many as the suite has.
        samples: answers per question, ≥ 1; several are reduced to their mean, and to pass@k for powers of two.
        seed: of procedural questions.
        template: the words around a question: "r-zero", or "plain" for the bare question.
        level: difficulty in [0, 1] of a generator's questions; `None` for those of its exam.

    Raises:
        ConfigError: no such suite or template, or no samples.
    """
    check_whole("samples", samples)
    check_template(template)
    levels = () if level is None else (level,)
    questions = question_set(suite, (HELD_OUT,), limit=limit, seed=seed, levels=levels)
    rows = [
        Sample(one.prompt(template), target=one.question.reference or "", id=number, metadata=one.row())
        for number, one in enumerate(questions.splits[HELD_OUT], 1)
    ]
    reducers = ["mean", *(f"pass_at_{k}" for k in powers(samples) if k > 1)]
    return inspect_ai.Task(
        dataset=MemoryDataset(rows, name=questions.name, location=questions.source),
        solver=generate(),
        scorer=verdict(),
        epochs=inspect_ai.Epochs(samples, reducers),
    )


@scorer(metrics=[accuracy(), stderr()])  # type: ignore[untyped-decorator]
def verdict() -> Scorer:
    """The score in [0, 1] of a sample whose metadata is a row of a question; what is not decided scores 0."""

    async def score(state: TaskState, target: Target) -> Score:
        found = await _apart(partial(graded_of(state.metadata).judge, state.output.completion))
        return Score(
            value=reward_of(found),
            answer=found.answer,
            explanation=found.reason or found.outcome.value,
            metadata={"outcome": found.outcome.value},
        )

    return score


class SelfPlayModel(ModelAPI):  # type: ignore[misc]
    """An agent of ours by its name: selfplay/tiny, selfplay/runs/tiny/checkpoints/solver-04-012, selfplay/oracle."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - as Inspect's own models have it
        **options: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self.agent = resolve_agent(model_name, **options)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """Answer the last message; the temperature is the agent's own where none is asked for."""
        agent: Agent = self.agent
        if config.temperature is not None and isinstance(agent, Adjustable):
            agent = agent.with_settings(temperature=config.temperature)
        (texts,) = await _apart(partial(agent.act, [input[-1].text], n=1, seed=config.seed))
        return ModelOutput.from_content(self.model_name, texts[0])


@modelapi(name="selfplay")  # type: ignore[untyped-decorator]
def selfplay() -> type[ModelAPI]:
    """`--model selfplay/AGENT`."""
    return SelfPlayModel


async def _apart(work: Callable[[], T]) -> T:
    """The result of work that takes time, one piece after the other."""
    return await anyio.to_thread.run_sync(work, limiter=_one_at_a_time())


@cache
def _one_at_a_time() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(1)
