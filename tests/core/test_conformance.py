"""The conformance kit passes what conforms and names what does not."""

import random
import time
from collections.abc import Sequence

import pytest

from selfplay_gym import make_agent, make_curriculum, make_verifier
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Question, TaskSpec, Verdict
from selfplay_gym.testing import check_agent, check_curriculum, check_verifier


@pytest.mark.parametrize(
    ("name", "options", "skip"),
    [
        ("exact", {}, ()),
        ("sympy", {}, ()),
        ("majority", {}, ()),
        ("numeric", {"relative": 1e-9}, ()),
        ("format", {}, ()),
        ("random", {}, ("permutation",)),
        ("cascade", {}, ()),
        ("weighted", {"members": {"sympy": 2.0, "exact": 1.0}}, ()),
        ("self-answer", {}, ()),
        ("judge", {"agent": "echo"}, ()),
    ],
)
def test_built_in_verifiers_conform(name, options, skip):
    passed = check_verifier(make_verifier(name, **options), deadline_s=20.0, skip=skip)
    assert {"records", "hostile text", "batch", "pickling", "non-answers"} <= set(passed)


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


@pytest.mark.parametrize("name", ["fixed", "linear", "band"])
def test_built_in_curricula_conform(name):
    assert "state" in check_curriculum(make_curriculum(name))


class ForgetsState:
    def __init__(self):
        self.level = 0.0

    def sample(self, rng):
        return TaskSpec(min(1.0, self.level + 0.01 * rng.random()))

    def observe(self, spec, solve_rate):
        self.level = (self.level + 0.01) % 0.9

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def test_a_curriculum_that_forgets_is_found():
    with pytest.raises(PluginError, match="state"):
        check_curriculum(ForgetsState())


@pytest.mark.parametrize("name", ["oracle", "noisy", "echo"])
def test_built_in_agents_conform(name):
    assert "seed" in check_agent(make_agent(name))


class GlobalDice:
    def act(self, prompts, *, n=1, seed=None):
        return [[str(random.random()) for _ in range(n)] for _ in prompts]


def test_an_agent_with_global_dice_is_found():
    with pytest.raises(PluginError) as caught:
        check_agent(GlobalDice())
    assert "seed" in str(caught.value)
    assert "global state" in str(caught.value)
    assert "bad n" in str(caught.value)
