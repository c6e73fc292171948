"""What a validator is taught: balanced pairs of votes, and an answer that a rule judges to the letter."""

from collections import Counter

import pytest

from selfplay_gym import Question, make_domain, make_verifier
from selfplay_gym.core.records import Labelled, Outcome
from selfplay_gym.envs.game.validator import NAME, NO, PAIRS, YES, pairs, tasks

RIGHT, WRONG = "1+2=3. \\boxed{3}", "1+2=4. \\boxed{4}"


def labelled(right, wrong, text="What is 1+2?", nothing=0):
    attempts = [f"{RIGHT}{' ' * i}" for i in range(right)] + [f"{WRONG}{' ' * i}" for i in range(wrong)]
    attempts += ["\\boxed{}"] * nothing
    return Labelled(Question(text, "3"), tuple(attempts), tuple([True] * right + [False] * (wrong + nothing)))


@pytest.mark.parametrize(("right", "wrong"), [(1, 1), (9, 1), (3, 7), (5, 5)])
def test_every_question_gives_as_many_right_as_wrong(right, wrong):
    found = Counter(task.reference for task in tasks([labelled(right, wrong)]))
    assert found == {YES: min(right, wrong, PAIRS), NO: min(right, wrong, PAIRS)}


@pytest.mark.parametrize("one", [labelled(5, 0), labelled(0, 5), labelled(5, 0, nothing=3), labelled(0, 0)])
def test_a_question_without_both_gives_none(one):
    assert tasks([one]) == []


def test_a_task_shows_question_and_attempt_and_says_nothing_of_the_label():
    yes, no = tasks([labelled(1, 1)])
    assert (yes.text, no.text) == (yes.text.replace("4", "3"), yes.text.replace("=3", "=4").replace("{3}", "{4}"))
    assert yes.text.startswith(f"What is 1+2?\n{RIGHT}\n")
    assert (yes.author, yes.domain) == (NAME, "math")


def test_which_pairs_are_taken_does_not_depend_on_other_questions():
    one, other = labelled(3, 2), labelled(2, 2, "What is 2+1?")
    assert list(pairs([one, other])) == [*pairs([one]), *pairs([other])]


@pytest.mark.parametrize("name", ["math", "code"])
def test_its_answers_are_judged_exactly(name):
    words = make_domain(name).roles[NAME]
    verifier = make_verifier(words.verifier)
    for task in words.tasks([labelled(1, 1)]):
        other = NO if task.reference == YES else YES
        boxes = [task.reference, other, f"{task.reference} {other}"]
        said = [*(f"\\boxed{{{box}}}" for box in boxes), "", other]
        outcomes = [verdict.outcome for verdict in verifier.judge(task, said).verdicts]
        assert outcomes == [Outcome.CORRECT, *[Outcome.WRONG] * 4]
