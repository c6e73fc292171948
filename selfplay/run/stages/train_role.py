"""`train(role)`: one role learns as its update says; the others stay as they are. It may rest for some rounds."""

from __future__ import annotations

from dataclasses import replace

from ....core.errors import ConfigError, asked_by
from ....core.registries import register_stage
from ...hooks import Step
from ...roles.updates import rate_of, update_of
from ...settings.config import CHALLENGER, SOLVER
from ..batches import MonitoredBatches, answering
from ..labels import check_panel
from ..machine.state_machine import Run
from ..questions.conditions import check_condition
from ..run import SelfPlay
from ..stage import Interrupted
from ..turns.run import TurnPlay


@register_stage("train")
class TrainRole:
    """One role learns, by GRPO or another update, for as many steps as its settings say, or the tokens of the round
    allow, unless it does not learn.

    Args:
        role: a row of the table of roles.
    """

    saves_steps = True

    def __init__(self, role: str) -> None:
        self.role, self.name = role, f"train({role})"

    def check(self, run: SelfPlay | TurnPlay) -> None:
        """Refuse a role without words, and an update, a reward or a condition that nobody knows."""
        config = run.config.roles[self.role]
        update_of(config)
        if isinstance(run, TurnPlay):
            return
        if self.role != CHALLENGER:
            with asked_by(f"roles.{self.role}.reward", config.reward):
                answering(run, self.role)
            return
        check_condition(run)
        check_panel(run)
        if config.replay:
            raise ConfigError(
                f"roles.{CHALLENGER}.replay={config.replay!r}: what a challenger wrote for an earlier solver is no "
                "example for the present one; replay is for roles that answer, leave it at 0"
            )

    def run(self, run: SelfPlay | TurnPlay) -> None:
        """Train from the step where the run stands; a state is saved now and then."""
        config = run.config.roles[self.role]
        if self.role not in run.roles or not config.learns:
            return
        if (run.round - 1) % config.every:
            run.log("metrics", [{"passed_over": self.role}])
            return
        source = run.batches_of(self.role)
        if source is None:
            return
        batches = MonitoredBatches(source, silences=run.config.guard.mode == "on")
        trainer, update = run.roles[self.role].trainer, update_of(config)
        rounds, total = run.round - run.schedule.since, update.steps(config.steps)
        trainer.config = replace(trainer.config, kl_weight=config.kl_weight(rounds))
        take = update.begin(trainer, batches)
        for step in range(run.step, total):
            if self._is_spent(run):
                break
            trainer.learning_rate = update.rate(config.learning_rate(rounds), step, total) * run.rate_scale
            measures, rewards = take(step), batches.rewards
            if measures is None:
                run.save(self.role)
                run.commit()
                break
            run.log(batches.log, [{"step": step, **row} for row in batches.pool()])
            bad, premium = (0, None) if rewards is None else (rewards.bad, rewards.premium)
            if not self._end_step(run, Step(self.role, step, total, measures, bad, premium)):
                return
        trainer.learning_rate = rate_of(config) * run.rate_scale  # as whoever resumes here has it
        self._compare_compute(run, total)

    def _end_step(self, run: SelfPlay | TurnPlay, step: Step) -> bool:
        """Log, save now and then, validate where that is asked for; whether the stage goes on.

        A state is saved every few steps, at the end of the stage, at a validation, and before stopping.
        """
        run.step = step.number + 1
        back = run.stepped(step)
        stopping, every = run.stopping, run.config.guard.every
        run.compute.collect(run.roles)
        last = run.step == step.total or self._is_spent(run)
        validating = self.role == SOLVER and every > 0 and not last and run.step % every == 0
        due = last or run.step % run.config.storage.save_every == 0
        saving = stopping or validating or due
        if saving and not back:
            run.save(self.role)
        if validating and not back and isinstance(run, SelfPlay):
            back = run.validate()[1]
        if back:
            run.step = step.total
        if saving or back:
            run.commit()
        if stopping:
            raise Interrupted(run.stop_reason)
        return not back

    def _is_spent(self, run: Run) -> bool:
        """Whether the round has had its tokens, which ends the training of the solver and of nobody else."""
        return self.role == SOLVER and run.compute.is_spent

    def _compare_compute(self, run: Run, steps: int) -> None:
        """Warn where a bound was set and the round is not equal to others under it."""
        compute = run.compute
        if self.role != SOLVER or not compute.most:
            return
        used = f"round {run.round}: {compute.counted} counted tokens of compute.tokens_per_round={compute.most}"
        if not compute.is_spent:
            run.warn(f"{used} were used in {steps} steps of the solver: raise roles.{SOLVER}.steps for equal compute")
        elif not run.step:
            run.warn(f"{used} were used before the solver's training, which takes no step: raise the bound")
