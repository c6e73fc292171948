"""Keys and lines: single keys of a real terminal, none of them lost, and the terminal as it was afterwards."""

import contextlib
import io
import os
import sys

import pytest
from rich.console import Console

from selfplay_gym.selfplay.reviews.terminal.keyboard import Keys, Lines

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")


@pytest.fixture
def terminal():
    near, far = pty.openpty()
    yield near, far
    os.close(near)
    os.close(far)


def console():
    return Console(file=io.StringIO())


def test_keys_come_one_by_one_and_none_typed_meanwhile_is_lost(terminal):
    near, far = terminal
    with Keys(console(), far) as keys:
        os.write(near, b"a \x1b[A")
        assert keys.key() == "a"
        os.write(near, "\x1b[1;5C\x1bOPr\né".encode())
        found = [keys.key(), keys.key()]
        os.write(near, b"q")
        assert [*found, keys.key()] == ["r", "é", "q"]


def test_an_end_is_an_end(terminal):
    near, far = terminal
    with Keys(console(), far) as keys:
        os.write(near, b"a\x04")
        assert keys.key() == "a"
        with pytest.raises(EOFError):
            keys.key()


def test_the_terminal_is_as_before_also_after_an_error_and_for_lines(terminal, monkeypatch):
    _, far = terminal
    before = termios.tcgetattr(far)
    seen = []
    screen = console()
    monkeypatch.setattr(screen, "input", lambda *_, **__: seen.append(termios.tcgetattr(far)) or "13")
    with contextlib.suppress(KeyboardInterrupt), Keys(screen, far) as keys:
        assert termios.tcgetattr(far) != before
        assert keys.line("Label") == "13"
        assert termios.tcgetattr(far) != before
        raise KeyboardInterrupt
    assert seen == [before]
    assert termios.tcgetattr(far) == before


def test_the_first_letter_of_a_line_is_a_key(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n  approve\n13\n"))
    with Lines(console()) as lines:
        assert lines.key() == "a"
        assert lines.line("Label") == "13"
        with pytest.raises(EOFError):
            lines.key()
