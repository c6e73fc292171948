"""Every built-in generator conforms, and every way to break a generator is named."""

import random
from dataclasses import replace

import pytest

from selfplay_gym import Question, make_generator, make_verifier
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.registries import generators
from selfplay_gym.testing import check_generator

ONE_OF_THE_FAMILY = {"deduction:": "deduction:short"}
OF_MATHEMATICS = {"arithmetic", "equation", "composed", "mixed"}


@pytest.mark.parametrize("name", generators.names())
def test_every_built_in_generator_conforms(name):
    verifier = make_verifier("sympy") if name in OF_MATHEMATICS else None
    passed = check_generator(make_generator(ONE_OF_THE_FAMILY.get(name, name)), verifier=verifier)
    assert {"questions", "repeatability", "variety"} <= set(passed)
    assert ("references" in passed) is (name in OF_MATHEMATICS)


class Sums:
    """Conforms; the base of all that is broken below."""

    def generate(self, spec, rng):
        a, b = int(rng.random() * 90), int(rng.random() * 90)
        return Question(f"What is {a}+{b}?", str(a + b), "math", spec.level, "sums")


class NoReference(Sums):
    def generate(self, spec, rng):
        return replace(super().generate(spec, rng), reference=None)


class OtherLevel(Sums):
    def generate(self, spec, rng):
        return replace(super().generate(spec, rng), level=0.5)


class Claims(Sums):
    def generate(self, spec, rng):
        return replace(super().generate(spec, rng), author="challenger")


class WantsMoreOfChance(Sums):
    def generate(self, spec, rng):
        return Question(f"What is {rng.randint(1, 9)}+1?", "3", "math", spec.level, "sums")


class Counts(Sums):
    def __init__(self):
        self.count = 0

    def generate(self, spec, rng):
        self.count += 1
        return Question(f"What is {self.count}+1?", str(self.count + 1), "math", spec.level, "sums")


class OneQuestion(Sums):
    def generate(self, spec, rng):
        return Question("What is 1+1?", "2", "math", spec.level, "sums")


class WantsPython(Sums):
    def generate(self, spec, rng):
        assert not hasattr(rng, "integers")
        return super().generate(spec, rng)


class GlobalDice(Sums):
    def generate(self, spec, rng):
        random.random()
        return super().generate(spec, rng)


class OffByOne(Sums):
    def generate(self, spec, rng):
        question = super().generate(spec, rng)
        return replace(question, reference=str(int(question.reference) + 1))


def test_what_conforms_passes():
    check_generator(Sums(), verifier=make_verifier("sympy"))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (NoReference, "questions: .*no reference"),
        (OtherLevel, "questions: .*says level 0.5"),
        (Claims, "questions: the author"),
        (WantsMoreOfChance, "questions: raised AttributeError"),
        (Counts, "repeatability: "),
        (OneQuestion, "variety: "),
        (WantsPython, "numpy stream: "),
        (GlobalDice, "randomness: "),
    ],
)
def test_what_is_broken_is_named(broken, message):
    with pytest.raises(PluginError, match=message):
        check_generator(broken())


def test_wrong_references_are_found():
    class Computes:
        """Judges against the sum it computes itself, as a verifier that does not trust references would."""

        def judge(self, question, attempts):
            a, b = question.text.removeprefix("What is ").removesuffix("?").split("+")
            right = replace(question, reference=str(int(a) + int(b)))
            return make_verifier("exact").judge(right, attempts)

    check_generator(Sums(), verifier=Computes())
    with pytest.raises(PluginError, match=r"references: .*is judged wrong"):
        check_generator(OffByOne(), verifier=Computes())


def test_what_is_not_a_generator_is_refused():
    with pytest.raises(PluginError, match="not a generator"):
        check_generator(object())
