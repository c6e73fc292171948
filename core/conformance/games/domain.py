"""What every domain must do."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from ... import registries
from ...errors import ConfigError, PluginError, with_article
from ...protocols import Domain, Parts
from ...records import OtherWay, Question
from ...registry import Registry, members_of
from ..findings import Findings
from ..verifier import HOSTILE

_CLAIM = "a claim that nobody checked"
_MOST_PARTS = 1000


def check_domain(domain: Domain, *, proposal: str | None = None, skip: Collection[str] = ()) -> list[str]:
    """Check a domain: parts that exist, words that carry the question, a reader that never raises, honest answers.

    Args:
        domain: what `make_domain` would give.
        proposal: a challenger's text that must be read as a question, if given.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(domain, Domain):
        lacks = [part for part in members_of(Domain) if not hasattr(domain, part)]
        raise PluginError(f"{type(domain).__name__} is not a domain; it lacks {', '.join(lacks)}")
    found = Findings(f"domain {domain.name!r}", skip)
    found.check("name", lambda: _name_problems(domain))
    found.check("parts", lambda: _part_problems(domain))
    found.check("templates", lambda: _template_problems(domain))
    found.check("reading", lambda: _reading_problems(domain))
    found.check("identity", lambda: _identity_problems(domain))
    found.check("known answer", lambda: _answer_problems(domain))
    found.check("kinds", lambda: _kind_problems(domain))
    found.check("other ways", lambda: _way_problems(domain))
    found.check("parts of questions", lambda: _cut_problems(domain))
    found.check("settings", lambda: _settings_problems(domain))
    found.check("roles", lambda: _role_problems(domain))
    if proposal is not None:
        found.check("proposal", lambda: _proposal_problems(domain, proposal))
    return found.report()


def _name_problems(domain: Domain) -> Iterable[str]:
    if not isinstance(domain.name, str) or not any(letter.isalnum() for letter in domain.name):
        yield f"the name {domain.name!r} gives no id"


def _part_problems(domain: Domain) -> Iterable[str]:
    """Names that nobody has registered; addresses (`module:attribute`) are taken on trust."""
    verifiers, labels = registries.verifiers, domain.labels
    parts: list[tuple[str, str, Registry[Any]]] = [
        ("generator", domain.generator, registries.generators),
        ("verifier", domain.verifier, verifiers),
        ("solver", domain.solver, registries.agents),
        ("grader", domain.grader, verifiers),
        ("matcher", domain.matcher, verifiers),
        *((f"label source {name!r}", verifier, verifiers) for name, verifier in labels.items()),
        *((f"role {name!r}", words.verifier, verifiers) for name, words in domain.roles.items()),
    ]
    for what, name, registry in parts:
        if not isinstance(name, str) or not (":" in name or registry.knows(name)):
            yield f"the {what} is {name!r}, which is not among {', '.join(registry.names())}"
    if "vote" not in labels:
        yield "there is no label source 'vote'"


def _template_problems(domain: Domain) -> Iterable[str]:
    if "plain" not in domain.templates:
        yield "there is no template 'plain'"
    question = Question("Is {this} kept?\nAnd this?", domain=domain.name)
    for name in domain.templates:
        words = domain.template(name)
        if not isinstance(words.challenger, str) or not words.challenger.strip():
            yield f"the template {name!r} has no instruction for challengers"
        if question.text not in words.ask(question):
            yield f"the template {name!r} does not carry the question's text to solvers"
    try:
        domain.template("no such template")
    except ConfigError:
        return
    yield "an unknown template is not a ConfigError"


def _reading_problems(domain: Domain) -> Iterable[str]:
    wrapped = [f"<question>{text}</question> \\boxed{{{text}}}" for text in HOSTILE]
    for text in ("", "What is it?", *HOSTILE, *wrapped):
        read = domain.read(text)
        if isinstance(read, Question):
            yield from _read_question_problems(domain, read)
        elif not isinstance(read, str) or not read:
            yield f"{text[:40]!r} is read as {read!r}, expected a question or a reason"


def _read_question_problems(domain: Domain, question: Question) -> Iterable[str]:
    if question.domain != domain.name:
        yield f"a question read bears the domain {question.domain!r}, expected {domain.name!r}"
    if question.author != "challenger":
        yield f"a question read has the author {question.author!r}, expected 'challenger'"


def _identity_problems(domain: Domain) -> Iterable[str]:
    for text in ("What is 1+2?", "Write f, the double of x.", "é" * 500, ""):
        question = Question(text, "3", domain.name, 0.5, "somebody")
        identity = domain.identity(question)
        if not isinstance(identity, str):
            yield f"the identity of {text[:40]!r} is {with_article(type(identity).__name__)}, expected text"
        if domain.identity(replace(question, reference=None, level=None, author="challenger")) != identity:
            yield f"the identity of {text[:40]!r} depends on who asks or what is claimed"
    one, other = (Question(text, domain=domain.name) for text in ("What is the first?", "What is the second?"))
    if domain.identity(one) == domain.identity(other):
        yield "two different questions have one identity"


def _answer_problems(domain: Domain) -> Iterable[str]:
    question = Question("Which answer does the challenger claim?", _CLAIM, domain.name, None, "challenger")
    answer = domain.known_answer(question)
    if answer == _CLAIM:
        yield "what a challenger claims about its own question is taken for known"
    for author in ("challenger", "file"):
        answer = domain.known_answer(replace(question, reference=None, author=author))
        if answer is not None and not isinstance(answer, str):
            yield f"the known answer is {answer!r}, expected text or None"


def _kind_problems(domain: Domain) -> Iterable[str]:
    for text in ("", "What is 1+2?", *HOSTILE):
        kind = domain.kind(Question(text, None, domain.name))
        if not isinstance(kind, str) or not kind:
            yield f"the kind of {text[:40]!r} is {kind!r}, expected a name"


def _way_problems(domain: Domain) -> Iterable[str]:
    """Ways follow from question, label and stream; a claim must not show in them."""
    for text, label in itertools.product(("", "What is 1+2?", *HOSTILE), ("3", "", HOSTILE[0])):
        question = Question(text, None, domain.name)
        ways = list(domain.ways(question, label, random.Random(0)))
        if any(not isinstance(way, OtherWay) for way in ways):
            yield f"other ways to ask {text[:40]!r} are {ways!r:.80}, expected OtherWay"
        elif ways != list(domain.ways(replace(question, reference=_CLAIM), label, random.Random(0))):
            yield f"other ways to ask {text[:40]!r} depend on what is claimed, or on more than the stream given"


def _cut_problems(domain: Domain) -> Iterable[str]:
    """Cuts follow from question and stream; a claim must not show in them, and each ends whatever is answered."""
    if domain.parts is None:
        return
    for text, reach in itertools.product(("", "What is 1+2?", "What is 3+4-5+6-7?", *HOSTILE), (None, 2)):
        question = Question(text, None, domain.name)
        cuts = list(domain.parts(question, random.Random(0), reach))
        if any(not isinstance(cut, Parts) for cut in cuts):
            yield f"the parts of {text[:40]!r} are {cuts!r:.80}, expected Parts"
            continue
        again = list(domain.parts(replace(question, reference=_CLAIM), random.Random(0), reach))
        for answer in ("2", "-3/4", "", HOSTILE[0]):
            asked = [_asked(cut, answer) for cut in cuts]
            if asked != [_asked(cut, answer) for cut in again]:
                yield f"the parts of {text[:40]!r} depend on what is claimed, or on more than the stream given"
            if None in asked:
                yield f"the parts of {text[:40]!r} never end"


def _asked(cut: Parts, answer: str) -> list[str] | None:
    """What is asked where every part is answered alike; `None` where that does not end."""
    texts: list[str] = []
    while (text := cut.question([answer] * len(texts))) is not None:
        texts.append(text)
        if len(texts) > _MOST_PARTS:
            return None
    return texts


def _settings_problems(domain: Domain) -> Iterable[str]:
    try:
        json.dumps({**domain.settings, **domain.tiny_settings})
    except (TypeError, ValueError) as error:
        yield f"settings cannot be written to a file: {error}"


def _role_problems(domain: Domain) -> Iterable[str]:
    for name, words in domain.roles.items():
        if list(words.tasks([])) != []:
            yield f"the role {name!r} has tasks where no question was labelled"


def _proposal_problems(domain: Domain, proposal: str) -> Iterable[str]:
    read = domain.read(proposal)
    if isinstance(read, Question):
        yield from _read_question_problems(domain, read)
    else:
        yield f"the proposal is not read: {read}"
