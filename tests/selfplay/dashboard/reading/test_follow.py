"""A file is followed while its writer appends, cuts, replaces and tears it."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.selfplay.dashboard.reading import follow
from selfplay_gym.selfplay.dashboard.reading.follow import Follower


def drained(follower, most=follow.SLICE):
    """Everything that can be read now: lines, and whether the file was another one."""
    lines, anew = [], False
    while True:
        part = follower.read(most)
        if part.anew:
            lines, anew = [], True
        lines += part.lines
        if not part.more:
            return lines, anew


LINES = st.lists(st.binary(max_size=40).map(lambda text: text.replace(b"\n", b"")), max_size=30)


@given(st.lists(LINES, max_size=6), st.integers(1, 64))
def test_what_is_appended_is_read_once_and_in_order(tmp_path_factory, batches, most):
    path = tmp_path_factory.mktemp("log") / "a.jsonl"
    follower, seen = Follower(path), []
    for batch in batches:
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in batch))
        seen += drained(follower, most)[0]
    assert seen == [line for batch in batches for line in batch]


@given(LINES, st.binary(min_size=1, max_size=50))
def test_half_a_line_waits_for_its_end(tmp_path_factory, lines, half):
    path = tmp_path_factory.mktemp("log") / "a.jsonl"
    half = half.replace(b"\n", b"x")
    path.write_bytes(b"".join(line + b"\n" for line in lines) + half)
    follower = Follower(path)
    assert drained(follower)[0] == lines
    assert drained(follower)[0] == []
    with path.open("ab") as file:
        file.write(b"!\n")
    assert drained(follower)[0] == [half + b"!"]


@given(LINES.filter(lambda lines: len(lines) > 1), LINES, st.data())
def test_a_cut_file_is_read_anew(tmp_path_factory, lines, after, data):
    """A run that resumes cuts a log, and writes on: to a shorter file, an equal one, or a longer one."""
    path = tmp_path_factory.mktemp("log") / "a.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    follower = Follower(path)
    kept = lines[: data.draw(st.integers(0, len(lines) - 1))]
    seen = drained(follower)[0]
    path.write_bytes(b"".join(line + b"\n" for line in [*kept, b"resumed", *after]))
    more, anew = drained(follower)
    seen = more if anew else seen + more
    assert seen == [*kept, b"resumed", *after]


def test_a_file_that_is_replaced_is_read_anew(tmp_path):
    path, other = tmp_path / "live.jsonl", tmp_path / "live.jsonl.next"
    path.write_bytes(b"1\n2\n3\n4\n")
    follower = Follower(path)
    assert drained(follower) == ([b"1", b"2", b"3", b"4"], False)
    other.write_bytes(b"3\n4\n5\n6\n7\n")
    os.replace(other, path)
    assert drained(follower) == ([b"3", b"4", b"5", b"6", b"7"], True)


def test_a_copy_with_the_same_bytes_is_the_same_file(tmp_path):
    path, other = tmp_path / "a.jsonl", tmp_path / "copy"
    path.write_bytes(b"1\n2\n")
    follower = Follower(path)
    assert drained(follower) == ([b"1", b"2"], False)
    other.write_bytes(b"1\n2\n3\n")
    os.replace(other, path)
    assert drained(follower) == ([b"3"], False)


def test_a_file_that_is_gone_is_forgotten_and_found_again(tmp_path):
    path = tmp_path / "a.jsonl"
    follower = Follower(path)
    assert drained(follower) == ([], False)
    path.write_bytes(b"1\n")
    assert drained(follower) == ([b"1"], False)
    path.unlink()
    assert drained(follower) == ([], True)
    path.write_bytes(b"2\n")
    assert drained(follower)[0] == [b"2"]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_plain_file_is_not_opened(tmp_path, kind):
    secret, path = tmp_path / "secret", tmp_path / "a.jsonl"
    secret.write_bytes(b"not for you\n")
    {"link": lambda: path.symlink_to(secret), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()
    assert drained(Follower(path))[0] == []


def test_a_line_that_never_ends_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(follow, "LONGEST", 64)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"first\n" + b"x" * 1000)
    follower = Follower(path)
    assert drained(follower, 16)[0] == [b"first"]
    with path.open("ab") as file:
        file.write(b"y\nlast\n")
    assert drained(follower, 16)[0] == [b"last"]


@given(LINES, st.integers(0, 300))
def test_the_end_begins_with_a_whole_line(tmp_path_factory, lines, last):
    path = tmp_path_factory.mktemp("log") / "a.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    seen = drained(Follower(path, last), 8)[0]
    assert seen == lines[len(lines) - len(seen) :]
    if sum(len(line) + 1 for line in lines) <= last:
        assert seen == lines


def test_an_unchanged_file_is_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n")
    follower = Follower(path)
    drained(follower)
    monkeypatch.setattr(follow, "open_file", lambda path: pytest.fail("opened"))
    assert follower.read() is follow.NOTHING
