"""What is extracted, to the letter.

A row of tests/data/extracted.jsonl: a `text`, the `answer` in it, the `place` where it stands, what `strict` finds.
"""

import json
from pathlib import Path

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.extraction import extract_answer, find_answer, find_marked, last_boxed, reply, tidy
from selfplay_gym.core.extraction.around import not_meant
from selfplay_gym.core.extraction.beside import unit_behind
from selfplay_gym.core.extraction.boxes import MOST_BOXES, find_boxes, read_boxes
from selfplay_gym.core.extraction.cues import answer_cues, first_cue, result_cues
from selfplay_gym.core.extraction.denial import contradicts_itself
from selfplay_gym.core.extraction.expressions import runs
from selfplay_gym.core.extraction.formulas import Formula, first_together, formulas
from selfplay_gym.core.extraction.tidy import result

DATA = Path(__file__).parents[2] / "data" / "extracted.jsonl"
ROWS = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
LONG = "It follows from the sum. " * 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"][:40])
def test_the_answer_and_its_place(row):
    found = find_answer(row["text"])
    assert (found and found.answer, found and found.place) == (row["answer"], row["place"])
    assert extract_answer(row["text"]) == row["answer"]
    assert extract_answer(row["text"], "strict") == row["strict"]


@pytest.mark.parametrize("find", [find_answer, extract_answer])
@pytest.mark.parametrize("text", ["7", "\\boxed{7}", "It is 7"])
def test_modes_that_do_not_exist_are_refused_whatever_the_text(find, text):
    with pytest.raises(ConfigError, match="extraction mode must be 'strict' or 'lenient', got 'loose'"):
        find(text, "loose")
    if find is find_answer:
        with pytest.raises(ConfigError, match="unfinished must be 'none' or 'read', got 'maybe'"):
            find(text, "lenient", "maybe")


def test_a_reference_is_looked_for_at_strong_marks_only():
    assert find_marked("So \\boxed{7}, as seen.") == "7"
    assert find_marked("The answer is 7.") == "7"
    assert find_marked("#### 7") == "7"
    assert find_marked("The total is 7.") is None
    assert find_marked("7") is None


def test_only_a_short_box_that_was_cut_off_is_read():
    assert extract_answer("\\boxed{" + "1" * 200) == "1" * 200
    assert extract_answer("\\boxed{" + "1" * 201) is None
    assert extract_answer("\\boxed{  7") == "7"


def test_a_whole_reply_is_short():
    words = "x" * 199
    assert find_answer(words).place == "whole"
    assert find_answer(words + "xx").place == "prose"
    assert find_answer("```\n" + "1" * 380 + "\n```").answer == "1" * 380


def test_last_box():
    assert last_boxed("\\boxed{7}") == last_boxed("a \\boxed{ 7 } b") == "7"
    assert last_boxed("\\boxed{1} \\boxed{2}") == last_boxed("\\boxed{1} \\fbox{2}") == "2"
    assert last_boxed("\\boxed{ }") is None
    assert last_boxed("\\boxed{\\{7\\}}") == "\\{7\\}"
    assert last_boxed("\\boxed{\\frac{1}{2}}") == "\\frac{1}{2}"
    assert last_boxed("\\boxed{ab\\}c}") == "ab\\}c"


def test_boxes_know_where_they_stand_also_far_into_a_text():
    text = "x" * (reply.TAIL + 5) + "\\boxed{7} y"
    (box,) = find_boxes(text)
    assert text[box.start : box.end] == "\\boxed{7}"
    assert box.content == "7"
    assert len(find_boxes("\\boxed{1}" * 40)) == MOST_BOXES


def test_what_boxes_say_besides_the_answer():
    assert read_boxes("no box") == read_boxes("")
    assert read_boxes("no box").end == 0
    assert not read_boxes("no box").withdrawn
    withdrawn = read_boxes("It is not \\boxed{7} yet")
    assert (withdrawn.content, withdrawn.withdrawn, withdrawn.end) == (None, True, 19)
    part = read_boxes("3 + \\boxed{4} = 7")
    assert (part.content, part.part, part.end) == (None, True, 13)
    assert read_boxes("\\boxed{7}").part is False
    cut_off = read_boxes("It is \\boxed{7")
    assert (cut_off.content, cut_off.cut_off, cut_off.withdrawn, cut_off.part) == (None, "7", False, False)


def test_the_last_cues_are_kept():
    assert len(answer_cues("The answer is 7. " * 70)) == 64
    assert answer_cues("The answer is 7. " * 70)[-1].start == 69 * 17 + 4
    assert [cue.heading for cue in answer_cues("## Answer\n7\nThe answer is 7")] == [True, False]
    assert answer_cues("If the answer is 7") == []
    assert len(result_cues("Final result: 7 " * 70)) == 64
    assert result_cues("Result: 7\nmore") == []
    assert len(result_cues("Final result: 7\nmore")) == 1


def test_the_first_cue_that_something_follows():
    assert first_cue("Answer:\nThe answer is 7") == len("Answer:\nThe answer is")
    assert first_cue("If the answer is 7. The answer is 8") == len("If the answer is 7. The answer is")
    assert first_cue("Result: 7, so the answer is 7") == len("Result:")
    assert first_cue("## Answer\n7") == len("## Answer\n")
    assert first_cue("nothing") is None


def test_formulas_that_are_joined():
    text = "$1$, $2$ and $3$ so $4$"
    found = formulas(text)
    assert [formula.content for formula in found] == ["1", "2", "3", "4"]
    assert found[0] == Formula(0, 3, "1")
    assert first_together(text, found) == (0, 16, ["1", "2", "3"])
    assert [formula.content for formula in formulas("$1$$2$ \\(3\\) \\[4\\] $$5$$")] == ["1", "2", "3", "4", "5"]
    assert [formula.content for formula in formulas("$12\n+ $x$")] == ["x"]
    for blanks, together in ((29, ["1", "2"]), (30, ["1"])):
        text = "$1$," + " " * blanks + "$2$"
        assert first_together(text, formulas(text))[2] == together
    assert formulas("It costs $12 or $15.") == formulas("$5 and $6 more words") == []


def test_runs_of_an_expression():
    assert [run.text for run in runs("it is 3:x or 3:4")] == ["3", "3:4"]
    assert [run.text for run in runs("it is 3 * -2 + x, and 4 =")] == ["3 * -2 + x", "4"]
    assert runs("a =") == runs("=") == runs("") == []


def test_an_inequality_denies_nothing():
    assert not contradicts_itself("x ≠ 5")
    assert not contradicts_itself("x \\neq 5")
    assert contradicts_itself("x is not 5")


def test_units_are_the_few_words_behind_a_value():
    assert unit_behind(" TX.") == " TX"
    assert unit_behind(" " + "m" * 39) == " " + "m" * 39
    assert unit_behind(" " + "m" * 40) == ""
    assert unit_behind(" big red apples in all") == " big red apples"


def test_a_struck_out_box_is_not_meant():
    assert not_meant("~~\\boxed{7}~~", 2, 11)
    assert not not_meant("~~\\boxed{7}", 2, 11)
    assert not_meant("It is so. If x is \\boxed{7}", 18, 27)


def test_tidy_leaves_nothing_of_marks():
    assert tidy(" ** ") is None
    assert tidy("*7*.") == tidy("`7`") == "7"
    assert tidy("5'11\"") == "5'11\""
    assert tidy("３，５％") == "3,5%"


def test_what_follows_the_end_of_a_turn_is_no_reply():
    assert reply.final_reply("<think>a</think> 7<|im_end|> 8") == " 7"
    assert reply.final_reply("<think>a", "read") == "<think>a"
    assert reply.final_reply("<think>a") == ""
    assert len(reply.final_reply("x" * (reply.TAIL + 9))) == reply.TAIL
    assert reply.final_reply("16-3=<<16-3=13>>13") == "16-3=13"


def test_the_conclusion_of_a_long_text_is_at_its_end():
    assert extract_answer(LONG + "So she has 7 apples.") == "7"
    assert extract_answer("So she has 7 apples. " + LONG) == "7"


@pytest.mark.parametrize(("text", "value"), [("(3+4=7)", "7"), ("(x=5)", "x=5"), ("(3+4", "(3+4"), ("m+n=3+4=7", "7")])
def test_a_computation_in_parentheses_gives_its_value_too(text, value):
    assert result(text) == value
