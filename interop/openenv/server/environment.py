"""One session's game as OpenEnv asks for it: `reset` gives a prompt, `step` judges one text and ends the episode.

The game inside is the one of `gym.make(game, role=…)`, so a text earns here what it earns there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import gymnasium as gym

from ....core.errors import ConfigError
from ....core.options.counts import check_level, check_whole
from ....envs.game.domains import domain_of
from ....envs.views.setup import check_role
from ....envs.views.spaces import MAX_COMPLETION
from ..models import SelfPlayAction, SelfPlayObservation, SelfPlayState

from openenv.core.env_server.interfaces import Environment  # isort: skip - the models say what is missing
from openenv.core.env_server.types import EnvironmentMetadata  # isort: skip

__all__ = ["SelfPlayEnvironment"]

Named = str | Mapping[str, Any]


class SelfPlayEnvironment(Environment[SelfPlayAction, SelfPlayObservation, SelfPlayState]):
    """The game of one session.

    Args:
        game: environment id, "SelfPlayMath-v0" or "SelfPlayCode-v0".
        solver: answers what challengers ask, by name; `None` is the domain's scripted solver.
        settings: of the environment, as `gym.make` takes them (`verifier`, `generator`, `attempts`, …). By name, since
            every session makes its own.

    Raises:
        ConfigError: no such game, or a setting that cannot work.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, game: str = "SelfPlayMath-v0", *, solver: Named | None = None, **settings: Any) -> None:
        super().__init__()
        domain_of(game)
        self.game, self._solver, self._settings = game, solver, settings
        self._state = SelfPlayState(game=game)
        self._playing: tuple[str, float | None] = ("solver", None)
        self._env = self._made(*self._playing)

    def reset(
        self,
        seed: int | None = None,
        episode_id: str | None = None,
        role: str = "solver",
        level: float | None = None,
        **unknown: Any,
    ) -> SelfPlayObservation:
        """Begin an episode.

        Args:
            seed: starts the game anew; equal seeds, roles and levels give equal prompts, so that sessions can share a
                question. `None` goes on with the session's stream.
            episode_id: shown by `state`; `None` draws one.
            role: "solver" or "challenger".
            level: difficulty in [0, 1]; `None` leaves it to the session's curriculum.

        Raises:
            ConfigError: an argument that is not one of these, or has a value that cannot work.
        """
        if unknown:
            names = ", ".join(map(repr, sorted(unknown)))
            raise ConfigError(f"unknown argument {names} of reset; it takes seed, episode_id, role, level")
        check_role(role)
        if seed is not None:
            check_whole("seed", seed, least=0)
        if level is not None:
            check_level("level", level)
        if (role, level) != self._playing:
            env = self._made(role, level)  # first: a level that cannot work leaves the session as it was
            self._env.close()
            self._env, self._playing = env, (role, level)
        prompt, info = self._env.reset(seed=seed)
        known = episode_id if episode_id is not None else str(uuid4())
        self._state = SelfPlayState(episode_id=known, game=self.game, role=role, level=level)
        return SelfPlayObservation(prompt=_sendable(prompt), role=role, level=info["level"])

    def step(self, action: SelfPlayAction, timeout_s: float | None = None, **_more: Any) -> SelfPlayObservation:
        """Judge the text; the episode is then over.

        Args:
            timeout_s: not used: verifiers have time limits of their own.

        Raises:
            ConfigError: no episode has begun, or the text is too long; the episode then goes on.
        """
        if len(action.text) > MAX_COMPLETION:
            raise ConfigError(f"the text has {len(action.text):,} characters, at most {MAX_COMPLETION:,} are judged")
        try:
            _observation, reward, _terminated, _truncated, info = self._env.step(action.text)
        except gym.error.ResetNeeded as error:
            raise ConfigError(
                f"no episode has begun: {error}. HTTP's /step never has one; play over the WebSocket /ws"
            ) from error
        self._state.step_count += 1
        verdict = info["verdict"]
        return SelfPlayObservation(
            done=True,
            reward=float(reward),
            role=info["role"],
            level=info["level"],
            outcome=verdict.outcome.value,
            answer=_sendable(verdict.answer),
            reason=_sendable(verdict.reason),
            label=_sendable(info["label"]),
            label_source=info["label_source"],
            solve_rate=info["solve_rate"],
            reward_terms={name: float(value) for name, value in info["reward_terms"].items()},
            question=_sendable(info.get("question")),
        )

    @property
    def state(self) -> SelfPlayState:
        """The present episode."""
        return self._state

    def close(self) -> None:
        """Let go of the game. Safe to call again."""
        self._env.close()

    def get_metadata(self) -> EnvironmentMetadata:
        """What OpenEnv's pages show."""
        return EnvironmentMetadata(
            name="selfplay_gym",
            description=f"{self.game}: a challenger writes questions, a solver answers, a verifier judges",
        )

    def _made(self, role: str, level: float | None) -> gym.Env[str, str]:
        settings = dict(self._settings)
        if level is not None:
            settings["curriculum"] = {"name": "fixed", "level": level}
        if role == "challenger" and self._solver is not None:
            settings["opponent"] = self._solver
        return gym.make(self.game, role=role, **settings)


def _sendable(text: str | None) -> str | None:
    """The text as JSON can carry it: half a surrogate pair, which models' texts may hold, becomes "?"."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")
