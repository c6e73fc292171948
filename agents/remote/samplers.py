"""Samplers that live elsewhere: any OpenAI-compatible completions server, or vLLM in this process.

Both get the agent's token ids and give back tokens, so an agent and a trainer use them as they use the local one:

    agent = agent.with_settings(sampler=ServerSampler("http://localhost:8000/v1", "my-model", agent.tokenizer))

A server is another policy, if only by rounding: the trainer weighs its samples by truncated importance weights. Keeping
its weights those of the model in training is the caller's business.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ...core.errors import MissingExtraError
from ...core.seeding import fresh_seed, integer_seed
from ..inference.interface.samples import Sampler, Samples, SamplingSettings
from ..models.text_tokens import TextTokens
from .http_client import JsonPost, Post, ServerError, check_url

if TYPE_CHECKING:
    from ..models.llm import LLMAgent

__all__ = ["Completion", "ServerError", "ServerSampler", "VLLMSampler", "assemble", "local", "openai", "vllm"]


@dataclass(frozen=True)
class Completion:
    """One completion: tokens with their log-probabilities (NaN where unknown), and whether the model ended it."""

    tokens: list[int]
    logps: list[float]
    finished: bool


UNREAD = Completion([], [], False)
"""Of a prompt that the model cannot read."""


class ServerSampler:
    """Samples from an OpenAI-compatible `/completions` endpoint that reads token ids (vLLM, SGLang, llama.cpp, ...).

    Args:
        base_url: up to and including `/v1`.
        model: the name the server knows the model by.
        tokenizer: used only where the server does not return token ids.
        context: how many tokens the model reads, prompt and completion together; `None` leaves that to the server.
        key: sent as bearer token if given.
        timeout_s: seconds to wait for one prompt's completions.
        post: how a JSON body is posted and answered; a fake in tests.
    """

    on_policy = False
    keeps_activations = False

    def __init__(
        self,
        base_url: str,
        model: str,
        tokenizer: Any,
        *,
        key: str | None = None,
        timeout_s: float = 600.0,
        post: Post | None = None,
        context: int | None = None,
    ) -> None:
        self.url, self.model, self.context = check_url(base_url) + "/completions", model, context
        self.tokenizer, self._tokens = tokenizer, TextTokens(tokenizer)
        self._post = post or JsonPost(key, timeout_s=timeout_s)

    def sample(
        self, prompt_ids: Sequence[Sequence[int]], *, n: int, settings: SamplingSettings, seed: int | None
    ) -> Samples:
        """See `inference.sampling.Sampler`. Equal seeds give equal samples only if the server keeps that promise.

        Raises:
            ServerError: no answer, or one without the completions asked for.
        """
        root = fresh_seed() if seed is None else seed
        found = []
        for index, ids in enumerate(prompt_ids):
            if not ids:
                found += [UNREAD] * n
                continue
            body = {
                "model": self.model,
                "prompt": list(ids),
                "n": n,
                "temperature": settings.temperature,
                "top_p": settings.top_p,
                "max_tokens": _room(ids, settings, self.context),
                "seed": integer_seed(root, "server", index) % 2**31,
                "logprobs": 0,
                "return_token_ids": True,
            }
            choices = self._post(self.url, body).get("choices")
            if not isinstance(choices, list) or len(choices) != n:
                raise ServerError(f"{self.url} gave {choices!r:.200} where {n} choices were asked for")
            found += [self._read(choice) for choice in choices]
        return assemble(prompt_ids, found)

    def _read(self, choice: Mapping[str, Any]) -> Completion:
        finished = choice.get("finish_reason") == "stop"
        tokens = choice.get("token_ids")
        if tokens is None:
            tokens = self._tokens.ids(choice["text"])
            if finished or not tokens:
                tokens = [*tokens, self.tokenizer.eos_token_id]
        logps = (choice.get("logprobs") or {}).get("token_logprobs") or []
        known = len(logps) == len(tokens) and None not in logps
        return Completion(list(tokens), list(logps) if known else [float("nan")] * len(tokens), finished)


class VLLMSampler:
    """Samples from a `vllm.LLM` in this process.

    Args:
        engine: a `vllm.LLM`, or the path of a model to load one for.
        context: how many tokens the model reads; `None` leaves that to the engine.
    """

    on_policy = False
    keeps_activations = False

    def __init__(self, engine: Any, *, context: int | None = None, **options: Any) -> None:
        self.context = context
        try:
            self._vllm: Any = importlib.import_module("vllm")
        except ImportError:
            raise MissingExtraError("vllm", "vllm", "VLLMSampler") from None
        self.engine = self._vllm.LLM(engine, **options) if isinstance(engine, str) else engine

    def sample(
        self, prompt_ids: Sequence[Sequence[int]], *, n: int, settings: SamplingSettings, seed: int | None
    ) -> Samples:
        """See `inference.sampling.Sampler`."""
        root = fresh_seed() if seed is None else seed
        read = [index for index, ids in enumerate(prompt_ids) if ids]
        parameters = [
            self._vllm.SamplingParams(
                n=n,
                temperature=settings.temperature,
                top_p=settings.top_p,
                max_tokens=_room(prompt_ids[index], settings, self.context),
                seed=integer_seed(root, "vllm", index) % 2**31,
                logprobs=0,
            )
            for index in read
        ]
        prompts = [{"prompt_token_ids": list(prompt_ids[index])} for index in read]
        outputs = self.engine.generate(prompts, parameters, use_tqdm=False) if read else []
        drawn = {
            index: [_completed(choice) for choice in out.outputs] for index, out in zip(read, outputs, strict=True)
        }
        return assemble(prompt_ids, [one for index in range(len(prompt_ids)) for one in drawn.get(index, [UNREAD] * n)])


def _completed(choice: Any) -> Completion:
    """A completion as vLLM gives it."""
    tokens = list(choice.token_ids)
    logps = [step[token].logprob for token, step in zip(tokens, choice.logprobs, strict=True)]
    return Completion(tokens, logps, choice.finish_reason == "stop")


def _room(ids: Sequence[int], settings: SamplingSettings, context: int | None) -> int:
    """How many tokens may follow a prompt."""
    return settings.max_new_tokens if context is None else max(1, min(settings.max_new_tokens, context - len(ids)))


def local(*, agent: LLMAgent) -> Sampler:
    """The model itself, in this process."""
    return agent.sampler


def openai(*, agent: LLMAgent, url: str, model: str, key: str | None = None, timeout_s: float = 600.0) -> ServerSampler:
    """A server that speaks OpenAI's completions protocol, reads token ids and holds the same weights.

    Args:
        url: up to and including `/v1`.
        model: the name the server knows the model by.
    """
    return ServerSampler(url, model, agent.tokenizer, key=key, timeout_s=timeout_s, context=agent.context)


def vllm(*, agent: LLMAgent, engine: str, **options: Any) -> VLLMSampler:
    """vLLM in this process.

    Args:
        engine: the path of the model; it must be the agent's own.
        options: of `vllm.LLM`.
    """
    return VLLMSampler(engine, context=agent.context, **options)


def assemble(prompt_ids: Sequence[Sequence[int]], completions: Sequence[Completion]) -> Samples:
    """Ragged completions, all of the first prompt first, as `Samples` without texts."""
    lengths = torch.tensor([len(c.tokens) for c in completions], dtype=torch.int64)
    width = int(lengths.max()) if len(completions) else 0
    tokens = torch.zeros(len(completions), width, dtype=torch.int64)
    logps = torch.zeros(len(completions), width)
    for row, completion in enumerate(completions):
        tokens[row, : len(completion.tokens)] = torch.tensor(completion.tokens)
        logps[row, : len(completion.tokens)] = torch.tensor(completion.logps)
    return Samples(
        texts=[[] for _ in prompt_ids],
        prompt_ids=[list(ids) for ids in prompt_ids],
        tokens=tokens,
        logps=logps,
        lengths=lengths,
        finished=torch.tensor([c.finished for c in completions], dtype=torch.bool),
    )
