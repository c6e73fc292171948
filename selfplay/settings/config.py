"""Settings of a self-play run: one frozen dataclass, one sentence per field.

The command line sets any field with `--set name=value`; the run folder keeps the settings as `config.json`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import ConfigError, UnknownNameError

CHALLENGERS = ("trained", "untrained", "procedural")
LABELS = ("vote", "sympy", "executor", "oracle")
SOLVER_REWARDS = ("label", "random", "format")
ISOLATIONS = ("copies", "lora", "prompt", "tokens")
TRUNKS = ("frozen", "trained")
KL_REFERENCES = ("base", "round")
GUARDS = ("on", "watch", "off")
VALIDATIONS = ("reference", "vote")
SHARDINGS = ("none", "fsdp2")
DTYPES = ("float32", "bfloat16", "float16")
AT_LEAST_ONE = (
    *("rounds", "attempts", "questions", "challenger_groups", "challenger_samples", "solver_prompts"),
    *(
        "solver_samples",
        "max_new_tokens",
        "challenger_max_new_tokens",
        "exam_questions",
        "exam_samples",
        "validation_questions",
        "save_every",
    ),
    "adapter_rank",
    "micro_batch_tokens",
)


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One self-play run. Defaults are the preset `tiny`."""

    env: str = "SelfPlayMath-v0"
    """What is played: "SelfPlayMath-v0" or "SelfPlayCode-v0"."""
    model: str = "tiny"
    """Where both roles start: "tiny", "smollm2", or the path of any causal language model in Hugging Face format."""
    template: str = "plain"
    """How seats are addressed: "plain" (short, for tiny) or "r-zero" (instructions for real models)."""
    isolation: str = "copies"
    """How far the roles are apart: "copies" (a model each), "lora" (an adapter each), "prompt" or "tokens" (one model,
    told apart by the prompt, or by a learned vector per token type)."""
    trunk: str = "frozen"
    """Whether the base under the adapters of "lora" is "frozen" or "trained" by both roles."""
    adapter_rank: int = 16
    """Rank of the adapters of "lora"."""
    rounds: int = 4
    """Self-play rounds; each trains the challenger, then the solver."""
    seed: int = 0
    """Root of every random stream of the run."""

    challenger: str = "trained"
    """"trained"; "untrained" (frozen at the base: the control); "procedural" (a generator under a curriculum)."""
    labels: str = "vote"
    """What labels are: "vote" (majority of the attempts); computed: "sympy" (math), "executor" (code), "oracle"."""
    solver_reward: str = "label"
    """What the solver is paid for: matching the "label", or the controls "random" and "format"."""
    reward: str = "r-zero"
    """Challenger reward preset: r-zero, r-zero-code, azr, sqlm, spice, 4p(1-p)."""
    repetition_scale: float = 1.0
    """Weight λ of the repetition penalty; 0 switches it off."""
    curriculum: str = "band"
    """Curriculum of the procedural challenger."""
    generator: str = "mixed"
    """Generator of the procedural challenger and of the held-out exam."""

    attempts: int = 10
    """Attempts m of the solver at each question, from which p̂ and the vote come."""
    band: float = 0.25
    """Half-width δ of the band: a question is kept iff |p̂ − ½| ≤ δ."""
    questions: int = 512
    """Questions N the challenger writes for the solver's training data, per round."""
    challenger_steps: int = 5
    """GRPO steps of the challenger per round."""
    challenger_groups: int = 16
    """Groups per challenger step; all have the same instruction."""
    challenger_samples: int = 8
    """Samples G per challenger group."""
    solver_steps: int = 10
    """GRPO steps of the solver per round."""
    solver_prompts: int = 32
    """Questions per solver step."""
    solver_samples: int = 8
    """Samples G per question."""
    refill: int = 0
    """At most so many further draws per solver step: questions whose attempts were all paid the same give their place
    to others of the round; 0 is none."""

    learning_rate: float = 1e-4
    """AdamW learning rate of the solver."""
    challenger_learning_rate: float = 1e-4
    """AdamW learning rate of the challenger."""
    kl: float = 1e-2
    """Weight of the KL term that holds a role near its reference."""
    kl_reference: str = "base"
    """That reference: the "base" model, which never moves, or the role as it was when the "round" began, which bounds
    no drift over rounds (needs isolation="copies")."""
    l2_start: float = 0.0
    """Weight of a pull of all trained weights back to where they started, per unit of learning rate; 0 is none."""
    temperature: float = 1.0
    """Sampling temperature of training, attempts and exams."""
    max_new_tokens: int = 72
    """Longest completion of the solver, in tokens."""
    challenger_max_new_tokens: int = 72
    """Longest completion of the challenger, in tokens."""

    exam_questions: int = 512
    """Held-out questions of the exam, disjoint from training by construction."""
    exam_samples: int = 4
    """Samples per exam question."""
    validation_questions: int = 128
    """Held-out questions of the gate, disjoint from the exam's."""
    guard: str = "watch"
    """"watch" (alarms only), "on" (also learning rates and rollback to the best checkpoint) or "off". With `validation`
    at "reference", "on" lets held-out answers steer a run, so it is asked for, not given."""
    validation: str = "reference"
    """What validation answers are held against: the "reference" of held-out questions, never trained on, or the
    base's "vote", taken once before training, where no answer is known."""
    validate_every: int = 0
    """Solver steps between validations inside a training phase; 0 validates once per round only."""
    keep_checkpoints: int = 2
    """Checkpoints kept besides the best and the last one."""
    save_every: int = 5
    """Optimiser steps between two saved states inside a training phase."""
    dtype: str = "float32"
    """Precision of the weights: "float32", "bfloat16", or "float16" for a base under adapters."""
    autocast: str = "none"
    """Precision of matrix products in updates: that of the weights ("none"), "bfloat16", or "float16" with a loss
    scale."""
    micro_batch_tokens: int = 4096
    """Tokens per forward and backward pass of an update; only memory depends on it."""
    gradient_checkpointing: bool = False
    """Whether an update computes layers again in the backward pass: less memory, a third more time."""
    device: str = "cpu"
    """Where the models live: "cpu", "cuda", "cuda:1", "mps", or "auto" to spread each over all devices. Several
    processes: "cpu", or "cuda" for a GPU each."""
    challenger_device: str = ""
    """Where the challenger lives if not with the solver; needs isolation="copies"."""
    sharding: str = "none"
    """What several processes hold of the weights and the optimiser's state: all ("none"), or a share ("fsdp2")."""
    threads: int = 1
    """CPU threads of torch; 0 leaves torch's own choice. Small models are fastest, and reproducible, with 1."""

    def __post_init__(self) -> None:
        _one_of("challenger", self.challenger, CHALLENGERS)
        _one_of("labels", self.labels, LABELS)
        _one_of("isolation", self.isolation, ISOLATIONS)
        _one_of("trunk", self.trunk, TRUNKS)
        _one_of("solver_reward", self.solver_reward, SOLVER_REWARDS)
        _one_of("kl_reference", self.kl_reference, KL_REFERENCES)
        _one_of("guard", self.guard, GUARDS)
        _one_of("validation", self.validation, VALIDATIONS)
        _one_of("sharding", self.sharding, SHARDINGS)
        _one_of("dtype", self.dtype, DTYPES)
        _one_of("autocast", self.autocast, ("none", *DTYPES[1:]))
        if self.challenger_device and self.isolation != "copies":
            raise ConfigError(
                f"challenger_device={self.challenger_device!r} needs a model per role, isolation='copies'; "
                f"got {self.isolation!r}"
            )
        for name in AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be >= 1, got {getattr(self, name)!r}")
        at_least_zero = (
            *("seed", "challenger_steps", "solver_steps", "kl", "l2_start", "repetition_scale", "validate_every"),
            *("keep_checkpoints", "refill"),
        )
        for name in at_least_zero:
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be >= 0, got {getattr(self, name)!r}")
        for name in ("learning_rate", "challenger_learning_rate", "temperature"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be > 0, got {getattr(self, name)!r}")
        together = self.isolation in ("prompt", "tokens") or (self.isolation == "lora" and self.trunk == "trained")
        if together and self.challenger == "untrained":
            raise ConfigError(
                f"challenger='untrained' stays at the base, but isolation={self.isolation!r} lets the solver move its "
                "weights; use isolation='copies', or 'lora' with trunk='frozen'"
            )
        if self.sharding != "none" and self.isolation != "copies":
            raise ConfigError(
                f"sharding={self.sharding!r} shards models that belong to one role: it needs isolation='copies', "
                f"got {self.isolation!r}"
            )
        if self.kl_reference == "round" and self.isolation != "copies":
            raise ConfigError(
                f"kl_reference='round' needs a model per role, isolation='copies'; got isolation={self.isolation!r}"
            )
        if not 0.0 <= self.band <= 0.5:
            raise ConfigError(f"band must be in [0, 0.5], got {self.band!r}")

    def replace(self, **changes: Any) -> RunConfig:
        """A copy with some fields changed; unknown names get a did-you-mean."""
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise UnknownNameError("setting", name, known)
        return dataclasses.replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """The inverse of `as_dict`."""
        return cls().replace(**values)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UnknownNameError(name, value, allowed)
