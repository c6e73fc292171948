"""Tensors in shards on disk, by `torch.distributed.checkpoint`: every process writes what it holds, and any number of
processes reads it again.

In its safetensors format, so that nothing read from a folder can run code.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...core.errors import RunError
from .process_group import ProcessGroup, peer_errors
from .sharded import CONNECTION

FILE_BYTES = 1 << 29  # of whole tensors that share a file, which is put together in memory


def write_shards(folder: Path, tensors: Mapping[str, Tensor], group: ProcessGroup) -> None:
    """Write tensors of equal names into a folder that is there; all processes call it.

    Args:
        tensors: `DTensor`s, of which each process holds its part; of others, those of rank 0 are written: it alone
            counts steps.
    """
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
    from torch.distributed.checkpoint.state_dict_saver import save
    from torch.distributed.tensor import DTensor

    writer = HuggingFaceStorageWriter(str(folder), _files(tensors), save_distributed=True)
    mine = {name: held for name, held in tensors.items() if group.is_rank0 or isinstance(held, DTensor)}
    with peer_errors(*CONNECTION):
        save(mine, storage_writer=writer, process_group=group.messages)
    for file in folder.glob(f"shard-{group.rank + 1:05d}-*"):
        _put_in_order(file)
    group.meet()


def read_shards(folder: Path, like: Callable[[str], Tensor | None], group: ProcessGroup) -> dict[str, Tensor]:
    """What `write_shards` wrote; all processes call it, not necessarily as many as wrote it.

    Args:
        like: the name of a tensor → one that is placed as it should be; `None` for whole, on the CPU.

    Raises:
        RunError: the folder holds no such files.
    """
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
    from torch.distributed.checkpoint.state_dict_loader import load

    reader = HuggingFaceStorageReader(str(folder))
    found: dict[str, Any] = {}
    for name, kept in reader.read_metadata().state_dict_metadata.items():
        size, dtype = kept.size, kept.properties.dtype  # type: ignore[union-attr]
        model = like(name)
        if model is None or model.shape != size:
            found[name] = torch.zeros(size, dtype=dtype)
        else:
            found[name] = torch.zeros_like(model, dtype=dtype)
    if not found:
        raise RunError(f"{folder} holds no tensors: the checkpoint was not written by this program")
    with peer_errors(*CONNECTION), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is disabled")  # a process alone reads all of it
        load(found, storage_reader=reader, process_group=group.messages, no_dist=group.alone)
    return found


def _put_in_order(file: Path) -> None:
    """Sort a file's metadata, in place: safetensors writes it in another order each time, and equal runs should leave
    equal bytes."""
    with open(file, "r+b") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) <= size:  # the rest is blanks
            stream.seek(8)
            stream.write(text.ljust(size))


def _files(tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """Which file each tensor goes to, from 1 on."""
    number, used, files = 1, 0, dict[str, int]()
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        if used and used + size > FILE_BYTES:
            number, used = number + 1, 0
        used += size
        files[name] = number
    return files
