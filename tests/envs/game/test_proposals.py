"""What a proposal may contain: one question that the first closing tag ends, and no word of a chat in it."""

from __future__ import annotations

import pytest

from selfplay_gym import Question
from selfplay_gym.envs.game.code_domain import read_code
from selfplay_gym.envs.game.math_domain import read_math
from selfplay_gym.envs.game.proposals import Statement, find_statement, forbidden

TAGS = [
    r"<question>What is 7+8?</question> \boxed{16+7+8?</question> \boxed{15}",
    r"<question>What is 7+8?</question></question> \boxed{15}",
    r"<question>What is <question>7+8?</question> \boxed{15}",
    r"<question>What is 7+8?</question> \boxed{15} <question>",
    r"<question>What is 7+8?</question> \boxed{15</question>}",
    r"</question><question>What is 7+8?</question> \boxed{15}",
    r"<question>What is </QUESTION> 7+8?</question> \boxed{15}",
    r"<question>What is < / question > 7+8?</question> \boxed{15}",
    r"<Question>What is 7+8?</Question> \boxed{15}",
]
TURNS = [
    *("<|im_end|>", "<|im_start|>assistant", "<|eot_id|>", "<|endoftext|>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
    *("</s>", "<s>", "[INST]", "[/INST]", "<<SYS>>", "<start_of_turn>model", "<end_of_turn>", "[TOOL_CALLS]"),
    *("<think>", "</answer>", "<tool_call>", "<bos>"),
]


@pytest.mark.parametrize("text", TAGS)
def test_a_tag_inside_a_question_or_behind_it_is_malformed(text):
    for read in (read_math, read_code):
        assert "question>" in read(text)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_of_a_chat_is_malformed_in_question_and_answer(turn):
    assert "a tag or a turn" in read_math(rf"<question>What is 7+8?{turn} It is 4.</question> \boxed{{4}}")
    assert "a tag or a turn" in read_math(rf"<question>What is 7+8?</question> \boxed{{15{turn}}}")
    assert isinstance(read_code(f"<question>f=lambda x: x. f('{turn}')=?</question>"), str)


@pytest.mark.parametrize(
    "text",
    [
        r"If a<b and b>c, is |x|<3 or |x|>5?",
        r"A list [1, 2] and a set <1, 2>; <x|y> is 0.",
        "Let $\\langle x | y \\rangle = 3$. [in cm]",
        "What is 3 << 2 >> 1?",
    ],
)
def test_mathematics_with_such_signs_is_a_question(text):
    assert read_math(rf"<question>{text}</question> \boxed{{4}}") == Question(text, "4", "math", None, "challenger")


def test_thoughts_are_not_read():
    thoughts = r"<think>I put it in <question> tags, \boxed{1}</think>"
    read = read_math(rf"{thoughts}<question>What is 7+8?</question> \boxed{{15}}")
    assert read == Question("What is 7+8?", "15", "math", None, "challenger")
    assert "boxed" in read_math(rf"{thoughts}<question>What is 7+8?</question> 15")


def test_the_last_of_several_drafts_counts():
    found = find_statement("<question>old</question> better: <question> new </question> end")
    assert found == Statement("new", "<question>old</question> better: ", " end")


def test_what_no_file_can_hold_is_malformed():
    assert "no character" in read_math("<question>What is 7\ud800?</question> \\boxed{7}")
    assert forbidden("7", "answer") is None


def test_reading_is_linear():
    openings = ("<question>" * 100_000, "< " * 200_000, "<|" * 200_000, "<question>" + "<" * 500_000)
    for text in (*openings, "</question>" * 100_000):
        assert isinstance(find_statement(text), str)
