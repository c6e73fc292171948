"""A LoRA adapter that becomes part of the weights: W + α/r · B A, computed in float32. No peft is needed for that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...core.errors import RunError

WEIGHTS, SETTINGS = "adapter_model.safetensors", "adapter_config.json"
PREFIX = "base_model.model."
"""What peft puts before the name of a module."""


def merge_adapter(model: Any, folder: Path) -> None:
    """Add the adapter in `folder`, in peft's format, to the weights of `model`, in place.

    Raises:
        RunError: there is none, it is of another kind than plain LoRA, or it does not fit this model.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        if settings.get("peft_type") != "LORA" or any(settings.get(name) for name in ("use_dora", "use_rslora")):
            raise RunError(f"the adapter in {folder} is no plain LoRA, and only that is merged")
        scale = settings["lora_alpha"] / settings["r"]
        state = load_file(str(folder / WEIGHTS))
        names = [key.removesuffix(".lora_A.weight") for key in state if key.endswith(".lora_A.weight")]
        if 2 * len(names) != len(state) or not names:
            raise RunError(f"the adapter in {folder} holds more than pairs of lora_A and lora_B")
        with torch.no_grad():
            for name in names:
                weight = model.get_submodule(name.removeprefix(PREFIX)).weight
                down, up = (state[f"{name}.lora_{half}.weight"].to(weight.device).float() for half in "AB")
                weight.copy_(weight.float() + scale * (up @ down))
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
        SafetensorError,
    ) as error:
        raise RunError(f"the adapter in {folder} does not fit this model: {error}") from None
