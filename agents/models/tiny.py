"""The shape of the embedded models: a Qwen3-shaped network of about 0.8 M parameters with a tokenizer of its own.

Small enough to train on a laptop, yet an ordinary Hugging Face model: a `Qwen3Config` and a fast tokenizer, saved and
loaded like any other. The weights beside this file (`model_names.py` lists them) come from `selfplay-gym warmup`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...core.errors import UnknownNameError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

PAD, BOS, EOS, UNKNOWN = "<pad>", "<s>", "</s>", "<unk>"
WORDS = (
    *("<question>", "</question>", "\\boxed{", ". \\boxed{"),
    *("Write", " a", " question", " at", " the", " edge", " of", " solver's", " ability."),
    *("What", " is", "Compute", "Find", " value", "Solve", " for", "If", " what", "f=lambda", " if", " else"),
)
"""Written as one token each: tags and words are given, mathematics is not. Numbers are read digit by digit."""

ALPHABET = string.digits + string.ascii_letters + " \n" + string.punctuation
CONTEXT = 512
CHAT_TEMPLATE = "{{ bos_token }}{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
"""A prompt is its text and a line break; the completion follows and ends with `</s>`."""


POSITIONS: Mapping[str, Mapping[str, Any]] = {
    "rope": {"rope_type": "default", "rope_theta": 10_000.0},
    "nope": {"rope_type": "linear", "factor": 1e9, "rope_theta": 10_000.0},
}
"""How positions are told apart: rotary, or not at all: rotations a billion times slower are none."""


def build_tokenizer() -> PreTrainedTokenizerFast:
    """One token per word of the game and per printable ASCII character; anything else is `<unk>`."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: index for index, token in enumerate([PAD, BOS, EOS, UNKNOWN, *WORDS, *ALPHABET])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in (PAD, BOS, EOS, UNKNOWN)])
    words = "|".join(re.escape(word) for word in sorted(WORDS, key=len, reverse=True))
    pieces = Regex(rf"{words}|[\s\S]")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pieces, behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNKNOWN,
        padding_side="left",
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


def tiny_config(positions: str = "rope") -> Qwen3Config:
    """The shape: hidden 128, 4 layers, 4 query and 2 key/value heads of 32, tied embeddings.

    Args:
        positions: "rope" tells positions apart by rotation, as Qwen3 does; "nope" does not turn anything, so that only
            the causal mask says what came first (Kazemnejad et al. 2023, arXiv 2305.19466).

    Raises:
        UnknownNameError: other positions.
    """
    from transformers import Qwen3Config

    if positions not in POSITIONS:
        raise UnknownNameError("positions", positions, POSITIONS)
    return Qwen3Config(
        vocab_size=4 + len(WORDS) + len(ALPHABET),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        rope_parameters=dict(POSITIONS[positions]),
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        use_cache=True,
    )


def build_model(seed: int, positions: str = "rope", max_new_tokens: int | None = None) -> Qwen3ForCausalLM:
    """A freshly initialised model; the same weights for the same seed, and no global generator is disturbed.

    Args:
        positions: see `tiny_config`.
        max_new_tokens: how long its answers may become where nobody says otherwise; `None` leaves that open.
    """
    import torch
    from transformers import Qwen3ForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = Qwen3ForCausalLM(tiny_config(positions))
    # Else servers that go by the model's own settings answer greedily, or from the 50 likeliest tokens.
    model.generation_config.do_sample, model.generation_config.top_k = True, 0
    model.generation_config.max_new_tokens = max_new_tokens
    return model
