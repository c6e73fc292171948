"""What every verifier must do."""

from __future__ import annotations

import json
import pickle
import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from ..errors import PluginError, with_article
from ..protocols import Verifier
from ..records import Judgement, Outcome, Question, Verdict
from .findings import Findings

QUESTION = Question("What is 6*7?", reference="42", domain="math", level=0.5)
RIGHT, WRONG = r"So it is \boxed{42}.", r"So it is \boxed{41}."

NON_ANSWERS = ("", " \n\t", "I do not know.", r"\boxed{}", "The answer is not 42.")
ADVERSARIAL = (
    r"\boxed{" + str(42 + 2**61 - 1) + "}",
    r"\boxed{" + str(42 + (2**61 - 1) * (2**89 - 1)) + "}",
    r"\boxed{42.00001}",
    r"\boxed{-42}",
    r"\boxed{420}",
    r"\boxed{1e400}",
    r"\boxed{x}",
)
HOSTILE = (
    "x" * 200_000,
    "9" * 100_000,
    r"\boxed{" * 5_000,
    "{" * 20_000 + "}" * 20_000,
    "$" * 20_000,
    r"\boxed{9^{9^{9^{9^{9}}}}}",
    r"\boxed{100000!}",
    r"\boxed{\sum_{n=1}^{10^{12}} \frac{1}{n}}",
    r"\boxed{" + "(" * 1_000 + "1" + ")" * 1_000 + "}",
    r"\boxed{__import__('os')._exit(1)}",
    r"\boxed{\frac{1}{0}}",
    "\x00\ud800\U0001f600é中文",
    r"\boxed{４２}",
    "None",
    "nan",
)


def check_verifier(
    verifier: Verifier,
    *,
    question: Question = QUESTION,
    right: str | None = None,
    wrong: str | None = None,
    deadline_s: float = 5.0,
    skip: Collection[str] = (),
) -> list[str]:
    """Check a verifier against its contract; returns the names of the checks passed.

    Args:
        verifier: what `make_verifier` would give.
        question: a question it understands.
        right: an attempt that must be judged correct (if given), in a group of its own kind.
        wrong: an attempt that must not be (if given).
        deadline_s: longest wall time for one hostile attempt.
        skip: names of checks that do not apply ("permutation" for a verifier in which order means something, "batch"
            for one that measures something on the whole batch).

    Raises:
        PluginError: lists every check that failed.
    """
    right_, wrong_ = RIGHT if right is None else right, WRONG if wrong is None else wrong
    found = Findings(f"verifier {type(verifier).__name__}", skip)
    if not isinstance(verifier, Verifier):
        raise PluginError(f"{type(verifier).__name__} is not a verifier: it needs judge and judge_many")
    group = [right_, wrong_, "", right_, *NON_ANSWERS, *ADVERSARIAL, right_]

    def judged(attempts: Sequence[str], q: Question = question) -> Judgement:
        return verifier.judge(q, attempts)

    found.check("records", lambda: _record_problems(judged(group), group))
    found.check("empty group", lambda: _record_problems(judged([]), []))
    found.check("single attempt", lambda: _record_problems(judged([right_]), [right_]))
    found.check("hostile text", lambda: _hostile_problems(judged, deadline_s))
    found.check("hostile question", lambda: _odd_question_problems(judged, right_))
    found.check("determinism", lambda: _different(judged(group), judged(group), "two equal calls differ"))
    found.check("attempts untouched", lambda: _mutation_problems(judged, group))
    found.check("permutation", lambda: _permutation_problems(judged, group))
    found.check("duplication", lambda: _duplication_problems(judged, group))
    found.check("batch", lambda: _batch_problems(verifier, question, group))
    found.check("pickling", lambda: _pickling_problems(verifier, question, group))
    found.check("non-answers", lambda: _non_answer_problems(judged))
    found.check("values", lambda: _value_problems(judged, right_, wrong_, question))
    if right is not None:
        found.check("right attempt", lambda: _must_be(judged([right_] * 3), 0, True, right_))
    if wrong is not None:
        found.check("wrong attempt", lambda: _must_be(judged([right_, right_, right_, wrong_]), 3, False, wrong_))
    return found.report()


def _record_problems(judgement: Any, attempts: Sequence[str]) -> Iterable[str]:
    if not isinstance(judgement, Judgement):
        yield f"judge returned {with_article(type(judgement).__name__)}, expected a Judgement"
        return
    if len(judgement.verdicts) != len(attempts):
        yield f"{len(judgement.verdicts)} verdicts for {len(attempts)} attempts"
    for verdict in judgement.verdicts:
        if not isinstance(verdict, Verdict):
            yield f"{with_article(type(verdict).__name__)} among the verdicts"
        elif not (verdict.answer is None or isinstance(verdict.answer, str)):
            yield f"answer {verdict.answer!r} is neither text nor None"
    expected = judgement.correct_count / len(attempts) if attempts else 0.0
    if abs(judgement.solve_rate - expected) > 1e-12:
        yield f"solve_rate {judgement.solve_rate!r}, but {expected!r} of all attempts are correct"
    try:
        json.dumps(dict(judgement.evidence))
    except (TypeError, ValueError) as error:
        yield f"evidence is not JSON: {error}"


def _hostile_problems(judged: Callable[..., Judgement], deadline_s: float) -> Iterable[str]:
    for attempt in HOSTILE:
        start = time.monotonic()
        judgement = judged([attempt, RIGHT])
        seconds = time.monotonic() - start
        yield from _record_problems(judgement, [attempt, RIGHT])
        if seconds > deadline_s:
            yield f"{attempt[:40]!r} ({len(attempt)} characters) took {seconds:.1f} s, allowed are {deadline_s:.1f}"


def _odd_question_problems(judged: Callable[..., Judgement], right: str) -> Iterable[str]:
    for reference in (None, "", "\\frac{", "9" * 50_000, "no such thing", "\ud800"):
        judgement = judged([right, ""], Question("?", reference=reference))
        yield from _record_problems(judgement, [right, ""])


def _different(a: Judgement, b: Judgement, what: str) -> Iterable[str]:
    if a != b:
        yield what


def _mutation_problems(judged: Callable[..., Judgement], group: Sequence[str]) -> Iterable[str]:
    given = list(group)
    judged(given)
    if given != list(group):
        yield "the list of attempts was changed"
    yield from _different(judged(list(group)), judged(tuple(group)), "a tuple of attempts is judged unlike a list")


def _permutation_problems(judged: Callable[..., Judgement], group: Sequence[str]) -> Iterable[str]:
    order = list(range(len(group)))
    reference = judged(group)
    for seed in range(3):
        random.Random(seed).shuffle(order)
        shuffled = judged([group[i] for i in order])
        if [shuffled.verdicts[i] for i in range(len(order))] != [reference.verdicts[i] for i in order]:
            yield "verdicts depend on the order of the attempts"
        if shuffled.label != reference.label:
            yield f"the label depends on the order of the attempts: {reference.label!r} or {shuffled.label!r}"


def _duplication_problems(judged: Callable[..., Judgement], group: Sequence[str]) -> Iterable[str]:
    once, twice = judged(group), judged([*group, *group])
    if twice.label != once.label:
        yield "doubling the group changes the label"
    if "random" not in once.label_source and twice.verdicts[len(group) :] != twice.verdicts[: len(group)]:
        yield "equal attempts get different verdicts"


def _batch_problems(verifier: Verifier, question: Question, group: Sequence[str]) -> Iterable[str]:
    other = Question("What is 1+1?", reference="2", domain=question.domain)
    questions, groups = [question, other, question], [group, [r"\boxed{2}", "3"], group[:2]]
    batch = verifier.judge_many(questions, groups)
    single = [verifier.judge(q, g) for q, g in zip(questions, groups, strict=True)]
    if list(batch) != single:
        yield "judge_many differs from judge one by one"
    if list(verifier.judge_many([], [])) != []:
        yield "judge_many of nothing is not an empty list"


def _pickling_problems(verifier: Verifier, question: Question, group: Sequence[str]) -> Iterable[str]:
    copied = pickle.loads(pickle.dumps(verifier))  # noqa: S301 - our own bytes, made a moment ago
    if copied.judge(question, group) != verifier.judge(question, group):
        yield "a pickled copy judges differently"


def _non_answer_problems(judged: Callable[..., Judgement]) -> Iterable[str]:
    group = ["", "", " ", r"\boxed{}", RIGHT]
    judgement = judged(group)
    if judgement.label is not None and judgement.label.strip() in ("", "None"):
        yield f"non-answers won: label {judgement.label!r}"
    for i in range(4):
        answer = judgement.verdicts[i].answer
        if answer is not None and answer.strip() in ("", "None"):
            yield f"the answer of {group[i]!r} is {answer!r}, expected None"


def _value_problems(judged: Callable[..., Judgement], right: str, wrong: str, question: Question) -> Iterable[str]:
    """Only for verifiers that look at the value: the right attempt passes among its like, the wrong one does not."""
    tried = judged([right, right, right, wrong])
    passed = [verdict.outcome is Outcome.CORRECT for verdict in tried.verdicts]
    if passed != [True, True, True, False]:
        return
    suspects = [*NON_ANSWERS, question.text]
    if question is QUESTION:
        suspects += ADVERSARIAL
    for attempt in suspects:
        outcome = judged([right, right, right, attempt]).verdicts[3].outcome
        if outcome is Outcome.CORRECT:
            yield f"{attempt[:60]!r} was judged correct"


def _must_be(judgement: Judgement, i: int, correct: bool, attempt: str) -> Iterable[str]:
    outcome = judgement.verdicts[i].outcome
    if (outcome is Outcome.CORRECT) is not correct:
        yield f"{attempt!r} was judged {outcome.value}: {judgement.verdicts[i].reason}"
