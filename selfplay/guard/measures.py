"""What the guard measures besides what trainers report: drift, agreement of the roles, what is paid, frozen votes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...core.extraction import extract_answer
from ...core.registries import make_verifier

if TYPE_CHECKING:
    from torch import Tensor

    from ..roles.role import Seat
    from ..settings.config import RunConfig

Pay = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[Sequence[float]]]


class Start:
    """The weights a role began the run with: what drift is measured from, and what L2-to-start pulls towards.

    Args:
        weights: by the names of the trainer's parameters; never changed.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = dict(weights)
        self.norm = math.hypot(*(float(w.detach().float().norm()) for w in self.weights.values()))

    def drift(self, seat: Seat) -> float:
        """Distance of the seat's weights from the start, as a share of the norm there; ≥ 0."""
        gaps = [(p.detach() - self._at(name, p)).float().norm() for name, p in seat.trainer.parameters.items()]
        return math.hypot(*map(float, gaps)) / self.norm if self.norm > 0 else 0.0

    def pull(self, seat: Seat, weight: float) -> None:
        """L2-to-start, decoupled as AdamW's decay: θ ← θ − learning rate · weight · (θ − start).

        The regulariser is L2-SP (arXiv 1802.01483); here it does not pass through AdamW's running means.
        """
        seat.trainer.l2_sp(self.weights, min(1.0, seat.trainer.learning_rate * weight))

    def _at(self, name: str, like: Tensor) -> Tensor:
        return self.weights[name].detach().to(like.device, like.dtype)


def starts(config: RunConfig, seats: Mapping[str, Seat]) -> dict[str, Start]:
    """Where each seat began: the weights of the KL reference where it is the base, else of seats filled anew."""
    found = {}
    fresh: Mapping[str, Seat] = {}
    for role, seat in seats.items():
        reference = seat.trainer.reference
        known = {}
        if reference is not None and config.kl_reference == "base":
            known = dict(reference.model.named_parameters())
        if not all(name in known and known[name].shape == p.shape for name, p in seat.trainer.parameters.items()):
            if not fresh:
                from ..roles.build import fill_seats

                fresh = fill_seats(config, list(seats), {})
            known = dict(fresh[role].trainer.parameters)
        found[role] = Start({name: known[name] for name in seat.trainer.parameters})
    return found


def divergence(ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]) -> float:
    """Mean Jensen–Shannon divergence of two seats' answers to the same probes, in bits: 0 equal, 1 nothing in common.

    Answers are compared to the letter; "no answer" is one of them. Few samples make equal seats look apart, unless they
    draw the same samples, as seats with equal weights and seeds do.
    """
    each = []
    for one, other in zip(ours, theirs, strict=True):
        p, q = (_shares([extract_answer(text) for text in group]) for group in (one, other))
        middle = {answer: (p.get(answer, 0.0) + q.get(answer, 0.0)) / 2 for answer in {*p, *q}}
        each.append((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2)
    return sum(each) / len(each)


def _shares(answers: Sequence[str | None]) -> dict[str | None, float]:
    return {answer: count / len(answers) for answer, count in Counter(answers).items()}


def _relative_entropy(p: Mapping[str | None, float], q: Mapping[str | None, float]) -> float:
    return sum(share * math.log2(share / q[answer]) for answer, share in sorted(p.items(), key=str))


class WatchedPay:
    """Looks at what a step's attempts are paid.

    Args:
        pay: the honest one.
        silences: keep rewards that are not finite from the trainer: their whole group gets 0, and so teaches nothing.

    Attributes:
        bad: rewards that were not finite, of the last call.
    """

    def __init__(self, pay: Pay, *, silences: bool) -> None:
        self.pay, self.silences = pay, silences
        self.bad = 0
        self.last: tuple[Sequence[Sequence[str]], Sequence[Sequence[float]]] = ((), ())

    @property
    def premium(self) -> float | None:
        """What agreeing with the majority of the group was worth in the last call; see `majority_premium`."""
        return majority_premium(*self.last)

    def __call__(self, prompts: Sequence[str], groups: Sequence[Sequence[str]]) -> Sequence[Sequence[float]]:
        paid = self.pay(prompts, groups)
        finite = [[math.isfinite(value) for value in row] for row in paid]
        self.bad = sum(row.count(False) for row in finite)
        kept = [row if all(ok) else [0.0] * len(row) for row, ok in zip(paid, finite, strict=True)]
        self.last = groups, kept
        return kept if self.silences else paid


def majority_premium(groups: Sequence[Sequence[str]], paid: Sequence[Sequence[float]]) -> float | None:
    """How much more the most frequent answer of a group is paid than the other attempts, mean over groups.

    In [-1, 1] for rewards in [0, 1]. Right answers agree with each other more often than wrong ones do, so whoever pays
    for right ones pays a premium, without that anybody knows what is right. Answers are compared to the letter. `None`
    if in no group two attempts agree and another differs.
    """
    premiums = []
    for texts, rewards in zip(groups, paid, strict=True):
        answers = [extract_answer(text) for text in texts]
        counts = Counter(answer for answer in answers if answer is not None)
        common, count = counts.most_common(1)[0] if counts else (None, 0)
        if 1 < count < len(answers):
            total = sum(rewards)
            agreeing = sum(value for answer, value in zip(answers, rewards, strict=True) if answer == common)
            premiums.append(agreeing / count - (total - agreeing) / (len(answers) - count))
    return sum(premiums) / len(premiums) if premiums else None


def frozen_votes(groups: Sequence[Sequence[str]], prompts: Sequence[str]) -> list[str | None]:
    """The majority answer of each group of attempts: labels for validation where no reference may be used."""
    from ...core.records import Question

    judged = make_verifier("majority").judge_many([Question(text) for text in prompts], groups)
    return [judgement.label for judgement in judged]
