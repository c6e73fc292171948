"""The rules of the challenger/solver game: propose → read → ask → judge → score. Batch-first and pure.

No Gymnasium, no torch, no input or output, no clock and no randomness of its own: whoever needs a move from a player
makes it outside and hands the text in. Every view (single, group, PettingZoo), and every run, is a thin shell around
`Game`. The game is that of R-Zero (arXiv 2508.05004); how players are addressed is the domain's business, what counts
as right the verifier's, and what challengers earn the reward rule's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from ...core.errors import ConfigError, PluginError
from ...core.protocols import Domain, OutputPolicy, RewardRule, Verifier, rulings
from ...core.records import Judgement, Question, Request, Reward, Verdict
from .proposals import forbidden, unfit
from .screening import RULINGS, allowed, ruled_groups, screened, without_refused

UNREADABLE = "the solver cannot read it"
"""How the reason begins why a well-formed question was not asked."""

Answering: TypeAlias = Callable[[list[str]], Sequence[Sequence[str]]]
Unreadable: TypeAlias = Callable[[list[str]], Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a challenger wrote, read.

    Attributes:
        text: as written.
        question: `None` when malformed or refused.
        reason: why it is malformed or refused, "" when it is neither.
        refused: whether the policy of the challenger refused it.
    """

    text: str
    question: Question | None
    reason: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Episode:
    """One question from proposal to reward.

    Attributes:
        proposal: what the challenger wrote.
        attempts: what the solver answered, empty for a malformed proposal.
        judgement: the verifier's, `None` for a malformed proposal.
        reward: the challenger's.
    """

    proposal: Proposal
    attempts: tuple[str, ...]
    judgement: Judgement | None
    reward: Reward

    @property
    def solver_rewards(self) -> list[float]:
        """One per attempt, in [0, 1]."""
        return [] if self.judgement is None else [solver_reward(verdict) for verdict in self.judgement.verdicts]

    @property
    def verdict(self) -> Verdict:
        """On the proposal: correct if it could be asked; malformed and invalid ones are wrong, with the reason."""
        question, judgement = self.proposal.question, self.judgement
        if question is None or judgement is None:
            return Verdict.wrong(None, self.proposal.reason)
        if not judgement.valid:
            return Verdict.wrong(question.reference, "the verifier holds the question to be invalid")
        return Verdict.correct(question.reference, "can be asked")


@runtime_checkable
class Preparing(Protocol):
    """A verifier that completes proposals: where values are computed, not claimed (`verifiers.program`)."""

    def prepare(self, question: Question) -> Question | str:
        """The question as it can be asked, or the reason why it cannot."""
        ...


@runtime_checkable
class Requesting(Protocol):
    """A template with words for conditions."""

    def instruct(self, request: Request) -> str:
        """What a challenger reads on a request."""
        ...


@runtime_checkable
class TestJudge(Protocol):
    """A verifier that judges tests of programs."""

    def asks_for_program(self, question: Question) -> bool:
        """Whether the answers to a question are programs."""
        ...

    def judge_tests(
        self, question: Question, attempts: Sequence[str], judgement: Judgement, texts: Sequence[str]
    ) -> list[Verdict]:
        """One verdict per tester's text."""
        ...


def solver_reward(verdict: Verdict) -> float:
    """The score of an attempt; undecided earns nothing, and the verdict says that nothing was decided."""
    return 0.0 if verdict.score is None else verdict.score


def _completed(found: Question | str) -> Question | str:
    """What a verifier made of a proposal, judged again as if it had been written so."""
    if isinstance(found, str):
        return found
    reason = unfit(found.text)
    if reason is None and found.reference is not None:
        reason = forbidden(found.reference, "answer")
    return found if reason is None else reason


class Game:
    """The rules, for one domain, judge and reward.

    Args:
        domain: what is played.
        verifier: judges attempts.
        reward: rewards challengers.
        template: name of the domain's template.
        policies: what looks at the texts of a role ("challenger", "solver", "tester") before anything is scored; a
            role without one is not looked at.
        asking: is told what is asked and in which words, for whoever answers in several turns and is spoken to about
            the question meanwhile.

    Attributes:
        judging: the verifier as attempts are put to it: injected instructions that they quote are left out, refused
            ones are undecided, and it does not see them.
    """

    def __init__(
        self,
        domain: Domain,
        verifier: Verifier,
        reward: RewardRule,
        template: str = "plain",
        policies: Mapping[str, OutputPolicy] | None = None,
        asking: Callable[[Sequence[Question], Sequence[str]], None] | None = None,
    ) -> None:
        self.domain, self.verifier, self.reward, self.asking = domain, verifier, reward, asking
        self.template = domain.template(template)
        self.policies = policies or {}
        self.judging = self._judging(verifier)

    def rewarding(self, reward: RewardRule) -> Game:
        """The same game under another reward."""
        other = copy(self)
        other.reward = reward
        return other

    def judged_by(self, verifier: Verifier) -> Game:
        """The same game under another judge."""
        other = copy(self)
        other.verifier, other.judging = verifier, self._judging(verifier)
        return other

    def instruct(self, request: Request | None = None) -> str:
        """What a challenger reads, if nothing in particular is asked for, or else on a request.

        Raises:
            ConfigError: the template has no words for requests.
        """
        if request is None:
            return self.template.challenger
        if not isinstance(self.template, Requesting):
            raise ConfigError(
                f"a template of the domain {self.domain.name!r} has no words for conditions; add instruct(request), "
                "as envs.game.templates.Template has it, or set roles.challenger.condition='none'"
            )
        return self.template.instruct(request)

    def read(self, texts: Sequence[str], requests: Sequence[Request | None] = ()) -> list[Proposal]:
        """Read what challengers wrote; a verifier that can `prepare` completes it, or says why it makes no question.
        What the policy refuses is not read.

        Args:
            requests: what each text was written on, by which its question is marked; () for nothing in particular.

        Raises:
            PluginError: it did neither.
        """
        prepare = self.verifier.prepare if isinstance(self.verifier, Preparing) else None
        proposals, refusals = [], self.refusals(texts)
        for text, why, request in zip(texts, refusals, requests or [None] * len(texts), strict=True):
            if why is not None:
                proposals.append(Proposal(text, None, why, refused=True))
                continue
            found = self.domain.read(text)
            if prepare is not None and not isinstance(found, str):
                found = prepare(found)
                if not isinstance(found, Question | str):
                    raise PluginError(f"{self._judge_name} must prepare a Question or say why not, got {found!r:.80}")
                found = _completed(found)
            if request is not None and not isinstance(found, str):
                found = request.marked(found)
            proposals.append(Proposal(text, None, found) if isinstance(found, str) else Proposal(text, found))
        return proposals

    def refusals(self, texts: Sequence[str]) -> list[str | None]:
        """Why the challenger's policy refuses texts: what a challenger wrote, or questions of another source."""
        policy = self.policies.get("challenger")
        if policy is None:
            return [None] * len(texts)
        return [ruling.reason if ruling.refused else None for ruling in rulings(policy, texts, "challenger")]

    def ask(self, questions: Sequence[Question]) -> list[str]:
        """What solvers read."""
        ask = self.template.ask
        prompts = [ask(question) for question in questions]
        if self.asking is not None:
            self.asking(questions, prompts)
        return prompts

    def judge(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        """Judge `groups[i]`, all attempts at `questions[i]`, without injected instructions that they quote.

        Raises:
            PluginError: the verifier lost or invented a verdict.
        """
        judgements = self.judging.judge_many(questions, groups)
        if not isinstance(judgements, list | tuple) or any(not isinstance(one, Judgement) for one in judgements):
            raise PluginError(f"{self._judge_name} must give a Judgement per question, got {judgements!r:.80}")
        if len(judgements) != len(questions):
            raise PluginError(f"{self._judge_name} judged {len(judgements)} questions of {len(questions)}")
        for judgement, attempts in zip(judgements, groups, strict=True):
            if len(judgement.verdicts) != len(attempts):
                raise PluginError(
                    f"{self._judge_name} gave {len(judgement.verdicts)} verdicts for {len(attempts)} attempts"
                )
        return judgements

    def settle(self, proposals: Sequence[Proposal], groups: Sequence[Sequence[str]]) -> list[Episode]:
        """Judge and reward one batch. The batch matters: repetition is measured within it.

        Args:
            groups: the attempts at each proposal; ignored for a malformed or refused one.
        """
        asked = [i for i, proposal in enumerate(proposals) if proposal.question is not None]
        questions = [proposals[i].question for i in asked]
        judged = self.judge([q for q in questions if q is not None], [groups[i] for i in asked])
        judgements: list[Judgement | None] = [None] * len(proposals)
        attempts: list[tuple[str, ...]] = [()] * len(proposals)
        for i, judgement in zip(asked, judged, strict=True):
            judgements[i] = judgement
            attempts[i] = tuple(groups[i])
        rewards = self._rewards(proposals, judgements, attempts)
        return [Episode(*one) for one in zip(proposals, attempts, judgements, rewards, strict=True)]

    def _rewards(
        self, proposals: Sequence[Proposal], judgements: list[Judgement | None], attempts: list[tuple[str, ...]]
    ) -> list[Reward]:
        questions = [proposal.question for proposal in proposals]
        given: object = self.reward(questions, judgements, attempts)
        each = [*given] if isinstance(given, Sequence) else []
        if len(each) != len(questions) or not all(isinstance(reward, Reward) for reward in each):
            name = type(self.reward).__name__
            raise PluginError(
                f"reward {name} must give a Reward for each of {len(questions)} questions, got {given!r:.80}"
            )
        pairs = zip(proposals, each, strict=True)  # to the rule, a refused proposal is a malformed one, which may cost
        return [Reward(0.0, {"policy": 0.0}) if proposal.refused else reward for proposal, reward in pairs]

    def wants_tests(self, question: Question) -> bool:
        """Whether a tester has a turn after this question's solvers: the verifier can judge tests, and of this one."""
        return isinstance(self.verifier, TestJudge) and self.verifier.asks_for_program(question)

    def shown(self, question: Question, attempts: Sequence[str]) -> Sequence[str]:
        """Attempts as a further role reads them: an empty text in place of each that the policy refuses."""
        policy = self.policies.get("solver")
        if policy is None:
            return attempts
        return allowed(attempts, ruled_groups(policy, "solver", [question.text], [attempts])[0])

    def judge_tests(self, played: Episode, texts: Sequence[str]) -> list[Verdict]:
        """One verdict per tester's text, once the episode is judged; undecided where there is nothing to test, and
        where the text is refused."""
        question, judgement = played.proposal.question, played.judgement
        if question is None or judgement is None or not isinstance(self.verifier, TestJudge):
            return [Verdict.undecided("there is nothing to test") for _ in texts]
        attempts = without_refused(played.attempts, judgement.evidence.get(RULINGS))
        policy = self.policies.get("tester")
        if policy is None:
            return self.verifier.judge_tests(question, attempts, judgement, texts)
        (ruled,) = ruled_groups(policy, "tester", [question.text], [texts])
        verdicts = self.verifier.judge_tests(question, attempts, judgement, allowed(texts, ruled))
        pairs = zip(verdicts, ruled, strict=True)
        return [Verdict.undecided(ruling.reason) if ruling.refused else verdict for verdict, ruling in pairs]

    def play(
        self,
        texts: Sequence[str],
        answer: Answering,
        unreadable: Unreadable | None = None,
        requests: Sequence[Request | None] = (),
    ) -> list[Episode]:
        """One whole episode for each of a batch of challengers' texts.

        Args:
            answer: asks the solver: a list of prompts → the attempts at each. Not called if all are malformed.
            unreadable: asked afterwards: a list of prompts → why the solver cannot read it, `None` where it can. A
                question that it cannot read counts as malformed. By default it reads everything.
            requests: see `read`.
        """
        proposals = self.read(texts, requests)
        prompts = self.ask([p.question for p in proposals if p.question is not None])
        groups = list(answer(prompts)) if prompts else []
        if len(groups) != len(prompts) or any(isinstance(group, str) for group in groups):
            raise PluginError(
                f"whoever answers must give a list of texts for each of {len(prompts)} prompts, got {groups!r:.80}"
            )
        reasons = [None] * len(prompts) if unreadable is None else unreadable(prompts)
        answered = iter(zip(groups, reasons, strict=True))
        attempts: list[Sequence[str]] = [()] * len(proposals)
        for i, proposal in enumerate(proposals):
            if proposal.question is not None:
                attempts[i], reason = next(answered)
                too_long = f"{UNREADABLE}: {reason}"
                proposals[i] = proposal if reason is None else Proposal(proposal.text, None, too_long)
        return self.settle(proposals, attempts)

    def _judging(self, verifier: Verifier) -> Verifier:
        return screened(verifier, self.policies.get("solver"), "solver")

    @property
    def _judge_name(self) -> str:
        return f"verifier {type(getattr(self.verifier, 'verifier', self.verifier)).__name__}"
