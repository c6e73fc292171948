"""Tables on terminals of any width: no number is cut or broken, nothing is lost, and no line is too long."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from selfplay_gym.selfplay.commands.bench import bench_any
from selfplay_gym.selfplay.commands.exam import hold_exam
from selfplay_gym.selfplay.commands.list_names import print_names
from selfplay_gym.selfplay.pages.tables import LONG_NAME
from selfplay_gym.selfplay.pages.terminal_table import TerminalTable

HEADER = ["agent", "avg@8", "tokens/\ncorrect", ""]
CELLS = [["noisy(accuracy=0.3)", "50.0 [41.9, 57.3]", "12345", "a note on this"], ["", "–", "", ""]]


def printed(table, width, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    console.print(table)
    return console.file.getvalue()


def test_a_wide_terminal_has_columns_and_a_narrow_one_a_line_for_each_cell():
    table = TerminalTable("Scores", HEADER, CELLS, left=[3])
    wide = printed(table, 80)
    assert "noisy(accuracy=0.3)  50.0 [41.9, 57.3]    12345  a note on this" in wide
    narrow = [line.rstrip() for line in printed(table, 40).splitlines()]
    assert narrow == [
        "Scores",
        "agent: noisy(accuracy=0.3)",
        "  avg@8: 50.0 [41.9, 57.3]",
        "  tokens/correct: 12345",
        "  a note on this",
        "agent:",
        "  avg@8: –",
    ]


WORDS = st.lists(st.text(alphabet="aZ0_-é中🙂\u0301", min_size=1, max_size=12), max_size=4).map(" ".join)
NUMBERS = st.integers(-(10**9), 10**9).map(str) | st.just("50.0 [41.9, 57.3]") | st.just("–")


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            st.lists(WORDS, min_size=n + 1, max_size=n + 1),
            st.lists(st.tuples(WORDS, *[NUMBERS] * n), max_size=4),
        )
    ),
    st.integers(14, 200),
)
def test_no_number_is_broken_and_no_line_is_longer_than_the_terminal(table, width):
    header, rows = table
    text = printed(TerminalTable("", header, rows), width)
    assert all(cell_len(line) <= width for line in text.splitlines())
    words = text.split()
    for row in rows:
        for cell in row[1:]:
            for number in cell.split():
                assert number in words
    assert "…" not in text
    letters = re.sub(r"[\s─]", "", text)
    for row in rows:
        assert all(character in letters for character in row[0].replace(" ", ""))


def test_a_name_is_never_broken_into_less_than_a_fair_width():
    path = "/home/somebody/models/of/a/long/path/checkpoints/solver-0003"
    lines = printed(TerminalTable("", ["agent", "score"], [[path, "50.0"]]), 50).splitlines()
    pieces = [piece for line in lines if (piece := line.split("50.0")[0].strip()) and piece in path]
    assert "".join(pieces) == path
    assert all(len(piece) >= LONG_NAME for piece in pieces[:-1])


def test_a_cell_that_must_not_wrap_makes_lines_before_it_is_broken():
    whole = Text("58.9 to 100.0 %", no_wrap=True)
    assert "58.9 to 100.0 %" in printed(TerminalTable("", ["a", "b"], [["name", whole]]), 24)
    assert "b: 58.9 to 100.0 %" in printed(TerminalTable("", ["score", "b"], [["a name of words", whole]]), 24)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_the_commands_keep_every_number_whole(width):
    console = Console(file=io.StringIO(), width=width)
    hold_exam(
        "oracle", questions=8, samples=2, generator="mixed", verifier=None, seed=0, as_json=False, console=console
    )
    bench_any(["oracle", "noisy(accuracy=0.3)"], limit=8, samples=2, console=console)
    text = console.file.getvalue()
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "…" not in text
    assert {"100.0", "31.2", "0.031", "0.70"} <= set(text.split())


@pytest.mark.parametrize("width", [20, 40, 80])
def test_lists_of_names_are_whole(width):
    console = Console(file=io.StringIO(), width=width)
    print_names("verifiers", console)
    text = console.file.getvalue()
    assert "…" not in text.replace("rg:…", "")
    assert "path-consistency" in text
    assert "The answer is right if it means the same as the reference." in " ".join(text.split())
