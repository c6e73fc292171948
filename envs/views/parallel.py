"""All roles as a PettingZoo parallel environment: two or three cycles an episode.

    cycle   who is heard      whose action is ignored
    ask     challenger_0      the solvers'
    answer  solver_0 …        the challenger's
    test    tester_0          everybody else's (code game, when a program was asked for)

A malformed proposal is followed by the next ask. Rules, rewards and infos are those of the AEC environment, which plays
underneath; observations are its observations at the same moment.
"""

from __future__ import annotations

from typing import Any

from ...core.errors import ConfigError
from .aec import CHALLENGER, SelfPlayAEC
from .parallel_base import Actions, Infos, TextParallel


class SelfPlayParallel(TextParallel):
    """The parallel view of an AEC game.

    Args:
        game: the AEC environment that is played.
    """

    game: SelfPlayAEC
    metadata: dict[str, Any] = {**SelfPlayAEC.metadata, "is_parallelizable": True}  # noqa: RUF012 - as PettingZoo has it

    def _cycle(self, actions: Actions) -> tuple[dict[str, float], Infos]:
        """The challenger's move while it is asked, else the solvers', or the tester's."""
        game = self.game
        rewards = dict.fromkeys(self.agents, 0.0)
        infos: Infos = {agent: {} for agent in self.agents}
        moving = game.agent_selection
        heard = [CHALLENGER] if moving == CHALLENGER else game.testers if moving in game.testers else game.solvers
        missing = [agent for agent in heard if agent not in actions]
        if missing:
            raise ConfigError(f"step needs an action of {', '.join(missing)} in this cycle, got {sorted(actions)}")
        before = game.played
        for agent in heard:
            game.step(actions[agent])
        if game.played is not before:
            rewards.update(game.rewards)
            infos.update(game.infos)
        return rewards, infos
