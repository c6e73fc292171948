"""`train(role)`: one role learns by GRPO; the others stay as they are."""

from __future__ import annotations

from ....core.registries import register_stage
from ...hooks import Step
from ...roles.rewards import MonitoredReward
from ...settings.config import CHALLENGER, SOLVER
from ..batches import AnswerBatches, Batches, ChallengerBatches, answering
from ..run import SelfPlay
from ..stage import Interrupted


@register_stage("train")
class TrainRole:
    """GRPO on one role, for as many steps as its settings say, or the tokens of the round allow; a role that does not
    learn is passed over.

    Args:
        role: a row of the table of roles.
    """

    saves_steps = True

    def __init__(self, role: str) -> None:
        self.role, self.name = role, f"train({role})"

    def check(self, run: SelfPlay) -> None:
        """Refuse a role without words, or a reward that nobody knows."""
        if self.role != CHALLENGER:
            answering(run, self.role)

    def run(self, run: SelfPlay) -> None:
        """Train from the step where the run stands; a state is saved now and then."""
        config = run.config.roles[self.role]
        if self.role not in run.roles or not config.learns:
            return
        batches = self._batches(run)
        if batches is None:
            return
        for step in range(run.step, config.steps):
            if self._is_spent(run):
                break
            batch = batches.at(step)
            reward_fn = MonitoredReward(batch.reward_fn, silences=run.config.guard.mode == "on")
            trained = run.roles[self.role].trainer.step(
                batch.prompts, reward_fn, samples=config.samples, seed=batch.seed, dynamic_sampling=batch.more
            )
            measures = {**trained.as_dict(), **batch.measures()}
            run.log("pool", [{"step": step, **row} for row in batch.pool()])
            taken = Step(self.role, step, config.steps, measures, reward_fn.bad, reward_fn.premium)
            if not self._end_step(run, taken):
                return
        self._compare_compute(run)

    def _batches(self, run: SelfPlay) -> Batches | None:
        return ChallengerBatches(run) if self.role == CHALLENGER else AnswerBatches.of(run, self.role)

    def _end_step(self, run: SelfPlay, step: Step) -> bool:
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
        if validating and not back:
            back = run.validate()[1]
        if back:
            run.step = step.total
        if saving or back:
            run.commit()
        if stopping:
            raise Interrupted(run.stop_reason)
        return not back

    def _is_spent(self, run: SelfPlay) -> bool:
        """Whether the round has had its tokens, which ends the training of the solver and of nobody else."""
        return self.role == SOLVER and run.compute.is_spent

    def _compare_compute(self, run: SelfPlay) -> None:
        """Warn where a bound was set and the round is not equal to others under it."""
        compute, steps = run.compute, run.config.roles[self.role].steps
        if self.role != SOLVER or not compute.most:
            return
        used = f"round {run.round}: {compute.counted} counted tokens of compute.tokens_per_round={compute.most}"
        if not compute.is_spent:
            run.warn(f"{used} were used in {steps} steps of the solver: raise roles.{SOLVER}.steps for equal compute")
        elif not run.step:
            run.warn(f"{used} were used before the solver's training, which takes no step: raise the bound")
