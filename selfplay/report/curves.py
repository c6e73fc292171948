"""What is drawn of the training steps of a role: titles, units, measures with their names, colours and line styles."""

from __future__ import annotations

from dataclasses import dataclass

from ..pages.figures import BAD, CHALLENGER, GOOD, MUTED, SOLVER, VOTE


@dataclass(frozen=True, slots=True)
class Curves:
    """One figure: a title, the unit of its axis, and measures with their names, colours and line styles.

    Attributes:
        unit: text of the y axis; "%" draws shares as per cent.
    """

    title: str
    unit: str
    lines: tuple[tuple[str, str, str, str], ...]


CHALLENGER_CURVES = (
    Curves(
        "Reward and its terms",
        "mean over the batch",
        (
            ("mean_reward", "reward", CHALLENGER, "-"),
            ("uncertainty", "uncertainty", SOLVER, "--"),
            ("repetition", "repetition penalty", BAD, ":"),
        ),
    ),
    Curves(
        "Questions worth asking",
        "%",
        (
            ("band_share", "in the band", CHALLENGER, "-"),
            ("valid_share", "valid", GOOD, "--"),
            ("solve_rate", "solve rate", SOLVER, ":"),
        ),
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
    Curves("Reward", "%", (("mean_reward", "attempts that match the label", SOLVER, "-"),)),
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


def curves_of(role: str) -> tuple[Curves, ...]:
    """The curves of a role that samples and is rewarded."""
    return CHALLENGER_CURVES if role == "challenger" else SOLVER_CURVES
