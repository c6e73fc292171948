"""What a domain is when little is said of it, and what it says when something is not known."""

import dataclasses
import re

import pytest

from selfplay_gym import Question
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.registries import domains
from selfplay_gym.envs.game.domains import (
    GameDomain,
    RoleWords,
    domain_of,
    find_domain,
    folded,
    given_answer,
    identity_of,
)
from selfplay_gym.envs.game.templates import Template

PLAIN = Template("Ask.")


def made(**changes):
    parts = {"templates": {"plain": PLAIN}, "generator": "g", "verifier": "v", "solver": "s", **changes}
    return GameDomain(name="small", read=lambda text: "no", **parts)


def test_every_part_that_is_left_out():
    parts = {field.name: getattr(made(), field.name) for field in dataclasses.fields(GameDomain)}
    del parts["read"]
    assert parts == {
        "name": "small",
        "templates": {"plain": PLAIN},
        "generator": "g",
        "verifier": "v",
        "solver": "s",
        "labels": {"vote": "majority", "checked": "majority"},
        "grader": "v",
        "settings": {},
        "tiny_settings": {},
        "identify": None,
        "answer": None,
        "ask_tester": None,
        "roles": {},
        "matcher": "sympy",
        "recomputes": False,
        "kinds": None,
        "other_ways": None,
        "parts": None,
        "proposal": None,
    }
    assert made(grader="w").grader == "w"


def test_a_template_is_found_or_the_known_ones_are_listed():
    domain = made(templates={"plain": PLAIN, "long": Template("Please ask.")})
    assert domain.template("long").challenger == "Please ask."
    said = "unknown small template 'plane'. Did you mean 'plain'? Known: long, plain."
    with pytest.raises(UnknownNameError, match=f"^{re.escape(said)}$"):
        domain.template("plane")
    said = "the domain 'small' needs a template 'plain', got ['a', 'b']"
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        made(templates={"b": PLAIN, "a": PLAIN})


def test_an_id_without_a_domain_lists_those_there_are():
    with pytest.raises(UnknownNameError, match=r"^unknown environment 'SelfPlayChess-v0'\..*SelfPlayMath-v0"):
        domain_of("SelfPlayChess-v0")
    with pytest.raises(UnknownNameError, match=r"once its module was imported.*'selfplay_gym\.domains'.*turn_games'"):
        domain_of("SelfPlayChess-v0")
    with pytest.raises(UnknownNameError, match="Did you mean 'SelfPlayKuhn-v0'"):
        domain_of("SelfPlayKhn-v0")
    said = "domain must be a name or a Domain, got list"
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        find_domain([])


def test_what_two_questions_share_and_what_is_known_of_them():
    assert folded(Question(" WHO\n is\tIT? ")) == "who is it?"
    assert given_answer(Question("?", "1", author="challenger")) is None
    assert given_answer(Question("?", "1", author="")) == "1"
    poem = Question("WHO is it?", domain="poetry")
    assert identity_of(poem) == "who is it?"
    assert identity_of(poem, made(identify=lambda question: question.domain)) == "poetry"
    assert identity_of(Question("What is 1+2?")) == identity_of(Question("Compute 1 + 2.")) != "what is 1+2?"
    assert identity_of(Question("What is 1+2?", domain="poetry"), "math") == identity_of(Question("What is 1+2?"))


def test_a_registered_name_is_the_domains_own_and_an_address_need_not_be():
    domains.register("small", made)
    try:
        assert find_domain("small").name == find_domain({"name": "small"}).name == "small"
    finally:
        domains.unregister("small")
    assert find_domain("selfplay_gym.envs.game.math_domain:MATH").name == "math"


def test_a_role_reads_its_tasks_as_they_are():
    words = RoleWords(tasks=lambda labelled: [], verifier="exact")
    assert words.ask(Question("read me")) == "read me"
