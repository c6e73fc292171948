"""A domain is one object: what it knows of its questions, and what it fills in by itself."""

import random
from dataclasses import replace

import pytest

from selfplay_gym import Question, make_domain
from selfplay_gym.core.errors import ConfigError, PluginError, UnknownNameError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key
from selfplay_gym.core.records import Labelled
from selfplay_gym.core.registries import domains
from selfplay_gym.envs.game.domains import GameDomain, RoleWords, domain_of, find_domain, held_out
from selfplay_gym.envs.game.math_domain import read_math
from selfplay_gym.envs.game.templates import Template


def small(**changes):
    parts = {"generator": "arithmetic", "verifier": "exact", "solver": "noisy", **changes}
    return GameDomain(name="small", templates={"plain": Template("Ask.")}, read=read_math, **parts)


def test_what_is_left_out_is_filled_in():
    domain = small()
    votes = {"vote": "majority", "checked": "majority"}
    assert (domain.labels, domain.grader, domain.settings, domain.roles) == (votes, "exact", {}, {})
    question = Question("What is 1+2?")
    assert (domain.kind(question), domain.ways(question, "3", random.Random(0))) == ("other", [])
    assert domain.ask_tester is domain.parts is None
    assert domain.env_id == "SelfPlaySmall-v0"
    assert small(labels={"oracle": "exact"}).labels == {**votes, "oracle": "exact"}
    assert small(labels={"vote": "weighted"}).labels == {"vote": "weighted", "checked": "weighted"}
    question = Question("Who  IS it?", "me", "small", None, "file")
    assert domain.identity(question) == "who is it?"
    assert domain.known_answer(question) == "me"
    assert domain.known_answer(replace(question, author="challenger")) is None


def test_what_is_given_decides():
    domain = small(identify=lambda question: question.text[:1], answer=lambda question: "42")
    assert domain.identity(Question("abc")) == "a"
    assert domain.known_answer(Question("abc", "41", author="challenger")) == "42"


def test_a_template_plain_is_needed():
    with pytest.raises(ConfigError, match="plain"):
        GameDomain("small", {"simple": Template("Ask.")}, read_math, "arithmetic", "exact", "noisy")


def test_mathematics_knows_what_it_can_compute():
    math = make_domain("math")
    assert math.labels == {
        "vote": "majority",
        "checked": "majority",
        "validated": "majority",
        "sympy": "sympy",
        "oracle": "exact",
    }
    assert math.grader == "sympy"
    claimed = Question("What is 12+7*3?", "57", "math", None, "challenger")
    assert math.known_answer(claimed) == "33"
    assert math.known_answer(replace(claimed, text="How many legs has a cat?")) is None
    assert math.known_answer(Question("How many legs has a cat?", "4", "math", None, "file")) == "4"
    assert math.identity(claimed) == math.identity(Question("Compute 12 + 7*3.")) == key("What is 12+7*3?")


def test_code_knows_what_was_run():
    code = make_domain("code")
    assert code.labels == {
        "vote": "majority",
        "checked": "code",
        "validated": "majority",
        "executor": "code",
        "oracle": "exact",
    }
    assert code.grader == "code"
    assert code.settings["labels"] == {"source": "executor"}
    question = Question("f=lambda x: 3*x+2. f(4)=?", "14", "code", None, "deduction")
    assert code.known_answer(question) == "14"
    assert code.known_answer(replace(question, author="challenger")) is None
    assert code.identity(question) == key(question.text)


def test_the_split_goes_by_the_identity_that_the_domain_gives():
    one, other = Question("What is 1+2?"), Question("Compute 1 + 2.")
    assert held_out(one) is held_out(other) is held_out(one, "math") is is_held_out(key("What is 1+2?"))
    everything = small(identify=lambda question: "the same")
    assert len({held_out(Question(f"What is {i}?"), everything) for i in range(50)}) == 1
    unknown = Question("WHO is it?", domain="poetry")
    assert held_out(unknown) is is_held_out("who is it?")


def test_a_domain_is_found_by_name_object_and_id():
    math = find_domain("math")
    assert find_domain(math) is math is domain_of("SelfPlayMath-v0")
    assert find_domain("selfplay_gym.envs.game.code_domain:CODE") is find_domain("code")
    with pytest.raises(UnknownNameError, match="Did you mean 'SelfPlayMath-v0'"):
        domain_of("SelfPlayMaths-v0")
    with pytest.raises(ConfigError, match="'SelfPlayKuhn-v0' is a game of turns"):
        domain_of("SelfPlayKuhn-v0")
    with pytest.raises(ConfigError, match="int"):
        find_domain(3)


def test_a_domain_under_another_name_is_refused():
    domains.register("tiny-domain", small())
    try:
        with pytest.raises(PluginError, match="'tiny-domain' has the name 'small'"):
            find_domain("tiny-domain")
    finally:
        domains.unregister("tiny-domain")


def test_a_domain_may_take_options():
    domains.register("small", lambda grader="exact": small(grader=grader))
    try:
        assert find_domain("small(grader=sympy)").grader == "sympy"
        assert find_domain({"name": "small", "grader": "numeric"}).grader == "numeric"
    finally:
        domains.unregister("small")


def test_further_roles_are_asked_about_labelled_questions():
    def tasks(labelled):
        return [
            Question(f"{one.question.text} Is {attempt!r} right?", "yes" if right else "no", "small", None, "validator")
            for one in labelled
            for attempt, right in zip(one.attempts, one.matches, strict=True)
        ]

    domain = small(roles={"validator": RoleWords(tasks, "exact")})
    labelled = Labelled(Question("What is 1+1?", "2"), ("2", "3"), (True, False))
    words = domain.roles["validator"]
    asked = words.tasks([labelled])
    assert [question.reference for question in asked] == ["yes", "no"]
    assert words.ask(asked[0]) == "What is 1+1? Is '2' right?"
    with pytest.raises(ConfigError, match="2 attempts"):
        Labelled(Question("?"), ("1", "2"), (True,))
