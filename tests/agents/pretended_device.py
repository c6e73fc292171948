"""A device that is not there: tensors on the CPU that claim to lie elsewhere, and refuse company from another device.

What a GPU would refuse fails here too, on a machine without one: an operation on tensors of two devices. And what a
GPU would be waited for is counted: values that the host asks for. The device is torch's "lazy", whose backward passes
run in the calling thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

DEVICE = torch.device("lazy", 0)
aten = torch.ops.aten
MAY_MIX = {
    aten.copy_.default,
    aten._to_copy.default,
    aten.index.Tensor,
    aten.index_put_.default,
    aten.index_put.default,
}
"""What takes tensors of two devices; indices may lie on the CPU."""
ASKS = {aten._local_scalar_dense.default, aten.nonzero.default, aten._unique2.default, aten.masked_select.default}
"""What the host waits for."""


class Elsewhere(Tensor):
    """A tensor of `DEVICE`, whose numbers are in `held`."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> Elsewhere:
        made = Tensor._make_wrapper_subclass(
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype,
            device=DEVICE,
        )  # fmt: skip
        made.held = held
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __repr__(self, **_: Any) -> str:
        return f"Elsewhere({self.held!r})"

    def data_ptr(self) -> int:
        return self.held.data_ptr()

    def untyped_storage(self) -> Any:
        return self.held.untyped_storage()

    def storage(self) -> Any:
        return self.held.storage()

    def tolist(self) -> Any:
        """Values for the host, which torch itself gives of no such class."""
        return self.to("cpu").tolist()

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})


class Device(TorchDispatchMode):
    """While it is entered, tensors can be made on `DEVICE`.

    Attributes:
        asked: how often each operation made the host wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = run(func, args, kwargs or {})
        tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Elsewhere)]
        to_host = func is aten._to_copy.default and isinstance(out, Tensor) and not isinstance(out, Elsewhere)
        chosen = func in (aten.index.Tensor, aten.index_put_.default) and any(
            isinstance(t, Tensor) and t.dtype is torch.bool for t in args[1]
        )
        if tensors and (func in ASKS or to_host or chosen):
            self.asked[str(func)] += 1
        return out


def run(func, args, kwargs):
    flat, shape = tree_flatten((args, kwargs))
    mine = [t for t in flat if isinstance(t, Elsewhere)]
    others = [t for t in flat if isinstance(t, Tensor) and not isinstance(t, Elsewhere) and t.dim() > 0]
    if mine and others and func not in MAY_MIX:
        raise RuntimeError(f"{func}: expected all tensors on one device, found {DEVICE} and cpu")
    device = kwargs.get("device")
    here = bool(mine) if device is None else torch.device(device).type == DEVICE.type
    if func in (aten.index_put_.default, aten.copy_.default):
        here = isinstance(args[0], Elsewhere)
    if func in (aten.index.Tensor, aten.index_put_.default) and not here and mine:
        raise RuntimeError(f"{func}: indices of {DEVICE} for a tensor of the cpu")
    plain = [t.held if isinstance(t, Elsewhere) else t for t in flat]
    plain = [torch.device("cpu") if isinstance(t, torch.device) and t == DEVICE else t for t in plain]
    arguments, options = tree_unflatten(plain, shape)
    out = func(*arguments, **options)
    known = {id(t.held): t for t in mine}

    def wrapped(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        if id(value) in known:
            return known[id(value)]
        return Elsewhere(value) if here else value

    return tree_map(wrapped, out)


@contextmanager
def pretended() -> Iterator[Device]:
    """A device to try things on.

    What torch does differently for it is put right: `torch.tensor` passes no mode by, so it copies; tensors of
    inference mode cannot be wrapped; autocast, fused optimisers and lists of tensors at once are for devices that torch
    knows.
    """
    tensor, adam, clip, autocast = (
        torch.tensor,
        torch.optim.AdamW,
        torch.nn.utils.clip_grad_norm_,
        torch.is_autocast_enabled,
    )

    def copied(data: Any, *, device: Any = None, **options: Any) -> Tensor:
        made = tensor(data, **options)
        return made if device is None else made.to(device)

    with Device() as device, pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch, "tensor", copied)
        patched.setattr(torch, "inference_mode", torch.no_grad)
        patched.setattr(torch, "is_autocast_enabled", lambda kind=None: kind != DEVICE.type and autocast(kind))
        patched.setattr(torch.optim, "AdamW", lambda *args, **options: adam(*args, **{**options, "fused": False}))
        patched.setattr(torch.nn.utils, "clip_grad_norm_", lambda *args, foreach=None: clip(*args, foreach=False))
        yield device
