"""Settings of a self-play run: a tree of frozen dataclasses, readable as a TOML file.

    env, seed, rounds, template, stages, trackers
    [roles.challenger] [roles.solver] …   [questions]  [labels]  [exam]  [evaluation]  [guard]  [compute]  [storage]
    [live]

The command line sets any of them with `--set roles.solver.steps=20`; the run folder keeps them as `config.toml`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from ...core.options import parse_named
from ...envs.sources.writers import writers
from ..league.rules.setting import LEAGUE, is_league, league_of
from . import tree
from .checks import at_least, check_types
from .gates import GateConfig, gates_of
from .parts import (
    ComputeConfig,
    EvaluationConfig,
    ExamConfig,
    GuardConfig,
    LabelsConfig,
    LiveConfig,
    PartConfig,
    QuestionsConfig,
    StorageConfig,
)
from .role import RoleConfig
from .turn_games import PLAYER, turn_game_of
from .turn_games import STAGES as TURN_STAGES

CHALLENGER, SOLVER = "challenger", "solver"
"""Who writes the questions, and whom they train; further roles answer tasks made of the labelled questions."""

TRAINING = ("train", "sft")
"""Stages that train the role they name."""
STAGES = ("train(challenger)", "generate", "attempt", "label", "train(solver)", "evaluate", "gate")


def _roles() -> dict[str, RoleConfig]:
    return {CHALLENGER: RoleConfig(steps=5, groups=16, samples=8, reward="r-zero"), SOLVER: RoleConfig()}


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One self-play run. Defaults are R-Zero's recipe at the size of the preset `tiny`, which changes some."""

    env: str = "SelfPlayMath-v0"
    """What is played, by its Gymnasium id."""
    seed: int = 0
    """Root of every random stream of the run."""
    rounds: int = 4
    """Self-play rounds; each plays all stages in order."""
    template: str = "plain"
    """How roles are addressed: "plain" (short, for tiny) or "r-zero" (instructions for real models)."""
    stages: tuple[str, ...] = STAGES
    """What a round consists of, in order; see `selfplay-gym list stages`."""
    gates: tuple[Mapping[str, Any], ...] = ()
    """What people are asked to look at: rules that pick questions, labels, pairs of answers or attempts after a stage,
    as in [{at = "label", on = "disagreement", sample = 0.02, least = 20}]; docs/review.md."""
    trackers: tuple[str, ...] = ()
    """Who keeps a record of it elsewhere, such as ["tensorboard", "wandb(mode=offline)"]; see `selfplay-gym list
    trackers`. A run that is resumed may have others."""
    schedule: Mapping[str, PartConfig] = field(default_factory=dict)
    """Parts of the run one after the other, by name, each with its own stages and a rule that ends it; none means one
    part that plays `stages` for all rounds. With a schedule, `rounds` is the most there may be."""
    roles: Mapping[str, RoleConfig] = field(default_factory=_roles)
    """Who plays."""
    questions: QuestionsConfig = field(default_factory=QuestionsConfig)
    """Where questions come from, and which of them train."""
    labels: LabelsConfig = field(default_factory=LabelsConfig)
    """Where labels come from."""
    exam: ExamConfig = field(default_factory=ExamConfig)
    """What the solver is examined on."""
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    """Full evaluations every so many games."""
    guard: GuardConfig = field(default_factory=GuardConfig)
    """What watches the run."""
    compute: ComputeConfig = field(default_factory=ComputeConfig)
    """On what it computes."""
    storage: StorageConfig = field(default_factory=StorageConfig)
    """What it keeps on disk."""
    live: LiveConfig = field(default_factory=LiveConfig)
    """What it tells while it goes on."""

    def __post_init__(self) -> None:
        check_types(self)
        at_least(self, 1, "rounds")
        at_least(self, 0, "seed", most=math.inf)
        needed = self.first_roles[-1]
        if needed not in self.roles:
            raise ConfigError(f"roles must have a {needed!r} in {self.env}, got {', '.join(self.roles) or 'none'}")
        for path, stages in self.stage_lists:
            if not stages:
                raise ConfigError(f"{path} must name at least one stage, such as 'evaluate'")
        trained = [role for stage in self.all_stages for role in _trained_by(stage)]
        for name in trained:
            if name not in self.roles:
                raise UnknownNameError("role", name, self.roles, f"It needs a row of its own: [roles.{name}].")
        known = dict.fromkeys([*self.first_roles, *trained])
        for name in self.roles:
            if name not in known:
                raise UnknownNameError("role", name, known, f"A further role needs a stage train({name}).")
        if self.guard.mode == "on" and "evaluate" not in self.all_stages:
            raise ConfigError("guard.mode='on' goes back to the best validation: it needs the stage 'evaluate'")
        for name, role in self.roles.items():
            if name != CHALLENGER and role.condition != "none":
                raise ConfigError(f"roles.{name}.condition is for the {CHALLENGER}, got {role.condition!r}")
        gates_of(self.gates, self._stage_names)
        self._check_turns()
        self._check_band()
        self._check_shared_weights()
        self._check_pool()
        self._check_league()

    @property
    def first_roles(self) -> tuple[str, ...]:
        """The roles that what is played begins with; the last of them is always there."""
        return (CHALLENGER, SOLVER) if turn_game_of(self.env) is None else (PLAYER,)

    @property
    def stage_lists(self) -> list[tuple[str, tuple[str, ...]]]:
        """The stages of a round of each part, with the path of the setting."""
        parts = [(f"schedule.{name}.stages", part.stages) for name, part in self.schedule.items()]
        return parts or [("stages", self.stages)]

    @property
    def all_stages(self) -> tuple[str, ...]:
        """The stages of all parts."""
        return tuple(stage for _, stages in self.stage_lists for stage in stages)

    @property
    def review_gates(self) -> tuple[GateConfig, ...]:
        """The gates, checked."""
        return gates_of(self.gates, self._stage_names)

    @property
    def _stage_names(self) -> list[str]:
        return [name for stage in self.all_stages for name in _names_of(stage)]

    @property
    def players(self) -> tuple[str, ...]:
        """The roles at the table, in its order. A challenger that writes no questions is not among them."""
        idle = () if CHALLENGER in writers(self.questions.sources) else (CHALLENGER,)
        return tuple(name for name in self.roles if name not in idle)

    def _check_turns(self) -> None:
        """What only a turn game has is not set in vain."""
        if turn_game_of(self.env) is not None:
            return
        for name, role in self.roles.items():
            for setting, idle in (("openings", 0), ("baseline", "rae")):
                if getattr(role, setting) != idle:
                    raise ConfigError(
                        f"roles.{name}.{setting}={getattr(role, setting)!r} is for turn games: leave it at {idle!r} in "
                        f"{self.env}"
                    )

    def _check_band(self) -> None:
        """With few attempts no solve rate may lie in the band: then nothing would ever be kept for training."""
        (low, high), attempts = self.questions.keep_band, self.labels.attempts
        if math.ceil(low * attempts - 1e-9) > math.floor(high * attempts + 1e-9):
            raise ConfigError(
                f"labels.attempts={attempts} gives no solve rate in questions.keep_band=[{low:g}, {high:g}], so no "
                "question would ever be kept: raise attempts, or widen the band"
            )
        if self.questions.margin > high:
            raise ConfigError(
                f"questions.margin={self.questions.margin:g} is more than the highest solve rate of "
                f"questions.keep_band=[{low:g}, {high:g}], so no question would ever "
                "be kept: lower the margin, or widen the band"
            )

    def _check_shared_weights(self) -> None:
        sharing = {name: role for name, role in self.roles.items() if role.weight_sharing != "copies"}
        for name, role in sharing.items():
            if self.compute.sharding != "none":
                raise ConfigError(
                    f"compute.sharding={self.compute.sharding!r} shards models that belong to one role: it needs "
                    f"weight_sharing='copies', roles.{name} has {role.weight_sharing!r}"
                )
            first_name, first = next(iter(sharing.items()))
            for setting in ("weight_sharing", "model", "trunk", "adapter_rank"):
                one, other = getattr(first, setting), getattr(role, setting)
                if one != other:
                    raise ConfigError(
                        f"roles.{first_name} and roles.{name} share weights, so {setting} must be the same: "
                        f"got {one!r} and {other!r}"
                    )
            if role.shares_trained_weights and not role.learns and name in self.players:
                raise ConfigError(
                    f"roles.{name} does not learn, but weight_sharing={role.weight_sharing!r} lets another role move "
                    "its weights; use weight_sharing='copies', or 'lora' with trunk='frozen'"
                )

    def _check_pool(self) -> None:
        """The pool holds attempts of the solver that labels the round: nothing may move it meanwhile."""
        if not self.questions.pool:
            return
        for _, stages in self.stage_lists:
            written = [stage for stage in stages if stage == "generate" or CHALLENGER in _trained_by(stage)]
            if written[:1] == ["generate"] != written:
                raise ConfigError(
                    "questions.pool=true takes what the challenger asked in its training: put the stage "
                    "'train(challenger)' before 'generate', or set questions.pool=false"
                )
        asks, solver = self.roles[CHALLENGER], self.roles[SOLVER]
        if asks.learns and CHALLENGER in self.players and asks.shares_trained_weights and solver.shares_trained_weights:
            raise ConfigError(
                "questions.pool=true keeps attempts of a solver that stands still while the challenger trains, but "
                f"weight_sharing={asks.weight_sharing!r} moves both: use 'copies', or 'lora' with trunk='frozen'; or "
                "set questions.pool=false"
            )

    def _check_league(self) -> None:
        """A solver meets challengers of the league by their questions; and what they answer is no pool of a round."""
        if SOLVER not in self.roles:
            return
        for role in self.roles.values():
            league_of(role.opponents)
        solver, sources = self.roles[SOLVER], [*map(parse_named, self.questions.sources)]
        drawn = any(LEAGUE in (one.name, one.options.get("of"), *one.leading) for one in sources)
        if drawn is not is_league(solver.opponents) and any(stage == "generate" for stage in self.all_stages):
            raise ConfigError(
                "the solver meets a league by the questions of its challengers: roles.solver.opponents='league(pfsp)' "
                "and the source 'league' go together, as in questions.sources={challenger = 0.5, league = 0.5}"
            )
        asks = self.roles.get(CHALLENGER)
        if asks is not None and is_league(asks.opponents) and solver.turns != "none":
            raise ConfigError(
                f"solvers of a league answer at once, and roles.{SOLVER}.turns={solver.turns!r}: set it to 'none', or "
                f"roles.{CHALLENGER}.opponents='self'"
            )
        if self.questions.pool and asks is not None and is_league(asks.opponents):
            raise ConfigError(
                "questions.pool=true keeps what the present solver answered, and roles.challenger.opponents lets "
                "others answer as well: set questions.pool=false"
            )

    def replace(self, changes: Mapping[str, Any] | None = None, **named: Any) -> RunConfig:
        """A copy with some settings changed: by dotted path (`{"labels.source": "sympy"}`), as a tree, or by keyword.

        Args:
            changes: path or part of the tree → value.
            named: the same for names that Python can write, such as `rounds=2`; they win over `changes`.

        Raises:
            UnknownNameError: no such setting; says what is near, with its path.
            ConfigError: a value that cannot work.
        """
        if changes is not None and not isinstance(changes, Mapping):
            raise ConfigError(f"changes are a mapping of settings, got {changes!r:.80}")
        given = {**(changes or {}), **named}
        return tree.build(RunConfig, tree.merge(RunConfig, tree.as_dict(self), given))

    def as_dict(self) -> dict[str, Any]:
        """The whole tree as plain values, ready for TOML or JSON.

        Raises:
            ConfigError: a setting is a live object, which no file can hold.
        """
        return tree.serialisable(tree.as_dict(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """The inverse of `as_dict`; what is left out has its default.

        Raises:
            ConfigError: no mapping, or a value that cannot work.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(f"settings are a mapping, such as {{'rounds': 2}}, got {values!r:.80}")
        env = values.get("env")
        turns = isinstance(env, str) and turn_game_of(env) is not None
        begun = cls(env=str(env), stages=TURN_STAGES, roles={PLAYER: RoleConfig()}) if turns else cls()
        return begun.replace(values)


def _names_of(stage: str) -> list[str]:
    """What a stage is called: "train(solver)" for `train(role=solver)`, "label" for itself."""
    trained = _trained_by(stage)
    name = parse_named(stage).name
    return [f"{name}({role})" for role in trained] or [name]


def _trained_by(stage: str) -> list[str]:
    name, leading, options = parse_named(stage)
    given = [*leading, *([options["role"]] if "role" in options else [])]
    return [str(role) for role in given] if name in TRAINING else []
