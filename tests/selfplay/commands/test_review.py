"""`review`: a session with keys alone, at any width, with hostile texts, left and continued, and without a terminal."""

import io
import sys

import pytest
from rich.console import Console

from selfplay_gym.cli import main
from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.selfplay.commands import review
from selfplay_gym.selfplay.commands.review import review_run
from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog
from selfplay_gym.selfplay.reviews.items import Item
from selfplay_gym.selfplay.reviews.review_queue import queue_of
from selfplay_gym.selfplay.run.stage import DONE
from selfplay_gym.selfplay.storage.run_folder import RunFolder


@pytest.fixture
def run(run):
    """One that is not over: its last stage is yet to come."""
    run.commit({**run.own_state(), "phase": "train(solver)"})
    return RunFolder.open(run.path)


class Typed:
    """Somebody who types these keys and lines, and then leaves."""

    def __init__(self, *typed):
        self.left = list(typed)

    def key(self):
        if not self.left:
            raise EOFError
        return self.left.pop(0)

    def line(self, label):
        return self.key()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def session(run, *typed, reviewer="anna", width=80):
    console = Console(file=io.StringIO(), width=width)
    review_run(run.path, reviewer=reviewer, console=console, keyboard=Typed(*typed))
    return console.file.getvalue()


def decided(run, reviewer="anna"):
    queue = queue_of(run)
    return {item: own[reviewer] for item, own in queue.decided.items() if reviewer in own}


def test_a_whole_queue_with_keys_alone(run):
    items = queue_of(run).open_for("anna")
    typed = []
    for item in items:
        typed += {"question": ["a"], "label": ["e", " 13 "], "pair": ["2"], "attempt": ["3", "4"]}[item.kind]
    text = session(run, *typed)
    found = decided(run)
    assert set(found) == {item.id for item in items}
    for item in items:
        wanted = {
            "question": ("approve", None),
            "label": ("edit", "13"),
            "pair": ("prefer", max((shown.number for shown in item.attempts), default=None)),
            "attempt": ("score", {"completeness": 3, "soundness": 4}),
        }[item.kind]
        assert (found[item.id].decision, found[item.id].after) == wanted
        assert found[item.id].before == item.seen
    assert f"{len(items)} decisions made; {len(items)} of {len(items)} items decided" in text
    assert "Nothing to review" in session(run)


def test_undo_skip_note_more_and_quit(run):
    first, second, *_ = queue_of(run).open_for("anna")
    text = session(run, "n", "odd one", "r", "u", "a", "s", "q")
    assert "taken back" in text
    assert decided(run)[first.id].decision == "approve"
    assert set(decided(run)) == {first.id}
    assert f"Go on with: selfplay-gym review {run.path}" in text
    session(run, "u", "q")  # another day: the last decision, made in another session
    assert decided(run) == {}
    session(run, "a", "m", "a")
    assert set(decided(run)) == {first.id, second.id}
    assert "nothing to undo" in session(run, "u", reviewer="ben")


def test_notes_belong_to_the_decision(run):
    (first, *_) = queue_of(run).open_for("anna")
    session(run, "n", "why ∞?", "r")
    assert decided(run)[first.id].note == "why ∞?"


def test_a_question_is_edited_in_words_and_answer(run):
    first, second, *_ = queue_of(run).open_for("anna")
    assert first.kind == second.kind == "question"
    session(run, "e", "What is 1+1?", "2", "e", "", "")
    assert decided(run)[first.id].after == {"question": "What is 1+1?", "label": "2"}
    assert decided(run)[second.id].after == {"question": second.question, "label": None}


def test_keys_that_mean_nothing_decide_nothing(run):
    text = session(run, "x", "7", "p", "?", "é")
    assert decided(run) == {}
    assert "decides nothing here; it takes: a approve · e edit · r reject" in text
    assert "a approve · e edit · r reject · u undo" in text.replace("\n", " ")


def test_what_can_count_no_longer_is_not_taken(run):
    first, second, *_ = queue_of(run).open_for("anna")
    session(run, "r")
    run.adopt("reviews")
    run.commit(run.own_state())
    text = session(run, "u", "a", "q", reviewer="anna")
    assert "not taken back: the run has adopted" in text
    assert set(decided(run)) == {first.id, second.id}
    session(run, "a", "q", reviewer="ben")
    assert first.id not in decided(run, "ben")
    run.commit({**run.own_state(), "phase": DONE})
    session(run, *["a", "r"] * 30, "3", "4", reviewer="cleo")
    assert {item.split("/")[0] for item in decided(run, "cleo")} == {"attempt"}


def test_a_run_that_is_over_says_why_nothing_is_left(run):
    run.commit({**run.own_state(), "phase": DONE})
    attempts = sum(item.kind == "attempt" for item in queue_of(run).items.values())
    session(run, *["1", "2"] * attempts)
    assert "This run is over" in session(run)


def test_a_run_that_ends_meanwhile_takes_nothing_more(run):
    class Ending(Typed):
        def key(self):
            run.commit({**run.own_state(), "phase": DONE})
            return super().key()

    console = Console(file=io.StringIO(), width=200)
    review_run(run.path, reviewer="anna", console=console, keyboard=Ending("a"))
    assert "not taken: This run is over" in console.file.getvalue()
    assert decided(run) == {}


def test_wrong_values_are_not_taken_and_asked_again(run):
    for item in queue_of(run).open_for("anna"):
        if item.kind == "attempt":
            break
        session(run, {"question": "a", "label": "a", "pair": "r"}[item.kind])
    text = session(run, "9", "1", "2", "x", "2", "3")
    assert "not taken: completeness is a whole number from 0 to 4, got 9" in text
    assert "not taken: soundness is a whole number from 0 to 4, got 'x'" in text
    assert decided(run)[item.id].after == {"completeness": 2, "soundness": 3}


def test_two_reviewers_see_the_same_items_and_not_each_others_decisions(run):
    count = len(queue_of(run).items)
    session(run, "r", "r")
    text = session(run, "a", "q", reviewer="ben")
    assert f"{count} items to review as ben" in text
    assert "anna" not in text
    assert not set(decided(run, "ben")) & set(decided(run, "anna"))  # what nobody has seen comes first


def test_how_many_people_are_asked_is_said_and_not_what_they_decided(run, monkeypatch):
    honest = Item.of
    monkeypatch.setattr(Item, "of", classmethod(lambda cls, row: honest({**row, "reviewers": 2})))
    (first, *_) = queue_of(run).open_for("anna")
    assert "2 people are asked, nobody has decided" in session(run, "r", "q").replace("\n", " ")
    text = session(run, *["q"], reviewer="ben")
    assert f"{len(queue_of(run).items)} items to review" in text
    assert queue_of(run).open_for("ben")[-1].id == first.id or queue_of(run).open_for("ben")[-1].kind == "attempt"
    assert first in queue_of(run).undecided
    ReviewLog(run.log_path("reviews")).add(Decision(first.id, "reject", "ben", 0.0, "ben-1"))
    assert first not in queue_of(run).undecided


def test_lines_that_are_piped_in(run, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("a\n\nr\n"))
    assert main(["review", str(run.path), "--reviewer", "anna"]) == 0
    assert {one.decision for one in decided(run).values()} == {"approve", "reject"}
    out = capsys.readouterr().out
    assert "2 decisions made" in out
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(["review", str(run.path), "--reviewer", "anna"]) == 0
    assert "0 decisions made" in capsys.readouterr().out


def test_odd_names_and_folders_are_refused(run, tmp_path, capsys):
    with pytest.raises(ConfigError, match="name"):
        session(run, reviewer="\x1b[1m")
    with pytest.raises(RunError, match="no run"):
        review_run(tmp_path / "nowhere", reviewer="anna", console=Console(file=io.StringIO()))
    for options in (["--export", "argilla"], ["--out", "x"], ["--export", "argilla", "--out", "x", "--import", "y"]):
        assert main(["review", str(run.path), *options]) == 2
    assert "go together" in capsys.readouterr().err


def test_the_default_name_is_the_login(run, monkeypatch):
    monkeypatch.setattr(review.getpass, "getuser", lambda: "somebody")
    console = Console(file=io.StringIO(), width=80)
    review_run(run.path, reviewer=None, console=console, keyboard=Typed("a"))
    assert list(decided(run, "somebody"))

    def nobody():
        raise KeyError

    monkeypatch.setattr(review.getpass, "getuser", nobody)
    with pytest.raises(ConfigError, match="--reviewer"):
        review_run(run.path, reviewer=None, console=console, keyboard=Typed())
