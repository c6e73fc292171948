"""`decomposed`: a question is asked part by part, and its label is what two different cuts come to alike.

An agent that cannot answer a whole question may answer its parts: the first part, then the rest from that value. The
solutions of the parts, joined, are a worked solution of the whole, which it could not write at once, so there is
something new to learn where no attempt is right. It fails closed: the answer to a part needs a share of the agent's
answers, one of them with a working that uses what was asked, both cuts must come to one value, and each step of either
must hold when the agent is asked it backward: what a model gets wrong every time is wrong in both cuts alike. Ideas:
iterated amplification (arXiv 1810.08575), least-to-most prompting (arXiv 2205.10625), backward questions (arXiv
2308.07758). No known answer is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ...core.errors import ConfigError
from ...core.protocols import Agent, Domain, Parts
from ...core.records import Judgement, Outcome, Question
from ...core.registries import make_verifier
from ...core.seeding import PathElement, integer_seed, python_stream
from ..answers.equal import compare, no_oracle
from ..answers.policy import VOTE
from .checked import CheckedVerifier, Given
from .confirmation import with_check
from .majority import MajorityVerifier

JudgeMany: TypeAlias = Callable[[Sequence[Question], Sequence[Sequence[str]]], list[Judgement]]


@dataclass(slots=True)
class Track:
    """One cut of one question, as far as it was answered.

    Attributes:
        values: what was answered to each part.
        texts: the parts, as far as they were answered.
        solutions: a text for each part that gives this answer.
        asked: how many parts were put to the agent.
        stuck: whether a part got no answer with the share that is needed.
    """

    question: Question
    parts: Parts
    values: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    solutions: list[str] = field(default_factory=list)
    asked: int = 0
    stuck: bool = False

    def next(self) -> str | None:
        """The next part; `None` where there is none, or no way to it."""
        return None if self.stuck else self.parts.question(self.values)

    def answered(self, text: str, judgement: Judgement, answers: Sequence[str]) -> None:
        """Go on from what the agent answered to the next part, which reads `text`."""
        self.asked += 1
        right = (a for a, v in zip(answers, judgement.verdicts, strict=True) if v.outcome is Outcome.CORRECT)
        solution = next((answer for answer in right if self.parts.follows(self.values, answer)), None)
        if not judgement.valid or judgement.label is None or solution is None:
            self.stuck = True
            return
        self.values.append(judgement.label)
        self.texts.append(text)
        self.solutions.append(solution)

    def claims(self) -> list[tuple[str, str]]:
        """What the solutions rest on, as questions with the answers they must have."""
        return [claim for solution in self.solutions for claim in self.parts.claims(solution)]

    @property
    def value(self) -> str | None:
        """What the whole question comes to; `None` where that was not found."""
        return None if self.stuck else self.parts.value(self.values)


class DecomposedVerifier(CheckedVerifier):
    """Labels questions by their parts; those without two different cuts by a vote that is checked.

    The verdicts hold the attempts against that label, so the solve rate is the share that equals it, also where it is
    0. Where the cuts do not agree, the vote's label stays, with `valid=False`. `evidence["check"]` has `way` ("parts"),
    `agrees`, `asked` (parts put to the agent) and `answers` (the value of each cut, `None` where there is none);
    `evidence["solution"]` is the joined solution of the first cut, `evidence["parts"]` the parts of both cuts, each
    with a solution.

    Args:
        agent: whoever is asked the parts, by name, dict, or as an object.
        vote: the verifier that labels what has no parts.
        attempts: answers to each part.
        least: share of them that its answer needs, in (0, 1]; a tie is no answer.
        reach: most operations of a part, at least 2; "auto" cuts in two, wherever that is.
        band, margin, ways, domain, template, seed, options: of the checked vote, see `CheckedVerifier`. They decide
            what of it is checked; questions with parts are asked anyway, as their solve rate is not known before.

    Raises:
        ConfigError: an option out of range, or no such vote, agent or template.
    """

    def __init__(
        self,
        agent: str | Mapping[str, Any] | Agent,
        vote: Given = "majority",
        *,
        attempts: int = 4,
        least: float = 0.6,
        reach: int | str = "auto",
        band: tuple[float, float] = (0.0, 1.0),
        margin: float = 0.0,
        ways: int = 1,
        domain: str | Domain | None = None,
        template: str = "plain",
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(
            agent,
            vote,
            attempts=attempts,
            band=band,
            margin=margin,
            ways=ways,
            domain=domain,
            template=template,
            seed=seed,
            **options,
        )
        if not 0.0 < least <= 1.0:
            raise ConfigError(f"least must be in (0, 1], got {least!r}")
        if reach != "auto" and (isinstance(reach, bool) or not isinstance(reach, int) or reach < 2):
            raise ConfigError(f'reach must be "auto" or a whole number of at least 2, got {reach!r}')
        self.reach = reach if isinstance(reach, int) else None
        self.of_part = MajorityVerifier(ties="invalid", min_share=least)

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        """Ask what has parts, all of the batch in one call per step; vote on the others and check them."""
        cuts = [self._cuts(question) for question in questions]
        self._answer([track for tracks in cuts for track in tracks])
        labels = [_common(tracks) for tracks in cuts]
        for i in self._refuted(cuts, labels):
            labels[i] = None
        found: dict[int, Judgement] = {}
        found |= self._of(super().judge_many, questions, groups, [i for i, tracks in enumerate(cuts) if not tracks])
        lost = [i for i, tracks in enumerate(cuts) if tracks and labels[i] is None]
        found |= self._of(self.vote.judge_many, questions, groups, lost)
        for i, label in enumerate(labels):
            if label is not None:
                found[i] = self._held_against(questions[i], label, groups[i])
        return [_decomposed(found[i], tracks, labels[i]) if tracks else found[i] for i, tracks in enumerate(cuts)]

    def _cuts(self, question: Question) -> list[Track]:
        """The two cuts of a question; none where there are not two, so that nothing would check the first."""
        domain = self._domain_of(question)
        if domain is None or domain.parts is None:
            return []
        cuts = domain.parts(question, python_stream(self.seed, "parts", question.text), self.reach)
        return [Track(question, parts) for parts in cuts[:2]] if len(cuts) > 1 else []

    def _answer(self, tracks: Sequence[Track]) -> None:
        """Ask part by part until every track has its value or is stuck."""
        step = 0
        while waiting := [(track, text) for track in tracks if (text := track.next()) is not None]:
            prompts = [self._prompt(track.question, text) for track, text in waiting]
            judged, answers = self._put(prompts, "parts", step)
            for (track, text), judgement, given in zip(waiting, judged, answers, strict=True):
                track.answered(text, judgement, given)
            step += 1

    def _refuted(self, cuts: Sequence[Sequence[Track]], labels: Sequence[str | None]) -> list[int]:
        """The questions of which a step is not confirmed by what the agent says to it asked backward, by index. Each
        different question is asked once, all in one call."""
        rests_on = {
            i: [(self._prompt(track.question, text), answer) for track in cuts[i] for text, answer in track.claims()]
            for i, label in enumerate(labels)
            if label is not None
        }
        prompts = [*dict.fromkeys(prompt for claims in rests_on.values() for prompt, _ in claims)]
        if not prompts:
            return []
        judged, _ = self._put(prompts, "claims")
        found = {prompt: one.label if one.valid else None for prompt, one in zip(prompts, judged, strict=True)}
        return [
            i for i, claims in rests_on.items() if not all(_same(found[prompt], answer) for prompt, answer in claims)
        ]

    def _put(self, prompts: Sequence[str], *stream: PathElement) -> tuple[list[Judgement], list[list[str]]]:
        """What the agent's answers to each prompt come to, and the answers."""
        answers = self.agent.act(prompts, n=self.attempts, seed=integer_seed(self.seed, *stream))
        return self.of_part.judge_many([Question("")] * len(prompts), answers), answers

    def _of(
        self, judge: JudgeMany, questions: Sequence[Question], groups: Sequence[Sequence[str]], indices: Sequence[int]
    ) -> dict[int, Judgement]:
        """The judgements on some of the questions, by index."""
        if not indices:
            return {}
        return dict(zip(indices, judge([questions[i] for i in indices], [groups[i] for i in indices]), strict=True))

    def _held_against(self, question: Question, label: str, attempts: Sequence[str]) -> Judgement:
        """The attempts held against a label, by the matcher of the question's domain."""
        domain = self._domain_of(question)
        matcher = make_verifier("sympy" if domain is None else domain.matcher)
        judged = matcher.judge(replace(question, reference=label), attempts)
        return replace(judged, label=label, valid=bool(attempts))


def _same(found: str | None, claimed: str) -> bool:
    return found is not None and bool(compare(claimed, found, VOTE, no_oracle))


def _common(tracks: Sequence[Track]) -> str | None:
    """The value to which all tracks come; `None` where they do not."""
    values = [track.value for track in tracks]
    first = values[0] if values else None
    return first if first is not None and all(_same(value, first) for value in values) else None


def _decomposed(judgement: Judgement, tracks: Sequence[Track], label: str | None) -> Judgement:
    check = {
        "way": "parts",
        "agrees": label is not None,
        "asked": sum(track.asked for track in tracks),
        "answers": [track.value for track in tracks],
    }
    checked = with_check(judgement, check, "decomposed")
    if label is None:
        return checked
    found = {
        "solution": tracks[0].parts.join(tracks[0].solutions, label),
        "parts": [list(one) for track in tracks for one in zip(track.texts, track.solutions, strict=True)],
    }
    return replace(checked, evidence={**checked.evidence, **found})
