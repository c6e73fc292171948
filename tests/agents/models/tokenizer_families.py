"""Small tokenizers with the conventions of the families that models come with: their models, normalisers, control
tokens and chat templates. Trained on a few hundred lines, so that they take tenths of a second each."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any, NamedTuple

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from selfplay_gym.agents.models.tiny import build_tokenizer


class Family(NamedTuple):
    """A tokenizer, and what its control tokens are called."""

    tokenizer: Any
    controls: tuple[str, ...]
    lossless: bool = True

    @property
    def control_ids(self) -> set[int]:
        return set(self.tokenizer.convert_tokens_to_ids(list(self.controls)))


def lines() -> list[str]:
    rng = random.Random(0)
    words = [
        "What",
        "is",
        "the",
        "value",
        "of",
        "If",
        "then",
        "solve",
        "for",
        "x",
        "how",
        "many",
        "apples",
        "are",
        "left",
    ]
    return [
        f"{' '.join(rng.choices(words, k=8))} {rng.randrange(1000)}+{rng.randrange(1000)}*{rng.randrange(99)}?\n"
        for _ in range(300)
    ]


def trained(tokenizer: Tokenizer, trainer: Any) -> Tokenizer:
    tokenizer.train_from_iterator(lines(), trainer)
    return tokenizer


def byte_level(
    special, others=(), *, prefix=False, normaliser=None, ignore_merges=False, in_vocabulary=()
) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    if normaliser is not None:
        tokenizer.normalizer = normaliser
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trained(
        tokenizer,
        trainers.BpeTrainer(
            vocab_size=400, initial_alphabet=alphabet, special_tokens=list(in_vocabulary), show_progress=False
        ),
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in others])
    return tokenizer


def sentence_pieces(special, others=(), *, metaspace=None, normaliser=None, rstrip=False) -> Tokenizer:
    """BPE over ▁ with a byte for every character that is not in the vocabulary."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    if normaliser is not None:
        tokenizer.normalizer = normaliser
    if metaspace is not None:
        tokenizer.pre_tokenizer = metaspace
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    reserved = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trained(tokenizer, trainers.BpeTrainer(vocab_size=600, special_tokens=reserved, show_progress=False))
    state = tokenizer.to_str()
    tokenizer = Tokenizer.from_str(_without_byte_tokens(state))
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False, rstrip=rstrip) for token in special]
    )
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in others])
    return tokenizer


def _without_byte_tokens(state: str) -> str:
    """The trainer registers the byte tokens as special; in real vocabularies they are ordinary entries."""
    found = json.loads(state)
    found["added_tokens"] = [token for token in found["added_tokens"] if not token["content"].startswith("<0x")]
    return json.dumps(found)


def wrapped(tokenizer: Tokenizer, template: str | None, **names: str) -> Any:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, chat_template=template, clean_up_tokenization_spaces=False, **names
    )


def turns(before: str, after: str, start: str = "", answer: str = "", content: str = "message['content']") -> str:
    return (
        f"{{{{ {start!r} }}}}{{% for message in messages %}}{{{{ {before!r} + {content} + {after!r} }}}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{{{{ {answer!r} }}}}{{% endif %}}"
    )


def llama2() -> Family:
    prepended = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer = sentence_pieces(["<unk>", "<s>", "</s>"], normaliser=prepended)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    template = turns("[INST] ", " [/INST]", "<s>", content="message['content'] | trim")
    wrap = wrapped(tokenizer, template, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    return Family(wrap, ("<s>", "</s>", "<unk>"))


def llama3() -> Family:
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizer = byte_level([*special, "<|reserved_special_token_0|>"], ignore_merges=True)
    template = turns(
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|>",
        "<|begin_of_text|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "message['content'] | trim",
    )
    wrap = wrapped(tokenizer, template, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>")
    return Family(wrap, (*special, "<|reserved_special_token_0|>"))


def qwen() -> Family:
    special, others = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], ["<tool_call>", "</tool_call>", "<think>"]
    tokenizer = byte_level(special, [*others, "</think>"], normaliser=normalizers.NFC())
    template = turns("<|im_start|>user\n", "<|im_end|>\n", "", "<|im_start|>assistant\n<think>\n\n</think>\n\n")
    wrap = wrapped(tokenizer, template, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    return Family(wrap, (*special, *others, "</think>"))


def gemma() -> Family:
    special = ["<unk>", "<bos>", "<eos>", "<pad>", "<start_of_turn>", "<end_of_turn>"]
    tokenizer = sentence_pieces(special, ["\n\n", "▁▁", "<unused0>"], normaliser=normalizers.Replace(" ", "▁"))
    template = turns(
        "<start_of_turn>user\n",
        "<end_of_turn>\n",
        "<bos>",
        "<start_of_turn>model\n",
        "message['content'] | trim",
    )
    names = {"unk_token": "<unk>", "bos_token": "<bos>", "eos_token": "<end_of_turn>", "pad_token": "<pad>"}
    wrap = wrapped(tokenizer, template, **names)
    return Family(wrap, (*special, "<unused0>"), lossless=False)  # ▁▁ decodes as it is written


def phi3() -> Family:
    special = ["<unk>", "<s>", "</s>", "<|endoftext|>", "<|user|>", "<|assistant|>", "<|end|>", "<|system|>"]
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer = sentence_pieces(special, metaspace=metaspace, rstrip=True)
    template = turns("<|user|>\n", "<|end|>\n", "", "<|assistant|>\n")
    wrap = wrapped(tokenizer, template, unk_token="<unk>", bos_token="<s>", eos_token="<|endoftext|>")
    return Family(wrap, tuple(special))


def mistral() -> Family:
    special = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]"]
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer = sentence_pieces(special, metaspace=metaspace)
    wrap = wrapped(tokenizer, turns("[INST] ", "[/INST]", "<s>"), unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    return Family(wrap, tuple(special))


def deepseek() -> Family:
    special, others = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"], ["<｜User｜>", "<｜Assistant｜>", "<think>"]
    tokenizer = byte_level(special, [*others, "÷"])
    template = turns("<｜User｜>", "", "<｜begin▁of▁sentence｜>", "<｜Assistant｜><think>\n")
    wrap = wrapped(tokenizer, template, bos_token=special[0], eos_token=special[1])
    return Family(wrap, (*special, *others))


def neox() -> Family:
    """A base model: no template, one token for start, end and unknown, runs of blanks as added tokens."""
    tokenizer = byte_level(["<|endoftext|>"], normaliser=normalizers.NFC(), in_vocabulary=["<|endoftext|>"])
    tokenizer.add_tokens([AddedToken(" " * n, special=False, normalized=True) for n in range(2, 9)])
    names = {"unk_token": "<|endoftext|>", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}
    return Family(wrapped(tokenizer, None, **names), ("<|endoftext|>",))


def unigram() -> Family:
    """Pieces with a normaliser that makes control tokens of look-alikes, and an end token behind every text."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>", "<extra_id_0>"]
    alphabet = [chr(code) for code in range(33, 127)]
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=special, unk_token="<unk>", initial_alphabet=alphabet, show_progress=False
    )
    trained(tokenizer, trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=True) for token in special])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    wrap = wrapped(tokenizer, None, unk_token="<unk>", eos_token="</s>", pad_token="<pad>")
    return Family(wrap, ("<pad>", "</s>", "<extra_id_0>"), lossless=False)


def falcon() -> Family:
    special = [">>TITLE<<", ">>ABSTRACT<<", "<|endoftext|>"]
    tokenizer = byte_level(special, prefix=True)
    wrap = wrapped(tokenizer, turns("User: ", "\n", "", "Assistant:"), eos_token="<|endoftext|>")
    return Family(wrap, tuple(special), lossless=False)  # a blank before a text goes


def word_pieces() -> Family:
    """Lower-cased words, as of a BERT that decodes."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    alphabet = [chr(code) for code in range(33, 127)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    trained(tokenizer, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]"}
    wrap = wrapped(tokenizer, None, eos_token="[SEP]", **names)
    return Family(wrap, ("[PAD]", "[CLS]", "[SEP]"), lossless=False)


def tiny() -> Family:
    return Family(build_tokenizer(), ("<pad>", "<s>", "</s>"), lossless=False)


FAMILIES = {
    make.__name__: make
    for make in (
        *(llama2, llama3, qwen, gemma, phi3, mistral),
        *(deepseek, neox, unigram, falcon, word_pieces, tiny),
    )
}


@cache
def family(name: str) -> Family:
    return FAMILIES[name]()
