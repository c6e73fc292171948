"""`validated`: a vote counts only where a validator, shown the attempts behind it, says that they hold.

The learned form of `checked`: who has read many votes may notice an attempt that only looks like a right one. It fails
closed: what is not shown to the validator, and what it does not confirm, is not valid. The check only takes labels
away; it never makes one, and no verdict depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from typing import Any, Protocol

from ...core.errors import ConfigError
from ...core.extraction import last_boxed
from ...core.options.counts import check_whole
from ...core.protocols import Agent, BaseVerifier, Verifier
from ...core.records import Judgement, Outcome, Question
from ...core.registries import make_agent, make_domain, make_verifier
from .confirmation import MOST, NO_LABEL, OUTSIDE, exact_band, inside, with_check

VALIDATOR, YES = "validator", "yes"


class Belief(Protocol):
    """Somebody who says how far attempts can be believed.

    Attributes:
        way: its name in the evidence.
    """

    way: str

    def scores(self, questions: Sequence[Question], attempts: Sequence[str]) -> Sequence[float]:
        """For each question with an attempt, a number in [0, 1]: above ½ it holds."""
        ...


def domain_words(question: Question, attempt: str) -> str:
    """The prompt of a validator, in the words of the question's domain.

    Raises:
        ConfigError: the domain is not known, or has none.
    """
    words = make_domain(question.domain).roles.get(VALIDATOR)
    if words is None or words.claim is None:
        raise ConfigError(f"the domain {question.domain!r} has no words for a validator")
    return str(words.ask(words.claim(question, attempt)))


class AskedAgent:
    """An agent that is asked whether an attempt holds, one reply each: 1 for a yes in a box, else 0.

    Args:
        agent: whoever is asked.
        ask: a question and an attempt as the prompt.
        seed: of its replies, or what gives one at every call.
        way: its name in the evidence.
    """

    def __init__(
        self,
        agent: Agent,
        ask: Callable[[Question, str], str] = domain_words,
        seed: int | Callable[[], int] = 0,
        way: str = VALIDATOR,
    ) -> None:
        self.agent, self.ask, self.seed, self.way = agent, ask, seed, way

    def scores(self, questions: Sequence[Question], attempts: Sequence[str]) -> list[float]:
        """See `Belief`."""
        prompts = [self.ask(question, attempt) for question, attempt in zip(questions, attempts, strict=True)]
        seed = self.seed if isinstance(self.seed, int) else self.seed()
        replies = self.agent.act(prompts, n=1, seed=seed) if prompts else []
        return [float(last_boxed(reply) == YES) for (reply,) in replies]


class ValidatedVerifier(BaseVerifier):
    """Confirms votes.

    A question that is not confirmed has `valid=False`; its label stays, so that its being right can be measured.
    `evidence["check"]` says how it was checked: `way` (`None` where nobody was asked), `agrees` (`None` likewise),
    `asked` (attempts shown), `score` (mean over these, in [0, 1]) and, where nobody was asked, `why`.

    Args:
        agent: the validator, by name, dict, or as an object, asked in the words of the question's domain; or a
            `Belief`.
        vote: the verifier that labels.
        samples: how often the validator is asked about a label: the first so many attempts behind it are shown, in
            turns where there are fewer.
        least: the share of yes, or the mean score, that a label must exceed, in [0, 1).
        band: lowest and highest solve rate at which a label is shown; outside it none is confirmed.
    """

    def __init__(
        self,
        agent: str | Mapping[str, Any] | Agent | Belief,
        vote: str | Mapping[str, Any] | Verifier = "majority",
        *,
        samples: int = 4,
        least: float = 0.5,
        band: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        check_whole("samples", samples, most=MOST)
        if not 0.0 <= least < 1.0:
            raise ConfigError(f"least must be in [0, 1), got {least!r}")
        own = not isinstance(agent, str | Mapping) and hasattr(agent, "scores")
        self.belief: Belief = agent if own else AskedAgent(make_agent(agent))  # type: ignore[assignment, arg-type]
        self.vote, self.samples, self.least, self.band = make_verifier(vote), samples, least, exact_band(band)

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return self.judge_many([question], [attempts])[0]

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        """Vote on every group; then show the validator whatever is to be confirmed, in one batch."""
        voted = self.vote.judge_many(questions, groups)
        plans = [self._shown(judgement, attempts) for judgement, attempts in zip(voted, groups, strict=True)]
        shown = [
            (question, attempt)
            for question, plan in zip(questions, plans, strict=True)
            if not isinstance(plan, str)
            for attempt in plan
        ]
        scores = iter(self.belief.scores([question for question, _ in shown], [attempt for _, attempt in shown]))
        return [
            with_check(judgement, {"way": None, "agrees": None, "asked": 0, "score": None, "why": plan}, "validated")
            if isinstance(plan, str)
            else self._held(judgement, [next(scores) for _ in plan])
            for judgement, plan in zip(voted, plans, strict=True)
        ]

    def _shown(self, judgement: Judgement, attempts: Sequence[str]) -> list[str] | str:
        """The attempts that the validator sees, or why it sees none."""
        if judgement.label is None or not judgement.valid:
            return NO_LABEL
        if not inside(judgement, self.band):
            return OUTSIDE
        verdicts = zip(attempts, judgement.verdicts, strict=True)
        behind = [attempt for attempt, verdict in verdicts if verdict.outcome is Outcome.CORRECT]
        return list(islice(cycle(behind), self.samples)) or "no attempt is behind the label"

    def _held(self, judgement: Judgement, scores: Sequence[float]) -> Judgement:
        score = sum(scores) / len(scores)
        check = {"way": self.belief.way, "agrees": score > self.least, "asked": len(scores), "score": score}
        return with_check(judgement, check, "validated")
