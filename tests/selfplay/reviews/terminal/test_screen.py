"""An item on a terminal: any width, and model text is text."""

import io

import pytest
from rich.console import Console

from selfplay_gym.selfplay.reviews.items import Item, Shown
from selfplay_gym.selfplay.reviews.terminal.screen import draw, visible

HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "\u202edrow eht\u2066",
    "a\rb\bc\x00d\x7f",
    "\ud800 alone",
    "[red]markup[/red] :smile: [link=http://x]y[/link]",
    r"\frac{1}{2} \def\a{\a\a}\a $x^{2}$",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "x" * 2**20,
    "\n" * 5000,
    "𝒳 e\u0301 مرحبا 漢字 👩\u200d🚀",
    "",
    "\u2028\u2029\ufeff\u00ad",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_hostile_texts_are_text(hostile, width):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    shown = (Shown(0, hostile, hostile, True), Shown(1, hostile, None, None))
    for kind in ("question", "label"):
        draw(console, Item(f"{kind}/1/0", "g: r", hostile, hostile, hostile, votes={hostile: 3}), "1")
    draw(console, Item("pair/1/0/0-1", "g: r", hostile, hostile, hostile, attempts=shown), "1")
    text = console.file.getvalue()
    text.encode("utf-8")
    assert not set(text) & set("\x1b\x07\x9b\r\b\x00\x7f\u202e\u2066\u200d\ufeff\u2028\u00ad")
    assert text.count("\n") < 700
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    if "[red]" in hostile and width > 60:
        assert "[red]markup[/red] :smile:" in text


def test_many_lines_are_cut_as_well():
    text = visible("a\n" * 300)
    assert text.count("\n") == 60
    assert text.endswith("(and 480 characters; m shows all)")


def test_what_is_cut_is_said_and_shown_on_request():
    text = visible("x" * 5000)
    assert text.endswith("(and 2000 characters; m shows all)")
    assert visible("x" * 5000, None) == "x" * 5000
    assert visible("\x1b\u202e\ud800\U000e0001\t") == "\\x1b\\u202e\\ud800\\U000e0001\\x09"
