"""The processes of one run: one leads, the others follow, and all take part in what is worth sharing.

The leader plays the run: it judges, decides, writes. A follower holds the same models and waits to hear which part to
take, in sampling or in an update; parts are known to all by name (`World.enlist`, `World.together`). Nothing that can
differ between processes, such as a verifier's deadline, a clock, a file or Ctrl-C, is therefore ever decided twice, and
processes cannot drift apart. A world of one is the default, and costs a comparison.

Plain torch.distributed rather than accelerate: a handful of collectives is all that is needed, while `Accelerator`
wraps models and optimisers whose parameters are read directly here. What starts the processes does not matter:
`torchrun` and `accelerate launch` set the same variables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from ...core.errors import ConfigError, RunError

if TYPE_CHECKING:
    from torch import Tensor

Result = TypeVar("Result")

DONE, STOPPED, FAILED = "done", "stopped", "failed"
PATIENCE = timedelta(days=7)  # followers wait while the leader judges; one that dies is noticed at once all the same
AT_ONCE = 1 << 26  # elements summed in one go


class World:
    """The processes of a run.

    Args:
        rank: which of them this is; 0 leads.
        size: how many there are.
        device: where models live here; `None` leaves it to others.

    Attributes:
        ended: how the leader ended, once that is known here.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: str | None = None) -> None:
        self.rank, self.size, self.device = rank, size, device
        self.ended: str | None = None
        self._parts: dict[str, Callable[..., Any]] = {}
        self._together = False
        self._messages: Any = None

    @property
    def alone(self) -> bool:
        return self.size == 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    @classmethod
    @contextmanager
    def join(cls, device: str = "cpu") -> Iterator[World]:
        """Meet the processes that `torchrun` started with this one; without it, be alone.

        Leaving tells the followers how it went, if they are waiting; otherwise their next word with us fails.

        Args:
            device: "cpu", or "cuda" for one GPU per process.

        Raises:
            ConfigError: a device that several processes cannot share, or variables of `torchrun` are missing.
        """
        rank, size = standing()
        if size == 1:
            yield cls(device=device)
            return
        import torch
        import torch.distributed as dist

        own = _own_device(device)
        if own.startswith("cuda"):
            torch.cuda.set_device(own)
        started = not dist.is_initialized()
        if started:
            dist.init_process_group("cpu:gloo,cuda:nccl" if own.startswith("cuda") else "gloo")
        world = cls(rank, size, own)
        world._messages = dist.new_group(backend="gloo", timeout=PATIENCE)
        how = FAILED
        try:
            yield world
            how = DONE
        except KeyboardInterrupt:
            how = STOPPED
            raise
        finally:
            world.end(how)
            if started and world.ended is not None:  # otherwise somebody is still inside a collective
                dist.destroy_process_group()

    def end(self, how: str) -> None:
        """Tell the followers that this was all, and how it went, if they are waiting for a word."""
        if self.leads and not self.alone and not self._together and self.ended is None:
            self._tell(None, how)
            self.ended = how

    # --- parts ---

    def enlist(self, name: str, part: Callable[..., Any]) -> None:
        """Make `part` known as `name`. Every process enlists the same names."""
        self._parts[name] = part

    def together(self, part: Callable[..., Result], *arguments: Any) -> Result:
        """Take `part` with all followers, and return what it gives here. Only the leader begins; inside a part all
        processes run the same code, and so may take further parts.

        Args:
            part: enlisted by every process.
            arguments: sent to all; tensors among them on the CPU.

        Raises:
            RunError: a process has ended.
        """
        if self.alone or self._together:
            return part(*arguments)
        name = next(known for known, enlisted in self._parts.items() if enlisted == part)
        self._together = True
        self._tell(name, *arguments)
        result = part(*arguments)
        self._together = False  # not if the part failed: the followers are somewhere inside it, nobody listens
        return result

    def follow(self) -> str:
        """Take part in whatever the leader begins until it ends; returns how: "done", "stopped" or "failed"."""
        self._together = True
        while True:
            name, arguments = self._tell()
            if name is None:
                self.ended = str(arguments[0])
                return self.ended
            self._parts[name](*arguments)
            del arguments  # not to be held while waiting

    def _tell(self, name: str | None = None, *arguments: Any) -> Any:
        """One message from the leader to all; followers receive it."""
        import torch.distributed as dist

        message = [(name, arguments)]
        with _partners():
            dist.broadcast_object_list(message, src=0, group=self._messages)
        return message[0]

    # --- what parts do together ---

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes; same shapes everywhere, of one dtype and device."""
        if self.alone or not tensors:
            return
        import torch
        import torch.distributed as dist

        pieces: list[list[Tensor]] = [[]]
        for tensor in tensors:
            if pieces[-1] and sum(t.numel() for t in pieces[-1]) + tensor.numel() > AT_ONCE:
                pieces.append([])
            pieces[-1].append(tensor)
        with _partners():
            for piece in pieces:
                flat = torch.cat([tensor.detach().flatten() for tensor in piece])
                dist.all_reduce(flat)
                parts = torch.split(flat, [tensor.numel() for tensor in piece])
                for tensor, part in zip(piece, parts, strict=True):
                    tensor.detach().copy_(part.view(tensor.shape))

    def totals(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes, of as many values from each."""
        return list(values) if self.alone else self._reduced(values, "SUM")

    def greatest(self, value: float) -> float:
        """The greatest value of all processes."""
        return value if self.alone else self._reduced([value], "MAX")[0]

    def from_leader(self, tensor: Tensor) -> Tensor:
        """The leader's tensor, in every process; followers give one of the same shape, dtype and device to fill."""
        if not self.alone:
            import torch.distributed as dist

            with _partners():
                dist.broadcast(tensor, src=0)
        return tensor

    def _reduced(self, values: Sequence[float], operation: str) -> list[float]:
        import torch
        import torch.distributed as dist

        numbers = torch.tensor(values, dtype=torch.float64)
        with _partners():
            dist.all_reduce(numbers, op=getattr(dist.ReduceOp, operation), group=self._messages)
        found: list[float] = numbers.tolist()
        return found


def standing(variables: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """(rank, size) of this process as its launcher says; (0, 1) without one.

    Raises:
        ConfigError: several processes are announced, but not how to meet them.
    """
    size = int(variables.get("WORLD_SIZE") or 1)
    if size == 1:
        return 0, 1
    missing = [name for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if not variables.get(name)]
    if missing:
        raise ConfigError(
            f"WORLD_SIZE={size}, but {', '.join(missing)} not set: start with torchrun --standalone --nproc_per_node "
            f"{size} -m selfplay_gym.cli …, or unset WORLD_SIZE"
        )
    return int(variables["RANK"]), size


def launched_alone(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether `accelerate launch` started this process, and no other: with `--cpu` it does so without a word."""
    return "ACCELERATE_MIXED_PRECISION" in variables and int(variables.get("WORLD_SIZE") or 1) == 1


def _own_device(device: str) -> str:
    if device == "cpu":
        return device
    if device != "cuda":
        raise ConfigError(f"several processes run on 'cpu' or 'cuda' (one GPU each), not on device={device!r}")
    import torch

    place, present = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if place >= present:
        raise ConfigError(f"process {place} of this machine has no GPU: there are {present}; start as many processes")
    return f"cuda:{place}"


@contextmanager
def _partners() -> Iterator[None]:
    """Inside, other processes are needed; if one has ended, say so."""
    try:
        yield
    except RuntimeError as error:
        first = str(error).strip().partition("\n")[0]
        raise RunError(
            f"another process of this run has ended; its own message says why ({first}). What was saved last stands: "
            "continue with --resume"
        ) from error
