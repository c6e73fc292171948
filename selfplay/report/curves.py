"""What is drawn of the training steps of a role: titles, units, measures with their names, colours and line styles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.options import write_named
from ..pages.figures import BAD, CHALLENGER, COLOURS, GOOD, MUTED, SOLVER, VOTE
from ..pages.wording import name_in_figure
from ..settings.config import CHALLENGER as ASKING
from ..settings.config import SOLVER as ANSWERING

REWARD, TERM, REST = "mean_reward", "reward_terms.", "reward_rest"
"""Measures of a figure of rewards: the mean, each term of it by name, and what these differ by."""
SIGNS = ("format", "valid", "policy")
"""Among the terms of a challenger: what they say of a proposal is no part of its reward."""
LEAST_REST = 1e-5
"""A difference below, of means up to 1, or as a share of larger ones, is one of rounding."""


@dataclass(frozen=True, slots=True)
class Curves:
    """One figure: a title, the unit of its axis, and measures with their names, colours and line styles.

    Attributes:
        unit: text of the y axis; "%" draws shares as per cent.
        of: what the shares are shares of.
    """

    title: str
    unit: str
    lines: tuple[tuple[str, str, str, str], ...]
    of: str = "groups or completions"


CHALLENGER_CURVES = (
    Curves(
        "Questions worth asking",
        "%",
        (
            ("band_share", "in the band", CHALLENGER, "-"),
            ("valid_share", "valid", GOOD, "--"),
            ("solve_rate", "solve rate", SOLVER, ":"),
        ),
        of="proposals",
    ),
    Curves("Distinct clusters of questions", "clusters in the batch", (("clusters", "clusters", CHALLENGER, "-"),)),
    Curves("Drift from the base", "KL, nats per token", (("kl", "KL to the base", CHALLENGER, "-"),)),
    Curves("Entropy", "nats per token", (("entropy", "entropy", CHALLENGER, "-"),)),
    Curves(
        "Proposals without use",
        "%",
        (
            ("zero_variance_share", "groups of equal rewards", MUTED, "-"),
            ("truncated_share", "proposals cut off", BAD, "--"),
        ),
    ),
)
SOLVER_CURVES = (
    Curves(
        "Groups and answers without use",
        "%",
        (
            ("zero_variance_share", "groups of equal rewards", MUTED, "-"),
            ("truncated_share", "answers cut off", BAD, "--"),
        ),
    ),
    Curves("Drift from the base", "KL, nats per token", (("kl", "KL to the base", SOLVER, "-"),)),
    Curves("Entropy", "nats per token", (("entropy", "entropy", SOLVER, "-"),)),
    Curves("Length of the answers", "tokens", (("mean_length", "mean length", SOLVER, "-"),)),
    Curves("Gradient norm", "before clipping", (("grad_norm", "gradient norm", VOTE, "-"),)),
)

SUPERVISED_CURVES = (
    Curves("Loss of supervised steps", "nats per token", (("loss", "loss", SOLVER, "-"),)),
    Curves("Different questions", "in the batch", (("distinct_questions", "different questions", SOLVER, "-"),)),
)

OF_THE_UPDATE = ("kl", "entropy", "grad_norm", "loss")
"""Measures that say nothing of a step in which there was nothing to learn."""


def curves_of(role: str, reward: Any, terms: Iterable[str]) -> tuple[Curves, ...]:
    """The curves of a role that samples and is rewarded; see `reward_curves`."""
    others = CHALLENGER_CURVES if role == ASKING else SOLVER_CURVES
    return (reward_curves(role, reward, terms), *others)


def reward_curves(role: str, reward: Any, terms: Iterable[str]) -> Curves:
    """The reward of a role: the mean and its terms, or, of a solver rewarded by the label alone, attempts that match.

    Args:
        reward: the setting of the role; `None` where it is not known.
        terms: names of what `reward_parts` found in the steps, and of a rest that is not 0.
    """
    if role == ANSWERING and isinstance(reward, str | Mapping) and write_named(reward) == "label":
        return Curves("Reward", "%", ((REWARD, "attempts that match the label", SOLVER, "-"),), "attempts that match")
    own = CHALLENGER if role == ASKING else SOLVER
    free = [colour for colour in COLOURS if colour not in (own, MUTED)]
    lines = [(REWARD, "reward", own, "-")]
    for i, term in enumerate(terms):
        if term == REST:
            lines.append((REST, "rest", MUTED, ":"))
        else:
            style = ("--", ":", "-")[i // len(free) % 3]
            lines.append((TERM + term, name_in_figure(term), free[i % len(free)], style))
    return Curves("Reward and its terms" if len(lines) > 1 else "Reward", "mean reward", tuple(lines))


def reward_parts(role: str | None, terms: Mapping[str, float | None]) -> dict[str, float]:
    """What each part of a reward added in a step, its weight included, out of `reward_terms` of `metrics.jsonl`."""
    signs = SIGNS if role == ASKING else ()
    return {name: value for name, value in terms.items() if name not in signs and value is not None}


def reward_rest(mean_reward: float, parts: Mapping[str, float]) -> float:
    """What a mean reward is besides its parts: floors, and proposals that have no parts or earn nothing by them."""
    rest = mean_reward - sum(parts.values())
    return rest if abs(rest) > LEAST_REST * max(1.0, abs(mean_reward)) else 0.0
