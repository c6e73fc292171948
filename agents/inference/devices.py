"""Where a model lives: whole on one device, or spread over several, and over disk, by accelerate's hooks.

A spread model keeps every module's weights where its device map says, and a hook moves the activations. It can be
called as ever, but its weights cannot be read as if they lay on one device: `PackedModel` leaves it to transformers.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ...core.errors import ConfigError, MissingExtraError

MAPS = ("auto", "balanced", "balanced_low_0", "sequential")
"""Ways accelerate finds a device map by itself."""


def placing(device: str, options: dict[str, Any]) -> dict[str, Any]:
    """What `from_pretrained` of transformers needs for `device`; empty for a single device, to which a model is moved.

    Args:
        device: "cpu", "cuda:1", or one of `MAPS`.
        options: of which `device_map` wins.

    Raises:
        MissingExtraError: a map without accelerate.
        ConfigError: no such device.
    """
    wanted = options.get("device_map", device if device in MAPS else None)
    if wanted is None:
        check_device("device", device)
        return {}
    if importlib.util.find_spec("accelerate") is None:
        raise MissingExtraError("accelerate", "lora", f"device map {wanted!r}")
    return {"device_map": wanted}


def check_device(setting: str, device: str, *, maps: Sequence[str] = MAPS) -> None:
    """Refuse a device that tensors cannot live on here, before a model is loaded for it.

    Args:
        setting: where the device is given, such as "compute.device"; the error begins with it.
        maps: names of device maps that would do as well.

    Raises:
        ConfigError: no device of torch's, or none that this machine has.
    """
    if device in maps:
        return
    try:
        found = torch.device(device)
        known = found.type != "meta"  # which holds no numbers
    except (RuntimeError, TypeError):
        known = False
    if not known:
        others = f", or one of {', '.join(maps)}" if maps else ""
        raise ConfigError(
            f"{setting} must be one of torch's devices, such as 'cpu' or 'cuda:1'{others}; got {device!r:.80}"
        )
    try:
        torch.empty(1, device=found)
    except (AssertionError, ImportError, RuntimeError) as error:  # torch's words for a device that is not there
        why = str(error).partition(chr(10))[0]
        raise ConfigError(f"{setting}={device!r:.80} cannot be used here: {why}") from None


def spread(model: Any, device_map: Any) -> Any:
    """A loaded model spread as `device_map` says, for loaders that know no maps."""
    accelerate: Any = importlib.import_module("accelerate")
    if isinstance(device_map, str):
        whole = list(getattr(model, "_no_split_modules", None) or [])
        memory = accelerate.utils.get_balanced_memory(model, no_split_module_classes=whole)
        device_map = accelerate.infer_auto_device_map(model, memory, no_split_module_classes=whole)
    if len(set(device_map.values())) == 1:
        return model.to(next(iter(device_map.values())))
    return accelerate.dispatch_model(model, device_map)


def on_one_device(model: Any) -> bool:
    """Whether all weights lie on one device, with no hook that fetches them."""
    devices = {parameter.device for parameter in model.parameters()}
    return len(devices) == 1 and not any(hasattr(module, "_hf_hook") for module in model.modules())


def input_device(model: Any) -> torch.device:
    """Where a model takes its tokens and gives its logits."""
    embedding = model.get_input_embeddings()
    if embedding.weight.device.type != "meta":
        device: torch.device = embedding.weight.device
        return device
    return torch.device(embedding._hf_hook.execution_device)


def read_together(scalars: Sequence[Tensor]) -> list[float]:
    """Tensors of one number each as numbers: a GPU is waited for once, and not for each of them."""
    alike: dict[tuple[torch.device, torch.dtype], list[int]] = {}
    for index, scalar in enumerate(scalars):
        alike.setdefault((scalar.device, scalar.dtype), []).append(index)
    found = [0.0] * len(scalars)
    for indices in alike.values():
        values = torch.stack([scalars[index].detach() for index in indices]).tolist()
        for index, value in zip(indices, values, strict=True):
            found[index] = value
    return found
