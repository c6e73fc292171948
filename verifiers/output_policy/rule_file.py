"""A file of rules, read strictly: a mistake in it would be a rule that never matches, or matches everything.

version = 1
edition = "mine"                 # named in rulings; without it, the name of the file is
[groups.weapon]                  # words and phrases of one kind
nouns = ["rocket"]               # with their plurals
verbs = ["launch"]               # with their forms: launches, launched, launching
words = ["ready|set to fire"]    # as they stand; any of the words between bars will do, in verbs and nouns, too
[[rules]]
code = "S9"                      # a hazard of the MLCommons taxonomy, S1 to S14
name = "launching rockets"       # for people
steps = ["how", "weapon|other"]  # groups in this order; any of those between bars will do
window = 12                      # most words from the first to the last
unless = ["toy"]                 # groups that make it harmless
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

from ...core.errors import ConfigError, UnknownNameError
from .matching import Rule
from .words import STOP, words_of

HAZARDS = tuple(f"S{number}" for number in range(1, 15))
"""The codes of the MLCommons taxonomy as Llama Guard 3 has them."""
VERSION = 1
"""The version of the file format that is read."""
GROUP_KEYS = ("nouns", "verbs", "words")
RULE_KEYS = ("code", "name", "steps", "window", "unless")
MOST_ALTERNATIVES = 10_000
"""Phrases that one phrase with bars may stand for at most."""
_VOWELS = frozenset("aeiou")

Groups: TypeAlias = dict[str, list[str]]
"""Words and phrases by the name of their group."""


def read(file: Path) -> tuple[Groups, list[Rule], str]:
    """Groups, rules and edition of a file.

    Raises:
        ConfigError: it cannot be read, or is not as described above; one line with file, place, value and remedy.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"the rules {str(file)!r} cannot be read: {' '.join(str(error).split())}") from None
    try:
        groups, rules, edition = checked(table)
    except ConfigError as error:
        raise ConfigError(f"the rules {str(file)!r}: {error}") from None
    return groups, rules, edition or file.name


def checked(table: Mapping[str, Any]) -> tuple[Groups, list[Rule], str | None]:
    """Groups, rules and edition of a table; `None` if no edition stands there.

    Raises:
        ConfigError: it is not as described above.
    """
    _check_keys("", table, ("version", "edition", "groups", "rules"), optional=("edition",))
    version, edition, rows = table["version"], table.get("edition"), table["rules"]
    if type(version) is not int or version != VERSION:
        raise ConfigError(f"version = {version!r}, expected {VERSION}")
    if edition is not None and not isinstance(edition, str):
        raise ConfigError(f'edition = {edition!r}, expected a text such as "{VERSION}"')
    groups = {name: _group(name, group) for name, group in _table("groups", table["groups"]).items()}
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"rules = {rows!r:.80}, expected tables that begin with [[rules]]")
    return groups, [_rule(number, row, groups) for number, row in enumerate(rows, 1)], edition


def _group(name: str, group: Any) -> list[str]:
    where = f"group {name!r}: "
    _check_keys(where, _table(where.rstrip(": "), group), GROUP_KEYS, optional=GROUP_KEYS)
    phrases: list[str] = []
    for key in GROUP_KEYS:
        for phrase in _texts(where, key, group.get(key, [])):
            for one in _alternatives(f"{where}{key}: {phrase!r:.80}", phrase):
                _check_phrase(f"{where}{key}: {one!r:.80}", key, one)
                phrases += _written(key, one)
    if not phrases:
        raise ConfigError(f"{where}it has no words; give it some under {', '.join(GROUP_KEYS)}, or leave it out")
    return phrases


def _alternatives(what: str, phrase: str) -> list[str]:
    """The phrases that one with bars stands for."""
    choices = [word.split("|") for word in phrase.split()]
    if not all(words_of(word) for choice in choices if len(choice) > 1 for word in choice):
        raise ConfigError(f"{what} has nothing on one side of a bar; write a word there, or leave the bar out")
    if prod(map(len, choices)) > MOST_ALTERNATIVES:
        raise ConfigError(f"{what} stands for more than {MOST_ALTERNATIVES:,} phrases; use fewer bars")
    return [" ".join(words) for words in product(*choices)]


def _check_phrase(what: str, key: str, phrase: str) -> None:
    words = words_of(phrase)
    if not words or words == [STOP]:
        raise ConfigError(f"{what} has no letter or digit and would match nothing; leave it out")
    if STOP in words:
        raise ConfigError(f"{what} has a sign that ends a sentence, and would match nothing; leave the sign out")
    if key == "verbs" and not _is_verb(phrase.split()[0]):
        raise ConfigError(f"{what} must begin with a verb of two letters or more; other texts belong under words")


def _is_verb(first: str) -> bool:
    return len(first) >= 2 and first.isalnum()


def _written(key: str, phrase: str) -> Iterator[str]:
    if key == "verbs":
        yield from forms(phrase)
    else:
        yield phrase
        if key == "nouns":
            yield _with_s(phrase)


def _rule(number: int, row: Any, groups: Groups) -> Rule:
    where = f"rule {number}"
    name = _table(where, row).get("name")
    where += f" ({name!r:.60}): " if isinstance(name, str) else ": "
    _check_keys(where, row, RULE_KEYS, optional=("unless",))
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise ConfigError(f"{where}name = {name!r}, expected a line of text that says what is refused")
    code, window = row["code"], row["window"]
    if code not in HAZARDS:
        raise _unknown(where, "hazard", code, HAZARDS)
    if type(window) is not int or window < 1:
        raise ConfigError(f"{where}window = {window!r}, expected a number of words of at least 1, such as 12")
    steps = tuple(frozenset(step.split("|")) for step in _texts(where, "steps", row["steps"]))
    exempt = frozenset(_texts(where, "unless", row.get("unless", [])))
    if not steps:
        raise ConfigError(f"{where}steps = [], expected at least one group")
    for group in sorted(exempt.union(*steps)):
        if group not in groups:
            raise _unknown(where, "group of words", group, groups)
    return Rule(code, name, steps, window, exempt)


def _table(what: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{what} is {value!r:.80}, expected a table")
    return value


def _texts(where: str, key: str, value: Any) -> list[str]:
    """A list of texts; a text alone would be a list of its letters."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        example = [value] if isinstance(value, str) else ["a text"]
        raise ConfigError(f"{where}{key} = {value!r:.80}, expected a list of texts such as {example!r:.80}")
    return value


def _check_keys(where: str, table: Mapping[str, Any], known: Collection[str], optional: Collection[str]) -> None:
    for key in table:
        if key not in known:
            raise _unknown(where, "key", key, known)
    for key in known:
        if key not in table and key not in optional:
            raise ConfigError(f"{where}{key!r} is missing; it has {', '.join(known)}")


def _unknown(where: str, kind: str, name: Any, known: Collection[str]) -> ConfigError:
    return ConfigError(f"{where}{UnknownNameError(kind, name, known)}")


def forms(verb: str) -> list[str]:
    """The regular forms of a verb; of "blow up" those of its first word. Irregular ones stand in the file as words.

    Too many are harmless: nobody writes "maked".
    """
    first, space, rest = verb.partition(" ")
    short = first.endswith("e") and not first.endswith("ee")
    stem = first[:-1] if short else first
    past = first[:-1] + "ied" if first.endswith("y") and first[-2] not in _VOWELS else stem + "ed"
    found = [first, _with_s(first), past, stem + "ing"]
    if len(first) > 2 and first[-1] not in _VOWELS | frozenset("wxy") and first[-2] in _VOWELS:
        found += [first + first[-1] + "ed", first + first[-1] + "ing"]
    return [form + space + rest for form in found]


def _with_s(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")
