import json
import time

import pytest

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.exams.contamination import check_contamination, normalised, training_texts
from selfplay_gym.selfplay.exams.questions import held_out_questions

STORY = (
    "Ann has 12 apples. She gives 3 of them to her brother Tom and buys 7 more at the market. How many does she have?"
)


def test_leaked_exam_items_are_caught_however_they_are_written():
    exam = ["What is 2+3*4?", STORY, "Name the capital of France, please."]
    training = ["Compute 2+3*4.", STORY, "name  the CAPITAL of france please"]
    found = check_contamination(exam, training)
    assert found.exact == ((STORY, STORY),)
    assert {item for item, _ in found.normalised} == {exam[0], exam[2]}
    assert found.leaked == set(exam)
    assert not found.clean


def test_a_reworded_story_is_a_near_duplicate():
    reworded = STORY.replace("apples", "pears").replace("How many does she have?", "How many are left?")
    found = check_contamination([STORY], [reworded, "Something else entirely, of no consequence to anybody at all."])
    assert found.near == ((STORY, reworded),)
    assert found.clean
    assert check_contamination([STORY], [reworded], near=False).near == ()


def test_different_questions_are_not_confused():
    exam = ["What is 3-4?", "If 2x+7=13, what is 6x-5?", "Is 3-4 = 34?"]
    training = ["What is 34?", "What is 3+4?", "If 2x+7=13, what is 6x-4?", "Is 34 = 34?"]
    found = check_contamination(exam, training)
    assert found.clean
    assert not found.near
    assert normalised("Is it 3 - 4?") == normalised("is it 3-4")
    assert normalised("Is it 3-4?") != normalised("is it 34?")


def test_held_out_exam_is_clean_against_a_training_stream_and_a_planted_leak_is_found():
    exam = [question.text for question in held_out_questions("mixed", 300)]
    others = [question.text for question in held_out_questions("mixed", 900, seed=5)]
    training = sorted(set(others) - set(exam))
    planted = [*training, exam[7].replace("What is", "Compute").replace("?", ".")]
    assert exam[7] in check_contamination(exam, planted).leaked


def test_thousands_of_questions_are_compared_quickly():
    exam = [f"{STORY} And then {i} more in {i + 1} bags?" for i in range(1000)]
    start = time.process_time()
    found = check_contamination(exam, [f"Bob walks {i} miles on day {i * 7} of his long holiday." for i in range(5000)])
    assert not found.near
    assert time.process_time() - start < 5


def test_training_texts_come_from_a_run_folder(tmp_path):
    with pytest.raises(RunError, match=r"questions\.jsonl"):
        list(training_texts(tmp_path))
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps({"round": 0, "text": "What is 1+1?"}) + "\n" + json.dumps({"question": "2?"}) + "\n")
    with path.open("a") as file:
        file.write(json.dumps({"text": "What is 2+2?", "dropped": "held out"}) + "\n")
    assert list(training_texts(tmp_path)) == ["What is 1+1?", "2?"]
    path.write_text("{broken\n")
    with pytest.raises(RunError, match="line 1"):
        list(training_texts(tmp_path))
