"""Games on an OpenEnv server as the environments of TRL's `GRPOTrainer` (1.16): `environment_factory=Games(url)`.

    rows(size=64, seed=0)          what the trainer's dataset holds: a seed a row, so that a group shares its question
    Games(url, tool=True)          the model hands in its text by the tool `answer`; the environment has the reward
    Games(url, tool=False)         the model's reply is the text; pass `reward_funcs=games.reward`

The reward is the server's. TRL is not imported here; it asks for a chat template that can show tool calls either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.options.counts import check_level, check_whole
from ...core.seeding import integer_seed
from ...envs.views.setup import check_role
from ..rows import conversation, text_of
from .client import SelfPlayClient
from .models import SelfPlayAction

__all__ = ["AnswerTool", "Games", "Spoken", "rows"]


def rows(
    *,
    size: int,
    seed: int = 0,
    role: str = "solver",
    levels: Sequence[float | None] = (None,),
    system: str | None = None,
) -> list[dict[str, Any]]:
    """`size` rows of a dataset: `prompt`, to which the trainer adds what the game asks, `seed`, `role`, `level`.

    Args:
        levels: difficulties in [0, 1], taken in turn; `None` leaves one to the server's curriculum.
        system: a turn before the question, as some chat templates want it.

    Raises:
        ConfigError: a size below 1, no such role or level, or none.
    """
    check_whole("size", size)
    check_role(role)
    if not levels:
        raise ConfigError("levels must name at least one difficulty in [0, 1], or None for the server's curriculum")
    for level in levels:
        if level is not None:
            check_level("a level", level)
    return [
        {
            "prompt": conversation("", system),
            "seed": integer_seed(seed, "interop", "openenv", index) % 2**31,  # tables keep it as a small integer
            "role": role,
            "level": levels[index % len(levels)],
        }
        for index in range(size)
    ]


class Games:
    """Makes environments for a trainer, each a session on the server, and closes them all.

    Args:
        base_url: of the server; it must allow as many sessions as a generation batch has completions.
        tool: whether the model answers by a tool call or by its reply.
    """

    def __init__(self, base_url: str, *, tool: bool = True) -> None:
        self.base_url, self.tool = base_url, tool
        self._made: list[Spoken] = []

    def __call__(self) -> Spoken:
        """One more environment; what `environment_factory` asks for."""
        game = (AnswerTool if self.tool else Spoken)(self.base_url)
        self._made.append(game)
        return game

    def reward(self, completions: Sequence[Any], environments: Sequence[Spoken], **_: Any) -> list[float]:
        """Rewards of replies; for `reward_funcs`, where there is no tool."""
        return [
            game._judged(text_of(completion, "assistant"))
            for game, completion in zip(environments, completions, strict=True)
        ]

    def close(self) -> None:
        """End all sessions."""
        while self._made:
            self._made.pop()._session.close()

    def __enter__(self) -> Games:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Spoken:
    """One session whose player's reply is its move. The trainer calls `reset` before every rollout."""

    def __init__(self, base_url: str) -> None:
        self._session = SelfPlayClient(base_url=base_url).sync()
        self._reward: float | None = None

    def reset(self, seed: int | None = None, role: str = "solver", level: float | None = None, **_: Any) -> str:
        """Begin an episode; the row's other columns are not used.

        Returns:
            what the game asks, which the trainer adds to the prompt.
        """
        self._reward = None
        return str(self._session.reset(seed=seed, role=role, level=level).observation.prompt)

    def _judged(self, text: str) -> float:
        if self._reward is None:
            self._reward = float(self._session.step(SelfPlayAction(text=text)).reward)
        return self._reward


class AnswerTool(Spoken):
    """One session whose player hands in its move by the tool `answer`, once."""

    def answer(self, text: str) -> str:
        """Hand in your answer. Only the first one counts.

        Args:
            text: The whole answer, with the final result in \\boxed{}.

        Returns:
            Whether it was taken.
        """
        if self._reward is not None:
            return "There was an answer already; the first one counts."
        self._judged(text)
        return "The answer was taken."

    def get_reward(self) -> float:
        """The reward of the answer; 0 where none was handed in."""
        return self._reward or 0.0
