"""A file that never grows beyond its bound, never shows half a line, and can be followed by byte offset."""

import errno
import json
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.live import bounded_log
from selfplay_gym.selfplay.live.bounded_log import BoundedLog

TEXTS = st.text(st.characters(), max_size=40)


class Follower:
    """Reads what is new, as a dashboard does: from the last offset, or from the start of another file."""

    def __init__(self, path):
        self.path, self.inode, self.offset, self.rows = path, None, 0, []

    def look(self):
        with open(self.path, "rb") as file:
            found = os.fstat(file.fileno())
            if found.st_ino != self.inode or found.st_size < self.offset:
                self.inode, self.offset = found.st_ino, 0
            file.seek(self.offset)
            new = file.read()
        assert new == b"" or new.endswith(b"\n")
        self.offset += len(new)
        self.rows += [json.loads(line)["number"] for line in new.splitlines()]


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@given(st.lists(st.lists(TEXTS, max_size=4), max_size=40), st.integers(200, 2000))
@settings(max_examples=60, deadline=None)
def test_it_holds_the_newest_rows_whole_and_within_its_bound(tmp_path_factory, batches, most):
    path = tmp_path_factory.mktemp("live") / "live.jsonl"
    log, follower, sent = BoundedLog(path, most), Follower(path), []
    for batch in batches:
        rows = [{"number": len(sent) + at, "text": text} for at, text in enumerate(batch)]
        log.add(rows)
        sent += rows
        follower.look()
        size = sum(len(json.dumps(row)) + 1 for row in rows)
        assert path.stat().st_size <= max(most, most // 2 + size)
    log.close()
    kept = rows_of(path)
    assert kept == sent[len(sent) - len(kept) :]
    assert sorted(set(follower.rows)) == list(range(len(sent))), "whoever looks often enough misses nothing"


def test_half_of_it_is_kept_when_it_is_full(tmp_path):
    log = BoundedLog(tmp_path / "live.jsonl", 1000)
    for number in range(100):
        log.add([{"number": number, "text": "x" * 20}])
    kept = rows_of(tmp_path / "live.jsonl")
    assert kept[-1]["number"] == 99
    assert 400 <= (tmp_path / "live.jsonl").stat().st_size <= 1000
    assert [path.name for path in tmp_path.iterdir()] == ["live.jsonl"]


def test_it_is_begun_anew_and_a_link_is_not_followed(tmp_path):
    other = tmp_path / "precious"
    other.write_text("mine")
    path = tmp_path / "live.jsonl"
    path.symlink_to(other)
    (tmp_path / "live.jsonl.next").write_text("of a process that was killed")
    BoundedLog(path).close()
    assert other.read_text() == "mine"
    assert path.read_bytes() == b""
    assert not path.is_symlink()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["live.jsonl", "precious"]


def test_a_disk_that_is_full_leaves_no_half_a_line(tmp_path, monkeypatch):
    log, honest = BoundedLog(tmp_path / "live.jsonl"), os.write
    log.add([{"number": 0}])

    def full(file, data):
        if len(data) > 5:
            return honest(file, bytes(data[: len(data) // 2]))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(bounded_log.os, "write", full)
        with pytest.raises(OSError, match="No space"):
            log.add([{"number": 1, "text": "a line that does not fit"}])
    assert rows_of(tmp_path / "live.jsonl") == [{"number": 0}]


def test_a_disk_that_is_full_while_it_is_halved_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    log = BoundedLog(tmp_path / "live.jsonl", 300)
    log.add([{"number": number, "text": "x" * 20} for number in range(5)])
    before = (tmp_path / "live.jsonl").read_bytes()

    def full(file, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bounded_log.os, "write", full)
    with pytest.raises(OSError, match="No space"):
        log.add([{"number": 5, "text": "x" * 100}])
    assert (tmp_path / "live.jsonl").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["live.jsonl"]


def test_threads_never_mix_their_lines(tmp_path):
    log = BoundedLog(tmp_path / "live.jsonl")
    rows = [[{"thread": name, "number": number, "text": "é" * number} for number in range(100)] for name in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: [log.add([row]) for row in mine]) for mine in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = rows_of(tmp_path / "live.jsonl")
    assert [[row for row in found if row["thread"] == name] for name in range(4)] == rows


def test_what_comes_after_the_end_is_lost_and_no_error(tmp_path):
    log = BoundedLog(tmp_path / "live.jsonl")
    log.close()
    log.close()
    log.add([{"number": 0}])
    assert (tmp_path / "live.jsonl").read_bytes() == b""


@pytest.mark.parametrize("what", ["link", "link to itself", "pipe", "folder", "file", "nothing"])
def test_what_takes_its_place_is_never_read_and_stays(tmp_path, what):
    path, other = tmp_path / "live.jsonl", tmp_path / "precious"
    other.write_text("mine\n" * 500)
    log = BoundedLog(path, 1000)
    log.add([{"number": number, "text": "x" * 20} for number in range(15)])
    path.unlink()
    if what.startswith("link"):
        path.symlink_to(other if what == "link" else path)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "file":
        path.write_text("of somebody else\n")
    before = path.lstat() if what != "nothing" else None
    rows = [{"number": number, "text": "y" * 20} for number in range(15)]
    with pytest.raises(OSError, match=r"its place|No such file"):
        log.add(rows)
    log.close()
    assert other.read_text() == "mine\n" * 500
    assert before is None or os.path.samestat(path.lstat(), before)
    assert {found.name for found in tmp_path.iterdir()} <= {"live.jsonl", "precious"}


def test_what_others_append_is_not_read_without_bound(tmp_path):
    path = tmp_path / "live.jsonl"
    log = BoundedLog(path, 1000)
    log.add([{"number": number, "text": "x" * 20} for number in range(15)])
    with open(path, "ab") as file:
        file.truncate(2**34)
    for number in range(15, 40):
        log.add([{"number": number, "text": "x" * 20}])
    assert path.stat().st_size <= 1000
    assert rows_of(path)[-1]["number"] == 39
