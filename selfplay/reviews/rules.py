"""What a gate goes by: each rule says how much a candidate should be looked at, and why; those it does not mean it
leaves out.

    random         all alike
    novel          how little the question is like those of earlier rounds
    alarm          all alike, in a round in which the guard raised an alarm; none in others
    low-margin     how little the most frequent answer leads the second one
    unchecked      all alike, of labels that nobody and nothing confirmed
    disagreement   how many voices speak against the label: what the challenger claims, what checked it, other answers
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...envs.rewards.nearest import NearestTexts
from ..settings.config import CHALLENGER
from .items import Candidate
from .outcomes import same_answer

VOTED = ("vote", "checked", "validated", "decomposed", "coalition", "cascade", "weighted")
"""Sources of labels that come from attempts, and can be wrong with all of them."""


@dataclass(frozen=True, slots=True)
class Round:
    """What rules may know of a round besides its questions.

    Attributes:
        alarms: names of the alarms that the guard raised.
        earlier: the questions of earlier rounds.
    """

    alarms: Sequence[str]
    earlier: Callable[[], NearestTexts]


Reasons: TypeAlias = list[tuple[float, str] | None]
"""How much each candidate should be looked at, and why; `None` for those that a rule does not mean."""
Rule: TypeAlias = Callable[[Sequence[Candidate], Round], Reasons]


def _random(candidates: Sequence[Candidate], _: Round) -> Reasons:
    return [(0.0, "drawn at random")] * len(candidates)


def _alarm(candidates: Sequence[Candidate], here: Round) -> Reasons:
    why = (0.0, f"the guard raised an alarm: {', '.join(dict.fromkeys(here.alarms))}")
    return [why if here.alarms else None] * len(candidates)


def _novel(candidates: Sequence[Candidate], here: Round) -> Reasons:
    found = here.earlier().nearest([one.text for one in candidates])
    return [(1 - near.similarity, f"{near.similarity:.0%} like any earlier question") for near in found]


def _low_margin(candidates: Sequence[Candidate], _: Round) -> Reasons:
    found: Reasons = []
    for one in candidates:
        votes = list(one.votes.items())
        if len(votes) < 2:
            found.append(None)
            continue
        (first, most), (second, next_) = votes[:2]
        why = f"{most} of {len(one.answers)} attempts came to {first:.40}, and {next_} to {second:.40}"
        found.append(((next_ - most) / len(one.answers), why))
    return found


def _unchecked(candidates: Sequence[Candidate], _: Round) -> Reasons:
    return [None if one.label is None else _why_unchecked(one.label) for one in candidates]


def _why_unchecked(label: Mapping[str, object]) -> tuple[float, str] | None:
    check = label.get("check")
    if label["label"] is None or label["label_source"] not in VOTED:
        return None
    if not isinstance(check, Mapping) or check.get("agrees") is None:
        return 0.0, "nothing confirmed the label"
    return None if check["agrees"] else (0.0, "asked another way, the solver came to something else")


def _disagreement(candidates: Sequence[Candidate], _: Round) -> Reasons:
    found: Reasons = []
    for one in candidates:
        label = None if one.label is None else one.label["label"]
        if one.label is None or label is None:
            found.append(None)
            continue
        voices = []
        claim = one.question.get("reference") if one.question.get("author") == CHALLENGER else None
        if claim is not None and one.label["label_source"] in VOTED and not same_answer(claim, label):
            voices.append(f"the challenger claims {claim:.40}")
        if (one.label.get("check") or {}).get("agrees") is False:
            voices.append("asked another way, the solver came to something else")
        others = sum(count for answer, count in one.votes.items() if answer != label)
        score = len(voices) + others / max(1, len(one.answers))
        if others:
            voices.append(f"{others} of {len(one.answers)} attempts came to another answer")
        found.append((score, "; ".join(voices)) if voices else None)
    return found


RULES: dict[str, Rule] = {
    "random": _random,
    "novel": _novel,
    "alarm": _alarm,
    "low-margin": _low_margin,
    "unchecked": _unchecked,
    "disagreement": _disagreement,
}
