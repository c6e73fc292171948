"""The result channel: a file in memory shared with one run, which the host reads when the run is over or stuck.

Nothing has to be drained, so a program can neither block on it nor flood it, and what was written before a kill is
still there. Header: input being worked on, line being executed, bytes committed; then one JSON text per line.
Nothing in it is trusted: a program that finds the channel can only report what it could have returned. And nothing in
it is parsed before it was counted: lines, bytes of a line, values in it, brackets around them.

The box writes through a mapping and not through the descriptor, so that the bound on the size of files need not leave
room for the channel. A short channel, that of a script, is written through the descriptor: a mapping would cost more.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from .values import MAX_DEPTH, MAX_NODES

_HEADER = struct.Struct("<iiI")
HEADER_BYTES = _HEADER.size
MOST_NODES = 2 * MAX_NODES
"""What all values in one channel may cost together, see `values.MAX_NODES`."""

SHORT = 1 << 14
_AT_ONCE = 1 << 16
_SHALLOW = 3 * MAX_DEPTH + 8
"""Brackets around the innermost part of a record: at most three for each level of a value (a dict's)."""
_OF_A_RECORD = 16
"""Brackets and commas of a record besides its value's."""
_LONGEST_INT = 20


class Full(Exception):
    """There is no room left for a record."""


class TooLong(Exception):
    """A record is longer than one may be."""


class ChannelWriter:
    """The end inside the box."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._memory = mmap.mmap(descriptor, size) if size > SHORT else None
        self._size, self._end, self._nodes = size, HEADER_BYTES, MOST_NODES
        self._index, self._line = -1, 0

    def begin(self, index: int) -> None:
        """Announce that the inputs from `index` on are being worked on, one per record to come."""
        self._index = index
        self._publish()

    def show_line(self, line: int) -> None:
        """Report the line of the program that is being executed."""
        self._line = line
        self._publish()

    def write(self, record: dict[str, Any], limit: int, nodes: int = 0) -> None:
        """Append a record whose value cost `nodes`, and go on to the next input.

        Raises:
            TooLong: longer than `limit` bytes.
            Full: longer, or dearer, than the room left.
        """
        line = _dumps(record).encode() + b"\n"
        if len(line) > limit:
            raise TooLong
        end = self._end + len(line)
        if end > self._size or nodes > self._nodes:
            raise Full
        if self._memory is None:
            _write_at(self._descriptor, line, self._end)
        else:
            self._memory[self._end : end] = line
        self._end = end
        self._nodes -= nodes
        self._index, self._line = self._index + 1, 0
        self._publish()

    def _publish(self) -> None:
        header = _pack(self._index, self._line, self._end - HEADER_BYTES)
        if self._memory is None:
            _write_at(self._descriptor, header, 0)
        else:
            self._memory[:HEADER_BYTES] = header


_write_at, _pack = os.pwrite, _HEADER.pack  # held here, because the program may put something else into `os`
_dumps = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


class ChannelReader:
    """The host's end; trusts nothing it reads."""

    def __init__(self, size: int) -> None:
        self.descriptor, self.size = shared_file("result"), size
        os.ftruncate(self.descriptor, size)

    def progress(self) -> tuple[int, int]:
        """Index of the input being worked on (-1 before the first), and line (0 unless traced)."""
        index, line, _ = self._header()
        return index, line

    def _header(self) -> tuple[int, int, int]:
        raw = os.pread(self.descriptor, HEADER_BYTES, 0)
        if len(raw) < HEADER_BYTES:  # the program cut its own channel off
            return -1, 0, 0
        index, line, committed = _HEADER.unpack(raw)
        return index, line, committed

    def records(self, most: int, limit: int) -> list[dict[str, Any]]:
        """The records committed so far, up to the first that cannot have been written by a `ChannelWriter`.

        Args:
            most: records that there can be.
            limit: bytes that one can have.
        """
        committed = self._header()[2]
        raw = os.pread(self.descriptor, min(committed, self.size - HEADER_BYTES), HEADER_BYTES)
        lines = raw.split(b"\n", most)[:-1]
        if len(raw) <= _AT_ONCE and raw.count(b"[") + raw.count(b"{") <= _SHALLOW:
            try:
                return _objects(json.loads(f"[{b','.join(lines).decode('latin-1')}]"))  # three times as fast
            except ValueError:
                pass
        return _objects(_one_by_one(lines, limit))

    def close(self) -> None:
        os.close(self.descriptor)


def _objects(found: Iterable[Any]) -> list[dict[str, Any]]:
    return [record for record in found if isinstance(record, dict)]


def _one_by_one(lines: list[bytes], limit: int) -> Iterator[Any]:
    left = MOST_NODES
    for line in lines:
        weight = _weight(line) if len(line) <= limit else MOST_NODES
        left -= max(0, weight - _OF_A_RECORD)
        if weight > MAX_NODES + _OF_A_RECORD or left < 0:
            return
        try:
            yield json.loads(line.decode("latin-1"), parse_int=_short_int)
        except ValueError:
            return


def _weight(line: bytes) -> int:
    """How many values parsing the line makes, at most; `MOST_NODES` if it is too deep to be parsed."""
    opened, commas = line.count(b"[") + line.count(b"{"), line.count(b",")
    if opened <= _SHALLOW and opened + commas <= MAX_NODES:
        return opened + commas
    if line.count(b'"') > _MOST_QUOTES:
        return MOST_NODES
    # Without its strings. A backslash stands in strings only: elsewhere the parser comes no further.
    bare = b"".join(line.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    brackets = bare.translate(None, _NO_BRACKETS)
    opened = brackets.count(b"[") + brackets.count(b"{")
    if opened > MAX_NODES or max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > _SHALLOW:
        return MOST_NODES
    return opened + bare.count(b",")


_MOST_QUOTES = 4 * MAX_NODES
"""A value is at most a text and its tag."""
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEP)


def _short_int(text: str) -> int:
    if len(text) > _LONGEST_INT:
        raise ValueError("longer than any integer that is written like this")
    return int(text)


def shared_file(name: str, content: bytes = b"") -> int:
    """An anonymous file in memory (on disk where the system has no memfd), positioned at its start."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(f"box-{name}", os.MFD_CLOEXEC)
    else:
        import tempfile

        descriptor, path = tempfile.mkstemp(prefix="box-")
        os.unlink(path)
    while content:
        content = content[os.write(descriptor, content) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
