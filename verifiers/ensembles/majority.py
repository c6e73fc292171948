"""`majority`: the answer most attempts agree on is the label (R-Zero, arXiv 2508.05004, section 3).

Answers fall into classes by a hashable fingerprint; only one representative per class is compared with the others, so
the cost grows almost linearly with the number of attempts. Unlike R-Zero's code, which compares each pair by string
and lets unboxed answers vote as the string "None", the result does not depend on order, and a non-answer counts in the
denominator but never wins.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ...core.errors import ConfigError
from ...core.extraction import Mode, extract_answer
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Question, Verdict
from ..answers.compare import Comparison, key
from ..answers.equal import Oracle, no_oracle
from ..answers.parsing.locate import locate
from ..answers.policy import VOTE, Policy
from ..answers.readings import read
from ..answers.shapes import Number
from ..answers.values.reals import written_decimals
from ..answers.worker import shared_pool

MAX_CLASSES = 64
"""With more classes than this only the first are compared pairwise; the rest stay as their fingerprints say."""
ROUNDED = 1
"""A number with at least this many decimals may be a rounded fraction."""
_PLAIN_NUMBER = re.compile(r"-?\d{1,30}")


class MajorityVerifier(BaseVerifier):
    """Votes. The reference is ignored.

    Args:
        extract: "lenient" (default) or "strict" (only boxed answers vote).
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
        extract_answer("", extract)
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
        answers = [locate(attempt, self.extract) for attempt in attempts]
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
        shares = [ballots[c] / total if total else 0.0 for c in ranked]
        evidence: dict[str, Any] = {
            "class_sizes": [sizes[c] for c in ranked],
            "class_answers": [labels[c] for c in ranked],
            "non_answers": answers.count(None),
            "winner_share": shares[0] if shares else 0.0,
            "runner_up_share": shares[1] if len(shares) > 1 else 0.0,
            "policy": dict(self._policy_record),
        }
        if not ranked or not ballots[ranked[0]]:
            nobody = [Verdict.wrong(answer, "no answer" if answer is None else "no weight") for answer in answers]
            return Judgement.of(nobody, label=None, label_source="vote", valid=False, evidence=evidence)
        tie = len(ranked) > 1 and math.isclose(ballots[ranked[0]], ballots[ranked[1]], rel_tol=1e-12)
        evidence["tie"] = tie
        valid = shares[0] >= self.min_share and not (tie and self.ties == "invalid")
        verdicts = [_verdict(answer, classes, ranked[0]) for answer in answers]
        return Judgement.of(verdicts, label=labels[ranked[0]], label_source="vote", valid=valid, evidence=evidence)

    def _weights(self, question: Question, count: int) -> list[float]:
        if self.weights is None:
            return [1.0] * count
        given = question.meta.get(self.weights)
        if not isinstance(given, Sequence) or len(given) != count or any(not 0 <= w < math.inf for w in given):
            raise ConfigError(f"question.meta[{self.weights!r}] must hold {count} numbers >= 0, got {given!r}")
        return [float(w) for w in given]


def _verdict(answer: str | None, classes: Mapping[str, int], winner: int) -> Verdict:
    if answer is None:
        return Verdict.wrong(None, "no answer")
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


def classify(answers: Sequence[str], policy: Policy, oracle: Oracle) -> dict[str, int]:
    """Class of every distinct answer, whatever the order in which they come."""
    class_of: dict[object, int] = {}
    classes: dict[str, int] = {}
    representatives: list[tuple[str, bool]] = []
    for answer in sorted(set(answers)):
        hashable, settled = _fingerprint(answer, policy)
        c = class_of.setdefault(hashable, len(representatives))
        if c == len(representatives):
            representatives.append((answer, settled))
        classes[answer] = c
    if len(representatives) > 1 and not all(settled for _, settled in representatives):
        united = _united(representatives, policy, Comparison(policy, oracle))
        classes = {answer: united[c] for answer, c in classes.items()}
    return classes


def _fingerprint(answer: str, policy: Policy) -> tuple[object, bool]:
    """(hashable, settled): equal hashables are one class; two settled answers with different ones are two."""
    if _PLAIN_NUMBER.fullmatch(answer):
        return Fraction(answer), not policy.tolerance
    try:
        found = read(answer, policy)
        shape, hashable = found.forms[0], key(found.forms[0])
    except Exception:  # noqa: BLE001 - too large, or a bug that must not stop a run: the text stands for itself
        return ("text", "".join(answer.split())), True
    if not found.readable:
        return ("text", "".join(answer.split())), True
    if hashable is None:
        return ("only", answer), False
    if not isinstance(shape, Number) or shape.scalar.exact is None or policy.tolerance:
        return hashable, False
    return hashable, written_decimals(shape.scalar.tree) < ROUNDED


def _united(representatives: Sequence[tuple[str, bool]], policy: Policy, comparison: Comparison) -> list[int]:
    """Classes united where two representatives are equal."""
    parent = list(range(len(representatives)))

    def root(c: int) -> int:
        while parent[c] != c:
            c = parent[c]
        return c

    for a, b in itertools.combinations(range(min(len(representatives), MAX_CLASSES)), 2):
        (left, left_settled), (right, right_settled) = representatives[a], representatives[b]
        if (left_settled and right_settled) or root(a) == root(b):
            continue
        try:
            same = comparison.same(read(left, policy).forms[0], read(right, policy).forms[0])
        except Exception:  # noqa: BLE001 - a bug in the checker must not stop a run: two classes, then
            same = None
        if same:
            parent[max(root(a), root(b))] = min(root(a), root(b))
    return [root(c) for c in range(len(representatives))]
