"""The parts of a run's settings besides its roles: one frozen dataclass each, one sentence per field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.errors import ConfigError
from ...envs.sources.mixing import weight_at
from ..guard.thresholds import GuardThresholds
from .checks import MOST_SAMPLES, Named, at_least, check_types, one_of

GUARD_MODES = ("on", "watch", "off")
VALIDATIONS = ("reference", "vote")
REFERENCES = ("given", "known", "none")
SHARDINGS = ("none", "fsdp2")
MOST_TOKENS = 10**15
"""Counted tokens that anybody could wait for."""
DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class PartConfig:
    """One part of a run, such as the warm-up before self-play."""

    stages: tuple[str, ...] = ()
    """What a round of the part consists of, in order, like `stages` of a run of one part."""
    until: Named = "never"
    """What ends it, asked after each round: "rounds(n=1)", "plateau(rounds=2, gain=1)" (validations that do not gain so
    many points any more), "tokens(n=…)" (counted tokens of the part), or "never"."""

    def __post_init__(self) -> None:
        check_types(self)


@dataclass(frozen=True, slots=True)
class QuestionsConfig:
    """Where the questions of a round come from, and which of them train the solver."""

    sources: Mapping[str, float | tuple[float, ...]] = field(default_factory=lambda: {"challenger": 1.0})
    """Sources by name, each with its share of the questions, or with one share per round, of which the last stays;
    shares need not add up to 1."""
    count: int = 512
    """Questions N per round."""
    keep_band: tuple[float, float] = (0.25, 0.75)
    """Lowest and highest solve rate p̂ at which a question trains the solver, both included."""
    margin: float = 0.0
    """Least difference between the shares of the first and the second answer at which a question trains the solver; 0
    asks for none."""
    generator: Named = "mixed"
    """Generator of procedural questions and of the held-out exam."""
    curriculum: Named = "band"
    """What chooses the levels of procedural questions."""
    pool: bool = False
    """Whether the questions that the challenger asked in its training of the round come first, with the attempts made
    there; the sources then write only what is missing up to `count`."""

    def __post_init__(self) -> None:
        check_types(self)
        at_least(self, 1, "count")
        low, high = self.keep_band
        if not 0.0 <= low <= high <= 1.0:
            raise ConfigError(f"keep_band must be [low, high] with 0 <= low <= high <= 1, got {list(self.keep_band)!r}")
        at_least(self, 0, "margin", most=1)
        if () in self.sources.values():
            raise ConfigError(f"sources must have a share, or one for each round; got {dict(self.sources)!r}")
        rounds = max((len(share) for share in self.sources.values() if isinstance(share, tuple)), default=1)
        for number in range(1, rounds + 1):
            shares = [weight_at(share, number) for share in self.sources.values()]
            if any(share < 0 for share in shares) or not 0 < sum(shares) < math.inf:
                where = "" if rounds == 1 else f" in round {number}"
                raise ConfigError(f"sources must have shares >= 0, and one above 0{where}; got {dict(self.sources)!r}")


@dataclass(frozen=True, slots=True)
class LabelsConfig:
    """Where the labels come from that the solver learns."""

    source: Named = "vote"
    """"vote" (majority of the attempts); votes that are confirmed: "checked" (they hold when asked another way),
    "validated" or "validated(by=head)"; "decomposed" (what the parts of a question come to); "coalition(members=[…])"
    (what several models agree on); computed: "sympy" (math), "executor" (code), "oracle"; or any verifier."""
    attempts: int = 10
    """Attempts m of the solver at each question, from which p̂ and the vote come."""
    references: str = "given"
    """Which known answers are labels, whatever attempts say: those "given" with the questions of a data set, all that
    are "known", also the generator's computed ones, or "none"."""

    def __post_init__(self) -> None:
        check_types(self)
        at_least(self, 1, "attempts", most=MOST_SAMPLES)
        one_of("references", self.references, REFERENCES)


@dataclass(frozen=True, slots=True)
class ExamConfig:
    """What the solver is examined on; nothing of it is ever trained on."""

    questions: int = 512
    """Held-out questions of the exam."""
    samples: int = 4
    """Samples per question."""
    batch: int = 64
    """Questions that are asked in one call: part of what fixes the samples, and large on a GPU."""
    every: int = 1
    """Rounds between two exams; the base and the last round always have one."""
    pass_k: int = 0
    """Samples per question of a second exam of base and last round, for pass@k with a large k: what is answered at all.
    0 holds none."""
    pass_questions: int = 160
    """Questions of that exam: the first ones of the exam, or all of them if there are fewer."""
    suites: tuple[str, ...] = ()
    """Further suites held with every exam, as `bench` knows them."""
    opponents: tuple[str, ...] = ()
    """Whom the player of a turn game meets in its exam, `questions` games each: agents by name, or "base", the model as
    it started."""
    turns: bool = False
    """Whether the exam lets the solver go on over several turns, as `roles.solver.turns` says; by a retry it then
    learns that it was wrong, so that such an exam is not to be compared with others."""
    greedy: bool = False
    """Whether the exam of a turn game is also held with the most likely move always."""

    def __post_init__(self) -> None:
        check_types(self)
        at_least(self, 1, "questions", "batch", "every", "pass_questions")
        at_least(self, 1, "samples", most=MOST_SAMPLES)
        at_least(self, 0, "pass_k", most=MOST_SAMPLES)


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """Full evaluations every so many games: all suites and cross-play, apart from the exam."""

    every_games: int = 0
    """Games from one full evaluation to the next, over all rounds, held when their stage ends; 0 holds none. A game is
    a proposal of the challenger in training, or a question that the solver answers, with all attempts at it."""
    suites: tuple[str, ...] = ("builtin",)
    """Suites, as `selfplay-gym exam` takes them."""
    questions: int = 100
    """Questions per suite at most."""
    samples: int = 2
    """Samples per question."""
    proposals: int = 32
    """Questions per pair in cross-play; 0 plays none."""
    beside: bool = False
    """Whether a process of its own holds them, on copies of the weights, while the run goes on."""

    def __post_init__(self) -> None:
        check_types(self)
        at_least(self, 0, "every_games", "proposals")
        at_least(self, 1, "questions")
        at_least(self, 1, "samples", most=MOST_SAMPLES)
        if self.every_games and not self.suites:
            raise ConfigError("evaluation.suites must name a suite, such as 'builtin', where every_games is set")


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """What watches a run, and may go back to its best checkpoint."""

    mode: str = "watch"
    """"watch" (alarms only), "on" (also learning rates and rollback to the best checkpoint) or "off". With `validation`
    at "reference", "on" lets held-out answers steer a run, so it is asked for, not given."""
    validation: str = "reference"
    """What validation answers are held against: the "reference" of held-out questions, never trained on, or the
    base's "vote", taken once before training, where no answer is known."""
    questions: int = 128
    """Held-out questions of a validation; none of them is in the exam."""
    every: int = 0
    """Solver steps between validations inside a training stage; 0 validates once per round only."""
    thresholds: GuardThresholds = field(default_factory=GuardThresholds)
    """When alarms are raised, and when the guard acts."""

    def __post_init__(self) -> None:
        check_types(self)
        one_of("mode", self.mode, GUARD_MODES)
        one_of("validation", self.validation, VALIDATIONS)
        at_least(self, 1, "questions")
        at_least(self, 0, "every")


@dataclass(frozen=True, slots=True)
class ComputeConfig:
    """On what a run computes, and how exactly."""

    device: str = "cpu"
    """Where models live: "cpu", "cuda", "cuda:1", "mps", or "auto" to spread each over all devices. Several processes:
    "cpu", or "cuda" for a GPU each."""
    dtype: str = "float32"
    """Precision of the weights: "float32", "bfloat16", or "float16" for a base under adapters."""
    autocast: str = "none"
    """Precision of matrix products in updates, where a role's `grpo.autocast` says nothing: that of the weights
    ("none"), "bfloat16", or "float16" with a loss scale."""
    sharding: str = "none"
    """What several processes hold of weights, gradients and the optimiser's state: all ("none"), or a share of each
    ("fsdp2"), of which one layer at a time is put together."""
    gather_to_sample: bool = False
    """Under "fsdp2": put the whole model together while sampling, where it has room; that is many times faster."""
    threads: int = 1
    """CPU threads of torch; 0 leaves torch's own choice. Small models are fastest, and reproducible, with 1."""
    tokens_per_round: int = 0
    """Counted tokens (sampled + 3 × trained, without exams) at which the stage `train(solver)` of a round ends, after
    the step that reaches them; 0 is no bound. With it, `roles.solver.steps` is the most there may be."""
    sampler: Named = "local"
    """Where completions come from: "local", the models in this process; "ray(workers=8, address=auto)", copies of them
    in other processes; "vllm(url=…)" or "sglang(url=…)", a server that takes over the adapters of "lora"; or, for roles
    that do not learn, "openai(url=…, model=…)"; docs/servers.md, docs/ray.md."""
    workers: Named = "here"
    """Who judges attempts in a run: this process ("here"), "processes(4)", or "ray(8, address=auto)"."""

    def __post_init__(self) -> None:
        check_types(self)
        one_of("dtype", self.dtype, DTYPES)
        one_of("autocast", self.autocast, ("none", *DTYPES[1:]))
        one_of("sharding", self.sharding, SHARDINGS)
        if not self.device:
            raise ConfigError('device must name a device, such as "cpu", got ""')
        at_least(self, 0, "tokens_per_round", most=MOST_TOKENS)
        if not 0 <= self.threads <= 1024:
            raise ConfigError(f"threads must be in 0..1024, got {self.threads!r}")


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """What a run tells of itself while it goes on, in `live.jsonl` of its folder; nothing of it decides anything."""

    on: bool = True
    """Whether there is such a file."""
    resources_s: float = 2.0
    """Seconds between two measurements of processor, memory, GPU and disk, 0.1 or more; 0 measures none."""

    def __post_init__(self) -> None:
        check_types(self)
        at_least(self, 0, "resources_s", most=3600)
        if 0 < self.resources_s < 0.1:
            raise ConfigError(f"resources_s must be 0 or >= 0.1, got {self.resources_s!r}")


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """What a run keeps on disk."""

    keep: int = 2
    """Checkpoints kept per role besides the best and the last one; 0 keeps all."""
    save_every: int = 5
    """Optimiser steps between two saved states inside a training stage."""
    trajectories: int = 4
    """Episodes of a turn game that are logged whole, turn by turn, per training step."""

    def __post_init__(self) -> None:
        check_types(self)
        at_least(self, 0, "keep", "trajectories")
        at_least(self, 1, "save_every")
