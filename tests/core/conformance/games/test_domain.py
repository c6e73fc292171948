"""Every built-in domain conforms, and every way to break a domain is named."""

from dataclasses import replace

import pytest

from selfplay_gym import Question, make_domain
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.records import OtherWay
from selfplay_gym.core.registries import domains
from selfplay_gym.envs.game.domains import RoleWords
from selfplay_gym.testing import check_domain

PROPOSALS = {
    "math": r"<question>What is 1+2?</question> \boxed{3}",
    "code": "<question>f=lambda x: 3*x+2. f(4)=?</question>",
}
MATH = make_domain("math")


@pytest.mark.parametrize("name", domains.names())
def test_every_built_in_domain_conforms(name):
    assert {"parts", "reading", "proposal"} <= set(check_domain(make_domain(name), proposal=PROPOSALS[name]))


class Deaf:
    def ask(self, question):
        return "Solve it."

    challenger = "Ask."


class Told:
    """Parts that show what the author claims, so many of them."""

    def __init__(self, question, count=1):
        self.claim, self.count = question.reference, count

    def question(self, values):
        return f"What is {self.claim}?" if len(values) < self.count else None

    def follows(self, values, solution):
        return True

    def claims(self, solution):
        return []

    def value(self, values):
        return None

    def join(self, solutions, value):
        return value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "?"}, "name: "),
        ({"generator": "arithmetics"}, "parts: the generator is 'arithmetics'"),
        ({"labels": {"oracle": "nobody"}}, "parts: the label source 'oracle'"),
        ({"templates": {"plain": Deaf()}}, "templates: .*does not carry"),
        ({"read": lambda text: Question(text, domain="math", author="challenger") if text[0] else ""}, "reading: "),
        ({"read": lambda text: Question(text, domain="poetry", author="challenger")}, "reading: .*'poetry'"),
        ({"read": lambda text: Question(text, author="file")}, "reading: .*'file'"),
        ({"identify": lambda question: f"{question.text} {question.reference}"}, "identity: .*claimed"),
        ({"identify": lambda question: "same"}, "identity: two different"),
        ({"answer": lambda question: question.reference}, "known answer: "),
        ({"kinds": lambda question: None}, "kinds: "),
        ({"other_ways": lambda question, label, rng: [label]}, "other ways: .*expected OtherWay"),
        (
            {"other_ways": lambda question, label, rng: [OtherWay("told", ("?",), question.reference)]},
            "ways: .*claimed",
        ),
        ({"parts": lambda question, rng, reach: [question.text]}, "parts of questions: .*expected Parts"),
        ({"parts": lambda question, rng, reach: [Told(question)]}, "parts of questions: .*claimed"),
        ({"parts": lambda question, rng, reach: [Told(question, 10**9)]}, "parts of questions: .*never end"),
        ({"settings": {"a set": {1}}}, "settings: "),
        ({"roles": {"judge": RoleWords(lambda labelled: [Question("?", "!")], "exact")}}, "roles: "),
        ({"read": lambda text: "I do not like it"}, "proposal: "),
    ],
)
def test_what_is_broken_is_named(change, message):
    with pytest.raises(PluginError, match=message):
        check_domain(replace(MATH, **change), proposal=PROPOSALS["math"])


def test_what_is_not_a_domain_is_refused():
    with pytest.raises(PluginError, match="lacks ask_tester, generator"):
        check_domain(object())
