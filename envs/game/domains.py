"""What a game is about: everything the rules need to know of mathematics, or of code, in one object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...core.errors import ConfigError, UnknownNameError
from ...core.records import Question
from . import code_domain
from . import math_domain as templates
from .math_domain import Template


@dataclass(frozen=True, slots=True)
class Domain:
    """One subject.

    Attributes:
        name: how it is asked for, `aec_env("math")`.
        templates: the words of each seat, by template name.
        read: a challenger's text → a question, or the reason why it is malformed.
        generator: the procedural challenger that sits in when nobody else does.
        verifier: the judge when none is named.
        solver: the scripted solver that sits in when nobody else does.
        ask_tester: the solvers' prompt and their answers → the tester's prompt; `None` where there is no tester.
    """

    name: str
    templates: Mapping[str, Template]
    read: Callable[[str], Question | str]
    generator: str
    verifier: str
    solver: str
    ask_tester: Callable[[str, Sequence[str]], str] | None = None

    def template(self, name: str) -> Template:
        """The template of that name; an unknown one is a `ConfigError`."""
        if name not in self.templates:
            raise UnknownNameError(f"{self.name} template", name, self.templates)
        return self.templates[name]


DOMAINS: dict[str, Domain] = {
    "math": Domain("math", templates.MATH_TEMPLATES, templates.read_math, "arithmetic", "sympy", "noisy"),
    "code": Domain("code", code_domain.CODE, code_domain.read_code, "code", "code", "coder", code_domain.ask_tester),
}


def find_domain(domain: str | Domain) -> Domain:
    """A domain by name, or the object itself.

    Raises:
        ConfigError: nothing of that name is played.
    """
    if isinstance(domain, Domain):
        return domain
    if not isinstance(domain, str):
        raise ConfigError(f"domain must be a name or a Domain, got {type(domain).__name__}")
    if domain not in DOMAINS:
        raise UnknownNameError("domain", domain, DOMAINS)
    return DOMAINS[domain]
