"""The processes of one run: rank 0 decides, and all ranks sample and train.

Rank 0 plays the run: it judges, decides, writes. The other ranks hold the same models and wait for a message which
function to call, one that samples or updates; functions are known to all ranks by name (`ProcessGroup.register`,
`ProcessGroup.run_on_all`). Nothing that can differ between processes, such as a verifier's deadline, a clock, a file or
Ctrl-C, is therefore ever decided twice, and processes cannot drift apart. A group of one is the default, and costs a
comparison.

torch.distributed rather than accelerate: a handful of collectives is all that is needed, while `Accelerator`
wraps models and optimisers whose parameters are read directly here. What starts the processes does not matter:
`torchrun` and `accelerate launch` set the same variables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from ...core.errors import ConfigError, RunError, SelfPlayError

if TYPE_CHECKING:
    from torch import Tensor

Result = TypeVar("Result")

DONE, STOPPED, FAILED = "done", "stopped", "failed"
PATIENCE = timedelta(days=7)  # ranks wait while rank 0 judges; one that dies is noticed at once all the same
AT_ONCE = 1 << 26  # elements summed in one go


class ProcessGroup:
    """The processes of a run.

    Args:
        rank: which of them this is; rank 0 decides.
        size: how many there are.
        device: where models live here; `None` leaves it to others.

    Attributes:
        ended: how rank 0 ended, once that is known here.
        messages: torch's group for what lies on the CPU; `None` for a process alone.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: str | None = None) -> None:
        self.rank, self.size, self.device = rank, size, device
        self.ended: str | None = None
        self._functions: dict[str, Callable[..., Any]] = {}
        self._running = False
        self.messages: Any = None

    @property
    def alone(self) -> bool:
        return self.size == 1

    @property
    def is_rank0(self) -> bool:
        return self.rank == 0

    @classmethod
    @contextmanager
    def join(cls, device: str = "cpu") -> Iterator[ProcessGroup]:
        """Meet the processes that `torchrun` started with this one; without it, be alone.

        Leaving tells the other ranks how it went, if they are waiting; otherwise their next message fails.

        Args:
            device: "cpu", or "cuda" for one GPU per process.

        Raises:
            ConfigError: a device that several processes cannot share, or a variable of `torchrun` is missing.
        """
        rank, size = rank_and_size()
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
        group = cls(rank, size, own)
        group.messages = dist.new_group(backend="gloo", timeout=PATIENCE)
        how = FAILED
        try:
            yield group
            how = DONE
        except KeyboardInterrupt:
            how = STOPPED
            raise
        finally:
            group.end(how)
            if started and group.ended is not None:  # otherwise somebody is still inside a collective
                dist.destroy_process_group()

    def end(self, how: str) -> None:
        """Tell the other ranks that this was all, and how it went, if they are waiting."""
        if self.is_rank0 and not self.alone and not self._running and self.ended is None:
            self._broadcast(None, how)
            self.ended = how

    # --- functions that all ranks run ---

    def register(self, name: str, function: Callable[..., Any]) -> None:
        """Make `function` known as `name`. Every rank registers the same names."""
        self._functions[name] = function

    def run_on_all(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a registered function on all ranks, and return what it gives here. Only rank 0 begins; inside the
        function all ranks run the same code, and so may call further ones.

        Args:
            function: registered by every rank.
            arguments: sent to all; tensors among them on the CPU.

        Raises:
            RunError: a process has ended.
        """
        if self.alone or self._running:
            return function(*arguments)
        name = next(known for known, registered in self._functions.items() if registered == function)
        self._running = True
        self._broadcast(name, *arguments)
        result = function(*arguments)
        self._running = False  # not if it failed: the other ranks are somewhere inside it, none listens
        return result

    def serve(self) -> str:
        """Run whatever rank 0 begins until it ends; returns how: "done", "stopped" or "failed"."""
        self._running = True
        while True:
            name, arguments = self._broadcast()
            if name is None:
                self.ended = str(arguments[0])
                return self.ended
            self._functions[name](*arguments)
            del arguments  # not to be held while waiting

    def _broadcast(self, name: str | None = None, *arguments: Any) -> Any:
        """One message from rank 0 to all; the other ranks receive it."""
        import torch.distributed as dist

        message = [(name, arguments)]
        with peer_errors():
            dist.broadcast_object_list(message, src=0, group=self.messages)
        return message[0]

    # --- collectives, for use inside such functions ---

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
        with peer_errors():
            for piece in pieces:
                flat = torch.cat([tensor.detach().flatten() for tensor in piece])
                dist.all_reduce(flat)
                parts = torch.split(flat, [tensor.numel() for tensor in piece])
                for tensor, part in zip(piece, parts, strict=True):
                    tensor.detach().copy_(part.view(tensor.shape))

    def totals(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes, of as many values from each."""
        return list(values) if self.alone else self._reduced(values, "SUM")

    def meet(self) -> None:
        """Wait until all processes are here."""
        self.totals([0.0])

    def greatest(self, value: float) -> float:
        """The greatest value of all processes."""
        return value if self.alone else self._reduced([value], "MAX")[0]

    def from_rank0(self, tensor: Tensor) -> Tensor:
        """Rank 0's tensor, on every rank; the other ranks give one of the same shape, dtype and device to fill."""
        if not self.alone:
            import torch.distributed as dist

            with peer_errors():
                dist.broadcast(tensor, src=0)
        return tensor

    def _reduced(self, values: Sequence[float], operation: str) -> list[float]:
        import torch
        import torch.distributed as dist

        numbers = torch.tensor(values, dtype=torch.float64)
        with peer_errors():
            dist.all_reduce(numbers, op=getattr(dist.ReduceOp, operation), group=self.messages)
        found: list[float] = numbers.tolist()
        return found


def rank_and_size(variables: Mapping[str, str] = os.environ) -> tuple[int, int]:
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

    index, present = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if index >= present:
        raise ConfigError(f"process {index} of this machine has no GPU: there are {present}; start as many processes")
    return f"cuda:{index}"


@contextmanager
def peer_errors(*marks: str) -> Iterator[None]:
    """Inside, other processes are needed; if one has ended, say so.

    Args:
        marks: how errors of the connection are told from others, by their text; without any, all are.
    """
    try:
        yield
    except RuntimeError as error:
        first = str(error).strip().partition("\n")[0]
        if isinstance(error, SelfPlayError) or (marks and not any(mark in first for mark in marks)):
            raise
        raise RunError(
            f"another process of this run has ended; its own message says why ({first}). What was saved last stands: "
            "continue with --resume"
        ) from error
