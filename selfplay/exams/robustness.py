"""Robustness: how much accuracy an agent loses when held-out questions are perturbed, per kind of perturbation.

Every question is asked as it is and perturbed; the difference is paired by question. The perturbed questions are held
out as well: one that asks for something else than its original, such as its terms in another order, is asked only if
it belongs to the exam by its own identity, and is drawn anew otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.math_language import read
from ...core.protocols import Rng
from ...core.records import Question
from ...core.registries import make_perturbation
from ...core.seeding import python_stream
from ...envs.game.domains import held_out
from ...envs.game.perturbations.perturb import perturb
from ..pages.wording import percent
from ..stats import Estimate, Paired, mean_rate, paired
from .result import ExamResult

Examine = Callable[[Sequence[Question]], ExamResult]
TRIES = 32
"""Perturbed questions drawn until one may be asked."""


@dataclass(frozen=True, slots=True)
class Robustness:
    """Accuracy at questions as they are and perturbed, the same questions in the same order.

    Attributes:
        kind: the perturbation.
        keeps: whether the right answers stayed.
        samples: answers per question.
        original, perturbed: right answers of each question.
    """

    kind: str
    keeps: bool
    samples: int
    original: tuple[int, ...]
    perturbed: tuple[int, ...]

    @property
    def accuracies(self) -> tuple[Estimate, Estimate]:
        """Of the questions as they are, and perturbed."""
        first, second = ([count / self.samples for count in row] for row in (self.original, self.perturbed))
        return mean_rate(first), mean_rate(second)

    @property
    def lost(self) -> Paired:
        """Original − perturbed in points, paired by question: positive where the perturbation harms."""
        return paired(self.perturbed, self.original, self.samples)

    def as_dict(self) -> dict[str, Any]:
        """JSON values, as a run logs them; shares in [0, 1]."""
        original, perturbed = self.accuracies
        lost = self.lost
        return {
            "keeps": self.keeps,
            "questions": lost.items,
            "samples": self.samples,
            "original": original.as_dict(),
            "perturbed": perturbed.as_dict(),
            "lost": Estimate(lost.points / 100, lost.low / 100, lost.high / 100).as_dict(),
            "p_value": lost.p_value,
        }


def measure_robustness(
    questions: Sequence[Question], kinds: Sequence[str], examine: Examine, seed: int
) -> dict[str, Robustness]:
    """Examine an agent on questions as they are and perturbed.

    Args:
        questions: held out, each with a reference.
        kinds: perturbations; one that applies to none of the questions is left out.
        examine: an exam of the agent on questions, always with the same number of samples.
        seed: of the perturbed questions.
    """
    if not questions:
        return {}
    before, found = examine(questions), {}
    for kind in kinds:
        rng = python_stream(seed, "robustness", kind)
        drawn = [(i, held_out_twin(kind, question, rng)) for i, question in enumerate(questions)]
        pairs = [(i, twin) for i, twin in drawn if twin is not None]
        if pairs:
            after = examine([twin for _, twin in pairs])
            right = tuple(before.correct[i] for i, _ in pairs)
            keeps = make_perturbation(kind).keeps
            found[kind] = Robustness(kind, keeps, after.samples, right, tuple(after.correct))
    return found


def held_out_twin(kind: str, question: Question, rng: Rng) -> Question | None:
    """A held-out question perturbed so that it may be asked in an exam; `None` if that does not come about."""
    for _ in range(TRIES):
        twin = perturb(kind, question, rng)
        if twin is None:
            return None
        own = read(twin.text)  # `None`: whoever trains on perturbed questions knows it by its original alone
        if own is None or held_out(twin):
            return twin
    return None


def robustness_rows(rounds: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of what a run logged, one row per round and kind; shares in per cent, `lost` in points."""
    cells = [
        [
            "base" if number == 0 else str(number),
            kind,
            "stays" if row["keeps"] else "changes",
            str(row["questions"]),
            *(percent(Estimate(**row[name])) for name in ("original", "perturbed")),
            percent(Estimate(**row["lost"]), sign="+"),
        ]
        for number, kinds in rounds
        for kind, row in kinds.items()
    ]
    return ["round", "perturbation", "answer", "questions", "as it is", "perturbed", "lost"], cells
