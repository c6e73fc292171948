"""Who confirms the votes of a run, as `labels.source` names it.

    validated                 the role "validator", as it is at the moment
    validated(by=NAME)        another role that the domain has such words for
    validated(by=head)        a correctness head on the solver, fitted to the votes of the round before

Further options are those of the verifier `validated`, such as `samples`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....core.errors import ConfigError
from ....core.protocols import Domain, Verifier
from ....core.records import Question
from ....core.registries import make_verifier
from ....core.seeding import integer_seed
from ....envs.game.validator import NAME, pairs
from ...settings.config import CHALLENGER, SOLVER
from .votes import votes_of

if TYPE_CHECKING:
    from ....agents.models.correctness_head import CorrectnessHead
    from ....verifiers.ensembles.validated import Belief
    from ..run import SelfPlay

HEAD = "head"
STEPS = 200
"""Steps that a head is fitted for."""


def validated_labels(domain: Domain, options: Mapping[str, Any], run: SelfPlay | None = None) -> Verifier:
    """The label source `validated`.

    Raises:
        ConfigError: nobody is there to confirm labels, or an option that is not one.
    """
    given = {"vote": domain.labels["vote"], **options}
    by = given.pop("by", None)
    if by is not None and "agent" in given:
        raise ConfigError(f"labels of 'validated' have one validator: by={by!r} or agent={given['agent']!r}, not both")
    if run is not None:
        given["band"] = run.config.questions.keep_band
    if "agent" not in given:
        if run is None:
            raise ConfigError("labels of 'validated' need a validator: give validated(agent=NAME)")
        given["agent"] = HeadBelief(run) if by == HEAD else role_belief(run, by or NAME)
    return make_verifier("validated", **given)


def role_belief(run: SelfPlay, role: str) -> Belief:
    """What a role of the run says of attempts, whoever plays it at the moment.

    Raises:
        ConfigError: no such role in the settings, or one that the domain has no question for.
    """
    from ....verifiers.ensembles.validated import AskedAgent

    words = run.domain.roles.get(role)
    claim = getattr(words, "claim", None)
    if words is None or claim is None:
        raise ConfigError(
            f"the domain {run.domain.name!r} does not say how the role {role!r} is asked to confirm labels"
        )
    if role not in run.config.roles:
        raise ConfigError(
            f"labels of 'validated' need the role {role!r}: add a table [roles.{role}] and the stage sft({role}), or "
            "use validated(by=head)"
        )

    return AskedAgent(
        PresentPlayer(run, role),
        lambda question, attempt: words.ask(claim(question, attempt)),
        lambda: integer_seed(run.config.seed, f"{role} says", run.phase, run.round, run.step),
        role,
    )


class PresentPlayer:
    """Whoever plays a role at the moment: after a rollback that is another agent."""

    def __init__(self, run: SelfPlay, role: str) -> None:
        self.run, self.role = run, role

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        """See `core.protocols.Agent`."""
        return self.run.roles[self.role].agent.act(prompts, n=n, seed=seed)


class HeadBelief:
    """A correctness head on the present solver, fitted anew in every round to the votes of the one before.

    It is a function of the solver's weights and of logged votes, so nothing of it is saved. Its scores are moved so
    that ½ is the score that best tells attempts of the majority from others, on questions that it did not learn from.
    """

    way = HEAD

    def __init__(self, run: SelfPlay) -> None:
        for name in (CHALLENGER, SOLVER):
            row = run.config.roles.get(name)
            if name in run.config.players and row is not None and row.shares_trained_weights:
                raise ConfigError(
                    "validated(by=head) reads the solver's states, which must stay as they are while the challenger "
                    f"trains: roles.{name}.weight_sharing={row.weight_sharing!r} moves them; use 'copies' or "
                    "'lora' with trunk='frozen'"
                )
        if run.config.compute.sampler != "local" or run.config.compute.sharding != "none":
            raise ConfigError(
                "validated(by=head) reads the solver's states, whole and in this process: it needs "
                "compute.sampler='local' and compute.sharding='none'"
            )
        self.run = run
        self._fitted: tuple[Any, CorrectnessHead | None, float] = (None, None, 0.0)

    def scores(self, questions: Sequence[Question], attempts: Sequence[str]) -> list[float]:
        """See `Belief`. Before there are votes to learn from nothing is believed."""
        head, threshold = self._head()
        if head is None:
            return [0.0] * len(questions)
        found = head.correctness(self.run.game.ask(questions), attempts)
        return [1.0 / (1.0 + math.exp(threshold - _logit(score))) for score in found]

    def _head(self) -> tuple[CorrectnessHead | None, float]:
        now = (self.run.round, self.run.checkpoints.get(SOLVER))
        if self._fitted[0] != now:
            self._fitted = (now, *self._fit())
        return self._fitted[1:]

    def _fit(self) -> tuple[CorrectnessHead | None, float]:
        """A head fitted to all votes, with the threshold that two heads have, each fitted to one half of them."""
        run = self.run
        with run.compute.counting_once(run.roles, f"votes for the head on {run.checkpoints.get(SOLVER, 'the base')}"):
            votes = votes_of(run, run.round - 1)
        shown = list(pairs([vote.labelled for vote in votes]))
        prompts = run.game.ask([labelled.question for labelled, _, _ in shown])
        attempts, right = [attempt for _, attempt, _ in shown], [matches for _, _, matches in shown]
        order = {who: number for number, who in enumerate(dict.fromkeys(id(labelled) for labelled, _, _ in shown))}
        half = [order[id(labelled)] % 2 for labelled, _, _ in shown]
        if len(set(half)) < 2:
            return None, 0.0
        scores = [0.0] * len(shown)
        for which in (0, 1):
            taught, judged = ([i for i, own in enumerate(half) if (own == which) is mine] for mine in (False, True))
            head = self._taught(prompts, attempts, right, taught)
            given = head.correctness([prompts[i] for i in judged], [attempts[i] for i in judged])
            for i, score in zip(judged, given, strict=True):
                scores[i] = _logit(score)
        return self._taught(prompts, attempts, right, range(len(shown))), best_threshold(scores, right)

    def _taught(
        self, prompts: Sequence[str], attempts: Sequence[str], right: Sequence[bool], chosen: Sequence[int]
    ) -> CorrectnessHead:
        from ....agents.models.correctness_head import CorrectnessHead

        run = self.run
        head = CorrectnessHead(run.roles[SOLVER].agent, seed=integer_seed(run.config.seed, "head", run.round))
        head.fit(
            [prompts[i] for i in chosen], [attempts[i] for i in chosen], [float(right[i]) for i in chosen], steps=STEPS
        )
        return head


def best_threshold(scores: Sequence[float], right: Sequence[bool]) -> float:
    """The score above which accepting gives the best balanced accuracy; the highest of equally good ones."""
    positive = sum(right)
    negative = len(right) - positive
    best, found = 0.0, math.inf
    accepted = [0, 0]
    ranked = sorted(zip(scores, right, strict=True), key=lambda pair: -pair[0])
    for place, (score, truth) in enumerate(ranked):
        accepted[truth] += 1
        following = ranked[place + 1][0] if place + 1 < len(ranked) else score - 1.0
        gain = accepted[True] / max(1, positive) - accepted[False] / max(1, negative)
        if following < score and gain > best:
            best, found = gain, (score + following) / 2
    return found


def _logit(share: float) -> float:
    near = min(max(share, 1e-9), 1.0 - 1e-9)
    return math.log(near / (1.0 - near))
