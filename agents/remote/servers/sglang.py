"""SGLang's server: its own `/generate`, which gives token ids with their log-probabilities; adapters under names.

Started with `--enable-lora` it takes over adapters while it runs (docs.sglang.ai, "LoRA Serving"). An answer does not
say which adapter wrote it: that it is the right one rests on the name, which is new for each version.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...inference.interface.samples import SamplingSettings
from ..http_client import JsonPost, ServerError
from .answers import Completion, Reading, choices_of


class SGLang:
    """How an SGLang server is asked.

    Args:
        url: up to and including `/v1`, or without it.
        http: posts and gets.
        stop_ids: tokens that end a completion.
        vocabulary: how many tokens the model has.
    """

    remedy = "start it with --enable-lora, --max-lora-rank and --lora-target-modules all, and let it read the folder"
    base = ""

    def __init__(self, url: str, http: JsonPost, stop_ids: Sequence[int], vocabulary: int) -> None:
        self.url, self.http = url.removesuffix("/v1"), http
        self.stop_ids, self.vocabulary = list(stop_ids), vocabulary

    def complete(
        self, prompt: Sequence[int], n: int, room: int, settings: SamplingSettings, seed: int, name: str
    ) -> tuple[str, list[Completion]]:
        """See `VLLM.complete`."""
        url = self.url + "/generate"
        drawn = {
            "n": n,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "top_k": -1,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "max_new_tokens": room,
            "sampling_seed": seed,
            "stop": list(settings.stop or ()),
            "stop_token_ids": self.stop_ids,
        }
        body: dict[str, Any] = {"input_ids": list(prompt), "sampling_params": drawn, "return_logprob": True}
        if name:
            body["lora_path"] = name
        # One completion comes as an object, several as a list.
        given = self.http.json(url, body)
        reading = Reading(url, room, self.vocabulary)
        found = []
        for choice in choices_of(url, [given] if n == 1 and isinstance(given, dict) else given, n):
            meta = choice.get("meta_info")
            known = meta.get("output_token_logprobs") if isinstance(meta, dict) else None
            if not isinstance(known, list) or not all(isinstance(one, list) and len(one) >= 2 for one in known):
                raise ServerError(f"{url} gave no log-probabilities of tokens: {known!r:.80}")
            reason = meta.get("finish_reason") if isinstance(meta, dict) else None
            kind = reason.get("type") if isinstance(reason, dict) else reason
            tokens, logps = [one[1] for one in known], [one[0] for one in known]
            if choice.get("output_ids", tokens) != tokens:
                raise ServerError(f"{url} gave other output_ids than it gave log-probabilities of")
            found.append(reading.completion(tokens, logps, kind))
        return name, found

    def abort(self) -> None:
        """See `Server`."""
        self.http.abort()

    def load(self, name: str, folder: Path) -> None:
        """See `VLLM.load`."""
        body = {"lora_name": name, "lora_path": str(folder)}
        try:
            self._done(self.http(self.url + "/load_lora_adapter", body))
        except ServerError as error:
            if error.status != 400 or "already" not in str(error):  # the answer to an earlier try was lost
                raise

    def unload(self, name: str) -> None:
        """See `VLLM.unload`."""
        self._done(self.http(self.url + "/unload_lora_adapter", {"lora_name": name}))

    def _done(self, answer: Any) -> None:
        if answer.get("success") is not True:
            raise ServerError(f"{self.url} did not do what it was asked: {answer.get('error_message')!r:.200}")
