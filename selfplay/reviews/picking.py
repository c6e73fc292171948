"""How a gate picks among the questions of a round, and what it puts into the queue; the same for equal seeds."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from ...core.protocols import Rng
from ..settings.gates import GateConfig
from .items import MOST_SHOWN, Candidate, Item, Shown
from .rules import RULES, Round


def pick(
    gate: GateConfig, candidates: Sequence[Candidate], here: Round, rng: Rng, taken: Collection[str] = ()
) -> list[Item]:
    """What a gate asks people about, in the order of the questions.

    As many as its share of the candidates says, at least `least`: those that its rule puts first, and among equals any.

    Args:
        rng: draws among equals, and which attempts are shown.
        taken: ids of items that are in the queue already.
    """
    wanted = max(gate.least, math.ceil(gate.sample * len(candidates) - 1e-9))
    reasons = RULES[gate.on](candidates, here)
    ranked = []
    for candidate, found in zip(candidates, reasons, strict=True):
        draw = rng.random()  # one for each, so that who is eligible moves nobody else's
        item = None if found is None else _item(gate, candidate, found[1], rng)
        if found is not None and item is not None and item.id not in taken:
            ranked.append((-found[0], draw, item))
    ranked.sort(key=lambda one: one[:2])
    return sorted((item for _, _, item in ranked[:wanted]), key=lambda item: item.index)


def _item(gate: GateConfig, one: Candidate, reason: str, rng: Rng) -> Item | None:
    """The item of a gate's kind; `None` if the question has none, as a pair where all attempts agree."""
    attempts = _attempts(gate.kind, one, rng)
    if attempts is None:
        return None
    numbers = "-".join(str(shown.number) for shown in attempts)
    place = f"{gate.kind}/{one.question['round']}/{one.index}"
    label = one.label or {}
    return Item(
        id=f"{place}/{numbers}" if gate.kind in ("pair", "attempt") else place,
        gate=gate.name,
        reason=reason,
        question=one.text,
        label=label.get("label"),
        label_source=label.get("label_source"),
        solve_rate=label.get("solve_rate"),
        votes=one.votes,
        attempts=attempts,
        reviewers=gate.reviewers,
    )


def _attempts(kind: str, one: Candidate, rng: Rng) -> tuple[Shown, ...] | None:
    if kind == "question":
        return ()
    if kind == "label":
        return tuple(one.shown(number) for number in sorted(_examples(one))[:MOST_SHOWN])
    if kind == "attempt":
        answered = [number for number, text in enumerate(one.attempts) if text.strip()]
        return (one.shown(answered[int(rng.random() * len(answered))]),) if answered else None
    pair = _pair(one, rng)
    return None if pair is None else tuple(one.shown(number) for number in sorted(pair))


def _examples(one: Candidate) -> list[int]:
    """The first attempt that came to each of the most frequent answers."""
    names = [
        one.label["label"] if ok and one.label else answer for answer, ok in zip(one.answers, one.right, strict=True)
    ]
    return [names.index(answer) for answer in list(one.votes)[:MOST_SHOWN]]


def _pair(one: Candidate, rng: Rng) -> tuple[int, int] | None:
    """A right attempt and a wrong one by the label; without a label, attempts at the two most frequent answers."""
    right = [number for number, ok in enumerate(one.right) if ok and one.attempts[number].strip()]
    wrong = [number for number, ok in enumerate(one.right) if ok is False and one.attempts[number].strip()]
    if right and wrong:
        return right[int(rng.random() * len(right))], wrong[int(rng.random() * len(wrong))]
    examples = _examples(one)
    return (examples[0], examples[1]) if len(examples) > 1 else None
