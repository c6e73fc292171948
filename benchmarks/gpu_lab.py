"""What `gpu.py` measures with: models of real shapes with random weights, a clock that keeps to its seconds, tables.

There is no model hub here, and rates do not depend on what the weights are: a shape is a configuration in code, with a
tokenizer of as many words as the model has rows.
"""

from __future__ import annotations

import gc
import json
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.models.tiny import build_tokenizer
from selfplay_gym.core.seeding import python_stream

SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "toy": ("qwen2", {
        "vocab_size": 1024, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": True,
        "max_position_embeddings": 2048,
    }),
    "135m": ("llama", {
        "vocab_size": 49_152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 100_000.0},
    }),
    "1.5b": ("qwen2", {
        "vocab_size": 151_936, "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
        "num_attention_heads": 12, "num_key_value_heads": 2, "tie_word_embeddings": True,
        "max_position_embeddings": 32_768, "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    }),
}  # fmt: skip
"""By name: the architecture and what a model of this size has. SmolLM2-135M, Qwen2.5-1.5B, and a toy for dry runs."""

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
GIB = 1 << 30
MOST_REPEATS = 20


class TimeUp(BaseException):
    """The seconds of a part are over. No `Exception`, or somebody in between might take it for an error of its own."""


@dataclass
class Lab:
    """One part of a benchmark: where it computes, how long it may, and what it has found.

    Attributes:
        rows: one per measurement, in order: what was measured, then numbers.
        left: measurements that were not begun or did not end.
        planned: measurements still to come, which share the time.
    """

    device: torch.device
    seconds: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    planned: int = 1
    started: float = field(default_factory=time.perf_counter)

    @property
    def remaining(self) -> float:
        return self.seconds - (time.perf_counter() - self.started)

    def sync(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def time(self, work: Callable[[], object], warm_up: Callable[[], object] | None = None) -> dict[str, Any]:
        """Median seconds of `work` within this measurement's share of the time, and the most memory it held.

        Args:
            warm_up: what is done once beforehand, untimed; `None` means `work` itself.
        """
        share = self.remaining / max(1, self.planned)
        self.planned -= 1
        begun = time.perf_counter()
        (warm_up or work)()
        self.sync()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        found: list[float] = []
        while not found or (len(found) < MOST_REPEATS and time.perf_counter() - begun + found[-1] < share):
            start = time.perf_counter()
            work()
            self.sync()
            found.append(time.perf_counter() - start)
        peak = torch.cuda.max_memory_allocated(self.device) / GIB if self.device.type == "cuda" else None
        return {"seconds": statistics.median(found), "repeats": len(found), "peak_gib": peak}

    @contextmanager
    def trying(self, **what: Any) -> Iterator[dict[str, Any]]:
        """One measurement, whose row is what is put into the mapping; one that fails says so in its row."""
        row: dict[str, Any] = dict(what)
        planned = self.planned
        try:
            yield row
        except TimeUp:
            self.left.append(" ".join(map(str, what.values())))
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            row["failed"] = in_one_line(error)
            self.planned = planned - 1
        self.rows.append(row)
        clean_up(self.device)


def in_one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def clean_up(device: torch.device) -> None:
    """Give back what nobody holds any more, so that the next peak is its own."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` inside once the seconds are over, wherever the main thread is."""

    def over(*_: object) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def random_model(shape: str, precision: str, device: torch.device, spread: float = 0.02) -> Any:
    """A model of a shape with random weights, made where it lives; the same for the same device.

    Args:
        spread: standard deviation of the weights; from about 0.05 on, a model is sure of some tokens.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    kind, sizes = SHAPES[shape]
    config = AutoConfig.for_model(
        kind, **sizes, initializer_range=spread, pad_token_id=0, bos_token_id=1, eos_token_id=2
    )
    with torch.random.fork_rng(), device:
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config, dtype=PRECISIONS[precision])
    return model.eval()


def random_agent(shape: str, precision: str, device: torch.device, spread: float = 0.02) -> LLMAgent:
    """An agent of such a model that never ends a completion by itself, so that all sides do the same work."""
    model = random_model(shape, precision, device, spread)
    tokenizer = tokenizer_of(model.config.vocab_size)
    model.generation_config.eos_token_id = None
    return LLMAgent(model, tokenizer)


def tokenizer_of(size: int) -> Any:
    """The tokenizer of the shipped models, with further words up to `size`; its end is a token that no model has."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    small = build_tokenizer()
    made = json.loads(small.backend_tokenizer.to_str())
    vocabulary = made["model"]["vocab"]
    vocabulary.update({f"‹{number}›": number for number in range(len(vocabulary), size)})
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(made)),
        pad_token="<pad>",
        bos_token="<s>",
        unk_token="<unk>",
        padding_side="left",
        clean_up_tokenization_spaces=False,
        chat_template=small.chat_template,
    )
    tokenizer.add_special_tokens({"eos_token": "<never>"})
    return tokenizer


def prompts_of(agent: LLMAgent, count: int, length: int) -> list[str]:
    """Different prompts of exactly `length` tokens."""
    rng = python_stream(0, "bench", "gpu")
    room = length - len(agent.prompt_ids("0")) + 1
    return ["".join(str(int(10 * rng.random())) for _ in range(room)) for _ in range(count)]


def as_markdown(results: Mapping[str, Any]) -> str:
    """The results for people."""
    machine = results["machine"]
    lines = [f"`{results['command']}`", "", ", ".join(f"{name} {value}" for name, value in machine.items()), ""]
    for name, part in results["parts"].items():
        lines += [f"## {name}", "", part["about"], ""]
        lines += [*_table(part["rows"]), ""] if part["rows"] else []
        lines += [f"Not measured: {one}." for one in part["left"]]
        lines += [f"Failed: {part['failed']}", ""] if part["failed"] else [f"{part['seconds']:.0f} s in all.", ""]
    return "\n".join(lines)


def write(results: Mapping[str, Any], path: Path) -> None:
    """One JSON and, beside it, a Markdown table; both whole or as before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix, text in ((".json", json.dumps(results, indent=1) + "\n"), (".md", as_markdown(results))):
        draft = path.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path.with_suffix(suffix))


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = [name.replace("_", " ") for name in columns]
    body = [[_shown(row.get(name)) for name in columns] for row in rows]
    return [_line(head), _line(["---"] * len(head)), *map(_line, body)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value).replace("|", "\\|")
