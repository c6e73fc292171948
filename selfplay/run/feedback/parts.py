"""The parts of the stage `feedback`: each takes steps of one role, and measures what was set aside for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ....core.protocols import BaseVerifier, Verifier
from ....core.records import Judgement, Question
from ....core.seeding import integer_seed, python_stream
from ....envs.game.domains import identity_of
from ...roles.answer_rewards import AnswerRule
from ...roles.rewards import MonitoredReward, RewardFn
from ...settings.config import CHALLENGER, SOLVER
from ..batches import LABEL, answering, rewarded_by
from ..labels import label_verifier
from ..questions.references import Graded, in_parts
from ..questions.replay import replayable
from .material import HUMAN, Material, Split, set_aside
from .overfitting import Measured

if TYPE_CHECKING:
    from ....agents.training.preferences.dpo import DirectPreferenceOptimisation
    from ....agents.training.preferences.objective import Preference
    from ..run import SelfPlay

LABELS, PREFERENCES, PROPOSALS = "labels", "preferences", "proposals"


class Part(Protocol):
    """What a role learns from one kind of decisions.

    Attributes:
        name: of the part.
        role: who learns.
        watched: whether its steps are policy gradients, which the run's hooks know how to look at.
        things: how many there are to learn.
        batch: how many of them a step learns, at most.
    """

    name: str
    role: str
    watched: bool
    things: int
    batch: int

    def rate(self, step: int, steps: int) -> float:
        """The learning rate at `step` of so many, before the guard scales it."""
        ...

    def take(self, step: int) -> tuple[Mapping[str, Any], MonitoredReward | None]:
        """Take a step of the part; what was measured, and the rewards, where there are any."""
        ...

    def measure(self) -> Measured:
        """Measure what was set aside, under the present weights."""
        ...


class HumanLabels:
    """GRPO of the solver on questions whose label a person vouches for, among others of the run.

    Args:
        run: the run.
        questions: each with its label as reference.
        share: of the groups of a step that have such a label; the others are kept questions of this round, or of
            earlier ones where it has none.
    """

    name, role, watched = LABELS, SOLVER, True

    def __init__(self, run: SelfPlay, questions: Split[Question], share: float) -> None:
        self.run, self.questions, self.config = run, questions, run.config.roles[SOLVER]
        known = set_aside(run) | {identity_of(question) for question in questions.train}
        kept = [question for _, question in run.kept()] or [one.question for one in replayable(run, easy=False)]
        self.others = [question for question in kept if identity_of(question) not in known]
        groups = self.config.groups
        self.human = min(max(1, round(share * groups)) if self.others else groups, len(questions.train))
        self.asked = min(groups - self.human, len(self.others))
        self.things, self.batch = len(questions.train), self.human
        self.ask, _ = answering(run, SOLVER)
        voted = label_verifier(run.domain, "label", run.config.labels.source)
        self.rewarding = partial(
            rewarded_by,
            AnswerRule.of(self.config.reward),
            lambda seed: HumanFirst(voted(seed)),
            run.refusals.policies.get(SOLVER),
            SOLVER,
        )

    def rate(self, step: int, steps: int) -> float:
        """See `Part`."""
        return self.config.grpo.learning_rate

    def take(self, step: int) -> tuple[Mapping[str, Any], MonitoredReward | None]:
        """See `Part`."""
        run, seed = self.run, self.run.seed(f"feedback {self.name}", step)
        rng = python_stream(seed, "questions")
        batch = [*rng.sample(self.questions.train, self.human), *rng.sample(self.others, self.asked)]
        reward_fn = self._rewards(batch, seed)
        trained = run.roles[SOLVER].trainer.step(self.ask(batch), reward_fn, samples=self.config.samples, seed=seed)
        return {**trained.as_dict(), "human_share": self.human / len(batch)}, reward_fn

    def measure(self) -> Measured:
        """See `Part`: shares of wrong attempts, with the same random numbers at every look."""
        run, questions = self.run, self.questions.held_out
        if not questions:
            return Measured([], 0.0)
        seed = integer_seed(run.config.seed, "feedback held out", run.round)
        with run.compute.examining(run.roles):
            groups = run.attempt(self.ask(questions), seed, self.config.samples)
        judged = Graded().judge_many(questions, groups)
        rates = [one.solve_rate for one in judged]
        return Measured([1.0 - rate for rate in rates], sum(rates) / len(rates))

    def _rewards(self, batch: Sequence[Question], seed: int) -> MonitoredReward:
        honest: RewardFn = self.rewarding(integer_seed(seed, "coins"))(batch)
        return MonitoredReward(honest, silences=self.run.config.guard.mode == "on")


class HumanFirst(BaseVerifier):
    """Grades answers to questions for whose label a person vouches, and leaves the others to a verifier."""

    def __init__(self, others: Verifier) -> None:
        self.others, self.graded = others, Graded()

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return self.judge_many([question], [attempts])[0]

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        def verifier(human: bool) -> Verifier:
            return self.graded if human else self.others

        return in_parts(questions, groups, lambda question: question.meta.get(HUMAN) is True, verifier)


class HumanPreferences:
    """Direct preference optimisation of a role on pairs of which a person prefers one.

    Args:
        run: the run.
        name, role: of the part, and who learns.
        pairs: of completions.
        update: how.
    """

    watched = False

    def __init__(
        self,
        run: SelfPlay,
        name: str,
        role: str,
        pairs: Split[Preference],
        update: DirectPreferenceOptimisation,
    ) -> None:
        self.run, self.name, self.role, self.pairs, self.update = run, name, role, pairs, update
        self.things, self.batch = len(pairs.train), update.batch

    def rate(self, step: int, steps: int) -> float:
        """See `Part`."""
        return self.update.rate(0.0, step, steps)

    def take(self, step: int) -> tuple[Mapping[str, Any], None]:
        """See `Part`."""
        rng = python_stream(self.run.seed(f"feedback {self.name}", step), "pairs")
        pairs = rng.sample(self.pairs.train, min(self.update.batch, len(self.pairs.train)))
        return self.update.learn(self.run.roles[self.role].trainer, pairs), None

    def measure(self) -> Measured:
        """See `Part`: the losses of the pairs."""
        from ....agents.training.preferences.objective import gaps_of

        if not self.pairs.held_out:
            return Measured([], 0.0)
        objective = self.update.objective
        gaps = gaps_of(self.run.roles[self.role].trainer, self.pairs.held_out, objective)
        return Measured(objective.losses(gaps).tolist(), float((gaps > 0).float().mean()))


def parts_of(
    run: SelfPlay, material: Material, share: float, updates: Mapping[str, DirectPreferenceOptimisation]
) -> list[Part]:
    """The parts for which there is something to learn, of roles that learn.

    Args:
        share: see `HumanLabels`.
        updates: how pairs are learnt, by the name of the part.
    """
    made: list[tuple[str, str, Split[Any], Callable[[], Part]]] = [
        (LABELS, SOLVER, material.labels, lambda: HumanLabels(run, material.labels, share)),
        *(
            (name, role, pairs, partial(HumanPreferences, run, name, role, pairs, updates[name]))
            for name, role, pairs in (
                (PREFERENCES, SOLVER, material.preferences),
                (PROPOSALS, CHALLENGER, material.proposals),
            )
            if name in updates
        ),
    ]
    learning = {name for name in run.roles if run.config.roles[name].learns}
    return [make() for _, role, split, make in made if role in learning and split.train]


def rewards_labels(run: SelfPlay) -> bool:
    """Whether the solver is rewarded for labels at all; a control such as "random" is not."""
    return AnswerRule.of(run.config.roles[SOLVER].reward).base in LABEL
