"""The result channel: what an honest writer wrote is read; what was forged is counted before it is parsed."""

import json
import os
import struct
import sys
import time

import pytest

from selfplay_gym.verifiers.sandbox.protocol.channel import (
    HEADER_BYTES,
    MOST_NODES,
    ChannelReader,
    ChannelWriter,
    Full,
    TooLong,
)
from selfplay_gym.verifiers.sandbox.protocol.values import MAX_DEPTH, MAX_NODES, encode

SIZE = 8 << 20
LIMIT = 2 << 20


@pytest.fixture
def reader():
    channel = ChannelReader(SIZE)
    yield channel
    channel.close()


def forge(reader: ChannelReader, content: bytes, committed: int | None = None) -> None:
    os.pwrite(reader.descriptor, content, HEADER_BYTES)
    os.pwrite(reader.descriptor, struct.pack("<iiI", 0, 0, len(content) if committed is None else committed), 0)


def test_what_was_written_is_read(reader):
    writer = ChannelWriter(reader.descriptor, SIZE)
    records = [{"s": "ok", "i": i, "v": value} for i, value in enumerate([1, 'x\n,[{"\\', None, encode({1: (2,)})])]
    writer.begin(0)
    for record in records:
        writer.write(record, LIMIT)
    assert reader.records(9, LIMIT) == records
    assert reader.records(2, LIMIT) == records[:2]
    assert reader.progress() == (4, 0)


def deep(levels: int):
    value = 1
    for _ in range(levels):
        value = {(value,): 0} if levels < 20 else [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        [",[]{}"] * 20_000,
        "[" * 300_000,
        '\\"[' * 100_000,
        "," * 300_000,
        list(range(MAX_NODES - 1)),
        [(1, "a")] * (MAX_NODES // 5 - 1),
        [deep(MAX_DEPTH - 1)] * 100,
        ["\ud800", {"]": "}"}] * 300,
    ],
)
def test_large_honest_values_pass(reader, value):
    writer = ChannelWriter(reader.descriptor, SIZE)
    writer.write({"s": "ok", "i": 0, "v": encode(value)}, SIZE)
    (record,) = reader.records(1, SIZE)
    assert record["v"] == encode(value)


def test_a_full_channel_says_so(reader):
    writer = ChannelWriter(reader.descriptor, 1000)
    with pytest.raises(TooLong):
        writer.write({"v": "x" * 100}, limit=50)
    writer.write({"v": "x" * 100}, LIMIT)
    with pytest.raises(Full):
        writer.write({"v": "x" * 2000}, LIMIT)
    with pytest.raises(Full):
        writer.write({"v": 1}, LIMIT, nodes=MOST_NODES + 1)
    assert len(reader.records(9, LIMIT)) == 1


GOOD = b'{"s":"ok","i":0,"v":1}\n'


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (GOOD + b'{"s":"ok"', 1),
        (GOOD + b"x\n" + GOOD, 1),
        (GOOD * 9, 3),
        (b"[]\n1\n" + GOOD, 1),
        (b"\xff\xfe\n" + GOOD, 0),
        (b"\n" + GOOD, 0),
        (b'{"v":' + b"[" * 5000 + b"]" * 5000 + b"}\n" + GOOD, 0),
        (b'{"v":' + b'["]",' * 5000 + b"1" + b"]" * 5000 + b"}\n" + GOOD, 0),
        (b'{"v":' + b'["\\\\\\"]",' * 5000 + b"1" + b"]" * 5000 + b"}\n" + GOOD, 0),
        (b'{"v":' + b"9" * 5000 + b"}\n" + GOOD, 0),
        (b'{"v":"' + b"x" * LIMIT + b'"}\n' + GOOD, 0),
        (b'{"v":[' + b"[]," * MAX_NODES + b"1]}\n" + GOOD, 0),
        ((b'{"v":[' + b"1," * (MAX_NODES - 9) + b"1]}\n") * 3, 2),
    ],
)
def test_reading_stops_at_the_first_record_that_nobody_wrote(reader, content, read):
    forge(reader, content)
    assert len(reader.records(3, LIMIT)) == read


def test_depth_is_bounded_whatever_the_host_allows(reader):
    """A host that raised its recursion limit would crash in the parser."""
    kept = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        for content in (b"[" * SIZE, b'{"v":' + b'["]",' * 200_000, b'["\\"]",' * 200_000, b'{"":' * 60_000):
            forge(reader, content[: SIZE - 20] + b"\n")
            assert reader.records(1, SIZE) == []
    finally:
        sys.setrecursionlimit(kept)


@pytest.mark.parametrize(
    "line",
    [
        *(b"x", b"", b"{}", b"[]", b'"', b"1}", b"\xff" * 100),
        *(b"[" * 1000, b'"\\"' * 500, b'{"i":0,"v":[' + b"{}," * 9),
    ],
)
def test_eight_megabytes_of_anything_are_read_quickly(reader, line):
    forge(reader, (line + b"\n") * (SIZE // (len(line) + 1) - 10))
    started = time.process_time()
    assert len(reader.records(64, LIMIT)) <= 64
    forge(reader, line * (SIZE // (len(line) + 1) - 10) + b"\n")
    assert len(reader.records(64, LIMIT)) <= 64
    assert time.process_time() - started < 10


@pytest.mark.parametrize("committed", [0, 1, 2**32 - 1, 2**31])
def test_the_number_of_bytes_is_not_believed(reader, committed):
    forge(reader, GOOD, committed)
    assert len(reader.records(3, LIMIT)) == (committed > len(GOOD))


def test_a_channel_that_was_cut_off_is_empty(reader):
    os.ftruncate(reader.descriptor, 5)
    assert reader.progress() == (-1, 0)
    assert reader.records(3, LIMIT) == []
    assert json.loads(GOOD)["v"] == 1
