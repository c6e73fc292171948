"""A model behind an OpenAI-compatible endpoint as an agent: text in, text out, no torch.

    make_agent("openai:Qwen/Qwen3-4B@http://localhost:8000/v1", temperature=0.7)

Each prompt is one user turn of `/chat/completions`. For training on samples from a server see `ServerSampler`, which
sends tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ConfigError
from ...core.seeding import fresh_seed, integer_seed
from .http_client import JsonPost, Post, ServerError, bearer_token, check_parallel, check_url

_SPEC = re.compile(r"(.+)@(https?://.+)", re.S)


@dataclass(frozen=True, slots=True)
class Replies:
    """Samples of R = prompts × n completions, those of the first prompt first.

    Attributes:
        texts: n per prompt.
        lengths: (R,) tokens drawn; a server counts the completions of one request together, they are spread evenly.
            `None` if the server does not count.
        finished: (R,) whether the model ended the completion itself.
    """

    texts: list[list[str]]
    lengths: NDArray[np.int64] | None
    finished: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Reply:
    texts: list[str]
    tokens: int | None
    finished: list[bool]


class OpenAIAgent:
    """Asks a server for completions.

    Args:
        where: "MODEL@URL": the name the server knows the model by, and its address up to and including `/v1`.
        temperature: 0 is greedy.
        top_p: nucleus, in (0, 1].
        max_new_tokens: longest completion.
        system: text of a system turn; `None` sends none.
        stop: texts that end a completion, which the server cuts before them.
        template_options: what the server's chat template is told besides the turns, such as `enable_thinking`; vLLM and
            SGLang take them.
        parallel: requests under way at once. A server with one random stream for everybody (`transformers serve`)
            repeats its samples for equal seeds only with 1.
        key_env: environment variable with the bearer token; none is sent if it is not set.
        timeout_s: seconds to wait for one request.
        tries: how often a request is sent while the server is busy.
        post: how a JSON body is posted and answered; a fake in tests.

    Raises:
        ConfigError: no "MODEL@URL", or a setting out of range.
    """

    def __init__(
        self,
        where: str,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        max_new_tokens: int = 512,
        system: str | None = None,
        stop: Sequence[str] = (),
        template_options: Mapping[str, Any] | None = None,
        parallel: int = 8,
        key_env: str = "OPENAI_API_KEY",
        timeout_s: float = 600.0,
        tries: int = 4,
        post: Post | None = None,
    ) -> None:
        found = _SPEC.fullmatch(where)
        if found is None:
            raise ConfigError(
                f"an endpoint is written openai:MODEL@URL, as in m@http://localhost:8000/v1; got {where!r}"
            )
        if temperature < 0 or not 0 < top_p <= 1 or max_new_tokens < 1 or tries < 1:
            raise ConfigError(
                "an endpoint needs temperature >= 0, 0 < top_p <= 1, and max_new_tokens and tries >= 1; got "
                f"{temperature!r}, {top_p!r}, {max_new_tokens!r}, {tries!r}"
            )
        self.name = found[1]
        self._url = check_url(found[2]) + "/chat/completions"
        self._parallel, self._system = check_parallel(parallel), system
        self._settings: dict[str, Any] = {"temperature": temperature, "top_p": top_p, "max_tokens": max_new_tokens}
        if isinstance(stop, str) or not all(isinstance(one, str) and one for one in stop):
            raise ConfigError(f"stop must be a list of texts, none of them empty, got {stop!r}")
        if not isinstance(template_options or {}, Mapping):
            raise ConfigError(f"template_options must be a table, got {template_options!r}")
        self._settings |= {"stop": list(stop)} if stop else {}
        self._settings |= {"chat_template_kwargs": dict(template_options)} if template_options else {}
        self._unread: dict[str, str] = {}
        self._post = post or JsonPost(bearer_token(key_env), timeout_s=timeout_s, tries=tries)

    def with_settings(self, *, temperature: float) -> OpenAIAgent:
        """The same model sampled at another temperature; 0 is greedy."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._settings = {**self._settings, "temperature": temperature}
        return twin

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        """`n` completions per prompt; see `core.protocols.Agent`."""
        return self.sample(prompts, n=n, seed=seed).texts

    def sample(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> Replies:
        """`n` completions per prompt with what they cost. Equal seeds give equal samples if the server keeps its seeds.

        Raises:
            ConfigError: n < 1.
            ServerError: no answer, or one without completions.
        """
        if n < 1:
            raise ConfigError(f"n must be >= 1, got {n!r}")
        root = fresh_seed() if seed is None else seed
        with ThreadPoolExecutor(self._parallel) as pool:
            asked = [pool.submit(self._answer, prompt, n, root, index) for index, prompt in enumerate(prompts)]
            try:
                replies = [future.result() for future in asked]
            except BaseException:  # also Ctrl-C: what has not begun is not sent
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        lengths = [_spread(reply, n) for reply in replies if reply.tokens is not None]
        return Replies(
            [reply.texts for reply in replies],
            np.array(lengths, dtype=np.int64).reshape(-1) if len(lengths) == len(replies) else None,
            np.array([done for reply in replies for done in reply.finished], dtype=bool),
        )

    def unreadable(self, prompts: Sequence[str]) -> list[str | None]:
        """See `core.protocols.Reader`: what the server refused because it does not fit into the model's context."""
        return [self._unread.get(prompt) for prompt in prompts]

    def _answer(self, prompt: str, n: int, root: int, index: int) -> _Reply:
        """All completions of one prompt, empty ones if it does not fit into the model's context."""
        try:
            return self._asked(prompt, n, root, index)
        except ServerError as error:
            if not error.too_long:
                raise
            self._unread[prompt] = str(error)
            return _Reply([""] * n, 0, [False] * n)

    def _asked(self, prompt: str, n: int, root: int, index: int) -> _Reply:
        """All completions of one prompt; some servers give one per request, whatever was asked for."""
        turns = [{"role": "user", "content": prompt}]
        if self._system is not None:
            turns.insert(0, {"role": "system", "content": self._system})
        gathered = _Reply([], 0, [])
        while len(gathered.texts) < n:
            done = len(gathered.texts)
            seed = integer_seed(root, "endpoint", index, done) % 2**31
            body = {"model": self.name, "messages": turns, "n": n - done, "seed": seed, **self._settings}
            gathered = _joined(gathered, self._read(self._post(self._url, body), n - done))
        return gathered

    def _read(self, answer: Mapping[str, Any], wanted: int) -> _Reply:
        try:
            choices = answer["choices"][:wanted]
            texts = [str(choice["message"].get("content") or "") for choice in choices]
            finished = [choice.get("finish_reason") != "length" for choice in choices]
            used = (answer.get("usage") or {}).get("completion_tokens")
        except (KeyError, TypeError, AttributeError) as error:
            raise ServerError(f"{self._url} answered {answer!r:.200}, expected chat completions") from error
        if not texts:
            raise ServerError(f"{self._url} gave no choices: {answer!r:.200}")
        return _Reply(texts, used if isinstance(used, int) else None, finished)


def _joined(one: _Reply, other: _Reply) -> _Reply:
    tokens = None if one.tokens is None or other.tokens is None else one.tokens + other.tokens
    return replace(one, texts=one.texts + other.texts, tokens=tokens, finished=one.finished + other.finished)


def _spread(reply: _Reply, n: int) -> list[int]:
    """The tokens of a reply over its n completions, the remainder over the first ones."""
    share, rest = divmod(reply.tokens or 0, n)
    return [share + (index < rest) for index in range(n)]
