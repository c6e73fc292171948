"""A file is known again by its bytes: replaced, cut and edited ones are read anew, whatever the file system says."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.storage.known_file import EDGE, KnownFile


class Reader:
    """Reads what is new of a file."""

    def __init__(self, path):
        self.path, self.known, self.content = path, KnownFile(), b""

    def read(self):
        with self.path.open("rb") as file:
            begin = self.known.look(file.fileno())
            file.seek(begin)
            self.content = self.content[:begin] + file.read()
            self.known.read_to(file.fileno(), len(self.content))
        return begin


def put(path, content, times, same_file):
    """Another content, in the same inode or a new one, as old as the one before."""
    if same_file:
        path.write_bytes(content)
    else:
        path.unlink()
        path.write_bytes(content)
    os.utime(path, ns=(times, times))


@settings(max_examples=60, deadline=None)
@given(contents=st.lists(st.tuples(st.binary(max_size=12), st.booleans()), max_size=8))
def test_whatever_takes_the_place_of_a_file_is_read(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("file") / "log"
    path.write_bytes(b"")
    reader = Reader(path)
    for content, same_file in contents:
        put(path, content, 10**18, same_file)
        reader.read()
        assert reader.content == content


def test_only_what_was_appended_is_read(tmp_path):
    reader = Reader(tmp_path / "log")
    for number in range(5):
        with reader.path.open("ab") as file:
            file.write(b"x" * EDGE + b"\n")
        assert reader.read() == number * (EDGE + 1)
        assert reader.read() == (number + 1) * (EDGE + 1)


@pytest.mark.parametrize("at", [0, EDGE - 1, 5 * EDGE - 1, 4 * EDGE])
def test_an_edit_at_either_end_of_a_long_file_is_seen_though_it_grew(tmp_path, at):
    reader = Reader(tmp_path / "log")
    reader.path.write_bytes(b"x" * 5 * EDGE)
    reader.read()
    content = bytearray(reader.content + b"more")
    content[at] = ord("y")
    put(reader.path, bytes(content), 10**18, same_file=True)
    assert reader.read() == 0
    assert reader.content == bytes(content)
