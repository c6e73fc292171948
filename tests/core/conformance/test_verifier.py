"""Every built-in verifier conforms, and every way to break a verifier is named."""

import random
import time
from collections.abc import Sequence

import pytest

from selfplay_gym import make_verifier
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Question, Verdict
from selfplay_gym.core.registries import verifiers
from selfplay_gym.testing import check_verifier

OPTIONS = {
    "checked": {"agent": "echo"},
    "coalition": {"members": ["solver", "echo", "oracle", "noisy"]},
    "decomposed": {"agent": "echo"},
    "judge": {"agent": "echo"},
    "validated": {"agent": "echo"},
    "numeric": {"relative": 1e-9},  # its default takes 42.00001 for 42
    "weighted": {"members": {"sympy": 2.0, "exact": 1.0}},
}
NOT_THEIRS = {"random": ("permutation",), "coalition": ("batch", "duplication")}
"""Order means something to the one; the other measures reliability on the batch, and counts all answers in it."""
ONE_OF_THE_FAMILY = {"rg:": "rg:chain_sum"}


@pytest.mark.parametrize("name", verifiers.names())
def test_every_built_in_verifier_conforms(name):
    if name == "rg:":
        pytest.importorskip("reasoning_gym")
    verifier = make_verifier(ONE_OF_THE_FAMILY.get(name, name), **OPTIONS.get(name, {}))
    skip = NOT_THEIRS.get(name, ())
    passed = check_verifier(verifier, deadline_s=20.0, skip=skip)
    assert {"records", "hostile text", "batch", "pickling", "non-answers"} <= {*passed, *skip}


@pytest.mark.parametrize("name", ["sympy", "majority", "exact"])
def test_right_and_wrong_attempts_may_be_given(name):
    check_verifier(make_verifier(name), right="\\boxed{42}", wrong="\\boxed{43}", deadline_s=20.0)
    with pytest.raises(PluginError, match="wrong attempt"):
        check_verifier(make_verifier(name), right="\\boxed{42}", wrong="it is \\boxed{42}", deadline_s=20.0)


class Right(BaseVerifier):
    """Calls everything correct; the base of all that is broken below."""

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return Judgement.of([Verdict.correct(a, "fine") for a in attempts], label="42", label_source="reference")


class DropsOne(Right):
    def judge(self, question, attempts):
        return Judgement.of([Verdict.wrong(None)] * max(0, len(attempts) - 1), label=None, label_source="x")


class Raises(Right):
    def judge(self, question, attempts):
        return super().judge(question, [str(float(a.strip("\\boxed{}"))) for a in attempts])


class FirstWins(Right):
    def judge(self, question, attempts):
        return Judgement.of(
            [Verdict.correct(a) if a == attempts[0] else Verdict.wrong(a) for a in attempts],
            label=attempts[0] if attempts else None,
            label_source="vote",
        )


class NoneVotes(Right):
    def judge(self, question, attempts):
        return Judgement.of([Verdict.correct("None") for _ in attempts], label="None", label_source="vote")


class Forgetful(Right):
    def judge(self, question, attempts):
        return Judgement.of(
            [Verdict.correct(a) if random.random() < 0.5 else Verdict.wrong(a) for a in attempts],
            label="42",
            label_source="reference",
        )


class Slow(Right):
    def judge(self, question, attempts):
        if any(len(a) > 10_000 for a in attempts):
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                pass
        return super().judge(question, attempts)


class Substring(Right):
    """Finds 42 anywhere: accepts 420, "not 42" and the question itself."""

    def judge(self, question, attempts):
        return Judgement.of(
            [Verdict.correct("42") if "42" in a else Verdict.wrong(None) for a in attempts],
            label="42",
            label_source="reference",
        )


class OddBatch(Right):
    def judge_many(self, questions, groups):
        return super().judge_many(questions, groups)[::-1]


class Unpicklable(Right):
    def __init__(self):
        self.key = lambda: 0


class LyingRate(Right):
    def judge(self, question, attempts):
        return Judgement(tuple(Verdict.wrong(None) for _ in attempts), "42", 0.5)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (DropsOne(), "records"),
        (Raises(), "raised ValueError"),
        (FirstWins(), "permutation"),
        (NoneVotes(), "non-answers won"),
        (Forgetful(), "determinism"),
        (Slow(), "hostile text"),
        (Substring(), "values"),
        (Unpicklable(), "pickling"),
        (LyingRate(), "solve_rate"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_is_broken_is_named(broken, message):
    with pytest.raises(PluginError, match=message):
        check_verifier(broken, deadline_s=0.2 if isinstance(broken, Slow) else 20.0)


def test_batch_in_another_order_is_found():
    with pytest.raises(PluginError, match="batch"):
        check_verifier(OddBatch())


def test_what_is_not_a_verifier_is_refused():
    with pytest.raises(PluginError, match="not a verifier"):
        check_verifier(object())
