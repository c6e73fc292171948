"""What goes over the wire between a game on an OpenEnv server and its player."""

from __future__ import annotations

from typing import Literal

from ...core.errors import MissingExtraError

try:
    from openenv.core.env_server.types import Action, Observation, State
except ImportError as error:
    if (error.name or "").partition(".")[0] != "openenv":
        raise
    raise MissingExtraError("openenv", "openenv", "selfplay_gym.interop.openenv") from None

__all__ = ["SelfPlayAction", "SelfPlayObservation", "SelfPlayState"]


class SelfPlayAction(Action):
    """A move.

    Attributes:
        text: the whole completion: an attempt by a solver, a proposal by a challenger. At most
            `envs.views.spaces.MAX_COMPLETION` characters.
    """

    text: str


class SelfPlayObservation(Observation):
    """A prompt (`done` is false, `reward` is `None`), or how the one move was judged (`done` is true).

    Attributes:
        prompt: what the player reads; "" once the episode is over.
        role: the player's, "solver" or "challenger".
        level: the difficulty asked for, in [0, 1]; `None` where nobody asked for one.
        outcome: of the verdict on the move; `None` before it. An undecided attempt earns 0.
        answer: what was read out of the attempt, `None` if nothing was.
        reason: why it was judged so.
        label: the answer held to be right; `None` before the move, and where there is none.
        label_source: where the label is from, "" without one.
        solve_rate: share of attempts that match the label, in [0, 1]; `None` before the move.
        reward_terms: the parts of the reward by name.
        question: what a challenger's proposal asked; `None` if it was malformed, and for solvers.
    """

    prompt: str = ""
    role: Literal["solver", "challenger"] = "solver"
    level: float | None = None
    outcome: Literal["correct", "wrong", "undecided"] | None = None
    answer: str | None = None
    reason: str = ""
    label: str | None = None
    label_source: str = ""
    solve_rate: float | None = None
    reward_terms: dict[str, float] = {}  # noqa: RUF012 - Pydantic copies a default
    question: str | None = None


class SelfPlayState(State):
    """What a session plays; `step_count` counts the moves of the present episode, 0 or 1.

    Attributes:
        game: environment id.
        role, level: as in the last `reset`.
    """

    game: str = ""
    role: str = "solver"
    level: float | None = None
