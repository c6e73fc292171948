"""How far apart two roles answer: the Jensen–Shannon divergence of their answers to the same probes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...core.extraction import extract_answer
from ...core.seeding import integer_seed
from ..settings.config import CHALLENGER, SOLVER

if TYPE_CHECKING:
    from ..run.run import SelfPlay

PROBES, PROBE_SAMPLES = 16, 8


def probe_divergence(run: SelfPlay) -> float | None:
    """How far apart challenger and solver answer validation questions, in bits; `None` without a challenger."""
    if CHALLENGER not in run.roles:
        return None
    prompts = run.game.ask(run.validation.held_out[:PROBES])
    seed, length = integer_seed(run.config.seed, "probes"), run.config.roles[SOLVER].max_new_tokens
    solver, challenger = run.roles[SOLVER].agent, run.roles[CHALLENGER].agent
    if hasattr(challenger, "with_settings"):  # scripted agents have none
        challenger = challenger.with_settings(max_new_tokens=length)
    answers = [agent.act(prompts, n=PROBE_SAMPLES, seed=seed) for agent in (solver, challenger)]
    return divergence(*answers)


def divergence(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> float:
    """Mean Jensen–Shannon divergence of two roles' answers to the same probes, in bits: 0 equal, 1 nothing in common.

    Answers are compared to the letter; "no answer" is one of them. Few samples make equal roles look apart, unless they
    draw the same samples, as roles with equal weights and seeds do.
    """
    each = []
    for ours, theirs in zip(one, other, strict=True):
        p, q = (_shares([extract_answer(text) for text in group]) for group in (ours, theirs))
        middle = {answer: (p.get(answer, 0.0) + q.get(answer, 0.0)) / 2 for answer in {*p, *q}}
        each.append((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2)
    return sum(each) / len(each)


def _shares(answers: Sequence[str | None]) -> dict[str | None, float]:
    return {answer: count / len(answers) for answer, count in Counter(answers).items()}


def _relative_entropy(p: Mapping[str | None, float], q: Mapping[str | None, float]) -> float:
    return sum(share * math.log2(share / q[answer]) for answer, share in sorted(p.items(), key=str))
