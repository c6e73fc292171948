"""The held-out exam in one call: `exam("tiny")`, or `exam(agent, generator="my-generator", samples=4)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

from ...agents.addressing import template_for
from ...agents.workers.named import ending, workers_of
from ...core.errors import ConfigError
from ...core.protocols import Agent, Generator, Verifier, Workers
from ...core.records import Question
from ...core.registries import domains, make_agent, make_verifier
from ...envs.game.domains import find_domain
from ..bench.resolve_agent import resolve_agent
from ..evaluation import run_exam
from ..run.by_workers import by_workers, sampled_by_workers
from .result import ExamResult
from .suites import generated_suite


def exam(
    agent: str | Path | Agent,
    *,
    questions: int = 512,
    samples: int = 8,
    generator: str | Mapping[str, Any] | Generator = "mixed",
    verifier: str | Mapping[str, Any] | Verifier | None = None,
    seed: int = 0,
    greedy: bool = True,
    progress: Callable[[int, int], None] | None = None,
    workers: int | str | Workers = 1,
) -> ExamResult:
    """Let an agent answer held-out questions of a generator; nothing here trains on them.

    Args:
        agent: a name as the command line takes it (see `bench.resolve_agent`), a model folder, or a live agent.
        questions: how many, ≥ 1; spread evenly over the levels.
        samples: answers per question, ≥ 1.
        generator: a registered generator, with options as `name(key=value)`, or a live one.
        verifier: grades against the reference; `None` means the grader of the domain of the questions.
        seed: of questions and answers; equal seeds give equal exams.
        greedy: also answer once greedily, if the agent can.
        progress: called with (questions done, questions in all).
        workers: who grades: a number of processes, or "ray(8)", who also sample from models; the result is the same.

    Raises:
        ConfigError: an unknown name, or more questions than the generator has.
        PluginError: a live object that is not an agent, generator or verifier.
    """
    for name, value, least in (("questions", questions, 1), ("samples", samples, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise ConfigError(f"{name} must be a whole number of at least {least}, got {value!r:.80}")
    if verifier is not None:
        make_verifier(verifier)  # names are checked before anything takes long
    suite = generated_suite(generator, limit=questions, seed=seed)
    examined = resolve_agent(str(agent)) if isinstance(agent, str | Path) else make_agent(agent)
    helping = workers_of(workers)
    with ending(helping, workers):
        return run_exam(
            sampled_by_workers(examined, helping),
            suite.questions,
            verifier=suite.verifier if verifier is None else verifier,
            vote=suite.vote,
            samples=samples,
            greedy=greedy,
            seed=seed,
            ask=lambda question: prompt_of(question, template_for(examined)),
            progress=progress,
            name=str(agent) if isinstance(agent, str | Path) else None,
            done_by=partial(by_workers, workers=helping),
        )


def prompt_of(question: Question, template: str) -> str:
    """A question as its domain puts it to a solver; one of an unknown domain is put as in mathematics.

    Args:
        template: "plain" or "r-zero"; a domain that has no such one is asked by its "plain".
    """
    domain = find_domain(question.domain if question.domain in domains.names() else "math")
    return domain.template(template if template in domain.templates else "plain").ask(question)
