"""The policy `rules`: refuses by a file of rules, `rules.toml` beside this module or one of your own (`rule_file`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ...core.options.paths import path_of
from ...core.records import ALLOWED, Ruling
from .matching import Matcher
from .rule_file import read

BUILT_IN = Path(__file__).with_name("rules.toml")


class RulePolicy:
    """Refuses texts in which words of a rule stand together; the same for all roles.

    Args:
        file: a file of rules; `None` is the built-in one.

    Raises:
        ConfigError: the file cannot be read, or is not as `rule_file` describes.
    """

    def __init__(self, file: str | Path | None = None) -> None:
        self._matcher, self.rules_version = _read(
            BUILT_IN if file is None else path_of("rules: file", file, "rules.toml")
        )

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
    groups, rules, edition = read(file)
    return Matcher(groups, rules), edition
