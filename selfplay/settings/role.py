"""The settings of one role: its model, how it learns, and how far it is from the other roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...agents.roles.sharing_kinds import check_sharing, shares_weights
from ...agents.training.balance import BALANCES
from ...agents.training.config import GRPOConfig
from ...core.errors import ConfigError
from ...core.options import parse_named, write_named
from .checks import MOST_SAMPLES, Named, at_least, check_options, check_types, one_of

WITHOUT_REDRAWS = ("rft", "dpo")
"""Updates of ours to which groups of equal rewards are no loss."""
KL_REFERENCES = ("base", "part", "round")


@dataclass(frozen=True, slots=True)
class RoleConfig:
    """One row of a run's table of roles. Defaults are the solver's."""

    model: str = "tiny"
    """Where the role starts: "tiny", "smollm2", or the path of any causal language model in Hugging Face format."""
    learns: bool = True
    """Whether the role trains; one that does not stays as it started: the control "untrained"."""
    steps: int = 10
    """Training steps per round; an update may have a number of its own."""
    every: int = 1
    """It trains once in so many rounds, in the first of them: 2 is rounds 1, 3, 5 and so on."""
    condition: Named = "none"
    """What a challenger is asked for: "none" (the bare instruction), "level(…)" (a difficulty) or "unsolved(…)" (an
    easier relative of a question that the solver did not solve)."""
    groups: int = 32
    """Groups per step: a question each for whoever answers; all with the same instruction for a challenger."""
    samples: int = 8
    """Samples G per group."""
    dynamic_sampling: int = 0
    """At most this many further draws per step: questions whose attempts all got the same reward give their place to
    others of the round; 0 is none."""
    update: Named = "grpo"
    """How the role learns: "grpo", policy gradients; "rft", supervised steps on its own completions that are right;
    "dpo", steps on pairs of which one is preferred; or any registered update; see `selfplay-gym list updates`."""
    replay: float = 0.0
    """Share of each batch that comes from earlier rounds' kept questions; 0 is none. For whoever answers."""
    replay_easy: bool = True
    """Whether questions that were too easy to be kept, of this round or an earlier one, are replayed as well."""
    replay_by: str = "level"
    """How replayed questions are balanced: evenly by "level" or "length", in proportion to "p(1-p)", or "none"."""
    max_new_tokens: int = 72
    """Longest completion, in tokens."""
    stop: tuple[str, ...] | None = None
    """Texts that end a completion, which is cut before them, such as ["\\nQuestion:"]; none means that a model without
    a chat template which answers stops where it begins another question, and every other one by its end token only."""
    template_options: Mapping[str, Any] = field(default_factory=dict)
    """What the model's chat template is told besides the turns, such as {enable_thinking = false}; docs/models.md."""
    skips: tuple[str, ...] = ()
    """Regular expressions of what the model does not read of its prompts, such as rules that are the same at every
    move; the tokenizer of its checkpoints skips that, too. For small models that learn one game, and with weights of
    the role's own ("copies")."""
    reward: Named = "label"
    """What the role is rewarded for. A challenger: a reward such as "r-zero(repetition=0)", or a weighted sum,
    "uncertainty + 0.2*novelty". Whoever answers: "label", or "label + 0.2*efficiency" and such sums; a reward without
    labels such as "confidence" or "random"; or any verifier. A sum may be a list of its terms."""
    turns: Named = "none"
    """How a solver's attempt goes on over several turns: "none" (it answers at once), "retry(…)", "ask_back(…)",
    "calculator(…)" or "sandbox(…)"; docs/turns.md."""
    opponents: Named = "self"
    """Whom it meets in its training. A challenger or solver: "self", the other role as it is, or "league(pfsp)",
    snapshots of it as well, for a solver by the source "league" (docs/league.md). The player of a turn game: "self" (it
    plays all seats), "league(pfsp)" (snapshots of itself as well), "latest" (itself as it was when the round began), or
    an agent by name, such as "random-legal"."""
    baseline: Named = "rae"
    """What the rewards of a turn game are compared with: "rae(decay=0.95)", a running mean of each seat;
    "positions(decay=0.8, trace=0.5)", running values of the positions before and after a move; or "none"."""
    openings: int = 0
    """Up to so many random legal moves before an episode of a turn game that trains; 0 is none."""
    policy: Named = "rules"
    """What looks at all that the role writes, before it is asked or rewarded: "rules" (a file of rules), "none", or
    "endpoint:URL#model" (a guard model); see `selfplay-gym list policies`."""
    weight_sharing: str = "copies"
    """How far apart roles are: "copies" (a model of its own), "lora" (an adapter each on one base), "prompt" or
    "tokens" (one model, told apart by the prompt, or by a learned vector per token type)."""
    trunk: str = "frozen"
    """Whether the base under the adapters of "lora" is "frozen" or "trained" by all its roles."""
    adapter_rank: int = 16
    """Rank of the adapters of "lora"."""
    kl_reference: str = "base"
    """What the KL term refers to: the "base" model, which never moves; the role as it was when the "part" of the
    schedule began, such as after a warm-up; or as it was when the "round" began, which bounds no drift over rounds."""
    kl_decay: float = 1.0
    """Factor on `grpo.kl_weight` from round to round, in (0, 1]; every part of the schedule begins with 1."""
    rate_decay: float = 1.0
    """Factor on `grpo.learning_rate` from round to round, in (0, 1]; every part of the schedule begins with 1."""
    l2_sp: float = 0.0
    """Weight of L2-SP, a pull of all trained weights to where they started, per unit of learning rate; 0 is none."""
    device: str | None = None
    """Where the role lives if not on `compute.device`."""
    grpo: GRPOConfig = field(default_factory=lambda: GRPOConfig(learning_rate=1e-4, kl_weight=1e-2))
    """Settings of its trainer: optimiser, sampling, loss of the update "grpo"."""

    def __post_init__(self) -> None:
        if isinstance(self.reward, list | tuple):
            object.__setattr__(self, "reward", {"name": "sum", "terms": list(self.reward)})
        check_types(self)
        for name in ("model", "device"):
            if getattr(self, name) == "":
                raise ConfigError(f'{name} must not be empty, got ""')
        check_sharing(self.weight_sharing, self.trunk)
        if self.stop is not None and not all(self.stop):
            raise ConfigError(f"stop must be a list of texts, none of them empty, got {list(self.stop)!r}")
        if not all(self.skips):
            raise ConfigError(
                f"skips must be a list of regular expressions, none of them empty, got {list(self.skips)!r}"
            )
        check_options("template_options", self.template_options)
        one_of("kl_reference", self.kl_reference, KL_REFERENCES)
        at_least(self, 1, "every", "groups", "max_new_tokens", "adapter_rank")
        at_least(self, 1, "samples", most=MOST_SAMPLES)
        at_least(self, 0, "steps", "dynamic_sampling", "openings", "l2_sp")
        for name in ("kl_decay", "rate_decay"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ConfigError(f"{name} must be in (0, 1], got {getattr(self, name)!r}")
        named = parse_named(write_named(self.update)).name if isinstance(self.update, str | Mapping) else None
        if self.dynamic_sampling and named in WITHOUT_REDRAWS:
            raise ConfigError(
                f"dynamic_sampling={self.dynamic_sampling!r} draws again for update='grpo'; {named!r} draws no groups: "
                "leave it at 0"
            )
        if not 0.0 <= self.replay < 1.0:
            raise ConfigError(f"replay must be a share in [0, 1), got {self.replay!r}")
        one_of("replay_by", self.replay_by, BALANCES)
        if self.learns and self.steps and self.samples < 2:
            raise ConfigError(
                f"samples must be >= 2 where a role learns, got {self.samples!r}: rewards are compared within a group; "
                "or set learns=false"
            )
        if self.weight_sharing != "copies":
            own = {"device": self.device, "kl_reference": self.kl_reference != "base", "skips": self.skips}
            for name, needs_own in own.items():
                if needs_own:
                    raise ConfigError(
                        f"{name}={getattr(self, name)!r} needs a model of the role's own, weight_sharing='copies'; "
                        f"got {self.weight_sharing!r}"
                    )

    def kl_weight(self, rounds: int) -> float:
        """The weight of the KL term so many rounds after the first of a part of the schedule."""
        return self.grpo.kl_weight * self.kl_decay**rounds

    def learning_rate(self, rounds: int) -> float:
        """The learning rate so many rounds after the first of a part of the schedule."""
        return self.grpo.learning_rate * self.rate_decay**rounds

    @property
    def shares_trained_weights(self) -> bool:
        """Whether training this role moves weights that another role acts with."""
        return shares_weights(self.weight_sharing, self.trunk)
