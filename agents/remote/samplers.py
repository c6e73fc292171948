"""Samplers that live elsewhere, as settings: `compute.sampler`, or from Python

    agent = agent.with_settings(sampler=make_sampler("openai(url=http://localhost:8000/v1, model=m)", agent=agent))

All get the agent's token ids and give back tokens, so an agent and a trainer use them as they use the local one. A
server is another policy, if only by rounding: the trainer weighs its samples by truncated importance weights.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError, MissingExtraError
from ...core.seeding import fresh_seed, integer_seed
from ..inference.interface.samples import Sampler, Samples, SamplingSettings
from .http_client import JsonPost, ServerError, bearer_token, check_parallel, check_url
from .servers.adapters import AdapterVersions
from .servers.answers import UNREAD, Completion, assemble
from .servers.openai import OpenAIServer
from .servers.sampler import ServerSampler
from .servers.sglang import SGLang
from .servers.vllm import VLLM

if TYPE_CHECKING:
    from ..models.llm import LLMAgent

__all__ = ["ServerError", "ServerSampler", "VLLMSampler", "local", "openai", "sglang", "vllm"]

log = logging.getLogger(__name__)


def local(*, agent: LLMAgent) -> Sampler:
    """The model itself, in this process."""
    return agent.sampler


def openai(
    *,
    agent: LLMAgent,
    url: str,
    model: str,
    prompts: str = "tokens",
    parallel: int = 16,
    timeout_s: float = 600.0,
    tries: int = 3,
    key_env: str = "OPENAI_API_KEY",
) -> ServerSampler:
    """A server that speaks OpenAI's completions protocol and holds the same weights, for roles that do not learn.

    Args:
        url: up to and including `/v1`.
        model: the name the server knows the model by.
        prompts: what it reads: "tokens", or "text", as `transformers serve` does.
        parallel, timeout_s, tries, key_env: as of `vllm`. A server with one random stream for everybody, such as
            `transformers serve`, repeats its samples only with `parallel=1`.
    """
    post = _http(timeout_s, tries, key_env)
    server = OpenAIServer(url, model, agent.tokenizer, post, prompts=prompts, vocabulary=_vocabulary(agent))
    return ServerSampler(server, None, context=agent.context, parallel=check_parallel(parallel))


def vllm(
    *,
    agent: LLMAgent,
    url: str | None = None,
    engine: str | None = None,
    lora: bool = True,
    model: str | None = None,
    adapters: str | None = None,
    max_staleness: int = 0,
    parallel: int = 16,
    timeout_s: float = 600.0,
    tries: int = 3,
    key_env: str = "OPENAI_API_KEY",
    **options: Any,
) -> Sampler:
    """A vLLM server, or vLLM in this process.

    Args:
        url: of a server, up to and including `/v1`.
        engine: the path of the model, for vLLM in this process; it must be the agent's own.
        lora: whether a role with an adapter on a frozen base plays with that, taken over by the server whenever it has
            moved; else all roles play as the base.
        model: the name that the server serves the base by; `None` asks the server.
        adapters: folder that adapters are written to, and that the server reads too; `None` means a temporary one, for
            a server on this machine.
        max_staleness: versions that answers to training steps may be behind.
        parallel: requests under way at once, each for all completions of one prompt.
        timeout_s: seconds until the whole answer to a request must be there, all tries together.
        tries: how often a request is sent while the server is busy or cannot be reached.
        key_env: environment variable with the bearer token; none is sent if it is not set.
        options: of `vllm.LLM`, with `engine`.

    Raises:
        ConfigError: not one of `url` and `engine`, or a setting out of range.
    """
    if (url is None) == (engine is None):
        raise ConfigError("vllm is given a server, vllm(url=http://localhost:8000/v1), or a model, vllm(engine=PATH)")
    if engine is not None:
        return VLLMSampler(engine, context=agent.context, **options)
    if options or url is None:
        raise ConfigError(f"vllm(url=…) has no option {next(iter(options), None)!r}")
    server = VLLM(check_url(url), model, _http(timeout_s, tries, key_env), agent.stop_ids, _vocabulary(agent))
    if agent.settings.temperature not in (0.0, 1.0):
        log.warning(
            "at temperature %g vLLM tells the log-probabilities it drew with only if it was started with "
            "--logprobs-mode processed_logprobs",
            agent.settings.temperature,
        )
    return _served(server, agent, lora, adapters, max_staleness, parallel)


def sglang(
    *,
    agent: LLMAgent,
    url: str,
    lora: bool = True,
    adapters: str | None = None,
    max_staleness: int = 0,
    parallel: int = 16,
    timeout_s: float = 600.0,
    tries: int = 3,
    key_env: str = "OPENAI_API_KEY",
) -> ServerSampler:
    """An SGLang server; options and errors as of `vllm`."""
    server = SGLang(check_url(url), _http(timeout_s, tries, key_env), agent.stop_ids, _vocabulary(agent))
    return _served(server, agent, lora, adapters, max_staleness, parallel)


def _served(
    server: VLLM | SGLang, agent: LLMAgent, lora: bool, adapters: str | None, max_staleness: int, parallel: int
) -> ServerSampler:
    """A sampler with the role's adapter, or with the base for a role without one."""
    if not isinstance(max_staleness, int) or isinstance(max_staleness, bool) or max_staleness < 0:
        raise ConfigError(f"max_staleness must be a whole number of versions >= 0, got {max_staleness!r}")
    if not isinstance(lora, bool):
        raise ConfigError(f"lora must be true or false, got {lora!r}")
    check_parallel(parallel)
    versions = None
    if lora and getattr(getattr(agent, "record", None), "weight_sharing", None) == "lora":
        from ..roles.lora import AdapterAgent

        if isinstance(agent, AdapterAgent) and agent.record.trunk == "frozen":
            versions = AdapterVersions(agent, server, adapters)
    return ServerSampler(server, versions, context=agent.context, parallel=parallel, max_staleness=max_staleness)


def _http(timeout_s: float, tries: int, key_env: str) -> JsonPost:
    if not isinstance(tries, int) or isinstance(tries, bool) or tries < 1:
        raise ConfigError(f"tries must be a whole number >= 1, got {tries!r}")
    return JsonPost(bearer_token(key_env), timeout_s=timeout_s, tries=tries, in_all_s=timeout_s)


def _vocabulary(agent: LLMAgent) -> int:
    """How many tokens the model has."""
    return int(agent.model.get_input_embeddings().weight.shape[0])


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
        """See `inference.interface.samples.Sampler`."""
        root = fresh_seed() if seed is None else seed
        read = [index for index, ids in enumerate(prompt_ids) if ids]
        parameters = [
            self._vllm.SamplingParams(
                n=n,
                temperature=settings.temperature,
                top_p=settings.top_p,
                max_tokens=_room(prompt_ids[index], settings, self.context),
                seed=integer_seed(root, "vllm", index) % 2**31,
                stop=list(settings.stop or ()),
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
