"""`path-consistency` and `negative`: rewards without labels, from what the attempts of a group have in common.

With the vote, `majority`, they are what a reward that knows an answer is held against.

    path-consistency  r(i) = 1/|S_i| · Σ_{s ∈ S_i} (share of the other attempts that write the step s), 0 without steps:
                      after CoVo (arXiv 2506.08745), which takes a state of a solution for consistent if the model finds
                      its own answer nearest from there; here states are the equalities written, and no model is asked
    negative          r(i) = 1 where the answer is that of the majority, else n_i/m, if n_i of m attempts give that
                      answer, 0 without one: only what differs is punished, the more, the fewer agree. After negative
                      reinforcement (arXiv 2506.01347), whose −1 for what is wrong and 0 for the rest would be the vote
                      itself, once the mean of the group is subtracted

Both scores lie in [0, 1], whatever the answers are worth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...core.extraction import boxed_answer
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Outcome, Question, Verdict
from ...core.working.agreement import agreements
from .majority import MajorityVerifier


class PathConsistencyVerifier(BaseVerifier):
    """Scores an attempt by how many of the others write the same steps; correct from one half on."""

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        verdicts = [_agreeing(text, value) for text, value in zip(attempts, agreements(attempts), strict=True)]
        return Judgement.of(verdicts, label=None, label_source="path-consistency", valid=True)


def _agreeing(attempt: str, agreement: float | None) -> Verdict:
    answer = boxed_answer(attempt)
    if agreement is None:
        return Verdict.wrong(answer, "no step to compare")
    if agreement < 0.5:
        return Verdict.wrong(answer, "few attempts write its steps", agreement)
    return Verdict.correct(answer, "other attempts write its steps", agreement)


class NegativeVerifier(BaseVerifier):
    """Votes, and punishes an attempt that differs from the majority by the share of attempts that do not agree with it.

    Args:
        timeout_s: seconds sympy may think about two classes of answers, 0 for never; see `majority`.
    """

    def __init__(self, timeout_s: float = 0.5) -> None:
        self.vote = MajorityVerifier(timeout_s=timeout_s)

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        voted = self.vote.judge(question, attempts)
        classes = voted.evidence["classes"]
        sizes = Counter(classes)
        verdicts = [
            verdict
            if verdict.outcome is Outcome.CORRECT or verdict.answer is None
            else Verdict.wrong(verdict.answer, verdict.reason, sizes[c] / len(attempts))
            for verdict, c in zip(voted.verdicts, classes, strict=True)
        ]
        return Judgement.of(
            verdicts, label=voted.label, label_source="vote", valid=voted.valid, evidence=voted.evidence
        )
