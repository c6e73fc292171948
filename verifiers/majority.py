"""`majority`: the answer most attempts agree on is the label (R-Zero, arXiv 2508.05004, section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.errors import ConfigError
from ..core.extraction import Mode, extract_answer
from ..core.protocols import BaseVerifier
from ..core.records import Judgement, Question, Verdict
from .answers.equal import canonical


class MajorityVerifier(BaseVerifier):
    """Votes. Non-answers count in the denominator and never win; the reference is ignored.

    Args:
        extract: "lenient" (default) or "strict" (only boxed answers vote).
        min_share: least share of all attempts the winner needs for the judgement to be valid.
        ties: "smallest" (default: the class with the shortest, then alphabetically first answer wins) or "invalid".
    """

    def __init__(self, extract: Mode = "lenient", min_share: float = 0.0, ties: str = "smallest") -> None:
        extract_answer("", extract)
        if ties not in ("smallest", "invalid"):
            raise ConfigError(f"ties must be 'smallest' or 'invalid', got {ties!r}")
        if not 0.0 <= min_share <= 1.0:
            raise ConfigError(f"min_share must be in [0, 1], got {min_share!r}")
        self.extract: Mode = extract
        self.min_share, self.ties = min_share, ties

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        answers = [extract_answer(attempt, self.extract) for attempt in attempts]
        classes: dict[str, list[int]] = {}
        for place, answer in enumerate(answers):
            if answer is not None:
                classes.setdefault(canonical(answer), []).append(place)
        ranked = sorted(classes.items(), key=lambda item: (-len(item[1]), len(item[0]), item[0]))
        sizes = [len(places) for _, places in ranked]
        evidence = {"class_sizes": sizes, "non_answers": answers.count(None)}
        if not ranked:
            verdicts = [Verdict.wrong(None, "no answer") for _ in answers]
            return Judgement.of(verdicts, label=None, label_source="vote", valid=False, evidence=evidence)
        winners = set(ranked[0][1])
        label = min((answers[i] or "" for i in winners), key=lambda text: (len(text), text))
        tie = len(sizes) > 1 and sizes[0] == sizes[1]
        evidence["runner_up_share"] = sizes[1] / len(attempts) if len(sizes) > 1 else 0.0
        valid = sizes[0] >= self.min_share * len(attempts) and not (tie and self.ties == "invalid")
        verdicts = [
            Verdict.correct(answer, "in the winning class")
            if place in winners
            else Verdict.wrong(answer, "no answer" if answer is None else "outvoted")
            for place, answer in enumerate(answers)
        ]
        return Judgement.of(verdicts, label=label, label_source="vote", valid=valid, evidence=evidence)
