"""The `info` dict of every view: fresh, and a function of seed and moves alone (no clocks, no ids)."""

from __future__ import annotations

from typing import Any

from ...core.records import Judgement, Verdict
from ..game.engine import Episode


def solver_info(verdict: Verdict, judgement: Judgement, level: float | None, reward: float) -> dict[str, Any]:
    """Of one attempt."""
    return {
        "role": "solver",
        "verdict": verdict,
        "label": judgement.label,
        "label_source": judgement.label_source,
        "solve_rate": judgement.solve_rate,
        "level": level,
        "reward_terms": {"score": reward},
    }


def challenger_info(played: Episode, level: float | None) -> dict[str, Any]:
    """Of one proposal; adds `question`, the text that was asked, `None` if malformed."""
    judgement, question = played.judgement, played.proposal.question
    return {
        "role": "challenger",
        "verdict": played.verdict,
        "label": None if judgement is None else judgement.label,
        "label_source": "" if judgement is None else judgement.label_source,
        "solve_rate": 0.0 if judgement is None else judgement.solve_rate,
        "level": level,
        "reward_terms": dict(played.reward.terms),
        "question": None if question is None else question.text,
    }
