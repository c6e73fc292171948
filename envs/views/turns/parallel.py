"""All players of a turn game as a PettingZoo parallel environment: a cycle is one move, other actions are ignored.

Rules, rewards and infos are those of the AEC environment, which plays underneath; whose turn it is, an agent sees by
its prompt, which is "" for all others.
"""

from __future__ import annotations

from typing import Any

from ....core.errors import ConfigError
from ..parallel_base import Actions, Infos, TextParallel
from .aec import TurnAEC


class TurnParallel(TextParallel):
    """The parallel view of a turn game.

    Args:
        game: the AEC environment that is played.
    """

    game: TurnAEC
    metadata: dict[str, Any] = {**TurnAEC.metadata, "is_parallelizable": True}  # noqa: RUF012 - as PettingZoo has it

    def _cycle(self, actions: Actions) -> tuple[dict[str, float], Infos]:
        """The move of whoever's turn it is."""
        mover = self.game.agent_selection
        if mover not in actions:
            raise ConfigError(f"step needs an action of {mover}, whose turn it is, got {sorted(actions)}")
        self.game.step(actions[mover])
        return dict(self.game.rewards), self.game.infos
