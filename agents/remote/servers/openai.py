"""Servers that speak OpenAI's completions protocol and hold the weights they hold: nobody takes anything over.

Most read token ids (vLLM, SGLang, llama.cpp …) and some tell those they wrote. `transformers serve` reads and writes
texts only, one completion per request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....core.errors import ConfigError
from ....core.seeding import integer_seed
from ...inference.interface.samples import SamplingSettings
from ...models.text_tokens import TextTokens
from ..http_client import JsonPost, Post, ServerError, check_url
from .answers import Completion, Reading, choices_of

PROMPTS = ("tokens", "text")


class OpenAIServer:
    """How a server is asked for completions.

    Args:
        url: up to and including `/v1`.
        model: the name the server knows the model by.
        tokenizer: reads what the server writes without token ids.
        post: how a JSON body is posted and answered.
        prompts: what it reads: "tokens" or "text".
        vocabulary: how many tokens the model has; `None` where nobody knows.

    Raises:
        ConfigError: no address, or another kind of prompts.
    """

    def __init__(
        self,
        url: str,
        model: str,
        tokenizer: Any,
        post: Post,
        *,
        prompts: str = "tokens",
        vocabulary: int | None = None,
    ) -> None:
        if prompts not in PROMPTS:
            raise ConfigError(f"prompts must be 'tokens' or 'text', got {prompts!r}")
        self.url, self.base, self.prompts = check_url(url) + "/completions", model, prompts
        self.tokenizer, self._tokens = tokenizer, TextTokens(tokenizer)
        self._post, self._vocabulary = post, vocabulary

    def abort(self) -> None:
        """See `Server`."""
        if isinstance(self._post, JsonPost):
            self._post.abort()

    def complete(
        self, prompt: Sequence[int], n: int, room: int, settings: SamplingSettings, seed: int, name: str
    ) -> tuple[str, list[Completion]]:
        """See `Server`. Where the server tells no log-probabilities, they are NaN.

        Raises:
            ServerError: no answer, or one without the completions asked for.
        """
        body: dict[str, Any] = {
            "model": name,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": room,
        }
        if settings.stop:
            body["stop"] = list(settings.stop)
        reading = Reading(self.url, room, self._vocabulary, needs_logps=False)
        if self.prompts == "tokens":
            body |= {"prompt": list(prompt), "n": n, "seed": seed, "logprobs": 0, "return_token_ids": True}
            return name, [self._read(choice, reading) for choice in self._choices(body, n)]
        body["prompt"] = self._text(prompt)
        found = []
        for index in range(n):
            body["seed"] = integer_seed(seed, "completion", index) % 2**31
            found += [self._read(choice, reading) for choice in self._choices(body, 1)]
        return name, found

    def _choices(self, body: Mapping[str, Any], n: int) -> list[Mapping[str, Any]]:
        return choices_of(self.url, self._post(self.url, body).get("choices"), n)

    def _read(self, choice: Mapping[str, Any], reading: Reading) -> Completion:
        reason, tokens, text = choice.get("finish_reason"), choice.get("token_ids"), choice.get("text")
        if tokens is None:
            if not isinstance(text, str):
                raise ServerError(f"{self.url} gave neither token ids nor a text: {choice!r:.200}")
            tokens = self._tokens.ids(text)[: reading.most]
            if len(tokens) < reading.most and (reason == "stop" or not tokens):
                tokens = [*tokens, self.tokenizer.eos_token_id]
        logps = choice.get("logprobs")
        known = logps.get("token_logprobs") if isinstance(logps, Mapping) else None
        return reading.completion(tokens, known, reason)

    def _text(self, prompt: Sequence[int]) -> str:
        """A prompt as a text that its tokenizer reads as these tokens.

        Raises:
            ServerError: there is none.
        """
        text: str = self.tokenizer.decode(prompt, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        if list(self.tokenizer(text)["input_ids"]) != list(prompt):
            raise ServerError(
                f"a prompt cannot be sent to {self.url} as text, which would be read as other tokens: {text!r:.80}; "
                "use a server that reads token ids, with prompts=tokens"
            )
        return text
