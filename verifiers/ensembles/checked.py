"""`checked`: a vote counts only where an agent, asked another way, comes to the same.

Agreement of attempts at one wording is no evidence against an error that they all make. So a question inside the band
is asked again in a way that its domain offers (terms in another order, a root put back), and its label stands only if
the majority of those answers agrees with it. It fails closed: without another way, or without a majority, nothing is
confirmed. Ideas: backward questions (FOBAR, arXiv 2308.07758), self-verification (arXiv 2212.09561), labels of another
view (Co-rewarding, arXiv 2508.00410). Unlike them, no verdict or score is weighed: the check only takes labels away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from ...core.errors import ConfigError
from ...core.options.counts import check_whole
from ...core.protocols import Agent, BaseVerifier, Domain, Verifier
from ...core.records import Judgement, OtherWay, Question
from ...core.registries import domains, make_agent, make_domain, make_verifier
from ...core.seeding import integer_seed, python_stream
from ..answers.equal import compare, no_oracle
from ..answers.policy import VOTE
from .confirmation import MOST, NO_LABEL, OUTSIDE, exact_band, inside, with_check
from .majority import MajorityVerifier
from .margin import leads

Given: TypeAlias = str | Mapping[str, Any] | Verifier
OF_VOTE = ("prepare", "asks_for_program", "judge_tests")
"""What a verifier of programs can do besides judging; a checked one can do it, too."""


class CheckedVerifier(BaseVerifier):
    """Confirms votes.

    A question that is not confirmed has `valid=False`; its label stays, so that its being right can be measured.
    `evidence["check"]` says how it was checked: `way` (names joined by "+", `None` where none was tried), `agrees`
    (`None` where none was tried), `asked` (questions put to the agent), `answers` (the majority's, in order; `None`
    where there is none) and, where none was tried, `why`.

    Args:
        agent: whoever is asked another way, by name, dict, or as an object.
        vote: the verifier that labels.
        attempts: answers per question that is asked another way.
        band: lowest and highest solve rate at which a label is checked; outside it none is confirmed.
        margin: least difference between the shares of the first and the second answer.
        ways: at most so many of the ways that the domain offers are asked, the nearest first; all of them must agree.
        domain: what offers the ways and words the prompts, by name or as an object; `None` is the one that each
            question names.
        template: of these words.
        seed: root of what is drawn.
        options: of the vote.

    Raises:
        ConfigError: an option out of range, or no such vote, agent or template.
    """

    def __init__(
        self,
        agent: str | Mapping[str, Any] | Agent,
        vote: Given = "majority",
        *,
        attempts: int = 4,
        band: tuple[float, float] = (0.0, 1.0),
        margin: float = 0.0,
        ways: int = 1,
        domain: str | Domain | None = None,
        template: str = "plain",
        seed: int = 0,
        **options: Any,
    ) -> None:
        _check(attempts, margin, ways)
        self.agent, self.vote = make_agent(agent), make_verifier(vote, **options)
        self.attempts, self.ways, self.seed = attempts, ways, seed
        self.band, self.margin = exact_band(band), margin
        self.domain = None if domain is None else make_domain(domain)
        self.template = template
        if self.domain is not None:
            self.domain.template(template)
        self.majority = MajorityVerifier(ties="invalid")
        self.runs_programs = hasattr(self.vote, "asks_for_program")
        for name in OF_VOTE:
            if hasattr(self.vote, name):
                setattr(self, name, getattr(self.vote, name))

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return self.judge_many([question], [attempts])[0]

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        """Vote on every group; then ask whatever is to be checked, in one batch."""
        voted = self.vote.judge_many(questions, groups)
        plans = [self._ways(question, judgement) for question, judgement in zip(questions, voted, strict=True)]
        prompts = [
            self._prompt(question, text)
            for question, plan in zip(questions, plans, strict=True)
            if not isinstance(plan, str)
            for way in plan
            for text in way.texts
        ]
        winners = iter(self._winners(prompts))
        return [
            _unchecked(judgement, plan)
            if isinstance(plan, str)
            else _held(judgement, plan, [next(winners) for way in plan for _ in way.texts])
            for judgement, plan in zip(voted, plans, strict=True)
        ]

    def _ways(self, question: Question, judgement: Judgement) -> list[OtherWay] | str:
        """How a label is checked, or why it is not."""
        if judgement.label is None or not judgement.valid:
            return NO_LABEL
        if not inside(judgement, self.band):
            return OUTSIDE
        if not leads(judgement, self.margin):
            return "the margin is too small"
        domain = self._domain_of(question)
        if domain is None:
            return "no domain offers another way"
        rng = python_stream(self.seed, "other ways", question.text, judgement.label)
        offered = domain.ways(question, judgement.label, rng, self.template)
        usable = [way for way in offered if way.texts or self.runs_programs]
        return usable[: self.ways] or "it cannot be asked another way"

    def _domain_of(self, question: Question) -> Domain | None:
        if self.domain is not None:
            return self.domain
        return make_domain(question.domain) if domains.knows(question.domain) else None

    def _prompt(self, question: Question, text: str) -> str:
        domain = self._domain_of(question)
        asked = replace(question, text=text, reference=None, meta={})
        return text if domain is None else domain.template(self.template).ask(asked)

    def _winners(self, prompts: list[str]) -> list[str | None]:
        """What the majority answers to each prompt; `None` for a tie, and where nobody answers."""
        if not prompts:
            return []
        groups = self.agent.act(prompts, n=self.attempts, seed=integer_seed(self.seed, "checks"))
        judged = self.majority.judge_many([Question("")] * len(prompts), groups)
        return [judgement.label if judgement.valid else None for judgement in judged]


def _unchecked(judgement: Judgement, why: str) -> Judgement:
    check: dict[str, Any] = {"way": None, "agrees": None, "asked": 0, "answers": [], "why": why}
    return with_check(judgement, check, "checked")


def _held(judgement: Judgement, ways: Sequence[OtherWay], answers: Sequence[str | None]) -> Judgement:
    """The judgement of a vote, confirmed or not by what the majority answered to each question."""
    following = iter(answers)
    agree = [_agrees(way, [next(following) for _ in way.texts]) for way in ways]
    name = "+".join(way.name for way in ways)
    check = {"way": name, "agrees": all(agree), "asked": len(answers), "answers": list(answers)}
    return with_check(judgement, check, "checked")


def _agrees(way: OtherWay, answers: Sequence[str | None]) -> bool:
    """Whether all answers are what is expected, or the same; a way that asks nothing agrees by itself."""
    given = [answer for answer in answers if answer is not None]
    if len(given) < len(answers):
        return False
    wanted = given[0] if way.expected is None and given else way.expected
    return wanted is None or all(compare(wanted, answer, VOTE, no_oracle) for answer in given)


def _check(attempts: int, margin: float, ways: int) -> None:
    check_whole("attempts", attempts, most=MOST)
    check_whole("ways", ways, most=MOST)
    if not 0.0 <= margin <= 1.0:
        raise ConfigError(f"margin must be in [0, 1], got {margin!r}")
