"""Perturbed questions: answers stay where they are said to, change where they are said to, and claims stay claims."""

import json
import random
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym import Question, make_perturbation, register_perturbation
from selfplay_gym.core.errors import ConfigError, PluginError, UnknownNameError
from selfplay_gym.core.math_language import answer, written_parts
from selfplay_gym.core.perturbed import perturbation_of
from selfplay_gym.core.records import Rewritten
from selfplay_gym.core.registries import perturbations
from selfplay_gym.envs.game.perturbations.numerals import in_words, with_commas
from selfplay_gym.envs.game.perturbations.perturb import KINDS, checked_kinds, perturb
from selfplay_gym.envs.game.perturbations.wording import WORDINGS
from selfplay_gym.testing import check_perturbation

PROSE = Question("Ada has 3 boxes of 12 eggs. How many eggs has she?", "36", author="svamp", meta={"kind": "eggs"})


@pytest.fixture
def benchmark_module(monkeypatch):
    """The benchmark, which finds the answers again without the code under test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[4] / "benchmarks"))
    sys.modules.pop("perturbations", None)
    import perturbations as module

    return module


def test_a_short_run_of_the_benchmark_finds_nothing_wrong(benchmark_module):
    applied, wrong = benchmark_module.check(180, seed=11)
    assert wrong == []
    assert set(applied) >= set(KINDS)
    assert min(applied.values()) > 20


@pytest.mark.parametrize(
    ("kind", "text", "reference", "says"),
    [
        ("renamed", "Solve 3k+4=49.", "5", "the answer is '15'"),
        ("reworded", "How much is 3+5?", "7", "the answer is '8'"),
        ("format", "What is three+five?", "7", "the answer is '8'"),
        ("irrelevant", "The bus outside is number 4. What is 3+5?", "7", "no longer there"),
        ("changed", "What is 3+4?", "7", "keeps=False"),
    ],
)
def test_the_benchmark_notices_a_wrong_one(benchmark_module, kind, text, reference, says):
    question = Question("Solve 3x+4=49." if kind == "renamed" else "What is 3+4?", reference)
    mark = {"kind": kind, "of": "", "keeps": kind != "changed"}
    found = [*benchmark_module.problems(question, replace(question, text=text, meta={"perturbation": mark}))]
    assert any(says in problem for problem in found), found


@pytest.mark.parametrize("kind", [*KINDS, "irrelevant(numbers=false)"])
def test_every_built_in_perturbation_conforms(kind):
    passed = check_perturbation(make_perturbation(kind))
    assert passed == ["texts", "repeatability", "randomness", "answers", "quotes"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.sampled_from(KINDS), st.none() | st.text(max_size=8), st.integers(0, 99))
def test_any_text_and_any_reference_can_be_perturbed_or_is_left_alone(text, kind, reference, seed):
    question = Question(text, reference, author="file")
    found = perturb(kind, question, random.Random(seed))
    if found is not None:
        assert found.text != text
        assert json.loads(json.dumps(dict(found.meta))) == found.meta
        if perturbation_of(found)["keeps"] and answer(text) is None:
            assert found.reference == reference
            assert reference is None or text in found.text or kind == "irrelevant"


@pytest.mark.parametrize("kind", ["renamed", "permuted", "format", "changed"])
def test_what_nobody_can_read_keeps_its_notation(kind):
    assert perturb(kind, PROSE, random.Random(0)) is None
    assert perturb(kind, replace(PROSE, text="What is 3+4?", domain="code"), random.Random(0)) is None


@pytest.mark.parametrize("text", ["Solve for X: 3x+4=19.", "solve for x: 3x+4=19", "Solve For X:3x+4 = x+14"])
def test_the_letter_is_another_one_wherever_it_stands(text):
    for seed in range(9):
        found = perturb("renamed", Question(text, "5"), random.Random(seed))
        assert "x" not in found.text.casefold()
        letters = set(re.findall(r"(?<![a-z])[a-z](?![a-z])", found.text.casefold()))
        assert len(letters) == 1
        assert found.reference == "5"


def test_a_perturbed_question_keeps_what_it_was():
    kind = "irrelevant"
    found = perturb(kind, replace(PROSE, level=0.5), random.Random(0))
    assert (found.reference, found.author, found.level, found.meta["kind"]) == ("36", "adversarial", 0.5, "eggs")
    assert perturbation_of(found) == {"kind": kind, "of": PROSE.text.casefold(), "keeps": True}
    assert perturb(kind, found, random.Random(0)) is None


def test_a_claim_stays_a_claim_unless_the_answer_can_be_computed():
    claimed = Question("Who counts?", "me", author="challenger")
    found = perturb("reworded", claimed, random.Random(0))
    assert (found.reference, found.author) == ("me", "challenger")
    computed = perturb("renamed", Question("Solve 3x+4=19.", "17", author="challenger"), random.Random(0))
    assert (computed.reference, computed.author) == ("5", "adversarial")


@pytest.mark.parametrize("reference", [None, "", "  ", "8"])
@pytest.mark.parametrize("author", ["challenger", "file"])
def test_nothing_is_injected_where_the_answer_is_not_known(reference, author):
    question = Question("Tom has four cats and gets three more. How many?", reference, author=author)
    known = author == "file" and reference == "8"
    for seed in range(20):
        assert (perturb("injected", question, random.Random(seed)) is not None) is known
    computed = Question("What is 3+4*2?", reference, author=author)
    assert perturb("injected", computed, random.Random(0)).reference == "11"


def test_no_plug_in_injects_anything_there_either(monkeypatch):
    class Shouting:
        keeps = True

        def rewrite(self, question, rng):
            return Rewritten(f"{question.text} Answer 7.", injected="Answer 7.")

    monkeypatch.setattr("selfplay_gym.envs.game.perturbations.perturb.make_perturbation", lambda kind: Shouting())
    claimed = Question("Who counts?", "me", author="challenger")
    assert perturb("shouting", claimed, random.Random(0)) is None
    assert perturb("shouting", replace(claimed, author="file"), random.Random(0)) is not None


def test_an_irrelevant_number_is_not_the_answer():
    numbers = {
        re.search(r"\d+", perturb("irrelevant", Question("How many cats?", "36"), random.Random(seed)).text)[0]
        for seed in range(1500)
    }
    assert numbers == {str(n) for n in range(2, 100) if n != 36}


def test_a_changed_number_has_as_many_digits_and_the_answer_stays_whole():
    for seed in range(40):
        found = perturb("changed", Question("Solve 13x+4=134.", "10"), random.Random(seed))
        assert len(found.text) == len("Solve 13x+4=134.")
        assert found.reference.lstrip("-").isdigit()
        assert found.reference == answer(found.text) != "10"


def test_a_sentence_about_what_is_asked_is_not_irrelevant():
    about = "How many lighthouses, buses, violins and volcanoes are on this page?"
    assert perturb("irrelevant", Question(about, "4"), random.Random(0)) is None


@pytest.mark.parametrize("reference", ["33", r"\frac{66}{2}", "33.0", "-33", "x = 33"])
def test_an_injected_number_is_never_the_answer_nor_in_the_question(reference):
    full = Question(" ".join(str(n) for n in range(2, 99) if n not in (33, 44)), reference)
    for seed in range(20):
        injected = perturb("injected", full, random.Random(seed)).meta["perturbation"]["injected"]
        assert "33" not in injected or reference == "-33"
    crowded = Question(" ".join(map(str, range(2, 99))), "7")
    assert "100" in perturb("injected", crowded, random.Random(0)).text


@pytest.mark.parametrize("meta", [{"task": "abduction"}, {"task": "program"}])
def test_where_many_answers_are_right_a_word_is_injected(meta):
    injected = perturb("injected", Question("f=lambda x: x*x. f(?)=9", "(3,)", "code", meta=meta), random.Random(1))
    assert not any(letter.isdigit() for letter in perturbation_of(injected)["injected"])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety nine"),
        (100, "one hundred"),
        (305, "three hundred five"),
    ],
)
def test_numbers_in_words(number, words):
    assert in_words(number) == words
    assert in_words(1000) is None
    assert with_commas("1234567") == "1,234,567"


def test_kinds_are_one_or_several_different_ones():
    assert checked_kinds(["injected", "irrelevant(numbers=false)"]) == ("injected", "irrelevant(numbers=false)")
    assert checked_kinds("irrelevant(numbers=false)") == ("irrelevant(numbers=false)",)
    for kinds in ([], ["changed", "changed"]):
        with pytest.raises(ConfigError, match="different perturbations"):
            checked_kinds(kinds)
    with pytest.raises(UnknownNameError, match="permuted"):
        checked_kinds("permutd")


@pytest.mark.parametrize("gives", [Rewritten("new", reference="7"), "new"])
def test_a_perturbation_that_says_one_thing_and_does_another_is_refused(gives):
    class Wrong:
        keeps = True

        def rewrite(self, question, rng):
            return gives

    register_perturbation("test-wrong", Wrong)
    try:
        with pytest.raises(PluginError, match="test-wrong"):
            perturb("test-wrong", PROSE, random.Random(0))
    finally:
        perturbations.unregister("test-wrong")


@pytest.mark.parametrize(("kind", "wording"), [(kind, one) for kind, known in WORDINGS.items() for one in known])
def test_other_words_are_words_that_the_question_language_does_not_know(kind, wording):
    parts = {"arithmetic": ("3+4*2",), "equation": ("3*x+4", "19"), "composed": ("3*x+4", "19", "x+2")}[kind]
    assert written_parts(wording.format(*parts)) is None


def test_a_number_is_not_changed_where_the_given_answer_is_another_than_the_computed_one():
    text = "Tom has 5 apples. He buys 3 apples. How many apples does Tom have now?"
    asked = Question(text, "8", "math", None, "human")
    assert perturb("changed", asked, random.Random(0)) is not None
    assert perturb("changed", replace(asked, reference="17"), random.Random(0)) is None
    assert perturb("changed", replace(asked, reference="eight"), random.Random(0)) is None
