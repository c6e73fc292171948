"""What an agent said and what it cost, kept on disk: an interrupted benchmark goes on where it stopped.

One file per call of the agent, named by the hash of everything the answer depends on (agent, prompts, n, seed, package
version), written whole or not at all. A second run reads the same samples, tokens and seconds back, so it prints the
identical table.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ...core.protocols import Agent, unreadable
from ...core.protocols.completions import completions_of, well_formed
from ..evaluation import Adjustable, guessed
from ..storage.files import DamageError, json_object, read_bytes, remove


@runtime_checkable
class Counting(Protocol):
    """An agent that counts its tokens, as `LLMAgent` does: `sample` returns texts, lengths (R,) and finished (R,).

    `lengths` is `None` where a server does not tell.
    """

    def sample(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> Any: ...


@dataclass
class Call:
    """One call of an agent, as stored.

    Attributes:
        completions: n per prompt.
        tokens: tokens drawn per prompt, all samples together; `None` if the agent does not count.
        truncated: completions cut off per prompt; `None` if the agent does not say.
        seconds: wall time.
        peak_mb: highest resident memory of the process during the call, in MB, plus the accelerator's.
    """

    completions: list[list[str]]
    tokens: list[int] | None
    truncated: list[int] | None
    seconds: float
    peak_mb: float


@dataclass
class Usage:
    """What the calls of one recorder cost together; lists have one entry per question, `None` if not counted."""

    tokens: list[int] | None = field(default_factory=list)
    truncated: list[int] | None = field(default_factory=list)
    seconds: float = 0.0
    peak_mb: float = 0.0

    def add(self, call: Call) -> None:
        self.tokens = None if self.tokens is None or call.tokens is None else self.tokens + call.tokens
        cut = call.truncated
        self.truncated = None if self.truncated is None or cut is None else self.truncated + cut
        self.seconds += call.seconds
        self.peak_mb = max(self.peak_mb, call.peak_mb)


class Recorder:
    """An agent that remembers: answers from its folder what was asked before, else asks the agent it wraps.

    Args:
        agent: who is asked.
        identity: everything about the agent that its answers depend on; equal identities share a record.
        folder: where calls are kept; `None` keeps nothing.
    """

    def __init__(self, agent: Agent, identity: str, folder: Path | None) -> None:
        self.agent, self.identity, self.folder = agent, identity, folder
        self.usage = Usage()

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        path = self._path(prompts, n, seed)
        call = None if path is None else _read(path)
        if call is None or not well_formed(call.completions, len(prompts), n):
            call = _ask(self.agent, prompts, n, seed)
            if path is not None:
                _write(path, call)
        self.usage.add(call)
        return call.completions

    def unreadable(self, prompts: Sequence[str]) -> list[str | None]:
        """What the agent says, see `core.protocols.Reader`; nothing is asked of it for that."""
        return unreadable(self.agent, prompts)

    def guessed(self, prompts: Sequence[str]) -> list[bool]:
        """What the agent says, see `evaluation.guessed`."""
        return guessed(self.agent, prompts)

    def _path(self, prompts: Sequence[str], n: int, seed: int | None) -> Path | None:
        if self.folder is None or seed is None:
            return None
        asked = json.dumps([_release(), self.identity, n, seed, list(prompts)])
        name = hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()
        return self.folder / name[:2] / f"{name}.json"


class AdjustableRecorder(Recorder):
    """A recorder of an agent that has a greedy mode; every setting has its own record."""

    agent: Any

    def with_settings(self, *, temperature: float) -> Recorder:
        adjusted = self.agent.with_settings(temperature=temperature)
        return Recorder(adjusted, f"{self.identity} temperature={temperature!r}", self.folder)


def record(agent: Agent, identity: str, folder: Path | None) -> Recorder:
    """A recorder that is adjustable if and only if the agent is."""
    return (AdjustableRecorder if isinstance(agent, Adjustable) else Recorder)(agent, identity, folder)


def _ask(agent: Agent, prompts: Sequence[str], n: int, seed: int | None) -> Call:
    _reset_peak()
    begun = time.perf_counter()
    tokens = truncated = None
    if isinstance(agent, Counting):
        drawn = agent.sample(prompts, n=n, seed=seed)
        completions = drawn.texts
        tokens = None if drawn.lengths is None else _per_prompt(drawn.lengths, n)
        truncated = _per_prompt(~drawn.finished, n)
    else:
        completions = completions_of(agent, prompts, n=n, seed=seed)
    return Call(completions, tokens, truncated, time.perf_counter() - begun, peak_memory_mb())


def _per_prompt(rows: Any, n: int) -> list[int]:
    return [int(total) for total in rows.reshape(-1, n).sum(1).tolist()]


def _read(path: Path) -> Call | None:
    try:
        return Call(**json_object(read_bytes(path), str(path)))
    except (DamageError, TypeError):  # never written, or by another hand: ask again
        return None


def _write(path: Path, call: Call) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    remove(partial)  # another process of this number may have left it, or anything else
    partial.write_text(json.dumps(asdict(call)), encoding="utf-8")
    os.replace(partial, path)


def peak_memory_mb() -> float:
    """Highest resident memory since the last reset (Linux) or since the start, in MB, plus the accelerator's peak."""
    resident = 0.0
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        resident = next(float(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        if sys.platform != "win32":
            import resource

            unit = 1024 * 1024 if sys.platform == "darwin" else 1024
            resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    torch = sys.modules.get("torch")  # measured if in use, never imported for it
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        resident += torch.cuda.max_memory_allocated() / 2**20
    return resident


def _reset_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # forgets the peak, see proc(5)
    except OSError:
        return  # not Linux, or not allowed: the peak is then of the whole process
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()


def _release() -> str:
    try:
        return version("selfplay-gym")
    except PackageNotFoundError:
        return "source"
