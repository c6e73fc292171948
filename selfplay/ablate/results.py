"""What an ablation found: a variant with one seed, with all seeds, and all variants."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..evaluation import ExamResult
from ..stats import Estimate, Paired, mean_rate
from .rows import FULL


@dataclass(frozen=True, slots=True)
class KeptLabels:
    """The labels of a round that train: of so many questions asked so many kept, and the share that is right, `None`
    where no answer could be computed."""

    asked: int
    kept: int
    right: float | None


@dataclass(frozen=True, slots=True)
class VariantRun:
    """One variant with one seed.

    Attributes:
        before, after: the exam of the base, and after the last round.
        label_accuracy: per round, `None` where no answer could be computed.
        labels: per round, how many questions were asked and kept, and the share of the kept ones whose label is right.
        many_before, many_after: an exam of the base and of the last round with many samples, where there was one.
        counted: counted tokens of all rounds, see `run.compute`; `None` where the run did not count.
        commit: of the source the run was made with, `None` if it does not say.
    """

    variant: str
    seed: int
    before: ExamResult
    after: ExamResult
    label_accuracy: list[float | None]
    labels: list[KeptLabels] = field(default_factory=list)
    many_before: ExamResult | None = None
    many_after: ExamResult | None = None
    counted: int | None = None
    commit: str | None = None

    @property
    def gain(self) -> float:
        """Points of sampled accuracy over the base."""
        return 100 * (self.after.accuracy.value - self.before.accuracy.value)


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One variant over all seeds.

    Attributes:
        runs: one per seed, in order.
        gain: against the base of the same seed, all questions of all seeds.
        greedy_gain: the same of the greedy answers: what is more than steadier sampling; `None` without them.
        against, greedy_against: against the baseline, in sampled and in greedy answers; `None` for the baseline itself
            and where it was not run.
        adjusted: its p-value after Holm's correction over all variants.
    """

    name: str
    runs: list[VariantRun]
    gain: Paired
    greedy_gain: Paired | None = None
    against: Paired | None = None
    greedy_against: Paired | None = None
    adjusted: float | None = None

    @property
    def accuracy(self) -> Estimate:
        """Sampled accuracy after the last round, over all questions of all seeds."""
        return mean_rate([c / run.after.samples for run in self.runs for c in run.after.correct])

    @property
    def gains(self) -> list[float]:
        """Points over the base per seed: the scatter of training."""
        return [run.gain for run in self.runs]

    @property
    def kept_per_round(self) -> list[float]:
        """Questions kept in each round, mean over seeds."""
        return [
            float(np.mean([one.kept for one in same])) for same in zip(*(run.labels for run in self.runs), strict=False)
        ]

    @property
    def least_kept_right(self) -> float | None:
        """The smallest share of right labels among the kept ones of a round, of all rounds and seeds; `None` where
        none could be computed."""
        known = [one.right for run in self.runs for one in run.labels if one.right is not None]
        return min(known, default=None)

    @property
    def last_label_accuracy(self) -> float | None:
        """Mean label accuracy of the last round; `None` where it could not be computed."""
        known = [
            run.label_accuracy[-1] for run in self.runs if run.label_accuracy and run.label_accuracy[-1] is not None
        ]
        return float(np.mean([value for value in known if value is not None])) if known else None

    @property
    def counted(self) -> float | None:
        """Counted tokens of a run, mean over seeds; `None` where a run did not count."""
        known = [run.counted for run in self.runs if run.counted is not None]
        return float(np.mean(known)) if known and len(known) == len(self.runs) else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "seeds": [run.seed for run in self.runs],
            "commits": [run.commit for run in self.runs],
            "accuracy": self.accuracy.as_dict(),
            "gain": self.gain.as_dict(),
            "gains": self.gains,
            "greedy_gain": None if self.greedy_gain is None else self.greedy_gain.as_dict(),
            "against": None if self.against is None else self.against.as_dict(),
            "greedy_against": None if self.greedy_against is None else self.greedy_against.as_dict(),
            "adjusted_p_value": self.adjusted,
            "counted_tokens": [run.counted for run in self.runs],
            "last_label_accuracy": self.last_label_accuracy,
            "label_accuracy": [run.label_accuracy for run in self.runs],
            "labels": [[asdict(one) for one in run.labels] for run in self.runs],
        }


@dataclass(frozen=True)
class Ablation:
    """All variants, in the order asked for.

    Attributes:
        results: one per variant, each with its runs and what they gained.
        preset: what the variants changed.
        baseline: the variant that others are compared with.
        notes: what a reader must know besides, in sentences.
    """

    results: list[VariantResult]
    preset: str
    baseline: str = FULL
    notes: list[str] = field(default_factory=list)

    def result(self, name: str) -> VariantResult:
        """The result of the variant of that name."""
        return next(result for result in self.results if result.name == name)

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON has it: what `docs/ablation-tiny.json` holds."""
        variants = [result.as_dict() for result in self.results]
        return {"preset": self.preset, "baseline": self.baseline, "variants": variants, "notes": self.notes}
