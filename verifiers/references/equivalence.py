"""`sympy`: the answer is right if it means the same as the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.extraction import Mode, check_mode
from ...core.protocols import BaseVerifier
from ...core.records import Judgement, Outcome, Question, Verdict
from ..answers.echoes import REPEATS, is_echo
from ..answers.equal import Oracle, compare, no_oracle
from ..answers.parsing.locate import is_sentence, locate, locate_reference, same_words
from ..answers.policy import Policy
from ..answers.tree import Node
from ..answers.worker import Pool, shared_pool


class SympyVerifier(BaseVerifier):
    """Holds every attempt against `question.reference`.

    Args:
        extract: "lenient" (default) or "strict" (only boxed answers count), see `core.extraction`.
        timeout_s: seconds sympy may think about one attempt; it is asked for few, and 0 means never.
        workers: processes `judge_many` may keep for that.
        policy: a `Policy`, or its fields as a mapping.
        fields: single fields of the policy (`percent="value"`), also in math-verify's words (`strict`, `precision`).
    """

    def __init__(
        self,
        extract: Mode = "lenient",
        timeout_s: float = 0.5,
        workers: int = 1,
        policy: Policy | Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        check_mode(extract)
        if not 0.0 <= timeout_s <= 3600.0:
            raise ConfigError(f"timeout_s must be in [0, 3600] seconds, got {timeout_s!r}")
        if not 1 <= workers <= 256:
            raise ConfigError(f"workers must be in [1, 256], got {workers!r}")
        self.extract: Mode = extract
        self.timeout_s, self.workers = timeout_s, workers
        self.policy = Policy.of(policy, **fields)

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        oracle = shared_pool().oracle(self.timeout_s) if self.timeout_s else no_oracle
        return self._judge(question, attempts, oracle)

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        """As `judge` one by one; pairs that need sympy are gathered and decided by several workers at a time."""
        asked: dict[tuple[Node, Node], None] = {}

        def gather(a: Node, b: Node) -> None:
            asked[a, b] = None

        pairs = list(zip(questions, groups, strict=True))
        judgements = [self._judge(question, attempts, gather) for question, attempts in pairs]
        if not asked or not self.timeout_s:
            return judgements
        pool = shared_pool() if self.workers == 1 else Pool(self.workers)
        try:
            decisions = dict(zip(asked, pool.decide(list(asked), self.timeout_s), strict=True))
        finally:
            if pool is not shared_pool():
                pool.close()
        return [self._judge(question, attempts, lambda a, b: decisions.get((a, b))) for question, attempts in pairs]

    def _judge(self, question: Question, attempts: Sequence[str], oracle: Oracle) -> Judgement:
        gold = locate_reference(question.reference)
        if gold is None:
            nobody = [Verdict.undecided("the question has no reference") for _ in attempts]
            return Judgement.of(nobody, label=None, label_source="reference", valid=False)
        verdicts = [self._verdict(question.text, gold, attempt, oracle) for attempt in attempts]
        evidence = {"policy": self.policy.as_dict(), "extract": self.extract}
        return Judgement.of(verdicts, label=question.reference, label_source="reference", evidence=evidence)

    def _verdict(self, asked: str, gold: str, attempt: str, oracle: Oracle) -> Verdict:
        answer = locate(attempt, self.extract, self.policy.unfinished)
        if answer is None:
            return Verdict.wrong(None, "no answer")
        finding = compare(gold, answer, self.policy, oracle)
        if finding.outcome is not Outcome.WRONG and is_echo(answer, asked, gold):
            return Verdict.wrong(None, REPEATS)
        if finding.outcome is Outcome.CORRECT:
            return Verdict.correct(answer, finding.reason)
        if finding.outcome is Outcome.WRONG:
            return Verdict.wrong(answer, finding.reason)
        if finding.unreadable == "pred":
            return Verdict.wrong(answer, finding.reason)
        if finding.unreadable and is_sentence(gold):
            same = same_words(gold, answer)
            return Verdict.correct(answer, "the same words") if same else Verdict.wrong(answer, "other words")
        return Verdict.undecided(finding.reason, answer)
