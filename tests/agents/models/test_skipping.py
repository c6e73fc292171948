"""What a model does not read of its prompts: its tokenizer leaves it out, and so does that of its checkpoints."""

import pytest
from transformers import AutoTokenizer

from selfplay_gym.agents.load import load_agent
from selfplay_gym.agents.models.skipping import skipping
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
    assert plain(prompt, add_special_tokens=False)["input_ids"] == reader.text_ids(prompt)


def test_nothing_to_skip_changes_nothing(tiny):
    assert tiny.skipping(()) is tiny


def test_what_is_no_pattern_and_who_cannot_skip_is_said(tiny):
    with pytest.raises(ConfigError, match=r"skips must be regular expressions, got \['\(\('\]"):
        tiny.skipping(["(("])
    with pytest.raises(ConfigError, match="object has no normaliser"):
        skipping(object(), ["x"])
    with pytest.raises(ConfigError, match="none of them empty"):
        RunConfig().replace({"roles.solver.skips": ["x", ""]})
