"""A GPU that is not there: tensors live in the CPU's memory, say that they are on "cuda:0", and refuse to meet others.

Under `PretendGPU` a program goes the ways of a GPU, and an operation on tensors of both kinds raises, as it would
there. What is computed is what a CPU computes. What happens inside C++ (the backward pass of torch's own functions) is
not seen.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

GPU = torch.device("cuda:0")
MAY_MEET = {
    "copy_",
    "to",
    "__set__",
    "type",
    "cpu",
    "cuda",
    "is_",
    "__get__",
    "set_data",
    "backward",
    "_has_compatible_shallow_copy_type",
}
"""Functions that take tensors of two devices, or none of whose business it is."""
NEW = {
    "new_zeros",
    "new_empty",
    "new_ones",
    "new_full",
    "new_tensor",
    "zeros_like",
    "empty_like",
    "ones_like",
    "full_like",
}


def is_there(tensor: torch.Tensor) -> bool:
    """Whether a tensor is on the GPU."""
    return getattr(tensor, "_pretends", False)


class PretendGPU(TorchFunctionMode):
    """While it is open, the device "cuda" can be used."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, torch.Tensor)]
        here = [is_there(tensor) for tensor in tensors]
        owner = getattr(func, "__self__", None)
        if name == "__get__":
            what = getattr(owner, "__name__", "")
            if what == "device":
                return GPU if here[0] else func(*args, **kwargs)
            if what == "is_cuda":
                return here[0]
            return _marked(func(*args, **kwargs), here[0])
        if name == "__set__":
            func(*args, **kwargs)
            if getattr(owner, "__name__", "") == "data":
                args[0]._pretends = is_there(args[1])
            return None
        if name == "get_device":
            return 0 if here[0] else -1
        if name == "pin_memory":
            return args[0]
        asked, args, kwargs = _device_of(name, args, kwargs)
        if name == "cpu":
            asked = "cpu"
        elif name == "cuda":
            return _marked(args[0].clone(), True)
        if name == "to" and len(args) > 1 and isinstance(args[1], torch.Tensor):
            asked = "cuda" if here[1] else "cpu"
        self._check(func, name, args, kwargs, tensors)
        result = func(*args, **kwargs)
        if asked is not None:
            there = asked == "cuda"
            if name in ("to", "cpu") and result is args[0] and here[0] != there:
                result = result.detach().clone().requires_grad_(result.requires_grad)
            return _marked(result, there)
        first = here[0] if here and name in NEW else any(here)
        return _marked(result, first)

    def _check(self, func: Any, name: str, args: Any, kwargs: Any, tensors: list[torch.Tensor]) -> None:
        if name in MAY_MEET or not tensors:
            return
        several = [tensor for tensor in tensors if tensor.dim() > 0]
        if name in ("__getitem__", "__setitem__") and is_there(args[0]):
            several = [t for t in several if name == "__setitem__" and t is not args[0] and t is args[-1]] + [args[0]]
        found = {is_there(tensor) for tensor in several}
        if len(found) > 1:
            shapes = [(tuple(t.shape), "gpu" if is_there(t) else "cpu") for t in tensors]
            raise RuntimeError(f"{name} of {func}: tensors of two devices: {shapes}")


def _device_of(name: str, args: Any, kwargs: dict[str, Any]) -> tuple[str | None, Any, dict[str, Any]]:
    """Which device is asked for, and the arguments with the CPU in its place."""
    asked: str | None = None

    def replaced(value: Any) -> Any:
        nonlocal asked
        kind = value.type if isinstance(value, torch.device) else str(value).partition(":")[0]
        if not isinstance(value, torch.device | str) or kind not in ("cuda", "cpu"):
            return value
        asked = torch.device(value).type
        return torch.device("cpu")

    if "device" in kwargs and kwargs["device"] is not None:
        kwargs["device"] = replaced(kwargs["device"])
    if name == "to":
        args = tuple(replaced(value) if i else value for i, value in enumerate(args))
    return asked, args, kwargs


def _marked(result: Any, there: bool) -> Any:
    def mark(value: Any) -> Any:
        if isinstance(value, torch.Tensor) and is_there(value) != there:
            value._pretends = there
        return value

    return tree_map(mark, result)
