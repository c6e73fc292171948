"""`rg:<dataset>`: the scorers of reasoning-gym (Apache-2.0), guarded.

Measured on 0.1.25: `game_of_life_halting` scores any text 1.0, `prime_factorization` raises on prose, 31 others give
nonsense a small score. So only a full score counts as correct, what raises is undecided, and the data sets whose
scorer accepts anything are compared as text instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError, MissingExtraError
from ...core.extraction import Mode, check_mode, extract_answer
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Question, Verdict

ACCEPTS_ANYTHING = frozenset({"game_of_life_halting"})


class ReasoningGymVerifier(BaseVerifier):
    """Scores attempts at an item of a reasoning-gym data set.

    The item stands in `question.meta["entry"]`, or its metadata in `question.meta["metadata"]`; without either, an
    entry of question text and reference is made.

    Args:
        dataset: a data set of reasoning-gym.
        threshold: least score that is correct.
        partial: whether a lower score is kept as reward, instead of 0.
        extract: "lenient" (default) or "strict".
    """

    def __init__(self, dataset: str, threshold: float = 0.99, partial: bool = False, extract: Mode = "lenient") -> None:
        check_mode(extract)
        if not 0.0 < threshold <= 1.0:
            raise ConfigError(f"threshold must be in (0, 1], got {threshold!r}")
        self.dataset, self.threshold, self.partial = dataset, threshold, partial
        self.extract: Mode = extract
        _scorer(dataset)  # refuses an unknown data set, or a missing library, here

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        if not (question.reference or "").strip() and "entry" not in question.meta:
            nobody = [Verdict.undecided("the question has neither entry nor reference") for _ in attempts]
            return Judgement.of(nobody, label=None, label_source="reference", valid=False)
        entry = _entry(question)
        verdicts = [self._verdict(entry, attempt) for attempt in attempts]
        label = question.reference if question.reference is not None else str(entry["answer"])
        return Judgement.of(verdicts, label=label, label_source="reference", evidence={"dataset": self.dataset})

    def _verdict(self, entry: Mapping[str, Any], attempt: str) -> Verdict:
        answer = extract_answer(attempt, self.extract)
        if answer is None:
            return Verdict.wrong(None, "no answer")
        try:
            score = float(_scorer(self.dataset)(answer, entry))
        except Exception as error:  # noqa: BLE001 - other people's scorers raise of all kinds on prose
            return Verdict.undecided(f"the scorer of {self.dataset} raised {type(error).__name__}", answer)
        if not 0.0 <= score <= 1.0:
            return Verdict.undecided(f"the scorer of {self.dataset} gave {score!r}", answer)
        if score >= self.threshold:
            return Verdict.correct(answer, f"scored {score:.3g}", score=score if self.partial else 1.0)
        return Verdict.wrong(answer, f"scored {score:.3g}", score=score if self.partial else 0.0)


def _entry(question: Question) -> dict[str, Any]:
    if "entry" in question.meta:
        return dict(question.meta["entry"])
    return {
        "question": question.text,
        "answer": question.reference,
        "metadata": dict(question.meta.get("metadata", {})),
    }


def _same_text(answer: str, entry: Mapping[str, Any]) -> float:
    return float(answer.strip().casefold() == str(entry["answer"]).strip().casefold())


def _scorer(dataset: str) -> Callable[[str, Mapping[str, Any]], float]:
    try:
        from reasoning_gym.factory import DATASETS, get_score_answer_fn
    except ImportError:
        raise MissingExtraError("reasoning_gym", "rg", f"the verifier 'rg:{dataset}'") from None
    if dataset not in DATASETS:
        import difflib

        close = difflib.get_close_matches(dataset, DATASETS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ConfigError(f"reasoning-gym has no data set {dataset!r}.{hint} See reasoning_gym.factory.DATASETS.")
    if dataset in ACCEPTS_ANYTHING:
        return _same_text
    score: Callable[[str, Mapping[str, Any]], float] = get_score_answer_fn(dataset)
    return score
