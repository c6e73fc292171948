"""What a challenger earns with a question, and which questions the solver is trained on.

The composite of R-Zero (arXiv 2508.05004, section 3.1), with every part exchangeable; `presets` names the published
ones. |C|/B is taken over well-formed questions for the clusters and the whole batch for B. A batch of one has no
repetition term: |C|/B would be 1 and leave nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ...core.errors import ConfigError, UnknownNameError
from ...core.records import Judgement, Question, Reward
from .archive import Archive
from .bleu import CONVENTIONS
from .past import Past
from .repetition import check_threshold, repetition_penalty


def uncertainty(p: float) -> float:
    """1 − 2|p − ½|: 1 where the solver is right half the time, 0 where it always or never is."""
    return 1.0 - 2.0 * abs(p - 0.5)


NEAREST = 0.05
"""The nearest to 0 and to 1 that a solve rate is asked for: beyond, a few attempts could tell nothing apart."""


def asked_rate(p: float, target: float) -> float:
    """min(p/t, (1 − p)/(1 − t)): 1 at the solve rate t that was asked for, 0 at both ends; `uncertainty` at t = ½."""
    target = min(1.0 - NEAREST, max(NEAREST, target))
    return min(p / target, (1.0 - p) / (1.0 - target))


@dataclass(frozen=True, slots=True)
class ChallengerReward:
    """The composite reward of a batch of questions: a shape of the solve rate, less two kinds of repetition.

    Attributes:
        shape: solve rate in [0, 1] → reward.
        term: the name of that part in `Reward.terms`.
        repetition: λ; 0 switches the term off.
        threshold: τ of the clusters.
        floor: the least that a well-formed question can earn, `None` for no floor.
        malformed: reward of a malformed proposal.
        gate: whether a question judged invalid earns 0.
        conventions: whose BLEU, "sacrebleu" or "nltk".
        penalise_malformed: whether malformed proposals cluster (as empty texts) and lose by repetition too.
        archive: earlier questions that are not to be asked again; `None` for no such term.
        asked: whether questions with a level are held against the solve rate 1 − level that was asked for
            (`asked_rate`), in place of `shape`.
    """

    shape: Callable[[float], float]
    term: str = "uncertainty"
    repetition: float = 1.0
    threshold: float = 0.5
    floor: float | None = 0.0
    malformed: float = 0.0
    gate: bool = True
    conventions: str = "sacrebleu"
    penalise_malformed: bool = False
    archive: Archive | None = None
    asked: bool = False

    def __post_init__(self) -> None:
        if self.repetition < 0.0:
            raise ConfigError(f"repetition (λ) must be at least 0, got {self.repetition!r}")
        check_threshold(self.threshold)
        if self.conventions not in CONVENTIONS:
            raise UnknownNameError("conventions of BLEU", str(self.conventions), CONVENTIONS)

    def __call__(
        self,
        questions: Sequence[Question | None],
        judgements: Sequence[Judgement | None],
        attempts: Sequence[Sequence[str]] = (),
    ) -> list[Reward]:
        """Score one batch; see `core.protocols.RewardRule`. The attempts are not looked at."""
        penalties, archived = self._penalties(questions), self._archived(questions)
        return [
            self._one(question, judgement, penalty, known)
            for question, judgement, penalty, known in zip(questions, judgements, penalties, archived, strict=True)
        ]

    def knowing(self, past: Past) -> ChallengerReward:
        """See `past.Remembering`: the archive of a round, from its first one on."""
        if self.archive is None or past.round < self.archive.from_round:
            return self
        return replace(self, archive=replace(self.archive, texts=tuple(past.sample())))

    def _one(
        self, question: Question | None, judgement: Judgement | None, penalty: float | None, known: float | None
    ) -> Reward:
        if question is None or judgement is None:
            value = self.malformed - (penalty or 0.0)
            return Reward(value, {"format": 0.0} if penalty is None else {"format": 0.0, "repetition": -penalty})
        if self.asked and question.level is not None:
            term, value = "asked_rate", asked_rate(judgement.solve_rate, 1.0 - question.level)
        else:
            term, value = self.term, self.shape(judgement.solve_rate)
        terms = {"format": 1.0, term: value}
        if penalty is not None:
            terms["repetition"] = -penalty
            value -= penalty
        if known is not None:
            terms["archive"] = -known
            value -= known
        if self.gate and not judgement.valid:
            terms["valid"] = 0.0
            return Reward(0.0, terms)
        return Reward(value if self.floor is None else max(self.floor, value), terms)

    def _penalties(self, questions: Sequence[Question | None]) -> list[float | None]:
        penalties: list[float | None] = [None] * len(questions)
        if self.repetition == 0.0 or len(questions) < 2:
            return penalties
        asked = [i for i, q in enumerate(questions) if q is not None or self.penalise_malformed]
        texts = [q.text if (q := questions[i]) is not None else "" for i in asked]
        # repetition_penalty divides by the number of texts; the batch is larger when proposals were malformed
        scale = self.repetition * len(asked) / len(questions)
        for i, penalty in zip(asked, repetition_penalty(texts, self.threshold, scale, self.conventions), strict=True):
            penalties[i] = float(penalty)
        return penalties

    def _archived(self, questions: Sequence[Question | None]) -> list[float | None]:
        if self.archive is None or not self.archive.texts:
            return [None] * len(questions)
        penalties = iter(self.archive.penalties([q.text for q in questions if q is not None]))
        return [None if question is None else next(penalties) for question in questions]


def in_band(correct: int, attempts: int, delta: float | Fraction = 0.25) -> bool:
    """Whether |correct/attempts − ½| ≤ δ (`delta`), on whole numbers: 3 of 4 is inside δ = 0.25 whatever a float says.

    R-Zero keeps a question for the solver if this holds. No attempts: `False`.
    """
    if attempts <= 0:
        return False
    return abs(Fraction(correct, attempts) - Fraction(1, 2)) <= _exact(delta)


def in_interval(correct: int, attempts: int, low: float | Fraction = 0.3, high: float | Fraction = 0.8) -> bool:
    """Whether low ≤ correct/attempts ≤ high, on whole numbers; the defaults are the band of R-Zero's code."""
    if attempts <= 0:
        return False
    return _exact(low) <= Fraction(correct, attempts) <= _exact(high)


def _exact(number: float | Fraction) -> Fraction:
    """The decimal a person wrote: 0.3 is 3/10, not the nearest binary fraction."""
    return number if isinstance(number, Fraction) else Fraction(repr(float(number)))
