"""`play`: rounds to watch, roles to play, and a polite end."""

import io
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


def typed(monkeypatch, *lines):
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_every_round_is_drawn():
    text = played(rounds=3)
    assert text.count("╭─ challenger · episode") == 3
    assert text.count("solve rate") == 3
    assert "(vote)" in text
    assert "8/8" not in text or "1.00" in text


def test_equal_seeds_play_equal_rounds():
    assert played(rounds=2) == played(rounds=2)
    assert played(rounds=2) != played(rounds=2, seed=2)


def test_a_person_as_solver_hears_whether_they_are_right(monkeypatch):
    typed(monkeypatch, "0")
    question = next(line for line in played(solver="me").splitlines() if answer(line) is not None)
    typed(monkeypatch, answer(question))
    text = played(solver="me")
    assert "1/1 = 1.00" in text
    assert "You were right 1 of 1 time." in text
    typed(monkeypatch, "not a number at all")
    text = played(solver="me")
    assert "You were right 0 of 1 time." in text


def test_a_person_as_challenger_is_attempted_and_rewarded(monkeypatch):
    typed(monkeypatch, "What is 2+3?", "5")
    text = played(challenger="me", solver="oracle")
    assert "What is 2+3?" in text
    assert "8/8 = 1.00" in text
    assert "challenger  +0.00" in text  # a question everybody solves earns nothing


def test_an_empty_question_is_malformed_not_a_crash(monkeypatch):
    typed(monkeypatch, "", "5")
    assert "malformed proposal" in played(challenger="me")


def test_a_person_may_leave_at_any_time(monkeypatch):
    typed(monkeypatch, "5")
    text = played(solver="me", rounds=3)
    assert text.rstrip().splitlines()[-2] == "Goodbye."
    assert "of 1 time" in text
    typed(monkeypatch)
    assert "Goodbye." in played(challenger="me")


def test_markup_in_a_question_is_not_obeyed(monkeypatch):
    typed(monkeypatch, "[bold]What[/bold] is [red]2+3?", "5")
    assert "[bold]What[/bold] is [red]2+3?" in played(challenger="me")


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
