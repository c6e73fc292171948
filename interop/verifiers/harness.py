"""Asks a model once and ends: what a game of one turn needs of an agent.

verifiers' own chat harnesses start a program with packages of its own per rollout; this one asks from the process that
runs the evaluation, so it needs neither `uv` nor a sandbox. Its runtime must be local (`runtime.type subprocess`).
"""

from __future__ import annotations

from typing import Any

import httpx
import verifiers.v1 as vf
from verifiers.v1.errors import MODEL_TRANSPORT_ERROR_EXIT_CODE

__all__ = ["OneReply", "OneReplyConfig"]


class OneReplyConfig(vf.HarnessConfig):
    """No settings of its own."""


class OneReply(vf.Harness[OneReplyConfig]):
    """One request to the endpoint of a rollout, which records prompt and reply."""

    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
        tool_interception_url: str | None = None,
    ) -> vf.ProgramResult:
        """See `verifiers.v1.Harness`."""
        system, prompt = self.resolve_text_prompt(data)
        turns: list[dict[str, Any]] = [] if system is None else [{"role": "system", "content": system}]
        turns.append({"role": "user", "content": prompt or ""})
        try:
            async with httpx.AsyncClient(timeout=None, trust_env=False) as client:  # the rollout has its own time limit
                answer = await client.post(
                    f"{endpoint}/chat/completions",
                    headers={"Authorization": f"Bearer {secret}"},
                    json={"model": ctx.model, "messages": turns},
                )
        except httpx.TransportError as error:
            return vf.ProgramResult(MODEL_TRANSPORT_ERROR_EXIT_CODE, "", f"{type(error).__name__}: {error}")
        return vf.ProgramResult(0, "", "") if answer.is_success else vf.ProgramResult(1, "", answer.text)
