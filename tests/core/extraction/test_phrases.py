"""Words that extraction knows: every phrase of tests/data/phrases.toml has its meaning, its near misses have not."""

import tomllib
from pathlib import Path

import pytest

from selfplay_gym.core.extraction import around, beside, boxes, denial, prose

PHRASES = tomllib.loads((Path(__file__).parents[2] / "data" / "phrases.toml").read_text(encoding="utf-8"))
BOX = "\\boxed{7}"

MEANING = {
    "unit_of_measure": lambda phrase: beside.measure_behind(phrase) == phrase,
    "no_unit": lambda phrase: beside.unit_behind(phrase) == "",
    "number_word": lambda phrase: beside.scale_behind(phrase) == phrase,
    "changes_what_precedes": beside.changed_after,
    "computes_with_what_follows": lambda phrase: beside.multiplied_before(f"{phrase} "),
    "bounds_what_follows": lambda phrase: beside.changed_before(f"It is {phrase} "),
    "denies_what_follows": lambda phrase: denial.denied_before(f"{phrase} 5", len(phrase) + 1),
    "denied_by_what_follows": lambda phrase: denial.denied(f"5{phrase}", 0, 1),
    "takes_back": denial.retracted,
    "puts_another_in_its_place": denial.replaced,
    "denies_a_choice": denial.denies_choice,
    "is_a_task": lambda phrase: denial.contradicts_itself(phrase),
    "refuses": denial.refuses,
    "supposes_what_follows": lambda phrase: denial.supposed(f"{phrase} 5", len(phrase) + 1),
    "asks": denial.asks,
    "not_meant": lambda phrase: around.not_meant(f"{phrase} {BOX}", len(phrase) + 1, len(phrase) + 1 + len(BOX)),
    "placeholder": lambda phrase: boxes.answer_boxes(f"\\boxed{{{phrase}}}") == [],
    "joins_boxes": lambda phrase: boxes.read_boxes(f"{BOX}{phrase}\\boxed{{8}}").content == "7, 8",
    "choice_concluded": lambda phrase: prose.concluded_letter(phrase) is not None,
    "outcome": lambda phrase: prose.stated_outcome(phrase) is not None,
    "remark": lambda phrase: prose.last_value(f"It is 12. {phrase}") == "12",
    "sets_up": lambda phrase: prose.last_value(phrase) is None,
}

CASE_COUNTS = {"denies_a_choice", "choice_concluded", "joins_boxes"}
"""Sections in which a letter is a name."""


def phrases(section, answer):
    return [phrase for phrase in PHRASES[section][answer].replace("\n", "|").split("|") if phrase.strip()]


@pytest.mark.parametrize("section", PHRASES)
def test_every_phrase_has_its_meaning(section):
    assert [phrase for phrase in phrases(section, "yes") if not MEANING[section](phrase)] == []


@pytest.mark.parametrize("section", sorted(set(PHRASES) - CASE_COUNTS))
def test_capitals_change_nothing(section):
    words = [phrase for phrase in phrases(section, "yes") if phrase.isascii() and "\\" not in phrase]
    assert [phrase for phrase in words if not MEANING[section](phrase.upper())] == []


@pytest.mark.parametrize("section", PHRASES)
def test_what_only_looks_like_it_has_not(section):
    assert [phrase for phrase in phrases(section, "no") if MEANING[section](phrase)] == []
