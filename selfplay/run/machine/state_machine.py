"""The state machine of a run: stages in their order, round after round; its commits, and how it goes on after a kill.

It knows stages, roles and hooks, and no game: `run.run.SelfPlay` plays challenger and solver on it, `run.turns` the
games of several turns. A stage reads what others wrote, draws from streams named by (seed, words, round, step), and a
commit follows: killed anywhere, a run goes on to the same end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ....core.protocols import Stage
from ....core.seeding import integer_seed
from ...hooks import Action, Hook, Rates, RollBack, Step, Stop
from ...reviews.adoption import check_reviews
from ...roles.build import build_roles
from ...roles.role import BuildRoles, Role
from ...roles.start import Start, Starts
from ...roles.updates import rate_of
from ...settings.config import RunConfig
from ...storage.checkpoint_store import CheckpointStore
from ...storage.recovery import keep_snapshot, needed_checkpoints
from ...storage.run_folder import RunFolder
from .. import round_log
from ..compute import Compute, cpu_seconds
from ..refusals import Refusals
from ..schedule.parts import Schedule
from ..stage import DONE, Interrupted, check_stages
from .restore import check_position, go_back, restore, state_of


class Run:
    """One run, from its folder to its end.

    Args:
        config: the settings.
        folder: a fresh or resumed run folder.
        schedule: the parts of the run, or what every round consists of, in order.
        hooks: hear what happens, in order; what they ask for is done at once.
        stop: asked between steps; when it says `True` the run saves and raises `Interrupted`.
        build: makes the roles; another one brings other players.

    Attributes:
        round, phase, step: where it stands: 0 is before training; the stage's name, or "done"; steps of the stage done.
        roles: who plays, by name.
        checkpoints: the saved state of each role, by name.
        best: the best validation so far: round, accuracy, checkpoints and what the game keeps; empty before the first.
        compute: the tokens of the present round.
        refusals: the policies of the roles, and what they refused in the present stage.
        stop_reason: why a hook wants the run to stop, "" if none does.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: RunFolder,
        schedule: Schedule | Sequence[Stage],
        hooks: Sequence[Hook] = (),
        stop: Callable[[], bool] = lambda: False,
        build: BuildRoles = build_roles,
    ) -> None:
        self.config, self.folder, self.hooks, self.stop = config, folder, hooks, stop
        check_reviews(folder)
        state = folder.state
        self.schedule = Schedule.resumed(schedule, state.get("part", {}))
        self.round: int = state.get("round", 0 if self.schedule.order(0) else 1)
        self.phase: str = state.get("phase") or self.schedule.order(self.round)[0]
        self.step: int = state.get("step", 0)
        self.checkpoints: dict[str, str] = dict(state.get("checkpoints", {}))
        self.references: dict[str, str] = dict(state.get("references", {}))
        self.best: dict[str, Any] = dict(state.get("best", {}))
        self.rate_scale: float = state.get("rate_scale", 1.0)
        self.compute = Compute(config.compute.tokens_per_round, state.get("compute", {}))
        self._saved: list[str] = []
        self.roles: dict[str, Role] = {}
        check_position(self)
        self.store = CheckpointStore(folder.path / "checkpoints", config.storage.keep, state.get("kept"))
        self._build, self._starts, self.stop_reason = build, Starts(config), ""
        self.refusals = Refusals(config.roles, self.here, state.get("refusals", {}))
        self._set_up(state)
        restore(state, hooks)
        if self.phase == DONE and self.round < config.rounds and not self.schedule.over:  # prolonged
            self._begin_round(self.round + 1)
        check_stages(self.schedule.all_stages, self)
        self._build_roles()

    # --- what a game adds ---

    def _set_up(self, state: Mapping[str, Any]) -> None:
        """Make what is played, and give it its part of a committed state."""

    def _prepare_roles(self) -> None:
        """Make the roles, which have just been built, ready to play."""

    def game_state(self) -> dict[str, Any]:
        """What the game needs to go on, as plain JSON values, under names that `storage.state` knows."""
        return {}

    def come_back(self, best: Mapping[str, Any]) -> None:
        """Take back what the game kept with the best state; checkpoints and roles are the run's business."""

    def _round_over(self) -> None:
        """What the game does when all stages of a round are done."""

    def run(self) -> None:
        """Play to the end.

        Raises:
            Interrupted: after `stop` or a hook said so; the folder can be resumed.
        """
        self.store.prune(self.roles)  # a killed process may not have come to it
        self._committed()
        while self.phase != DONE:
            begun, cpu = time.perf_counter(), cpu_seconds()
            for hook in self.hooks:
                hook.before_stage(self)
            self.stage.run(self)
            self._tell(hook.after_stage(self) for hook in self.hooks)
            seconds, cpu_s = time.perf_counter() - begun, cpu_seconds() - cpu
            self.log("timings", [{"seconds": round(seconds, 3), "cpu_s": round(cpu_s, 3)}])
            self.compute.collect(self.roles)
            self.log("metrics", [row for row in [self.compute.end_stage(), self.refusals.end_stage()] if row])
            self._advance()

    # --- where it stands ---

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return next(stage for stage in self.schedule.stages if stage.name == self.phase)

    @property
    def is_last_stage(self) -> bool:
        """Whether nothing follows the present stage."""
        return self.round == self.config.rounds and self.phase == self.schedule.stages[-1].name

    @property
    def position(self) -> tuple[str, int, int]:
        """The stage for people, stages done, and stages in all."""
        return self.schedule.position(self.round, self.phase, self.config.rounds)

    def here(self) -> dict[str, Any]:
        """Round and phase, as every row of a log has them."""
        return {"round": self.round, "phase": self.phase}

    def seed(self, name: str, step: int = 0) -> int:
        """The seed of a random stream of this round."""
        return integer_seed(self.config.seed, name, self.round, step)

    # --- what stages read and write ---

    def log(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to a log of the run folder; they reach the disk with the next commit."""
        self.folder.log(name, added := round_log.checked(name, [{**self.here(), **row} for row in rows]))
        for hook in self.hooks:
            hook.after_rows(self, name, added)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """This round's committed rows of a log, in order."""
        return self.folder.rows_of_round(name, self.round)

    def warn(self, message: str) -> None:
        """Tell people something."""
        for hook in self.hooks:
            hook.warn(self, message)

    def count(self, done: int, total: int) -> None:
        """`done` of `total` things of the present stage are done."""
        for hook in self.hooks:
            hook.count(done, total)

    def start_of(self, role: str) -> Start:
        """The weights a role began the run with."""
        return self._starts.of(self.roles[role], self.config.players)

    # --- what happened ---

    def stepped(self, step: Step) -> bool:
        """Log a training step and tell the hooks; whether one asked to go back."""
        finite = {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in step.measures.items()}
        self.log("metrics", [{"role": step.role, "step": step.number, **finite}])  # JSON has no NaN
        weight = self.config.roles[step.role].l2_sp
        if weight and step.measures["updates"]:
            self.start_of(step.role).pull(self.roles[step.role], weight)
        return self._tell(hook.after_step(self, step) for hook in self.hooks)

    def save(self, role: str, after: int = 0) -> None:
        """Write a checkpoint of a role, which counts from the next commit on; `after` earlier steps of the round."""
        row = self.roles[role]
        name = self.store.name(role, self.round, after + self.step)
        row.save(self.store.path(name))
        self.store.add(name)
        self.checkpoints |= dict.fromkeys(row.saves, name)
        self._saved.append(name)

    def commit(self) -> None:
        """Make everything so far permanent; checkpoints saved since the last commit keep the state with them."""
        self.compute.collect(self.roles)
        self.log("refusals", self.refusals.take_rows())
        state = state_of(self)
        kept = self.store.select(needed_checkpoints(state))
        saved, self._saved = [name for name in self._saved if name in kept], []
        self.folder.commit({**state, "saved": saved, "kept": kept})
        self.store.prune(self.roles)
        for name in saved:
            keep_snapshot(self.store.path(name), self.folder.state)
        self._committed()

    def stop_if_asked(self) -> None:
        """Leave if somebody asked to; what was committed last stands."""
        if self.stop_reason or self.stop():
            raise Interrupted(self.stop_reason)

    @property
    def stopping(self) -> bool:
        """Whether the run leaves at the next occasion, so that a stage saves now."""
        return bool(self.stop_reason) or self.stop()

    # --- inside ---

    def _tell(self, answers: Iterable[Action | None]) -> bool:
        """Carry out what hooks ask for, in order; whether the run went back."""
        actions = list(answers)
        for action in actions:
            if isinstance(action, RollBack):
                go_back(self, action)
            elif isinstance(action, Rates):
                self._set_rates(action.scale)
            elif isinstance(action, Stop):
                self.stop_reason = action.reason
        return any(isinstance(action, RollBack) for action in actions)

    def _committed(self) -> None:
        for hook in self.hooks:
            hook.after_commit(self)

    def close(self) -> None:
        """Let go of all that the run holds outside of this process."""
        self._close_roles()

    def _close_roles(self) -> None:
        """Let go of what the roles hold outside of this process."""
        for role in self.roles.values():
            role.close()

    def take_back(self) -> None:
        """Go on with the roles as their checkpoints have them."""
        self.compute.collect(self.roles)  # these agents go
        self._build_roles()

    def _build_roles(self) -> None:
        saved = {role: self.store.path(name) for role, name in self.checkpoints.items()}
        references = {role: self.store.path(name) for role, name in self.references.items()}
        self._close_roles()
        self.roles = self._build(self.config, self.config.players, saved, references)
        self._prepare_roles()
        self._set_rates(self.rate_scale)

    def _set_rates(self, scale: float) -> None:
        self.rate_scale = scale
        for name, role in self.roles.items():
            role.trainer.learning_rate = rate_of(self.config.roles[name]) * scale

    def _begin_round(self, number: int) -> None:
        self.round, self.phase = number, self.schedule.stages[0].name
        self.compute.begin_round()
        kinds = {name: row.kl_reference for name, row in self.config.roles.items()}
        moves = ("round", "part") if number == self.schedule.since else ("round",)
        still = {role: name for role, name in self.references.items() if kinds[role] not in moves}
        moved = {role: name for role, name in self.checkpoints.items() if kinds[role] in moves}
        self.references = still | moved  # none after a return to the base

    def _ends(self) -> bool:
        """At the end of a round: whether it was the last one. A part that is over makes room for the next."""
        self._round_over()
        ended = self.schedule.end_round(self) if self.round else None
        if ended is not None:
            self.log("metrics", [{"part_over": ended}])
        return self.schedule.over or self.round == self.config.rounds

    def _advance(self) -> None:
        """Go to the next stage and make the step permanent."""
        self.step = 0
        order = self.schedule.order(self.round)
        following = order.index(self.phase) + 1
        if following < len(order):
            self.phase = order[following]
        elif self._ends():
            self.phase = DONE
        else:
            before = dict(self.references)
            self._begin_round(self.round + 1)
            if self.references != before:
                self._build_roles()
        self.commit()
        if self.phase != DONE:
            self.stop_if_asked()
