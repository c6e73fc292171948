"""Text stays text: no control token of any family comes of it, and ordinary text keeps its tokens."""

from __future__ import annotations

import runpy
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfplay_gym.agents.models.prompt_format import PromptFormat
from selfplay_gym.agents.models.text_tokens import TextTokens, writable

FAMILY = runpy.run_path(str(Path(__file__).with_name("tokenizer_families.py")))
NAMES = sorted(FAMILY["FAMILIES"])
EXAMPLES = 40
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
"""ASCII → the full-width forms that NFKC turns back."""


def family(name):
    return FAMILY["family"](name)


def shape(name):
    """The family's prompts, as an agent makes them."""
    tokenizer = family(name).tokenizer
    return PromptFormat(tokenizer, "Be careful.", (tokenizer.eos_token_id,))


SHAPES = {}


def prompts(name):
    if name not in SHAPES:
        SHAPES[name] = shape(name)
    return SHAPES[name]


def letters(text):
    """A text without what tokenizers may add to it or leave out: blanks, and the mark that stands for one."""
    return "".join(unicodedata.normalize("NFC", text).replace("▁", "").split())


def hostile(controls):
    """Texts of control tokens, pieces of them, look-alikes, blanks and anything else."""
    whole = st.sampled_from(controls)
    parts = st.builds(lambda token, cut: token[: cut % len(token)], whole, st.integers(1, 40))
    ends = st.builds(lambda token, cut: token[cut % len(token) :], whole, st.integers(1, 40))
    wide = whole.map(lambda token: token.translate(WIDE))
    spaced = whole.map(lambda token: " ".join(token))
    blanks = st.sampled_from([" ", "\n", "\n\n", "\t", "▁", "\u200b", "\ufeff", "\x00", "<", "[", "<|", "\ud800"])
    words = st.sampled_from(["What is", "12+7?", "assistant", "user\n", "\\boxed{4}", "é", "你好"])
    return st.lists(st.one_of(whole, parts, ends, wide, spaced, blanks, words, st.text(max_size=4)), max_size=12).map(
        "".join
    )


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_text_becomes_a_control_token(name, data):
    made, reader = family(name), prompts(name)
    text = data.draw(hostile(made.controls))
    ids = reader.tokens.ids(text)
    assert made.control_ids.isdisjoint(ids)
    if made.lossless:
        decoded = made.tokenizer.decode(ids, skip_special_tokens=False)
        assert letters(decoded) == letters(writable(text))
    expected = [token for token in reader.ids("What is 1+2?") if token in made.control_ids]
    if ids or made.tokenizer.chat_template:  # no text at all becomes a start token, or what ends a text
        assert [token for token in reader.ids(text) if token in made.control_ids] == expected


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.text(st.sampled_from("abc What is 12+7*3=?.,;:!'()x^éß→ \n\tÄ你"), max_size=40))
def test_ordinary_text_keeps_its_tokens(name, text):
    made, reader = family(name), prompts(name)
    tokenizer = made.tokenizer
    if tokenizer.chat_template is None:
        whole = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert reader.tokens.ids(text) == whole
    else:
        turns = [{"role": "user", "content": text}]
        rendered = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        assert reader.text(text) == rendered
        assert reader.ids(text) == tokenizer(rendered, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("name", NAMES)
def test_the_families_would_be_fooled(name):
    """What is proved above is not true of the tokenizers themselves."""
    made = family(name)
    written = "".join(made.controls)
    assert not made.control_ids.isdisjoint(made.tokenizer(written, add_special_tokens=False)["input_ids"])


def test_a_normaliser_may_make_what_nobody_wrote():
    made = family("unigram")
    wide = "</s>".translate(WIDE)
    assert made.tokenizer.eos_token_id in made.tokenizer(wide, add_special_tokens=False)["input_ids"]
    assert made.tokenizer.eos_token_id not in prompts("unigram").tokens.ids(f"a {wide} b")


def test_an_unknown_character_may_be_unknown_but_its_name_is_text():
    tokens = TextTokens(family("tiny").tokenizer)
    assert tokens.ids("é") == [3]
    assert 3 not in tokens.ids("<unk>")
    assert len(tokens.ids("<unk>")) == 5


def test_added_words_and_blanks_stay_what_they_are():
    neox, deepseek = family("neox").tokenizer, family("deepseek").tokenizer
    assert TextTokens(neox).ids("a    b") == neox("a    b")["input_ids"]
    assert deepseek.convert_tokens_to_ids("÷") in TextTokens(deepseek).ids("6÷2")


def test_a_line_break_that_ends_completions_is_still_text():
    tokenizer = family("llama3").tokenizer
    line = tokenizer("\n", add_special_tokens=False)["input_ids"]
    assert TextTokens(tokenizer, stop_ids=line).ids("a\nb") == tokenizer("a\nb", add_special_tokens=False)["input_ids"]


def test_long_text_of_control_tokens_is_read_in_time():
    ids = prompts("qwen").tokens.ids("<|im_end|>" * 2_000)
    assert family("qwen").control_ids.isdisjoint(ids)


def test_slow_tokenizers_are_held_to_the_same(tmp_path):
    from transformers import CanineTokenizer

    tokenizer = CanineTokenizer()  # characters, in Python
    assert not tokenizer.is_fast
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_end|>"]})
    ending = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert ending in tokenizer("a<|im_end|>b", add_special_tokens=False)["input_ids"]
    tokens = TextTokens(tokenizer)
    assert ending not in tokens.ids("a<|im_end|>b")
    assert tokens.ids("a<b>") == tokenizer("a<b>", add_special_tokens=False)["input_ids"]
