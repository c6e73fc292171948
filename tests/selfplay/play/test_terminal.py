"""`selfplay-gym play` on terminals of several widths, with texts that models may write, and people who leave."""

import contextlib
import fcntl
import io
import os
import pty
import re
import select
import struct
import sys
import termios

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from selfplay_gym.core.math_language import answer
from selfplay_gym.selfplay.commands import play as command

WIDTHS = (40, 60, 80, 200)
HOSTILE = (
    "\x1b[2J\x1b[1;1H you lost",
    "[red]markup[/red] :smile:",
    "\u202eright to left",
    "a" * 5_000,
    "你好" * 200,
    "e" + "\u0301" * 300,
    "line\n" * 500,
    r"\frac{" * 400,
    "tab\tand\rreturn\x07",
    "",
)


class Terminal:
    """`selfplay-gym play …` on a terminal of its own."""

    def __init__(self, width, *arguments):
        self.process, self.end = pty.fork()
        if self.process == 0:
            environment = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
            environment.pop("COLUMNS", None)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
            code = "from selfplay_gym.cli import run; run()"
            # not execv: the environment in C has the COLUMNS that readline has put there
            os.execve(sys.executable, [sys.executable, "-c", code, "play", *arguments], environment)
        self.shown = ""

    def until(self, text):
        """Wait for a text, and return what was shown since the last one."""
        seen = len(self.shown)
        while text not in self.shown[seen:]:
            ready, _, _ = select.select([self.end], [], [], 120)
            assert ready, f"waiting for {text!r}:\n{self.shown[-2000:]}"
            try:
                more = os.read(self.end, 65536)
            except OSError:  # the program has ended
                more = b""
            assert more, f"ended before {text!r}:\n{self.shown[-2000:]}"
            self.shown += more.decode(errors="replace")
        return self.shown[seen:]

    def type(self, text):
        os.write(self.end, text.encode())

    def code(self):
        """The exit code, once all is read."""
        with contextlib.suppress(OSError):
            while more := os.read(self.end, 65536):
                self.shown += more.decode(errors="replace")
        os.close(self.end)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    @property
    def lines(self):
        """What is shown, without colours; lines that a person typed into are left out."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown).replace("\r", "")
        return [line for line in plain.split("\n") if not line.startswith(("Your ", "The answer"))]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_match_fits_terminals_of_every_width(width):
    terminal = Terminal(width, "--solver", "me", "--rounds", "2", "--seed", "1")
    terminal.until("Your answer:")
    (right,) = (found for line in terminal.lines if (found := answer(line)) is not None)
    terminal.type(f"{right}\n")
    assert "✓ Right." in terminal.until("Your answer:")
    terminal.type("no idea\n")
    terminal.until("You were right 1 of 2 times.")
    assert terminal.code() == 0
    assert max(map(cell_len, terminal.lines)) <= min(width, 100)


def test_control_c_tells_the_score():
    terminal = Terminal(80, "--challenger", "me", "--solver", "noisy")
    terminal.until("Your question:")
    terminal.type("What is 2+3?\n")
    terminal.until("The answer you claim:")
    terminal.type("5\n")
    terminal.until("Your question:")
    terminal.type("\x03")
    terminal.until("interrupted")
    assert terminal.code() == 130
    assert "Your questions earned" in terminal.shown
    assert "Traceback" not in terminal.shown


def test_in_the_hot_seat_a_claim_is_not_seen_and_the_end_of_input_ends_it():
    terminal = Terminal(60, "--hot-seat")
    terminal.until("Your question:")
    terminal.type("Who is it?\n")
    terminal.until("The answer you claim:")
    terminal.type("Ann\n")
    assert "Ann" not in terminal.until("Your answer:")
    terminal.type("Bob\n")
    terminal.until("[Y/n]")
    terminal.type("\n")
    terminal.until("Player 1: 1")
    terminal.type("\x04")
    terminal.until("Player 1 wins.")
    assert terminal.code() == 0
    assert "Goodbye." in terminal.shown


class Writes:
    """A challenger and solver who writes what it is told."""

    name = "writes"

    def __init__(self, question, answers):
        self.question, self.texts = question, answers

    def act(self, prompts, *, n=1, seed=None):
        if n == 1:
            return [[rf"<question>{self.question}</question> \boxed{{{self.texts[0]}}}"] for _ in prompts]
        return [[rf"\boxed{{{self.texts[i % len(self.texts)]}}}" for i in range(n)] for _ in prompts]


def watched(monkeypatch, width, question, answers):
    """A round between two who write so, on a console of that width."""
    monkeypatch.setattr(command, "resolve_agent", lambda name: Writes(question, answers))
    console = Console(file=io.StringIO(), width=width)
    command.play_rounds(
        solver="a", challenger="b", attempts=8, rounds=1, verifier="majority", reward="r-zero", seed=0, console=console
    )
    return console.file.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_model_writes_stays_text(monkeypatch, width, text):
    shown = watched(monkeypatch, width, text, [text, "1", *HOSTILE])
    assert max(map(cell_len, shown.splitlines())) <= min(width, 100)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", shown)
    assert len(shown.splitlines()) < 200


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    question=st.text(max_size=80),
    answers=st.lists(st.text(max_size=40), min_size=1, max_size=3),
    width=st.sampled_from(WIDTHS),
)
def test_any_text_can_be_played_at_any_width(monkeypatch, question, answers, width):
    shown = watched(monkeypatch, width, f"What is {question}?", answers)
    assert max(map(cell_len, shown.splitlines())) <= min(width, 100)
    assert "solve rate" in shown or "not asked" in shown


def test_a_formula_is_shown_as_it_is_read(monkeypatch):
    shown = watched(monkeypatch, 80, r"What is $\frac{1}{2}+\frac{1}{4}$?", [r"\frac{3}{4}"])
    assert "What is 1/2+1/4?" in shown
    assert "claimed     3/4." in shown


def test_programs_are_shown_as_they_are_written(monkeypatch):
    console = Console(file=io.StringIO(), width=80)
    command.play_rounds(
        solver="coder", challenger="generator", attempts=4, rounds=2, verifier="code", reward="r-zero", seed=0,
        console=console, env="SelfPlayCode-v0",
    )  # fmt: skip
    assert console.file.getvalue().count("── round") == 2
