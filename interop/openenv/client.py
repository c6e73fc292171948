"""The client of a game on an OpenEnv server: `SelfPlayClient(base_url="http://localhost:8000").sync()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .models import SelfPlayAction, SelfPlayObservation, SelfPlayState

from openenv.core.client_types import StepResult  # isort: skip - the models say what is missing
from openenv.core.env_client import EnvClient  # isort: skip

__all__ = ["SelfPlayClient"]


class SelfPlayClient(EnvClient[SelfPlayAction, SelfPlayObservation, SelfPlayState]):
    """One session on a server: `reset(seed=, role=, level=)`, `step(SelfPlayAction(text=…))`, `state()`, `close()`.

    Every instance has a game of its own. Calls are asynchronous; `.sync()` gives the same ones without `await`.
    """

    def _step_payload(self, action: SelfPlayAction) -> dict[str, Any]:
        return {"text": action.text}

    def _parse_result(self, payload: Mapping[str, Any]) -> StepResult[SelfPlayObservation]:
        reward, done = payload.get("reward"), bool(payload.get("done"))
        observation = SelfPlayObservation(**{**payload["observation"], "reward": reward, "done": done})
        return StepResult(observation=observation, reward=reward, done=done)

    def _parse_state(self, payload: Mapping[str, Any]) -> SelfPlayState:
        return SelfPlayState(**payload)
