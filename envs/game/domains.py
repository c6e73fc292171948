"""What a game is about: everything that the rules and a run need to know of mathematics, or of code, in one object.

A new domain is one `GameDomain` and one registration, `selfplay_gym.register_domain("name", "module:attribute")`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core import registries
from ...core.errors import ConfigError, PluginError, UnknownNameError
from ...core.held_out import is_held_out
from ...core.options import parse_named
from ...core.protocols import Domain, Parts, Rng
from ...core.records import Labelled, OtherWay, Question
from .templates import Template


def _text(question: Question) -> str:
    return question.text


@dataclass(frozen=True, slots=True)
class RoleWords:
    """What a further trainable role (a validator, a tester) is asked about the labelled questions of a round.

    Attributes:
        tasks: the labelled questions as tasks of this role; every task has a reference.
        verifier: name of the verifier that judges its answers.
        ask: a task as the prompt that the role reads; by default its text.
        claim: a question and an attempt as a task, for a role that says \\boxed{yes} where the attempt holds: such a
            role can confirm labels. `None` for any other role.
        example: a completion of a task that shows the form, and is no better than chance: what `warm_up` shows the
            role, of tasks made of questions without attempts. `None` where tasks need attempts.
        valid: whether all questions with a valid label make tasks in a round, not only those that train the solver.
    """

    tasks: Callable[[Sequence[Labelled]], list[Question]]
    verifier: str
    ask: Callable[[Question], str] = _text
    claim: Callable[[Question, str], Question] | None = None
    example: Callable[[Question], str] | None = None
    valid: bool = False


@dataclass(frozen=True)
class GameDomain:
    """One kind of question; satisfies `core.protocols.Domain`.

    Attributes:
        name: what `Question.domain` says; the gym id is made of it, see `env_id`.
        templates: how players are addressed, by template name; "plain" must be there.
        read: a challenger's text as a question, or the reason why it is malformed; never raises.
        generator: name of the generator that asks when nobody else does.
        verifier: name of the verifier that judges when none is named.
        solver: name of the scripted agent that answers when none is named.
        labels: names of label sources, each with the verifier behind it; "vote" and "checked" (the vote
            that is checked) are added where they are missing.
        grader: verifier of exams; by default `verifier`.
        settings: what a training run of this domain sets besides its id, as a tree like `RunConfig`.
        tiny_settings: what it sets besides where the roles start as the embedded `tiny`, which has not seen the forms
            of the domain: a schedule that begins with `warm_up`, say. Who gives stages of their own has none of it.
        identify: a text that two questions share exactly if they ask the same; by default the case-folded text.
        answer: the answer that is computed or was given with a data set; by default the reference, unless a
            challenger claims it.
        ask_tester: the solvers' prompt and their answers as the prompt of a tester; `None` where there is no tester.
        roles: words of further trainable roles, by role.
        matcher: verifier that holds attempts against a label that nobody but the attempts vouches for.
        recomputes: whether `answer` is computed from the question itself, and so stands whatever its author claims.
        kinds: a question as one of a few kinds that reports tell apart; by default all are "other".
        other_ways: a question, its label and a random stream → other ways to ask it, the nearest first.
        parts: a question, a random stream and the most operations of a part → different ways to cut the question into
            smaller ones; `None` where questions have no parts. See `core.protocols.Domain.parts`.
        proposal: a question as a challenger writes it, so that `read` reads it back; by default its text between the
            tags, and its reference in a box behind them.
    """

    name: str
    templates: Mapping[str, Template]
    read: Callable[[str], Question | str]
    generator: str
    verifier: str
    solver: str
    labels: Mapping[str, str] = field(default_factory=dict)
    grader: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    tiny_settings: Mapping[str, Any] = field(default_factory=dict)
    identify: Callable[[Question], str] | None = None
    answer: Callable[[Question], str | None] | None = None
    ask_tester: Callable[[str, Sequence[str]], str] | None = None
    roles: Mapping[str, RoleWords] = field(default_factory=dict)
    matcher: str = "sympy"
    recomputes: bool = False
    kinds: Callable[[Question], str] | None = None
    other_ways: Callable[[Question, str, Rng], Sequence[OtherWay]] | None = None
    parts: Callable[[Question, Rng, int | None], Sequence[Parts]] | None = None
    proposal: Callable[[Question], str] | None = None

    def __post_init__(self) -> None:
        if "plain" not in self.templates:
            raise ConfigError(f"the domain {self.name!r} needs a template 'plain', got {sorted(self.templates)}")
        vote = self.labels.get("vote", "majority")
        object.__setattr__(self, "labels", {"vote": vote, "checked": vote, **self.labels})
        object.__setattr__(self, "grader", self.grader or self.verifier)

    @property
    def env_id(self) -> str:
        """The Gymnasium id: "math" is played as `SelfPlayMath-v0`."""
        return registries.env_id(self.name)

    def template(self, name: str) -> Template:
        """The template of that name; an unknown one is an `UnknownNameError`."""
        if not isinstance(name, str) or name not in self.templates:
            raise UnknownNameError(f"{self.name} template", name, self.templates)
        return self.templates[name]

    def identity(self, question: Question) -> str:
        """Equal for two questions that ask the same; see `identify`."""
        return folded(question) if self.identify is None else self.identify(question)

    def known_answer(self, question: Question) -> str | None:
        """The answer to a question as it was drawn, `None` where nobody knows it; see `answer`."""
        return given_answer(question) if self.answer is None else self.answer(question)

    def kind(self, question: Question) -> str:
        """See `kinds`."""
        return "other" if self.kinds is None else self.kinds(question)

    def write(self, question: Question) -> str:
        """A question as a challenger writes it; see `proposal`."""
        return boxed_proposal(question) if self.proposal is None else self.proposal(question)

    def ways(self, question: Question, label: str, rng: Rng, template: str = "plain") -> list[OtherWay]:
        """Those of `other_ways`; where it has none, those that the template has words for."""
        found = [] if self.other_ways is None else list(self.other_ways(question, label, rng))
        words = self.template(template)
        return found or (words.other_ways(question, label) if isinstance(words, Template) else [])


def boxed_proposal(question: Question) -> str:
    """The text of a question between the tags, and its reference in a box behind them."""
    return f"<question>{question.text}</question> \\boxed{{{question.reference}}}"


def folded(question: Question) -> str:
    """The text of a question without differences of case and blanks."""
    return " ".join(question.text.casefold().split())


def given_answer(question: Question) -> str | None:
    """The reference, unless it is a challenger's: a claim is not knowledge."""
    return None if question.author == "challenger" else question.reference


OWN_GAME = (
    "A game of your own is known once its module was imported, and to the command line once its package is installed "
    f"with an entry point in the group {registries.domains.group!r} (games of turns: {registries.turn_games.group!r})."
)
"""How the id of somebody's own game becomes known, for messages."""


def find_domain(domain: str | Mapping[str, Any] | Domain) -> Domain:
    """A domain by name, or the object itself.

    Raises:
        ConfigError: nothing of that name is played.
        PluginError: the domain calls itself otherwise than it is registered.
    """
    if not isinstance(domain, str | Mapping):
        if isinstance(domain, Domain):
            return domain
        raise ConfigError(f"domain must be a name or a Domain, got {type(domain).__name__}")
    found = registries.make_domain(domain)
    name = parse_named(domain).name if isinstance(domain, str) else domain["name"]
    if found.name != name and registries.domains.knows(name):
        raise PluginError(
            f"the domain registered as {name!r} has the name {found.name!r}; register it under its own name, which "
            "its questions bear"
        )
    return found


def domain_of(env_id: str) -> Domain:
    """The domain behind a Gymnasium id, "SelfPlayMath-v0".

    Raises:
        UnknownNameError: no domain is played under this id.
        ConfigError: a game of turns is.
    """
    known = {registries.env_id(name): name for name in registries.domains.names()}
    if env_id not in known:
        turns = [registries.env_id(name) for name in registries.turn_games.names() if not name.endswith(":")]
        if env_id in turns:
            raise ConfigError(
                f"{env_id!r} is a game of turns, which gym.make, train and leagues play; here questions are asked: "
                f"{', '.join(sorted(known))}"
            )
        raise UnknownNameError("environment", env_id, [*known, *turns], OWN_GAME)
    return find_domain(known[env_id])


def held_out(question: Question, domain: str | Domain | None = None) -> bool:
    """Whether a question belongs to the exam, by the identity that its domain gives it; see `identity_of`."""
    return is_held_out(identity_of(question, domain))


def kind_of(question: Question) -> str:
    """The kind that the question's own domain gives it, "other" where that is not registered."""
    known = registries.domains.knows(question.domain)
    return find_domain(question.domain).kind(question) if known else "other"


def known_domains(questions: Sequence[Question]) -> dict[str, Domain]:
    """The registered domains that questions name, by name: looked up once for all of them."""
    return {name: find_domain(name) for name in {one.domain for one in questions} if registries.domains.knows(name)}


def kinds_of(questions: Sequence[Question]) -> list[str]:
    """See `kind_of`."""
    known = known_domains(questions)
    return [known[one.domain].kind(one) if one.domain in known else "other" for one in questions]


def identity_of(question: Question, domain: str | Domain | None = None) -> str:
    """Equal for two questions that ask the same.

    Args:
        domain: what is played; `None` is the domain that the question names. One that is not registered identifies
            by the case-folded text.
    """
    if domain is None:
        if not registries.domains.knows(question.domain):
            return folded(question)
        domain = question.domain
    return find_domain(domain).identity(question)
