"""A server with the endpoints, statuses and words of vLLM and of SGLang, in front of a real small model.

It loads the adapter files it is given, and samples with them, with log-probabilities. What goes wrong is put into
`faults`: by the end of a path, a list of functions that answer the next requests instead.
"""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch

from selfplay_gym.agents.inference.interface.samples import SamplingSettings
from selfplay_gym.agents.models.llm import LLMAgent


class FakeServer(ThreadingHTTPServer):
    """Args:
    folder: of the base model.
    raw: whether log-probabilities are those before temperature, as vLLM's are by default.
    """

    daemon_threads = True
    base = "base-model"

    def __init__(self, folder: Path, *, raw: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.agent, self.raw = LLMAgent.from_pretrained(folder), raw
        self.adapted: LLMAgent | None = None  # the same model with what was loaded
        self.loaded: dict[str, str] = {}  # name → path
        self.faults: dict[str, list[Any]] = {}
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self) -> FakeServer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def asked(self, end: str) -> list[dict[str, Any]]:
        """The bodies of requests to paths that end so."""
        return [body for path, body in self.seen if path.endswith(end)]

    def forget(self) -> None:
        """Restart: what was loaded is gone."""
        self.loaded.clear()
        self._drop()

    def handle_error(self, *_: object) -> None:
        """Clients that leave before the answer are part of the drills."""

    # --- endpoints ---

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        with self.lock, torch.random.fork_rng(devices=[]):
            if path.endswith("/models"):
                bases = [{"id": self.base, "object": "model", "root": "…", "parent": None}]
                return 200, {
                    "data": bases + [{"id": n, "root": p, "parent": self.base} for n, p in self.loaded.items()]
                }
            if path == "/v1/load_lora_adapter":
                return self.load(body)
            if path == "/v1/unload_lora_adapter":
                return self.unload(body)
            if path == "/v1/completions":
                return self.complete(body)
            if path == "/load_lora_adapter":
                return self._as_sglang(*self.load(body))
            if path == "/unload_lora_adapter":
                return self._as_sglang(*self.unload(body))
            if path == "/generate":
                return self.generate(body)
            return 404, {"detail": "Not Found"}

    def load(self, body: dict[str, Any]) -> tuple[int, Any]:
        name, path = body.get("lora_name"), body.get("lora_path")
        if not name or not path:
            return error("Both 'lora_name' and 'lora_path' must be provided.", 400)
        if name in self.loaded:
            return error(f"The lora adapter '{name}' has already been loaded.", 400)
        if not Path(path, "adapter_config.json").is_file():
            return error(f"Loading lora {name} failed: No adapter found for {path}", 404)
        self._take_over(name, path)
        self.loaded[name] = path
        return 200, f"Success: LoRA adapter '{name}' added successfully."

    def _drop(self) -> None:
        """All adapters; peft does not delete the last one."""
        if self.adapted is not None:
            self.adapted.model.unload()
        self.adapted = None

    def _take_over(self, name: str, path: str) -> None:
        from peft import PeftModel

        if self.adapted is None:
            model = PeftModel.from_pretrained(self.agent.model, path, adapter_name=name)
            self.adapted = LLMAgent(model, self.agent.tokenizer)
        elif name in self.adapted.model.peft_config:
            raise AssertionError(f"{name} was loaded before: a name stands for one version")
        else:
            self.adapted.model.load_adapter(path, adapter_name=name)

    def unload(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["lora_name"] not in self.loaded:
            return error(f"The lora adapter '{body['lora_name']}' cannot be found.", 404)
        del self.loaded[body["lora_name"]]
        if self.loaded and self.adapted is not None:
            self.adapted.model.delete_adapter(body["lora_name"])
        else:
            self._drop()
        return 200, f"Success: LoRA adapter '{body['lora_name']}' removed successfully."

    def complete(self, body: dict[str, Any]) -> tuple[int, Any]:
        name = body["model"]
        if name != self.base and name not in self.loaded:
            return error(f"The model `{name}` does not exist.", 404)
        drawn = self.sample(body["prompt"], body, body["max_tokens"], name, body["seed"])
        choices = [
            {
                "index": index,
                "text": self.agent.tokenizer.decode(tokens, skip_special_tokens=True),
                "logprobs": {"token_logprobs": logps, "tokens": [str(one) for one in tokens], "top_logprobs": None},
                "finish_reason": "stop" if finished else "length",
                "stop_reason": None,
                "token_ids": tokens,
                "prompt_token_ids": body["prompt"],
            }
            for index, (tokens, logps, finished) in enumerate(drawn)
        ]
        return 200, {"id": "cmpl-1", "object": "text_completion", "model": name, "choices": choices}

    def generate(self, body: dict[str, Any]) -> tuple[int, Any]:
        name, asked = body.get("lora_path") or self.base, body["sampling_params"]
        if name != self.base and name not in self.loaded:
            return 400, {"error": {"message": f"LoRA adapter {name} has never been loaded."}}
        drawn = self.sample(body["input_ids"], asked, asked["max_new_tokens"], name, asked["sampling_seed"])
        found = [
            {
                "text": self.agent.tokenizer.decode(tokens, skip_special_tokens=True),
                "output_ids": tokens,
                "meta_info": {
                    "id": "1",
                    "finish_reason": {"type": "stop" if finished else "length"},
                    "output_token_logprobs": [[logp, token, None] for logp, token in zip(logps, tokens, strict=True)],
                },
            }
            for tokens, logps, finished in drawn
        ]
        return 200, found[0] if asked["n"] == 1 else found

    def sample(
        self, prompt: list[int], asked: dict[str, Any], room: int, name: str, seed: int
    ) -> list[tuple[list[int], list[float], bool]]:
        """Completions of the base, or of the base under the adapter in the files of this name."""
        settings = SamplingSettings(asked["temperature"], asked["top_p"], room, stop=tuple(asked["stop"]))
        if self.adapted is None or name == self.base:
            with nullcontext() if self.adapted is None else self.adapted.model.disable_adapter():
                return self._drawn(self.adapted or self.agent, prompt, asked["n"], settings, seed)
        self.adapted.model.set_adapter(name)
        return self._drawn(self.adapted, prompt, asked["n"], settings, seed)

    def _drawn(
        self, agent: LLMAgent, prompt: list[int], n: int, settings: SamplingSettings, seed: int
    ) -> list[tuple[list[int], list[float], bool]]:
        found = agent.sampler.sample([prompt], n=n, settings=settings, seed=seed)
        if self.raw and settings.temperature:
            found = replaced_logps(agent, prompt, found)
        rows = zip(found.tokens.tolist(), found.logps.tolist(), found.lengths.tolist(), strict=True)
        done = found.finished.tolist()
        return [(t[:length], p[:length], done[i]) for i, (t, p, length) in enumerate(rows)]

    def _as_sglang(self, status: int, said: Any) -> tuple[int, Any]:
        fine = status == 200
        message = None if fine else said["error"]["message"]
        return 200 if fine else 400, {"success": fine, "error_message": message, "loaded_adapters": self.loaded}


def replaced_logps(agent: LLMAgent, prompt: list[int], found: Any) -> Any:
    """The same completions with log-probabilities at temperature 1."""
    import dataclasses

    from selfplay_gym.agents.inference.logprobs import completion_logps

    owner = torch.zeros(len(found.tokens), dtype=torch.int64)
    with torch.no_grad():
        logps = completion_logps(agent.model, agent.decoder, [prompt], owner, found.tokens, found.lengths)
    return dataclasses.replace(found, logps=logps)


def error(message: str, status: int) -> tuple[int, Any]:
    """A refusal in vLLM's words."""
    return status, {"error": {"message": message, "type": "BadRequestError", "param": None, "code": status}}


class Handler(BaseHTTPRequestHandler):
    server: FakeServer

    def do_GET(self) -> None:
        self.handled({})

    def do_POST(self) -> None:
        self.handled(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def handled(self, body: dict[str, Any]) -> None:
        server = self.server
        server.seen.append((self.path, body))
        faults = next((f for end, f in server.faults.items() if self.path.endswith("/" + end) and f), None)
        fault = faults.pop(0) if faults else None
        if fault is None:
            self.reply(*server.answer(self.path, body))
        else:
            fault(self, body)

    def usual(self, body: dict[str, Any]) -> tuple[int, Any]:
        """What would be answered if nothing went wrong."""
        return self.server.answer(self.path, body)

    def reply(self, status: int, payload: Any, **headers: str) -> None:
        text = (payload if isinstance(payload, str) else json.dumps(payload)).encode()
        self.head(status, len(text), **headers)
        self.wfile.write(text)

    def head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return
