"""What a model does not read of its prompts: its tokenizer leaves it out, and so does that of its checkpoints."""

import copy

import pytest
from tokenizers import normalizers
from transformers import AutoTokenizer

from selfplay_gym.agents.load import load_agent
from selfplay_gym.agents.models.skipping import skipping, writing
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_turn_game
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.run.turns.legal_moves import random_pairs
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.turn_games import SKIPS

RULES = SKIPS["tic-tac-toe"]


@pytest.fixture(scope="module")
def tiny():
    return load_agent("tiny")


def test_of_tic_tac_toe_the_board_is_left_whatever_the_position(tiny):
    reader = tiny.skipping(RULES)
    for prompt, _ in random_pairs(make_turn_game("tic-tac-toe"), python_stream(1), 200):
        board = "".join(prompt.split("\n", 3)[3].replace(" ", ""))
        assert reader.prompt_ids(prompt) == tiny.prompt_ids(board)
    assert reader.prompt_ids("What is 3+4?") == tiny.prompt_ids("What is 3+4?")


def test_the_model_it_comes_from_reads_on(tiny):
    before = tiny.prompt_ids("one two")
    reader = tiny.skipping([" two"])
    assert reader.prompt_ids("one two") == tiny.prompt_ids("one") != before
    assert tiny.prompt_ids("one two") == before
    assert reader.model is tiny.model


def test_a_checkpoint_skips_it_here_and_elsewhere_and_once(tiny, tmp_path):
    reader = tiny.skipping(RULES)
    reader.save_pretrained(tmp_path)
    prompt = make_turn_game("tic-tac-toe").prompt(make_turn_game("tic-tac-toe").start(python_stream(0)))
    again = load_agent(tmp_path)
    assert again.prompt_ids(prompt) == reader.prompt_ids(prompt)
    assert again.skipping(RULES) is again  # nothing is added at every resume
    plain = AutoTokenizer.from_pretrained(tmp_path)
    assert plain(prompt, add_special_tokens=False)["input_ids"] == reader.prompts.tokens.ids(prompt)


def test_what_it_writes_is_not_skipped(tiny, tmp_path):
    reader = tiny.skipping([r"(?<=[0-9]) ", "<offer>[^<]*</offer>"])
    assert reader.text_ids("<offer>1 book</offer>") == tiny.text_ids("<offer>1 book</offer>")
    assert reader.prompt_ids("1 2") == tiny.prompt_ids("12")
    reader.save_pretrained(tmp_path)
    assert load_agent(tmp_path).text_ids("1 2") == tiny.text_ids("1 2")


def test_more_is_added_to_what_a_checkpoint_skips(tiny):
    both = tiny.skipping([" two"]).skipping([" two", " one"])
    assert both.prompt_ids("zero one two") == tiny.prompt_ids("zero")


def test_patterns_see_the_text_as_it_was_written(tiny):
    """A normaliser of the tokenizer's own, such as that of Llama, comes after them."""
    own = copy.deepcopy(tiny.tokenizer)
    own.backend_tokenizer.normalizer = normalizers.Lowercase()
    reader = skipping(own, ["Rules[^\n]*\n"])
    assert reader.backend_tokenizer.normalizer.normalize_str("Rules OF it\nMOVE") == "move"
    assert writing(reader).backend_tokenizer.normalizer.normalize_str("Rules OF it\nMOVE") == "rules of it\nmove"
    assert writing(own) is own


def test_a_long_part_that_is_skipped_leaves_room(tiny):
    reader = tiny.skipping(["<rules>[^<]*</rules>"])
    prompt = f"<rules>{'a rule. ' * 2000}</rules>What is 3+4?"
    assert reader.unreadable([prompt]) == [None]
    assert tiny.unreadable([prompt])[0]


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(.+)+\z(?!a)"])
def test_an_expression_without_end_is_refused(tiny, pattern):
    with pytest.raises(ConfigError, match="one repetition inside another"):
        tiny.skipping([pattern])


def test_a_prompt_of_which_nothing_is_left_is_refused(tiny):
    with pytest.raises(ConfigError, match=r"skips=\['\[\\\\s\\\\S\]\*'\] leave too little"):
        tiny.skipping([r"[\s\S]*"])


@pytest.mark.parametrize("sharing", ["lora", "prompt", "tokens"])
def test_roles_that_share_weights_read_alike(sharing):
    with pytest.raises(ConfigError, match=r"skips=\('x',\) needs a model of the role's own"):
        RunConfig().replace({"roles.*.weight_sharing": sharing, "roles.solver.skips": ["x"]})


def test_nothing_to_skip_changes_nothing(tiny):
    assert tiny.skipping(()) is tiny


def test_what_is_no_pattern_and_who_cannot_skip_is_said(tiny):
    with pytest.raises(ConfigError, match=r"skips must be regular expressions, got \['\(\('\]"):
        tiny.skipping(["(("])
    with pytest.raises(ConfigError, match="object has no normaliser"):
        skipping(object(), ["x"])
    with pytest.raises(ConfigError, match="none of them empty"):
        RunConfig().replace({"roles.solver.skips": ["x", ""]})
