"""A model and its tokenizer from a folder or the hub, by transformers: what is read, and what is refused in one line.

A folder may come from a stranger. So no code in it is run unless `trust_remote_code=True` is given by name, weights are
read as safetensors only (a pickle can run anything), and a model is taken only if its own files make all of it.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from ...core.errors import ConfigError, with_article
from ..model_names import SHIPPED
from .progress_bars import without_bars

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
SHOWN = 240


def load_pretrained(name: str | Path, *, trust_remote_code: bool = False, **options: Any) -> tuple[Any, Any]:
    """Model and tokenizer.

    Args:
        name: a folder, or a name that the hub knows.
        trust_remote_code: run the Python that comes with the model. Only for a folder you have read.
        options: further ones of transformers' `from_pretrained`.

    Raises:
        ConfigError: no such model, files that are damaged or missing, an option nobody knows, or not a causal language
            model.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    folder = Path(name)
    if not str(name).strip():
        raise ConfigError(f"no model is named; give a folder, {', '.join(map(repr, SHIPPED))}, 'smollm2' or a hub name")
    if folder.is_dir() or folder.is_absolute():
        _check_folder(folder)
    shared: dict[str, Any] = {"trust_remote_code": trust_remote_code is True}
    if "local_files_only" not in options and not folder.exists() and not _hub_has_address():
        shared["local_files_only"] = True  # else the hub's client tries again for more than a minute
    try:
        with without_bars():
            config = AutoConfig.from_pretrained(str(name), **shared)
            if getattr(config, "is_encoder_decoder", False):
                raise ConfigError(
                    f"{str(name)!r} is {with_article(config.model_type)} model with an encoder: {_WANTED}"
                )
            tokenizer = AutoTokenizer.from_pretrained(str(name), **shared)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                str(name), **{"use_safetensors": True, **options}, **shared, output_loading_info=True
            )
    except (ConfigError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a folder's files may be anything, and each library fails in its own way
        raise ConfigError(_message(name, error)) from None
    model, found = loaded
    missing = sorted(found["missing_keys"])
    if missing:
        raise ConfigError(
            f"{str(name)!r} is not whole: its files hold no weights for {missing[0]!r}"
            f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}; {_WANTED}"
        )
    return model, tokenizer


_WANTED = "a causal language model with a tokenizer is needed, see docs/models.md"


def _hub_has_address() -> bool:
    """Whether the hub can be asked from here at all; a proxy may know it where this machine does not."""
    from huggingface_hub.constants import ENDPOINT

    try:
        return bool(getproxies()) or bool(socket.getaddrinfo(urlsplit(ENDPOINT).hostname, None))
    except OSError:
        return False


def _check_folder(folder: Path) -> None:
    """Refuse what is plainly no model."""
    if not (folder / "config.json").is_file():
        raise ConfigError(f"no model at {str(folder)!r}: expected a folder with config.json and weights")
    if (folder / "adapter_config.json").is_file():
        raise ConfigError(
            f"{str(folder)!r} holds a peft adapter beside a model: merge them, or load the checkpoint of a role with "
            "selfplay_gym.agents.load_agent"
        )
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
        if pickled:
            raise ConfigError(
                f"{str(folder)!r} holds pickled weights only ({pickled[0]}), which can run code and are not read: "
                "convert them where they come from, with model.save_pretrained(folder)"
            )
        raise ConfigError(f"{str(folder)!r} holds no weights: expected model.safetensors")


def _message(name: str | Path, error: Exception) -> str:
    """One line on what went wrong, and what helps."""
    whole = " ".join(str(error).split())
    said = whole if len(whole) <= SHOWN else f"{whole[:SHOWN]} …"
    if "ignore_mismatched_sizes" in whole:
        return f"{str(name)!r} holds weights of other shapes than its config.json says: take both from one model"
    if "trust_remote_code" in whole:
        return (
            f"{str(name)!r} brings Python code of its own, which is not run. If you have read it and trust it, load "
            "the model in Python with trust_remote_code=True"
        )
    if "unexpected keyword argument" in said:
        return f"{str(name)!r} cannot be loaded with these options: {said}; see LLMAgent.from_pretrained"
    here = "" if Path(name).exists() else f"there is no such folder in {Path.cwd()}, and as a hub name: "
    return f"cannot load a model from {str(name)!r}: {here}{type(error).__name__}: {said}; {_WANTED}"
