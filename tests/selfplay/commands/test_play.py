"""`play`: rounds to watch, roles to play, and a polite end."""

import io
import re
import sys

import pytest
from rich.console import Console

from selfplay_gym.cli import main
from selfplay_gym.core.math_language import answer
from selfplay_gym.selfplay.commands.play import play_rounds

DEFAULTS = {
    "solver": "noisy",
    "challenger": "generator",
    "attempts": 8,
    "rounds": 1,
    "verifier": "majority",
    "reward": "r-zero",
    "seed": 1,
}


def played(**changes):
    console = Console(file=io.StringIO(), width=80)
    play_rounds(**{**DEFAULTS, **changes}, console=console)
    return console.file.getvalue()


def joined(text):
    """A text without the line breaks of its width."""
    return " ".join(text.split()).replace("claimed ", "claimed     ")


def typed(monkeypatch, *lines):
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_every_round_is_drawn():
    text = played(rounds=3)
    assert re.findall(r"── (round \d of \d)", text) == ["round 1 of 3", "round 2 of 3", "round 3 of 3"]
    assert text.count("solve rate") == 3
    assert text.count("(the vote of 8 answers)") == 3


def test_equal_seeds_play_equal_rounds():
    assert played(rounds=2) == played(rounds=2)
    assert played(rounds=2) != played(rounds=2, seed=2)


def test_a_person_as_solver_hears_whether_they_are_right(monkeypatch):
    typed(monkeypatch, "0")
    question = next(line for line in played(solver="me").splitlines() if answer(line) is not None)
    typed(monkeypatch, answer(question), "not a number at all")
    text = played(solver="me", rounds=2)
    assert f"claimed     {answer(question)}. Computed, it is right." in text
    assert text.index("✓ Right.") < text.index("your score  1 of 1") < text.index("✗ Not right.")
    assert text.endswith("You were right 1 of 2 times.\n")


def test_a_person_as_challenger_is_attempted_and_rewarded(monkeypatch):
    typed(monkeypatch, "What is 2+3?", "5")
    text = played(challenger="me", solver="oracle")
    assert "8/8 = 1.00" in text
    assert "reward      +0.00 for you" in text  # a question everybody solves earns nothing
    assert "claimed     5. It agrees with the label, which is found without it. Computed, it is right." in joined(text)


def test_the_score_of_who_asks_adds_up(monkeypatch):
    typed(monkeypatch, "What is 2+3?", "5", "What is 7*8+3?", "60")
    text = played(challenger="me", solver="noisy", rounds=2)
    earned = [float(value) for value in re.findall(r"reward +([+-]\d\.\d\d) for you", text)]
    assert len(earned) == 2
    total = f"{sum(earned):+.2f} in 2 rounds, {sum(earned) / 2:+.2f} on average"
    assert f"your score  {total}" in text
    assert text.endswith(f"Your questions earned {total}.\n")
    assert "It is wrong: computed, the answer is 59." in joined(text)


def test_an_asker_who_is_wrong_takes_no_point_from_who_is_right(monkeypatch):
    typed(monkeypatch, "What is 2+3?", "6", "5", "Who is it?", "Ann", "Ann")
    text = played(challenger="me", solver="me", rounds=2)
    assert "You were right 2 of 2 times." in text
    assert "claimed     6. It is wrong: computed, the answer is 5." in text
    assert "claimed     Ann." in text


def test_people_play_more_rounds_than_they_watch(monkeypatch):
    assert played(rounds=None).count("── round") == 1
    typed(monkeypatch, *["0"] * 9)
    assert played(rounds=None, solver="me").count("── round") == 5


def test_two_people_take_turns(monkeypatch):
    right = ["What is 2+3?", "5", "5"]
    not_found = ["What is 7*8?", "56", "54"]
    claim_is_wrong = ["What is 9+9?", "19", "17"]
    accepted, refused = ["Who is it?", "Ann", "Bob", "maybe", "y"], ["Who is it?", "Ann", "Bob", "n"]
    cannot_be_asked = ["", "1", "What is 1+1?", "2", "2"]
    typed(monkeypatch, *right, *not_found, *claim_is_wrong, *accepted, *refused, *cannot_be_asked)
    text = played(two_people=True, rounds=None, solver="tiny")
    scores = re.findall(r"score +Player 1: (\d) · Player 2: (\d)", text)
    assert scores == [("0", "1"), ("0", "2"), ("0", "2"), ("0", "3"), ("0", "3"), ("1", "3")]
    assert text.endswith("Player 1: 1 · Player 2: 3. Player 2 wins.\n")
    assert "That cannot be asked" in text


def test_no_agent_plays_in_the_hot_seat(capsys):
    assert main(["play", "--hot-seat", "--solver", "noisy"]) == 2
    assert "leave --solver and --challenger out" in capsys.readouterr().err


def test_an_empty_question_is_malformed_not_a_crash(monkeypatch):
    typed(monkeypatch, "", "5")
    assert "malformed proposal" in played(challenger="me")


def test_a_person_may_leave_at_any_time(monkeypatch):
    typed(monkeypatch, "5")
    text = played(solver="me", rounds=3)
    assert text.rstrip().splitlines()[-2:] == ["Goodbye.", "You were right 0 of 1 time."]
    typed(monkeypatch)
    assert "Goodbye." in played(challenger="me")


def test_markup_in_a_question_is_not_obeyed(monkeypatch):
    typed(monkeypatch, "[bold]What[/bold] is [red]2+3?", "5")
    assert "[bold]What[/bold] is [red]2+3?" in played(challenger="me", solver="me")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (["--solver", "nosy"], "Did you mean 'noisy'?"),
        (["--solver", "noisy", "--challenger", "generatr"], "Did you mean 'generator'?"),
        (["--solver", "noisy", "--reward", "zero"], "Did you mean 'r-zero'?"),
        (["--solver", "noisy", "--verifier", "major"], "Did you mean 'majority'?"),
    ],
)
def test_wrong_names_are_one_line(capsys, option, expected):
    assert main(["play", *option]) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
