"""A run: stages in their order, round after round; its state, its commits, and how it goes on after a kill.

    before the first round    evaluate → gate
    round 1 … R               train(challenger) → generate → attempt → label → train(solver) → evaluate → gate

That is the R-Zero loop (arXiv 2508.05004, section 3), `RunConfig.stages`. A stage reads what others wrote, draws
from streams named by (seed, words, round, step), and a commit follows: killed anywhere, a run goes on to the same end.

What differs from the paper: held-out and repeated questions are dropped; the KL reference stays the base by default;
the best solver is remembered by a validation of its own, for hooks to go back to; rounds count on after that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...agents.training.updates import Batches
from ...agents.workers.named import workers_of
from ...core.errors import asked_by
from ...core.protocols import Agent, Verifier
from ...core.records import Labelled, Question
from ...core.registries import make_curriculum, make_generator
from ...core.seeding import integer_seed
from ...envs.game.domains import domain_of
from ...envs.game.engine import Game
from ..evaluation import ExamResult, run_exam
from ..exams.questions import exam_and_validation
from ..league.opponents import RunLeague
from ..roles.answer_rewards import challenger_reward
from ..settings.config import CHALLENGER, SOLVER
from . import round_log
from .batches import AnswerBatches, ChallengerBatches
from .by_workers import by_workers
from .exchanges.talk import Talk
from .labels import labeller_of
from .machine.restore import best_of, load
from .machine.state_machine import Run
from .questions.hearing import heard
from .questions.past import RunPast
from .stage import Interrupted
from .validation import Validation

__all__ = ["Interrupted", "SelfPlay"]


class SelfPlay(Run):
    """A run in which a challenger writes questions and a solver answers them.

    Attributes:
        domain: what is played.
        game: the rules, with the run's labeller as judge and the challenger's reward.
        past: what rewards may know of earlier rounds.
        league: whom roles meet in training besides each other.
        workers: who judges attempts at computed labels and votes.
        talk: how the solver's attempts go over several turns; `None` where it answers at once.
        exam: the held-out questions of the exam.
    """

    def _set_up(self, state: Mapping[str, Any]) -> None:
        """See `Run`."""
        config = self.config
        with asked_by("compute.workers", config.compute.workers):
            self.workers = workers_of(config.compute.workers)
        self.domain = domain_of(config.env)
        self.past, self.league = RunPast(self), RunLeague(config, state.get("league", {}))
        reward = challenger_reward(config.roles[CHALLENGER].reward if CHALLENGER in config.roles else "r-zero")
        self.talk = Talk.of(self)
        asking = None if self.talk is None else self.talk.asking
        with asked_by("labels.source", config.labels.source):
            labeller = labeller_of(self)
        self.game = Game(self.domain, labeller, reward, config.template, self.refusals.policies, asking)
        self.generator = make_generator(config.questions.generator)
        self.curriculum = make_curriculum(config.questions.curriculum)
        if "curriculum" in state:
            load("curriculum", self.curriculum, state["curriculum"])
        sizes = config.exam.questions, config.guard.questions
        self.exam, validation = exam_and_validation(config.questions.generator, *sizes, config.seed)
        self.validation = Validation(config, validation, state.get("votes"))

    def _prepare_roles(self) -> None:
        """See `Run`."""
        if self.talk is not None:
            self.talk.let_talk(self.roles[SOLVER])

    def game_state(self) -> dict[str, Any]:
        """See `Run`."""
        league = self.league.state_dict()
        return {"votes": self.validation.votes, "curriculum": self.curriculum.state_dict(), "league": league}

    def _round_over(self) -> None:
        """See `Run`."""
        self.league.end_round(self)

    def come_back(self, best: Mapping[str, Any]) -> None:
        """See `Run`."""
        self.curriculum.load_state_dict(best["curriculum"])

    def batches_of(self, role: str) -> Batches | None:
        """What a role learns from in a training stage; `None`, and a warning, where there is nothing to learn."""
        return ChallengerBatches(self) if role == CHALLENGER else AnswerBatches.of(self, role)

    def close(self) -> None:
        """See `Run`."""
        super().close()
        self.workers.close()

    def by_workers(self, verifier: Verifier) -> Verifier:
        """The verifier, whose work is done by `compute.workers`."""
        return by_workers(verifier, self.workers)

    # --- what stages read ---

    def asked(self) -> list[tuple[int, Question]]:
        """This round's questions that are put to the solver, with their index in the log."""
        return round_log.asked(self.rows)

    def kept(self) -> list[tuple[int, Question]]:
        """This round's training questions with their label as reference, after reviews."""
        return round_log.kept(self.rows)

    def labelled(self, valid: bool = False) -> list[Labelled]:
        """The same with the attempts at each, and which match the label; with `valid` as well what was not kept."""
        return round_log.labelled(self.rows, valid)

    # --- what stages let the roles do ---

    def attempt(
        self, prompts: Sequence[str], seed: int, n: int | None = None, hears: Any = None, agent: Agent | None = None
    ) -> list[list[str]]:
        """The solver's `n` attempts at prompts, by default as many as the settings say; see `heard` for `hears`.

        Args:
            agent: answers in its place.
        """
        answering = heard(agent or self.roles[SOLVER].agent, hears)
        return answering.act(prompts, n=n or self.config.labels.attempts, seed=seed)

    def examine(
        self,
        questions: Sequence[Question],
        *,
        samples: int,
        greedy: bool = True,
        verifier: str | None = None,
        vote: str | None = "majority",
    ) -> ExamResult:
        """The solver's answers to questions, graded by the domain's grader or another verifier; see `run_exam`."""
        agent = self.roles[SOLVER].agent
        if self.talk is not None and not self.config.exam.turns:
            agent = agent.in_turns(None)
        with self.compute.examining(self.roles):
            return run_exam(
                agent,
                questions,
                verifier=verifier or self.domain.grader,
                vote=vote,
                samples=samples,
                greedy=greedy,
                seed=integer_seed(self.config.seed, "exam"),
                batch=self.config.exam.batch,
                ask=lambda question: self.game.ask([question])[0],
                progress=self.count,
                done_by=self.by_workers,
            )

    def validate(self) -> tuple[float, bool]:
        """Hold a validation and remember the best; its accuracy, and whether a hook asked to go back."""
        with self.compute.examining(self.roles):
            result = self.validation.hold(
                lambda questions, seed: self.attempt(self.game.ask(questions), seed),
                lambda questions, samples: self.examine(questions, samples=samples, greedy=False),
            )
            score = result.accuracy.value
            if not self.best or score > self.best["validation_accuracy"]:
                self.best = best_of(self, score)
            return score, self._tell(hook.after_exam(self, result) for hook in self.hooks)

    def labelled_as(self, measures: Mapping[str, Any]) -> bool:
        """Log a round's labelling and tell the hooks; whether the run went back, so that no label of it trains."""
        self.log("metrics", [measures])
        return self._tell(hook.after_labels(self, measures) for hook in self.hooks)
