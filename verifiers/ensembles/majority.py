"""`majority`: the answer most attempts agree on is the label (R-Zero, arXiv 2508.05004, section 3).

Answers fall into classes by a hashable fingerprint; only one representative per class is compared with the others, so
the cost grows almost linearly with the number of attempts. Unlike R-Zero's code, which compares each pair by string
and lets unboxed answers vote as the string "None", the result does not depend on order. An answer votes if it stands at
an explicit mark, or alone and readable; anything else ("hm", a refusal, a number in prose, a computation copied from
the question) is a non-answer, which counts in the denominator and never wins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.extraction import Mode, check_mode
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Question, Verdict
from ..answers.echoes import REPEATS, is_echo
from ..answers.equal import no_oracle
from ..answers.parsing.locate import locate_vote
from ..answers.policy import VOTE, Policy
from ..answers.worker import shared_pool
from .classes import classify


class MajorityVerifier(BaseVerifier):
    """Votes. The reference is ignored.

    `evidence["classes"]` has the class of every attempt, as a place in `class_answers` and `class_sizes`, which begin
    with the label's; `None` for a non-answer.

    Args:
        extract: "lenient" (default: answers at explicit marks, and readable ones that stand alone) or "strict" (boxed
            answers only).
        min_share: least share of all attempts the winner needs for the judgement to be valid.
        ties: what a tie for the largest class means: "smallest" (default: the class with the shortest, then
            alphabetically first answer wins) or "invalid" (it wins all the same, but the judgement is not valid).
        weights: key in `question.meta` under which one number ≥ 0 per attempt stands (a confidence), or `None`. Weights
            decide who wins; `solve_rate` stays a share of attempts.
        timeout_s: seconds sympy may think about two classes that only algebra can distinguish, 0 for never.
        policy: when two answers are one class; default `answers.policy.VOTE`, under which equality is transitive.
    """

    def __init__(
        self,
        extract: Mode = "lenient",
        min_share: float = 0.0,
        ties: str = "smallest",
        weights: str | None = None,
        timeout_s: float = 0.5,
        policy: Policy | Mapping[str, Any] | None = None,
    ) -> None:
        check_mode(extract)
        if ties not in ("smallest", "invalid"):
            raise ConfigError(f"ties must be 'smallest' or 'invalid', got {ties!r}")
        if not 0.0 <= min_share <= 1.0:
            raise ConfigError(f"min_share must be in [0, 1], got {min_share!r}")
        if not 0.0 <= timeout_s <= 3600.0:
            raise ConfigError(f"timeout_s must be in [0, 3600] seconds, got {timeout_s!r}")
        self.extract: Mode = extract
        self.min_share, self.ties, self.weights, self.timeout_s = min_share, ties, weights, timeout_s
        self.policy = VOTE if policy is None else Policy.of(policy)
        self._policy_record = self.policy.as_dict()

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        weights = self._weights(question, len(attempts))
        found = [locate_vote(attempt, self.extract, self.policy.unfinished) for attempt in attempts]
        echoes = {answer for answer in set(found) if answer is not None and is_echo(answer, question.text)}
        answers = [None if answer in echoes else answer for answer in found]
        reasons = [REPEATS if answer in echoes else "no answer" for answer in found]
        oracle = shared_pool().oracle(self.timeout_s) if self.timeout_s else no_oracle
        classes = classify([answer for answer in answers if answer is not None], self.policy, oracle)
        ballots: dict[int, float] = {}
        sizes: dict[int, int] = {}
        for answer, weight in zip(answers, weights, strict=True):
            if answer is not None:
                ballots[classes[answer]] = ballots.get(classes[answer], 0.0) + weight
                sizes[classes[answer]] = sizes.get(classes[answer], 0) + 1
        total = math.fsum(weights)
        labels = _labels(classes)
        ranked = sorted(ballots, key=lambda c: (-ballots[c], len(labels[c]), labels[c]))
        places = {c: place for place, c in enumerate(ranked)}
        shares = [ballots[c] / total if total else 0.0 for c in ranked]
        evidence: dict[str, Any] = {
            "class_sizes": [sizes[c] for c in ranked],
            "class_answers": [labels[c] for c in ranked],
            "classes": [None if answer is None else places[classes[answer]] for answer in answers],
            "non_answers": answers.count(None),
            "winner_share": shares[0] if shares else 0.0,
            "runner_up_share": shares[1] if len(shares) > 1 else 0.0,
            "policy": dict(self._policy_record),
        }
        if not ranked or not ballots[ranked[0]]:
            nobody = [
                Verdict.wrong(answer, why if answer is None else "no weight")
                for answer, why in zip(answers, reasons, strict=True)
            ]
            return Judgement.of(nobody, label=None, label_source="vote", valid=False, evidence=evidence)
        tie = len(ranked) > 1 and math.isclose(ballots[ranked[0]], ballots[ranked[1]], rel_tol=1e-12)
        evidence["tie"] = tie
        valid = shares[0] >= self.min_share and not (tie and self.ties == "invalid")
        verdicts = [
            Verdict.wrong(None, why) if answer is None else _verdict(answer, classes, ranked[0])
            for answer, why in zip(answers, reasons, strict=True)
        ]
        return Judgement.of(verdicts, label=labels[ranked[0]], label_source="vote", valid=valid, evidence=evidence)

    def _weights(self, question: Question, count: int) -> list[float]:
        if self.weights is None:
            return [1.0] * count
        given = question.meta.get(self.weights)
        if not isinstance(given, Sequence) or len(given) != count or any(not 0 <= w < math.inf for w in given):
            raise ConfigError(f"question.meta[{self.weights!r}] must hold {count} numbers >= 0, got {given!r}")
        return [float(w) for w in given]


def _verdict(answer: str, classes: Mapping[str, int], winner: int) -> Verdict:
    if classes[answer] == winner:
        return Verdict.correct(answer, "in the winning class")
    return Verdict.wrong(answer, "outvoted")


def _labels(classes: Mapping[str, int]) -> dict[int, str]:
    """The shortest spelling of every class, the alphabetically first of those."""
    labels: dict[int, str] = {}
    for answer, c in classes.items():
        held = labels.get(c)
        if held is None or (len(answer), answer) < (len(held), held):
            labels[c] = answer
    return labels
