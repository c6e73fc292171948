"""A verifier from elsewhere: by decorator, and by "module:attribute". Packages: `tests/plugins`."""

import gymnasium as gym
import pytest

import selfplay_gym
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Verdict
from selfplay_gym.core.registries import verifiers
from selfplay_gym.testing import check_verifier


@pytest.fixture
def even():
    @selfplay_gym.register_verifier("even")
    class EvenVerifier(BaseVerifier):
        def judge(self, question, attempts):
            verdicts = [
                Verdict.correct(a) if a[-1:] in ("0", "2", "4", "6", "8") else Verdict.wrong(a) for a in attempts
            ]
            return Judgement.of(verdicts, label=None, label_source="rule", valid=True)

    yield EvenVerifier
    verifiers.unregister("even")


def test_a_decorated_class_is_a_name(even):
    env = gym.make("SelfPlayMath-v0", verifier="even")
    env.reset(seed=0)
    assert env.step("12")[1] == 1.0
    assert isinstance(selfplay_gym.make_verifier("even"), even)


def test_module_and_attribute_are_a_name():
    built = selfplay_gym.make_verifier("selfplay_gym.verifiers.references.numeric:NumericVerifier", relative=0.1)
    assert "values" in check_verifier(
        selfplay_gym.make_verifier("selfplay_gym.verifiers.references.exact:ExactVerifier")
    )
    assert built.relative == 0.1
    with pytest.raises(LookupError, match="Nope"):
        selfplay_gym.make_verifier("selfplay_gym.verifiers.references.numeric:Nope")
