"""What an exam counted, question by question, and every score computed from it, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from ...core.errors import ConfigError
from ..pages.wording import counted
from ..stats import Estimate, Reliability, mean_rate, pass_at_k, reliability

By: TypeAlias = Literal["kind", "level", "length"]
Score: TypeAlias = Literal["sampled", "greedy", "majority", "pass"]
"""What of an exam: the share of right samples, the greedy answer, the vote of all samples, pass@k of all samples."""

HARDLY = 0.05
"""If the samples of a smaller share of the questions differ, it was greedy decoding but for rounding."""


@dataclass(frozen=True, slots=True)
class ExamResult:
    """Everything an exam counted, per question; the scores are computed from it. All lists have one entry per question.

    Attributes:
        agent, verifier, seed, samples: what was run; `samples` = answers drawn per question.
        keys: what identifies each question (`core.language.key`).
        kinds, levels: for the breakdowns; a level of `None` is unknown.
        correct: samples judged correct by the verifier.
        strict: of these, those that give their answer in the asked form (boxed, once).
        lenient: samples correct or merely mentioning the reference somewhere.
        invalid: samples in which no answer was found.
        undecided: samples the verifier could not decide (counted as not correct).
        characters: total length of the samples, in characters.
        distinct: number of different texts among the samples.
        greedy: whether the greedy answer is correct; empty if the agent has no greedy mode.
        votes: for each k in 2, 4, 8, … whether the majority of the first k samples is correct.
        vote_share: p̂, the share of all samples behind the majority's answer.
        seconds: wall time of sampling (greedy included); not part of equality.
        lengths: operations of each question of the question language, `None` for others. Empty in older results.
        unanswered: why the agent could not read the question, `None` where it could; counted as not correct. Empty
            where it could read all of them.
        guessed: whether a scripted agent's answer was a guess, as the question is of a kind that it does not read.
            Empty where there is no such question.
    """

    agent: str
    verifier: str
    seed: int
    samples: int
    keys: list[str]
    kinds: list[str]
    levels: list[float | None]
    correct: list[int]
    strict: list[int]
    lenient: list[int]
    invalid: list[int]
    undecided: list[int]
    characters: list[int]
    distinct: list[int]
    greedy: list[bool]
    votes: dict[int, list[bool]]
    vote_share: list[float]
    seconds: float = field(default=0.0, compare=False)
    unanswered: list[str | None] = field(default_factory=list)
    guessed: list[bool] = field(default_factory=list)
    lengths: list[int | None] = field(default_factory=list)

    @property
    def accuracy(self) -> Estimate:
        """avg@k: mean share of correct samples, interval over questions."""
        return self._rate(self.correct)

    @property
    def strict_accuracy(self) -> Estimate:
        """The same where only a box counts as an answer."""
        return self._rate(self.strict)

    @property
    def lenient_accuracy(self) -> Estimate:
        """The same where an answer may stand anywhere in the text."""
        return self._rate(self.lenient)

    @property
    def greedy_accuracy(self) -> Estimate | None:
        """`None` if the agent has no greedy mode."""
        return mean_rate(np.array(self.greedy, dtype=float)) if self.greedy else None

    @property
    def samples_vary(self) -> bool:
        """Whether any question got two different texts: if not, the samples are one answer repeated."""
        return self.samples == 1 or max(self.distinct, default=2) > 1

    def pass_at(self, k: int) -> Estimate:
        """Unbiased pass@k over the exam."""
        by_count = [pass_at_k(self.samples, c, k) for c in range(self.samples + 1)]
        return mean_rate([by_count[c] for c in self.correct])

    def pass_at_powers(self) -> dict[int, Estimate]:
        """pass@k for k = 1, 2, 4, … ≤ samples; only k = 1 when the samples do not vary."""
        return {k: self.pass_at(k) for k in powers(self.samples if self.samples_vary else 1)}

    def majority_at(self, k: int) -> Estimate:
        """Accuracy of the majority answer of the first k samples (k a power of two ≥ 2, or all samples).

        Raises:
            ConfigError: any other k."""
        if k not in self.votes:
            raise ConfigError(f"majority@{k} was not computed; there is {sorted(self.votes)}")
        return mean_rate(np.array(self.votes[k], dtype=float))

    @property
    def vote_reliability(self) -> Reliability | None:
        """Calibration of p̂ against the majority's correctness; `None` without a vote."""
        return reliability(self.vote_share, self.votes[self.samples]) if self.samples in self.votes else None

    @property
    def levels_are_lengths(self) -> bool:
        """Whether every level is a length of its own, so that scores belong beside the length."""
        pairs = set(zip(self.levels, self.lengths, strict=False))
        return len(self.lengths) > 0 and len(pairs) == len(set(self.levels)) == len(set(self.lengths) - {None}) > 1

    def breakdown(self, by: By, score: Score = "sampled") -> dict[str, Estimate]:
        """A score per kind, level or length, in order; empty where the exam does not have it.

        Questions of no known level are under "?"; those of no known length are left out.
        """
        labels = self._labels(by)
        rates = np.array(self._per_question(score), dtype=float)
        if not len(rates):
            return {}
        names = sorted(
            {label for label in labels if label is not None}, key=lambda name: (by == "length" and int(name), name)
        )
        return {name: mean_rate(rates[[label == name for label in labels]]) for name in names}

    def by_question(self, by: By, score: Score = "sampled") -> list[tuple[str | None, float]]:
        """The kind, level or length of each question and its score in [0, 1]; empty where the exam does not have it."""
        rates = self._per_question(score)
        return [(label, float(rate)) for label, rate in zip(self._labels(by), rates, strict=True)] if rates else []

    def _labels(self, by: By) -> list[str | None]:
        if by == "kind":
            return list(self.kinds)
        if by == "level":
            return ["?" if level is None else f"{level:.2f}" for level in self.levels]
        return [None if length is None else str(length) for length in self.lengths or [None] * len(self.keys)]

    def _per_question(self, score: Score) -> Sequence[float]:
        """One value in [0, 1] per question; none where the exam does not have the score."""
        if score == "greedy":
            return self.greedy
        if score == "majority":
            return self.votes.get(self.samples, [])
        if score == "pass":
            return [float(count > 0) for count in self.correct]  # pass@k of all k samples
        return [count / self.samples for count in self.correct]

    def warnings(self) -> list[str]:
        """What a reader of the scores must know, in sentences; empty if nothing."""
        notes = []
        if not self.samples_vary:
            notes.append(f"all {self.samples} samples of every question are one text: avg@k is one answer repeated")
        elif self.samples > 1 and (varying := float(np.mean(np.array(self.distinct) > 1))) < HARDLY:
            varied = f"the samples of only {100 * varying:.1f} % of the questions differ"
            notes.append(f"{varied}: avg@k is nearly one answer repeated, and pass@k says little")
        if self.keys and self.lenient_accuracy.value - self.strict_accuracy.value > 0.02:
            gap = 100 * (self.lenient_accuracy.value - self.strict_accuracy.value)
            notes.append(f"a lenient grader would give {gap:.1f} points more than a strict one")
        reasons = {number: why for number, why in enumerate(self.unanswered, 1) if why is not None}
        if reasons:
            each = [f"question {number}: {why}" for number, why in reasons.items()]
            same = {*reasons.values()}
            said = [*same] if len(same) == 1 < len(each) else each
            left = (
                f"{len(reasons)} of {counted(len(self.keys), 'question')} could not be read and counted as not correct"
            )
            notes.append(f"{left}; {'; '.join(said[:3])}{' …' if len(said) > 3 else ''}")
        if sum(self.guessed):
            known = f"{sum(self.guessed)} of {counted(len(self.keys), 'question')}"
            notes.append(f"{known} are of a kind that it does not read: the answers are guesses, whatever its skill")
        if sum(self.undecided):
            notes.append(f"{counted(sum(self.undecided), 'sample')} could not be decided: not counted as correct")
        return notes

    def summary(self) -> dict[str, Any]:
        """The scores as plain JSON values: estimates as {value, low, high}, shares in [0, 1]."""
        drawn = max(1, self.samples * len(self.keys))
        vote = self.vote_reliability
        return {
            "agent": self.agent,
            "questions": len(self.keys),
            "samples": self.samples,
            "accuracy": self.accuracy.as_dict(),
            "greedy": self.greedy_accuracy.as_dict() if self.greedy_accuracy else None,
            "strict": self.strict_accuracy.as_dict(),
            "lenient": self.lenient_accuracy.as_dict(),
            "pass": {str(k): estimate.as_dict() for k, estimate in self.pass_at_powers().items()},
            "majority": {str(k): self.majority_at(k).as_dict() for k in self.votes},
            "vote_error": None if vote is None else vote.error,
            "invalid_share": sum(self.invalid) / drawn,
            "undecided_share": sum(self.undecided) / drawn,
            "mean_characters": sum(self.characters) / drawn,
            "distinct_share": sum(self.distinct) / drawn,
            "by_kind": {name: estimate.as_dict() for name, estimate in self.breakdown("kind").items()},
            "by_level": {name: estimate.as_dict() for name, estimate in self.breakdown("level").items()},
            "by_length": self._by_length(),
            "seconds": self.seconds,
            "warnings": self.warnings(),
        }

    def _by_length(self) -> dict[str, dict[str, Any]]:
        """Every score the exam has, per length."""
        found: dict[str, dict[str, Any]] = {}
        for score in get_args(Score):
            for length, estimate in self.breakdown("length", score).items():
                found.setdefault(length, {})[score] = estimate.as_dict()
        return found

    def as_dict(self) -> dict[str, Any]:
        """JSON values: `summary()` plus the counts, from which `from_dict` rebuilds the result."""
        counts = asdict(self)
        counts["votes"] = {str(k): votes for k, votes in self.votes.items()}
        for name in ("unanswered", "guessed", "lengths"):
            if not counts[name]:
                del counts[name]
        return {"summary": self.summary(), "counts": counts}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ExamResult:
        """The result that `as_dict` wrote."""
        counts = dict(stored["counts"])
        counts["votes"] = {int(k): votes for k, votes in counts["votes"].items()}
        return cls(**counts)

    def _rate(self, counts: Sequence[int]) -> Estimate:
        return mean_rate(np.array(counts) / self.samples)


def powers(limit: int) -> list[int]:
    """1, 2, 4, … ≤ limit: the k of pass@k and majority@k."""
    return [2**i for i in range(limit.bit_length())] if limit > 0 else []
