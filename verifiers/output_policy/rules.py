"""The policy `rules`: refuses by a file of rules, `rules.toml` beside this module or one of your own.

version = 1
[groups.weapon]                  # words and phrases of one kind
nouns = ["rocket"]               # with their plurals
verbs = ["launch"]               # with their forms: launches, launched, launching
words = ["ready to fire"]        # as they stand
[[rules]]
code = "S9"                      # a hazard of the MLCommons taxonomy, S1 to S14
name = "launching rockets"       # for people
steps = ["how", "weapon|other"]  # groups in this order; any of those between bars will do
window = 12                      # most words from the first to the last
unless = ["toy"]                 # groups that make it harmless
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from ...core.records import ALLOWED, Ruling
from .matching import Matcher, Rule

HAZARDS = tuple(f"S{number}" for number in range(1, 15))
"""The codes of the MLCommons taxonomy as Llama Guard 3 has them."""
VERSION = 1
"""The version of the file format that is read."""
BUILT_IN = Path(__file__).with_name("rules.toml")
_VOWELS = frozenset("aeiou")


class RulePolicy:
    """Refuses texts in which words of a rule stand together; the same for all roles.

    Args:
        file: a file of rules; `None` is the built-in one.

    Raises:
        ConfigError: the file cannot be read, or is not as described above.
    """

    def __init__(self, file: str | Path | None = None) -> None:
        self._matcher, self.rules_version = _read(BUILT_IN if file is None else Path(file))

    def check(self, text: str, role: str) -> Ruling:
        """See `core.protocols.OutputPolicy`. Takes time linear in the length of the text."""
        rule = self._matcher.first(text)
        return ALLOWED if rule is None else Ruling(True, rule.code, f"{rule.name}, rules {self.rules_version}")


class NoPolicy:
    """Allows everything."""

    def check(self, text: str, role: str) -> Ruling:
        """Always allowed."""
        return ALLOWED


@cache
def _read(file: Path) -> tuple[Matcher, str]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the rules {str(file)!r} cannot be read: {error}") from None
    try:
        if table["version"] != VERSION:
            raise ConfigError(f"the rules {str(file)!r} have version {table['version']!r}, expected {VERSION}")
        groups = {name: [*_phrases(group)] for name, group in table["groups"].items()}
        rules = [_rule(row, groups) for row in table["rules"]]
        return Matcher(groups, rules), str(table.get("edition", file.name))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            f"the rules {str(file)!r} are not as verifiers/output_policy/rules.py says: {error!r}"
        ) from None


def _rule(row: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> Rule:
    code, steps = row["code"], tuple(frozenset(step.split("|")) for step in row["steps"])
    exempt = frozenset(row.get("unless", ()))
    if code not in HAZARDS:
        raise UnknownNameError("hazard", str(code), HAZARDS)
    for name in sorted(exempt.union(*steps)):
        if name not in groups:
            raise UnknownNameError("group of words", name, groups)
    window = row["window"]
    if not steps or not isinstance(window, int) or window < 1:
        raise ConfigError(
            f"the rule {row['name']!r} needs steps and a window >= 1, got {row['steps']!r} and {window!r}"
        )
    return Rule(code, row["name"], steps, window, exempt)


def _phrases(group: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield from group.get("words", ())
    for verb in group.get("verbs", ()):
        yield from forms(verb)
    for noun in group.get("nouns", ()):
        yield from (noun, _with_s(noun))


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
