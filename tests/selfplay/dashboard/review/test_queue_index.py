"""The queue as the dashboard follows it: another file in the place of one is never taken for it."""

import json
import os

import pytest

from selfplay_gym.selfplay.dashboard.review.queue_index import QueueIndex
from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog
from selfplay_gym.selfplay.storage.files import DamageError, write_sealed


def put(path, content):
    """Other bytes under the same inode and of the same age, as a recycled inode has them."""
    seen = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert path.stat().st_ino == seen.st_ino


@pytest.mark.parametrize("more", [b"", b"the same and one more"])
def test_a_queue_of_the_same_size_and_inode_is_another_queue(path, runs, more):
    index = QueueIndex(path)
    assert set(index.look().entries) == set(runs.ITEMS)
    others = [one.replace("/3/", "/4/") for one in runs.ITEMS] + (["label/4/7"] if more else [])
    put(path / "queue.jsonl", b"".join(json.dumps(runs.row(one)).encode() + b"\n" for one in others))
    assert set(index.look().entries) == set(others)


def test_decisions_and_what_was_adopted_go_with_their_file(path):
    index, log = QueueIndex(path), path / "reviews.jsonl"
    ReviewLog(log).add(Decision("label/3/0", "approve", "anna", 1.0, "key-1"))
    state = {"round": 3, "phase": "review", "settings": ["0" * 64], "logs": {"reviews": log.stat().st_size}}
    write_sealed(path / "state.json", state)
    assert index.look().adopted == {"label/3/0": {"anna"}}
    put(log, log.read_bytes().replace(b"label/3/0", b"label/3/1").replace(b'"index": 0', b'"index": 1'))
    assert index.look().adopted == {"label/3/1": {"anna"}}
    assert set(index.look().stands) == {"label/3/1"}


def test_what_is_gone_is_gone(path):
    index = QueueIndex(path)
    ReviewLog(path / "reviews.jsonl").add(Decision("label/3/0", "approve", "anna", 1.0, "key-1"))
    assert index.look().entries
    for name in ("queue.jsonl", "reviews.jsonl"):
        (path / name).unlink()
    look = index.look()
    assert (look.entries, look.decisions, look.stands) == ({}, (), {})


def test_an_item_is_never_another_one(path, runs):
    index = QueueIndex(path)
    entry = index.look().entries["label/3/0"]
    put(path / "queue.jsonl", json.dumps(runs.row("label/3/9")).encode() + b"\n")
    with pytest.raises(DamageError, match="label/3/9"):
        index.item(entry)
