"""What every reward rule must do."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from ..errors import PluginError, with_article
from ..protocols import RewardRule
from ..records import Judgement, Question, Reward, Verdict
from .findings import Findings, global_randomness_problems

Batch = tuple[list[Question | None], list[Judgement | None], list[tuple[str, ...]]]


def check_reward(rule: RewardRule, *, skip: Collection[str] = ()) -> list[str]:
    """Check a reward rule: one finite reward per question, whatever the batch holds, and in the order of the batch.

    Args:
        rule: what `make_reward` would give.
        skip: names of checks that do not apply ("permutation" for a rule in which order means something).

    Raises:
        PluginError: lists every check that failed.
    """
    if not callable(rule):
        raise PluginError(f"{type(rule).__name__} is not a reward rule: it is called with what is to be rewarded")
    found = Findings(f"reward {type(rule).__name__}", skip)
    batch = _batch()

    def rewarded(given: Batch) -> Any:
        questions, judgements, attempts = given  # copied: what a rule does to its lists is a check of its own
        return rule([*questions], [*judgements], [*attempts])

    found.check("records", lambda: _record_problems(rewarded(batch), len(batch[0])))
    found.check("empty batch", lambda: _record_problems(rewarded(([], [], [])), 0))
    found.check("batch of one", lambda: _single_problems(rewarded, batch))
    found.check("malformed", lambda: _record_problems(rewarded(([None] * 3, [None] * 3, [()] * 3)), 3))
    found.check("determinism", lambda: _repeat_problems(rewarded, batch))
    found.check("batch untouched", lambda: _mutation_problems(rule, batch))
    found.check("permutation", lambda: _permutation_problems(rewarded, batch))
    found.check("randomness", lambda: global_randomness_problems(lambda: rewarded(batch)))
    return found.report()


def _batch() -> Batch:
    """Questions of every solve rate, repeated and malformed ones, an invalid one, one that nothing was decided of."""
    right, wrong = Verdict.correct("1"), Verdict.wrong("2")
    questions: list[Question | None] = []
    judgements: list[Judgement | None] = []
    for correct in range(5):
        verdicts = [right] * correct + [wrong] * (4 - correct)
        questions.append(Question(f"What is {correct}+{correct}?", "1", author="challenger"))
        judgements.append(Judgement.of(verdicts, label="1", label_source="vote", valid=correct != 3))
    questions += [questions[2], None, Question("Who is right?"), Question("é" * 50)]
    judgements += [
        judgements[2],
        None,
        Judgement.of([Verdict.undecided("time-out")] * 4, label=None, label_source="vote"),
        Judgement.of([], label=None, label_source="vote"),
    ]
    attempts = [
        () if judgement is None else tuple(f"so it is {verdict.answer}" for verdict in judgement.verdicts)
        for judgement in judgements
    ]
    return questions, judgements, attempts


def _record_problems(rewards: Any, count: int) -> Iterable[str]:
    if not isinstance(rewards, Sequence) or len(rewards) != count:
        yield f"gave {str(rewards)[:80]} for {count} questions, expected a list of {count} rewards"
        return
    for reward in rewards:
        if not isinstance(reward, Reward):
            yield f"{with_article(type(reward).__name__)} among the rewards, expected Reward(value, terms)"
            return
        numbers = {"value": reward.value, **reward.terms}
        for name, number in numbers.items():
            if not isinstance(name, str) or not isinstance(number, int | float) or not math.isfinite(number):
                yield f"{name!r} is {number!r}, expected a finite number"


def _single_problems(rewarded: Callable[[Batch], Any], batch: Batch) -> Iterable[str]:
    for one in zip(*batch, strict=True):
        question, judgement, attempts = one
        yield from _record_problems(rewarded(([question], [judgement], [attempts])), 1)


def _repeat_problems(rewarded: Callable[[Batch], Any], batch: Batch) -> Iterable[str]:
    if list(rewarded(batch)) != list(rewarded(batch)):
        yield "two equal calls differ"


def _mutation_problems(rule: RewardRule, batch: Batch) -> Iterable[str]:
    given = copy.deepcopy(batch)
    rule(*given)
    if given != batch:
        yield "the lists that were handed over were changed"


def _permutation_problems(rewarded: Callable[[Batch], Any], batch: Batch) -> Iterable[str]:
    forward = [reward.value for reward in rewarded(batch)]
    questions, judgements, attempts = batch
    backward = [reward.value for reward in rewarded((questions[::-1], judgements[::-1], attempts[::-1]))]
    if any(not math.isclose(a, b, abs_tol=1e-9) for a, b in zip(forward, backward[::-1], strict=True)):
        yield "the reward of a question depends on its index in the batch"
