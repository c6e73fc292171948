"""What a run on a turn game begins with: one role that plays the seats, and stages of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.registries import env_id, turn_games

PLAYER = "player"
"""The role of a run on a turn game: it plays the seats of the game."""

STAGES = ("train(player)", "evaluate", "gate")


def turn_game_of(env: str) -> str | None:
    """The turn game behind a Gymnasium id, "SelfPlayKuhn-v0"; `None` where it is none."""
    return {env_id(name): name for name in turn_games.names() if not name.endswith(":")}.get(env)


def turn_settings(game: str, *, tiny: bool = True, debug: bool = False) -> dict[str, Any]:
    """What a run on a turn game sets besides its id, as a tree like `RunConfig`.

    Args:
        tiny: whether the player starts as the embedded `tiny`, which has not seen the game: then the run begins with a
            warm-up on legal moves.
        debug: small, to see that everything runs.
    """
    own = {**DEFAULTS, **GAMES.get(game, {})}
    if tiny:
        shown = "warm_up(steps=8, batch=16)" if debug else WARM_UPS.get(game, WARM_UP)
        own |= {"roles.player.skips": SKIPS[game]} if game in SKIPS else {}
        own["schedule"] = {
            "warm_up": {"stages": [shown, "evaluate", "gate"], "until": "rounds(1)"},
            "self_play": {"stages": list(STAGES)},
        }
    return {**own, **DEBUG} if debug else own


WARM_UP = "warm_up(steps=500, batch=32)"
WARM_UPS: Mapping[str, str] = {
    "tic-tac-toe": "warm_up(steps=120, batch=64)",
    "kuhn": "warm_up(steps=600, batch=64, learning_rate=2e-3, habit=1.0)",
    "negotiation": "warm_up(steps=300, batch=24)",
}
"""How long it takes until nearly all moves are legal."""
SKIPS: Mapping[str, tuple[str, ...]] = {
    "tic-tac-toe": (r"Tic-tac-toe\. [^\n]*\nLegal moves: [^\n]*\nYou are [XO]:\n", r"(?<=[XO1-9]) (?=[XO1-9])"),
}
"""What `tiny` does not read: of 110 tokens of tic-tac-toe 14 are the board, which says all of it."""
NEAR: Mapping[str, Any] = {"loss_type": "dr_grpo", "scale": "batch"}
"""Losses that sum over tokens, so that long moves weigh no less; advantages in units of their deviation."""
DEFAULTS: Mapping[str, Any] = {
    "stages": STAGES,
    "rounds": 16,
    "roles.player.steps": 10,
    "roles.player.groups": 64,
    "roles.player.kl_reference": "part",
    "roles.player.grpo": {**NEAR, "learning_rate": 3e-4, "kl_weight": 0.3, "epochs": 3},
    "exam": {"questions": 200, "every": 4, "opponents": ("random-legal", "base")},
    "storage.save_every": 10,
}
GAMES: Mapping[str, Mapping[str, Any]] = {
    "tic-tac-toe": {
        "rounds": 36,
        "roles.player.max_new_tokens": 3,
        "roles.player.groups": 256,
        "roles.player.baseline": "positions(decay=0.9, trace=0.5)",
        "roles.player.openings": 8,
        "roles.player.rate_decay": 0.93,
        "roles.player.grpo": {
            **NEAR,
            "learning_rate": 1e-3,
            "kl_weight": 0.15,
            "epochs": 2,
            "minibatches": 8,
        },
        "exam": {"questions": 200, "every": 3, "greedy": True, "opponents": ("random-legal", "tic-tac-toe-perfect")},
    },
    "kuhn": {
        "rounds": 24,
        "roles.player.max_new_tokens": 8,
        "roles.player.steps": 50,
        "roles.player.groups": 512,
        "roles.player.update": "grpo(warmup=10)",
        "roles.player.rate_decay": 0.93,
        "roles.player.kl_decay": 0.87,
        "roles.player.grpo": {**NEAR, "learning_rate": 1e-4, "kl_weight": 0.3, "betas": (0.0, 0.95)},
        "exam": {"questions": 200, "every": 1, "opponents": ("kuhn-equilibrium",)},
    },
    "negotiation": {
        "rounds": 8,
        "roles.player.max_new_tokens": 44,
        "roles.player.steps": 8,
        "roles.player.groups": 32,
        "roles.player.grpo": {**NEAR, "learning_rate": 3e-4, "kl_weight": 0.1, "epochs": 2},
        "exam": {"questions": 100, "every": 4, "opponents": ("base", "random-legal")},
    },
}
"""In Kuhn poker a pull to the warm-up keeps play out of corners, where a move of probability 0 is never tried again; it
moves the end of play off the equilibrium (magnetic mirror descent, arXiv 2206.05825), and so falls. The optimiser has
no momentum, with which play goes round the equilibrium and not to it (Gidel et al., AISTATS 2019)."""
DEBUG: Mapping[str, Any] = {
    "rounds": 2,
    "roles.player.steps": 2,
    "roles.player.groups": 8,
    "exam.questions": 8,
    "storage.save_every": 1,
}
