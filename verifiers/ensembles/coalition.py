"""`coalition`: a label is what several models agree on, each with its voice, or weighted by how reliable it is.

A model's own attempts share its errors, so that it often agrees with itself on a wrong answer; other models err
elsewhere. Each member answers the question; answers fall into the classes of a vote (`majority`), and then

    equal         each member has one voice, shared among its answers; the class with the largest share is the label
    reliability   the most probable class under Dawid–Skene for open answers, which measures how reliable each member is
                  on the questions of the batch, without a label (`core.coalitions.dawid_skene`); equal where wrong
                  answers are so often the same that agreement says nothing

Nothing is kept between batches, so a resumed run labels as an undisturbed one does; the reliability of a batch depends
on which questions are in it. No known answer is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ...core.coalitions.dawid_skene import Reliability, measure_reliability, probabilities
from ...core.coalitions.members import SOLVER, Votes, ask_members, equal_shares, member_names, votes_of, written_name
from ...core.errors import ConfigError, UnknownNameError
from ...core.protocols import Agent, BaseVerifier, Domain
from ...core.records import Judgement, Question, Verdict
from ...core.registries import domains, make_agent, make_domain
from .majority import MajorityVerifier

EQUAL, RELIABILITY = "equal", "reliability"
WEIGHTS = (EQUAL, RELIABILITY)


class Ballot(NamedTuple):
    """All answers to one question.

    Attributes:
        classes: of each answer, the attempts first, then those of each member that was asked; `None` for a non-answer.
        owners: the member that gave it, by place; `None` for attempts where the solver is no member.
        answers: a spelling of each class.
        votes: of the members.
    """

    classes: tuple[int | None, ...]
    owners: tuple[int | None, ...]
    answers: tuple[str, ...]
    votes: Votes


class CoalitionVerifier(BaseVerifier):
    """Labels by the answers of several members; the verdicts hold the attempts against that label.

    `evidence["coalition"]` has `weights` (those that were used), `chance` (how often two wrong answers are the same)
    and `members`: for each, by name, `reliability` (the probability that the answer it gives most often is right,
    measured on the batch; `None` if it never answered there), `attempts` (at this question), `answered` (share of these
    that are answers) and `agrees` (share that equal the label). Besides, `class_answers` and `shares` (of the votes, or
    probabilities), the label first, and `tie`. A tie gives a label that is not valid.

    Args:
        members: who has a voice: agents by name, by dict, or as objects; "solver" is whoever made the attempts that are
            judged, without being asked again.
        weights: "reliability" or "equal".
        attempts: answers that each member gives to a question.
        least: share of the votes, or probability, that the label needs for the judgement to be valid, in [0, 1].
        domain: what words the prompts, by name or as an object; `None` is the one that each question names.
        template: of these words.
        seed: root of what the members draw.
        options: of the vote that makes the classes, see `majority`: `extract`, `timeout_s` and `policy`.

    Raises:
        ConfigError: an option out of range, no members, or no such member, domain or template.
    """

    measures_batch = True

    def __init__(
        self,
        members: Sequence[str | Mapping[str, Any] | Agent],
        *,
        weights: str = RELIABILITY,
        attempts: int = 4,
        least: float = 0.0,
        domain: str | Domain | None = None,
        template: str = "plain",
        seed: int = 0,
        **options: Any,
    ) -> None:
        if weights not in WEIGHTS:
            raise UnknownNameError("weights of a coalition", str(weights), WEIGHTS)
        if attempts < 1:
            raise ConfigError(f"attempts must be at least 1, got {attempts!r}")
        if not 0.0 <= least <= 1.0:
            raise ConfigError(f"least must be in [0, 1], got {least!r}")
        for name in ("min_share", "ties"):
            if name in options:
                raise ConfigError(
                    f"a coalition has no {name}, got {options[name]!r}: a label is valid where it has at least "
                    "the share `least` of the votes, and no tie"
                )
        self.names = member_names(members)
        places = [place for place, member in enumerate(members) if written_name(member) == SOLVER]
        if len(places) > 1:
            raise ConfigError(f"the {SOLVER} is one member, got members={members!r}")
        self.solver = places[0] if places else None
        pairs = zip(self.names, members, strict=True)
        self.agents = {name: make_agent(member) for place, (name, member) in enumerate(pairs) if place != self.solver}
        self.weights, self.attempts, self.least, self.seed = weights, attempts, least, seed
        self.vote = MajorityVerifier(**options)
        self.domain = None if domain is None else make_domain(domain)
        self.template = template
        if self.domain is not None:
            self.domain.template(template)

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return self.judge_many([question], [attempts])[0]

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        """Ask every member about all questions at once; then vote."""
        prompts = [self._prompt(question) for question in questions]
        asked = ask_members(self.agents, prompts, n=self.attempts, seed=self.seed)
        ballots = [
            self._ballot(question, attempts, {name: answers[i] for name, answers in asked.items()})
            for i, (question, attempts) in enumerate(zip(questions, groups, strict=True))
        ]
        counts = [ballot.votes.counts for ballot in ballots]
        found = measure_reliability(counts, len(self.names))
        weighted = self.weights == RELIABILITY and found.tells
        scores = probabilities(counts, found) if weighted else list(map(self._shares, ballots))
        answered = {owner for ballot in ballots for row in ballot.votes.counts for owner, n in enumerate(row) if n}
        return [
            self._judgement(ballot, score, len(attempts), found, answered, RELIABILITY if weighted else EQUAL)
            for ballot, score, attempts in zip(ballots, scores, groups, strict=True)
        ]

    def _prompt(self, question: Question) -> str:
        domain = self.domain
        if domain is None and domains.knows(question.domain):
            domain = make_domain(question.domain)
        return question.text if domain is None else domain.template(self.template).ask(question)

    def _ballot(self, question: Question, attempts: Sequence[str], asked: Mapping[str, Sequence[str]]) -> Ballot:
        texts, owners = [*attempts], [self.solver] * len(attempts)
        for place, name in enumerate(self.names):
            texts += asked.get(name, ())
            owners += [place] * len(asked.get(name, ()))
        evidence = self.vote.judge(replace(question, meta={}), texts).evidence
        classes = tuple(evidence["classes"])
        votes = votes_of(classes, owners, len(self.names))
        return Ballot(classes, tuple(owners), tuple(evidence["class_answers"]), votes)

    def _shares(self, ballot: Ballot) -> list[float]:
        return equal_shares(ballot.votes, [ballot.owners.count(place) for place in range(len(self.names))])

    def _judgement(
        self,
        ballot: Ballot,
        scores: Sequence[float],
        attempts: int,
        found: Reliability,
        answered: set[int],
        weights: str,
    ) -> Judgement:
        spelled = {c: ballot.answers[c] for c in ballot.votes.classes}
        score = dict(zip(ballot.votes.classes, scores, strict=True))
        ranked = sorted(spelled, key=lambda c: (-round(score[c], 12), len(spelled[c]), spelled[c]))
        winner = ranked[0] if ranked else None
        tie = len(ranked) > 1 and math.isclose(score[ranked[0]], score[ranked[1]], rel_tol=1e-9)
        evidence = {
            "coalition": {
                "weights": weights,
                "chance": found.chance,
                "members": {
                    name: _record(ballot, place, winner, found.members[place] if place in answered else None)
                    for place, name in enumerate(self.names)
                },
            },
            "class_answers": [spelled[c] for c in ranked],
            "shares": [score[c] for c in ranked],
            "tie": tie,
        }
        verdicts = [_verdict(c, winner, ballot.answers) for c in ballot.classes[:attempts]]
        label = None if winner is None else spelled[winner]
        valid = winner is not None and not tie and score[winner] >= self.least
        return Judgement.of(verdicts, label=label, label_source="coalition", valid=valid, evidence=evidence)


def _record(ballot: Ballot, place: int, winner: int | None, reliability: float | None) -> dict[str, Any]:
    """What one member did at a question."""
    own = [c for c, owner in zip(ballot.classes, ballot.owners, strict=True) if owner == place]
    answered, agreeing = len(own) - own.count(None), 0 if winner is None else own.count(winner)
    return {
        "reliability": reliability,
        "attempts": len(own),
        "answered": answered / len(own) if own else 0.0,
        "agrees": agreeing / len(own) if own else 0.0,
    }


def _verdict(c: int | None, winner: int | None, answers: Sequence[str]) -> Verdict:
    if c is None:
        return Verdict.wrong(None, "no answer")
    if winner is None:
        return Verdict.wrong(answers[c], "nobody voted")
    return Verdict.correct(answers[c], "is the label") if c == winner else Verdict.wrong(answers[c], "outvoted")
