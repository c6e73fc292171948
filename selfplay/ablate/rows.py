"""The rows of an ablation: what each changes in the settings, given as such or worked out from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from ...core.options import parse_named, write_named
from ...core.registries import make_generator, rewards
from ...core.sums import Part, read_terms, write_sum
from ..run.compute import BACKWARD, FORWARD
from ..settings.config import RunConfig

Change = Mapping[str, Any] | Callable[[RunConfig], Mapping[str, Any]]

FULL = "full"
UNTRAINED = {"roles.challenger.learns": False}
VOTE = {
    "labels": {"source": "vote", "attempts": 10},
    "roles.challenger.reward": "r-zero",
    "questions.keep_band": [0.25, 0.75],
}
"""Labels with as many attempts as they need, and the reward and the band that belong to them; likewise below."""
CHECKED = {
    "labels": {"source": "checked", "attempts": 10},
    "roles.challenger.reward": "peak",
    "questions.keep_band": [0.5, 0.9],
}
DECOMPOSED = {
    "labels.source": "decomposed(reach=4)",
    "roles.challenger.reward": "unsolved",
    "questions.keep_band": [0.0, 0.9],
    "roles.solver.update": "rft",
}
"""With an update that learns the solutions put together, also of questions that no attempt solves."""
PUBLISHED = {**VOTE, "questions.pool": False}


def equal_compute(config: RunConfig) -> Mapping[str, Any]:
    """An untrained challenger, and as many more solver steps as its training would have cost, were all completions of
    one length and trained on; under `compute.tokens_per_round`, which ends the training, the most there may be."""
    asks, learns, trained = config.roles["challenger"], config.roles["solver"], FORWARD + BACKWARD
    challenger = asks.steps * asks.groups * asks.samples * (FORWARD * (1 + config.labels.attempts) + trained)
    solver_step = learns.groups * learns.samples * (FORWARD + trained)
    return {**UNTRAINED, "roles.solver.steps": learns.steps + round(challenger / solver_step)}


def steered(curriculum_name: str, config: RunConfig) -> Mapping[str, Any]:
    """Questions of the generator under a curriculum, over its kinds where it has some, and over levels."""
    kinds = list(getattr(make_generator(config.questions.generator), "kinds", ()))
    curriculum = {"name": curriculum_name, **({"kinds": kinds} if kinds else {})}
    return {"questions.sources": {"procedural": 1.0}, "questions.curriculum": curriculum}


def validator(config: RunConfig) -> Mapping[str, Any]:
    """Labels that a role of its own confirms, which learns after every labelling, before the solver."""
    stages = [*config.stages]
    stages.insert(stages.index("label") + 1 if "label" in stages else len(stages), "sft(validator, steps=100)")
    row = {**config.as_dict()["roles"]["solver"], "max_new_tokens": 8}
    return {"stages": stages, "roles.validator": row, "labels.source": "validated"}


def more_questions(times: int, config: RunConfig) -> Mapping[str, Any]:
    """For arms whose questions cost less, such as the short ones of an untrained challenger."""
    return {"questions.count": times * config.questions.count}


def plus(weight: float, term: str, config: RunConfig) -> Mapping[str, Any]:
    """The challenger's reward, and a term more."""
    return {"roles.challenger.reward": write_sum([*_parts(config), Part(weight, term)])}


def reward_with(options: Mapping[str, Any], config: RunConfig) -> Mapping[str, Any]:
    """The challenger's reward, with other options.

    Raises:
        ConfigError: it is a sum, whose terms have options of their own.
    """
    parts = _parts(config)
    if len(parts) > 1:
        raise ConfigError(f"the challenger's reward is a sum, {write_sum(parts)!r}, which has no {', '.join(options)}")
    term = parts[0].term
    name, _, own = (term, (), {}) if term in rewards.names() else parse_named(term)  # 4p(1-p) is a name
    return {"roles.challenger.reward": write_named({"name": name, **own, **options})}


def _parts(config: RunConfig) -> list[Part]:
    reward = config.roles["challenger"].reward
    terms = reward["terms"] if isinstance(reward, Mapping) and reward.get("name") == "sum" else write_named(reward)
    return read_terms(terms, rewards.names())


def believed(config: RunConfig) -> Mapping[str, Any]:
    """Paid for what a correctness head on the solver believes, which labels then, too."""
    return {**plus(0.5, "belief", config), "labels.source": "validated(by=head)"}


def updated(name: str, config: RunConfig) -> Mapping[str, Any]:
    """A solver that learns by this update; by its own settings of it, if it does already."""
    own = parse_named(write_named(config.roles["solver"].update)).name
    return {} if own == name else {"roles.solver.update": name}


def rft_and(more: Mapping[str, Any], config: RunConfig) -> Mapping[str, Any]:
    """Supervised steps of the solver on its own right completions, and something more."""
    return {**updated("rft", config), **more}


def slow_grpo(config: RunConfig) -> Mapping[str, Any]:
    """Policy gradients at a low rate."""
    return {**updated("grpo", config), "roles.solver.grpo.learning_rate": 2e-5}


def halved_steps(config: RunConfig) -> Mapping[str, Any]:
    """Policy gradients in half the steps, with twice the groups in each."""
    row = config.roles["solver"]
    changed = {"roles.solver.steps": max(1, row.steps // 2), "roles.solver.groups": 2 * row.groups}
    return {**updated("grpo", config), **changed}


VARIANTS: dict[str, Change] = {
    FULL: {},
    "as published": PUBLISHED,
    "as published, untrained challenger": {**PUBLISHED, **UNTRAINED},
    "untrained challenger": UNTRAINED,
    "untrained, equal compute": equal_compute,
    "procedural challenger": {"questions.sources": {"procedural": 1.0}},
    "bandit": partial(steered, "bandit"),
    "sfl": partial(steered, "sfl"),
    "a fifth open": {"questions.sources": {"challenger": 0.8, "open": 0.2}},
    "a fifth replayed": {"questions.sources": {"challenger": [1.0, 0.8], "replay": [0.0, 0.2]}},
    "a fifth perturbed": {"questions.sources": {"challenger": 0.8, "adversarial": 0.2}},
    "a fifth by the adversary": {"questions.sources": {"challenger": 0.8, "adversarial(choose=bandit)": 0.2}},
    "three times the questions": partial(more_questions, 3),
    "four times the questions": partial(more_questions, 4),
    "condition-level": {"roles.challenger.condition": "level"},
    "condition-unsolved": {"roles.challenger.condition": "unsolved"},
    "every-2": {"roles.challenger.every": 2},
    "archive": partial(reward_with, {"archive": {"weight": 0.5, "from_round": 2}}),
    "reward: uncertainty": {"roles.challenger.reward": "uncertainty - repetition"},
    "reward: novelty": partial(plus, 0.5, "novelty"),
    "reward: topics": partial(plus, -0.5, "topics"),
    "reward: consistency": partial(plus, 0.5, "consistency"),
    "reward: methods": partial(plus, 0.5, "methods"),
    "reward: length": partial(plus, -0.5, "length(most=40)"),
    "reward: belief": believed,
    "no repetition penalty": partial(reward_with, {"repetition": 0}),
    "no band filter": {"questions.keep_band": [0.0, 1.0]},
    "no KL": {"roles.*.grpo.kl_weight": 0.0},
    "KL to the round": {"roles.*.kl_reference": "round"},
    "labels: vote": {"labels.source": "vote"},
    "labels: sympy": {"labels.source": "sympy"},
    "labels: oracle": {"labels.source": "oracle"},
    "labels: checked": {"labels.source": "checked"},
    "recipe: vote": VOTE,
    "recipe: checked": CHECKED,
    "recipe: decomposed": DECOMPOSED,
    "labels: validator": validator,
    "labels: head": {"labels.source": "validated(by=head)"},
    "guard on": {"guard.mode": "on"},
    "no output policy": {"roles.*.policy": "none"},
    "reward random": {"roles.solver.reward": "random"},
    "reward format": {"roles.solver.reward": "format"},
    "reward confidence": {"roles.solver.reward": "confidence"},
    "reward neg-entropy": {"roles.solver.reward": "neg-entropy"},
    "reward path-consistency": {"roles.solver.reward": "path-consistency"},
    "reward negative": {"roles.solver.reward": "negative"},
    "reward efficiency": {"roles.solver.reward": "label + 0.2*efficiency"},
    "reward consistency": {"roles.solver.reward": "label + 0.2*consistency"},
    "shape r-zero": {"roles.challenger.reward": "r-zero"},
    "shape azr": {"roles.challenger.reward": "azr"},
    "shape sqlm": {"roles.challenger.reward": "sqlm"},
    "shape 4p(1-p)": {"roles.challenger.reward": "4p(1-p)(repetition=1)"},
    "r-zero-code": {"roles.challenger.reward": "r-zero-code"},
    "update: grpo at 2e-5": slow_grpo,
    "update: grpo, half the steps, twice the groups": halved_steps,
    "update: grpo, rate falls": {"roles.solver.update": "grpo(warmup=2, final_share=0.1)"},
    "update: rft": partial(updated, "rft"),
    "update: rft, both roles": partial(rft_and, {"roles.challenger.update": "rft"}),
    "replay": {"roles.solver.replay": 0.25},
    "replay by p(1-p)": {"roles.solver.replay": 0.25, "roles.solver.replay_by": "p(1-p)"},
    "update: rft, replay": partial(rft_and, {"roles.solver.replay": 0.25}),
    "roles: lora": {"roles.*.weight_sharing": "lora", "questions.pool": False},
    "roles: one model": {"roles.*.weight_sharing": "prompt", "questions.pool": False},
    "roles: token types": {"roles.*.weight_sharing": "tokens", "questions.pool": False},
}
"""What each variant changes in the settings, given as such or worked out from them; `full` changes nothing. Names that
are joined by " + " change one after the other."""
JOINED = " + "


def find_variant(name: str) -> Change:
    """A variant by its name, or several that are joined.

    Raises:
        UnknownNameError: no such variant.
    """
    parts = name.split(JOINED)
    for part in parts:
        if part not in VARIANTS:
            raise UnknownNameError("variant", part, VARIANTS)
    return partial(_one_after_the_other, [VARIANTS[part] for part in parts])


def _one_after_the_other(changes: Sequence[Change], config: RunConfig) -> Mapping[str, Any]:
    merged: dict[str, Any] = {}
    for change in changes:
        merged |= change(config.replace(merged)) if callable(change) else change
    return merged
