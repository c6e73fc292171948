"""vLLM's server: completions of token ids, adapters under names (docs.vllm.ai, "LoRA adapters").

Started with `--enable-lora` and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True it takes over adapters while it runs. What a
request leaves open, vLLM takes from the model's generation config: so each says all that shapes the distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ....core.errors import ConfigError
from ...inference.interface.samples import SamplingSettings
from ..http_client import JsonPost, ServerError
from .answers import Completion, Reading, choices_of

WHOLE = {
    "top_k": -1,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}
"""Settings with which nothing but temperature and top-p shapes the distribution."""


class VLLM:
    """How a vLLM server is asked.

    Args:
        url: up to and including `/v1`.
        base: the name it serves the base model by; `None` asks it.
        http: posts and gets.
        stop_ids: tokens that end a completion.
        vocabulary: how many tokens the model has.
    """

    remedy = (
        "start it with --enable-lora, --max-lora-rank of at least roles.X.adapter_rank and "
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, and let it read the folder"
    )

    def __init__(self, url: str, base: str | None, http: JsonPost, stop_ids: Sequence[int], vocabulary: int) -> None:
        self.url, self.http, self.stop_ids, self.vocabulary = url, http, list(stop_ids), vocabulary
        self._base = base

    @property
    def base(self) -> str:
        """The name of the base model.

        Raises:
            ConfigError: the server has several models, and nobody said which.
        """
        if self._base is None:
            listed = self._listed()
            names = [one["id"] for one in listed if not one.get("parent")]
            if len(names) != 1:
                raise ConfigError(f"{self.url} serves {names}: say which with compute.sampler='vllm(…, model=NAME)'")
            self._base = str(names[0])
        return self._base

    def complete(
        self, prompt: Sequence[int], n: int, room: int, settings: SamplingSettings, seed: int, name: str
    ) -> tuple[str, list[Completion]]:
        """Who answered, and `n` completions of at most `room` tokens.

        Raises:
            ServerError: no answer, or one that cannot be learnt from.
        """
        url = self.url + "/completions"
        body: dict[str, Any] = {
            "model": name,
            "prompt": list(prompt),
            "n": n,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "max_tokens": room,
            "seed": seed,
            "stop": list(settings.stop or ()),
            "stop_token_ids": self.stop_ids,
            "logprobs": 0,
            "return_token_ids": True,
            **WHOLE,
        }
        answer = self.http(url, body)
        reading = Reading(url, room, self.vocabulary)
        found = []
        for choice in choices_of(url, answer.get("choices"), n):
            read = choice.get("prompt_token_ids")
            if read is not None and read != body["prompt"]:
                raise ServerError(f"{url} read another prompt than the one sent: {read!r:.80}, not {prompt!r:.80}")
            logps = choice.get("logprobs")
            logps = logps.get("token_logprobs") if isinstance(logps, dict) else None
            found.append(reading.completion(choice.get("token_ids"), logps, choice.get("finish_reason")))
        return str(answer.get("model")), found

    def abort(self) -> None:
        """See `Server`."""
        self.http.abort()

    def load(self, name: str, folder: Path) -> None:
        """Take over an adapter.

        Raises:
            ServerError: it refused, or did not answer.
        """
        try:
            self.http.text(self.url + "/load_lora_adapter", {"lora_name": name, "lora_path": str(folder)})
        except ServerError:
            if not self.holds(name):  # an answer that was lost on the way, and then the name is taken
                raise

    def unload(self, name: str) -> None:
        """Let go of an adapter; one that is not there is none.

        Raises:
            ServerError: it refused, or did not answer.
        """
        try:
            self.http.text(self.url + "/unload_lora_adapter", {"lora_name": name})
        except ServerError as error:
            if error.status != 404:
                raise

    def holds(self, name: str) -> bool:
        """Whether an adapter of this name is there, as far as the server says."""
        try:
            return any(one["id"] == name for one in self._listed())
        except ServerError:
            return False

    def _listed(self) -> list[dict[str, Any]]:
        listed = self.http.get(self.url + "/models").get("data")
        if not isinstance(listed, list) or not all(isinstance(one, dict) and "id" in one for one in listed):
            raise ServerError(f"{self.url}/models answered {listed!r:.200}, expected a list of models")
        return listed
