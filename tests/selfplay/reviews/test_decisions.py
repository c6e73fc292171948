"""Decisions: what may be one, and that none is lost or double, whoever writes and whoever is killed."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog, standing
from selfplay_gym.selfplay.storage.files import DamageError


def decided(decision="approve", item="label/3/17", reviewer="anna", key="k", **more):
    return Decision(item, decision, reviewer=reviewer, time=1.5, key=key, **more)


@pytest.fixture
def log(tmp_path):
    (tmp_path / "reviews.jsonl").touch()
    return ReviewLog(tmp_path / "reviews.jsonl")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"item": "label/3"}, "label/3"),
        ({"item": "label/03/1"}, "label/03/1"),
        ({"item": "label/3/1\n"}, "label/3/1"),
        ({"item": "pair/3/1/4-0"}, "4-0"),
        ({"item": "pair/3/1/4-4"}, "4-4"),
        ({"item": "pair/3/1/4"}, "pair/3/1/4"),
        ({"item": "label/3/1/4"}, "label/3/1/4"),
        ({"item": "label/٣/1"}, "٣"),
        ({"item": None}, "None"),
        ({"decision": "aprove"}, "Did you mean 'approve'"),
        ({"decision": None}, "None"),
        ({"decision": "prefer", "after": 0}, "prefer"),
        ({"decision": "edit"}, "None"),
        ({"decision": "edit", "after": "  "}, "'  '"),
        ({"decision": "edit", "after": "\ud800"}, "label's text"),
        ({"decision": "edit", "after": 13}, "13"),
        ({"after": "13"}, "13"),
        ({"decision": "edit", "item": "question/3/17", "after": "What?"}, "What"),
        ({"decision": "edit", "item": "question/3/17", "after": {"question": "", "label": "1"}}, "not empty"),
        ({"decision": "edit", "item": "question/3/17", "after": {"question": "q"}}, "label"),
        ({"decision": "prefer", "item": "pair/3/17/0-4", "after": 3}, "0 or 4"),
        ({"decision": "prefer", "item": "pair/3/17/0-1", "after": True}, "True"),
        ({"decision": "score", "item": "attempt/3/17/0", "after": {"completeness": 5, "soundness": 0}}, "5"),
        ({"decision": "score", "item": "attempt/3/17/0", "after": {"completeness": 1.0, "soundness": 0}}, "1.0"),
        ({"decision": "score", "item": "attempt/3/17/0", "after": {"completeness": True, "soundness": 0}}, "True"),
        ({"decision": "score", "item": "attempt/3/17/0", "after": {"completeness": 1}}, "soundness"),
        ({"decision": "undo"}, "key"),
        ({"before": [1]}, r"\[1\]"),
        ({"reviewer": " anna"}, "blanks"),
        ({"reviewer": "anna\u202e"}, "u202e"),
        ({"reviewer": "an\u200bna"}, "u200b"),
        ({"reviewer": "an\x1b[1mna"}, "x1b"),
        ({"reviewer": "a" * 65}, "64"),
        ({"reviewer": "ann\u0061\u0308"}, "NFC"),
        ({"reviewer": 3}, "3"),
        ({"reviewer": ""}, "name"),
        ({"key": "k k"}, "k k"),
        ({"key": ""}, "key"),
        ({"key": "k" * 201}, "200"),
        ({"note": "n" * 10_001}, "10000"),
    ],
)
def test_what_is_no_decision_is_refused_by_name(values, named):
    with pytest.raises(ConfigError, match=named):
        decided(**values)


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -1, True, "now", None])
def test_a_time_is_finite(time):
    with pytest.raises(ConfigError, match="time"):
        replace(decided(), time=time)


def test_a_row_must_agree_with_its_id():
    row = decided().row()
    assert Decision.of(row) == decided()
    with pytest.raises(ConfigError, match="index"):
        Decision.of({**row, "index": 18})
    with pytest.raises(ConfigError, match="reviewer"):
        Decision.of({name: value for name, value in row.items() if name != "reviewer"})


def test_rows_of_stages_are_decisions_about_labels():
    row = {"round": 1, "phase": "human-gate", "index": 3, "decision": "edit", "before": "1", "after": "2"}
    found = Decision.of(row)
    assert (found.id, found.reviewer, found.key, found.after) == ("label/1/3", "", "", "2")
    assert Decision.of({**row, "decision": "approve"}).after is None
    with pytest.raises(ConfigError):
        Decision.of({**row, "index": -1})


def test_nobody_in_particular_decides_only_for_stages(log):
    with pytest.raises(ConfigError, match="name"):
        log.add(Decision("label/1/3", "approve", reviewer="", time=0, key=""))


def test_a_repeated_request_is_one_decision(log):
    first = log.add(decided(key="one"))
    assert log.add(replace(first, time=99)) == first
    assert ReviewLog(log.path).add(replace(first, time=99)) == first
    assert log.rows() == ([first], log.path.stat().st_size)
    with pytest.raises(ConfigError, match="another decision"):
        log.add(decided("reject", key="one"))


def test_undo_brings_the_decision_before_back(log):
    log.add(decided(key="1"))
    log.add(decided("reject", key="2"))
    log.add(decided("reject", reviewer="ben", key="3"))
    log.add(decided("undo", before="2", key="4"))
    found = standing(log.rows()[0])["label/3/17"]
    assert {who: one.decision for who, one in found.items()} == {"ben": "reject", "anna": "approve"}
    for before, why in (("2", "already"), ("4", "already"), ("3", "ben"), ("9", "no such")):
        with pytest.raises(ConfigError, match=why):
            log.add(decided("undo", before=before, key=f"undo-{before}"))
    assert log.add(decided("undo", before="2", key="4")).key == "4"
    log.add(decided("undo", before="1", key="5"))
    log.add(decided("undo", before="3", reviewer="ben", key="6"))
    assert standing(log.rows()[0]) == {}


def test_an_edit_in_place_of_the_same_size_is_seen(log):
    log.add(decided(key="1", note="one"))
    log.add(decided(key="2", note="two"))
    log.add(decided(key="1", note="one"))  # reads all that is there
    stat = log.path.stat()
    with log.path.open("r+b") as file:
        content = file.read().replace(b'"1"', b'"7"')
        file.seek(0)
        file.write(content)
    os.utime(log.path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    log.add(decided(key="1", note="one"))
    assert [one.key for one in log.rows()[0]] == ["7", "2", "1"]


def test_what_a_killed_writer_left_is_taken_away_and_nothing_else(log):
    whole = log.add(decided(key="1"))
    line = log.path.read_bytes()
    for end in range(1, len(line)):
        log.path.write_bytes(line + line[:end])
        assert log.rows()[0] == [whole]
        ReviewLog(log.path).add(decided(key="2"))
        assert [one.key for one in log.rows()[0]] == ["1", "2"]


def test_damage_is_named(log):
    log.add(decided())
    for line, why in ((b"{\n", "not valid JSON"), (b'{"round": 1}\n', "no decision"), (b"[]\n", "JSON object")):
        before = log.path.read_bytes()
        log.path.write_bytes(before + line)
        with pytest.raises(DamageError, match=f"byte {len(before)} .*{why}"):
            log.rows()
        with pytest.raises(DamageError):
            ReviewLog(log.path).add(decided(key="new"))
        log.path.write_bytes(before)
    with pytest.raises(DamageError, match="changed"):
        log.rows(10_000)
    log.path.unlink()
    with pytest.raises(DamageError, match="missing"):
        log.add(decided(key="new"))
    assert not log.path.exists()


def test_no_link_is_written_through(log, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    log.path.rename(elsewhere)
    log.path.symlink_to(elsewhere)
    with pytest.raises(DamageError, match="link"):
        log.add(decided())
    assert elsewhere.read_bytes() == b""


TEXTS = st.text(max_size=30) | st.sampled_from(["\x1b[31m", "\u202e", "\n\r\0", "\\boxed{1}", "</script>", "\ud800"])
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),  # which of two writers
        st.sampled_from(["approve", "reject", "edit", "undo", "again", "torn"]),
        st.integers(0, 2),  # which item
        TEXTS,
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_two_writers_keep_each_others_decisions(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("log") / "reviews.jsonl"
    path.touch()
    writers = ReviewLog(path), ReviewLog(path)
    model = []  # what was acknowledged
    for number, (who, what, item, text) in enumerate(steps):
        reviewer = "anna" if who else "ben"
        if what == "torn":
            with path.open("ab") as file:  # a third writer was killed
                file.write(json.dumps(decided(key="lost").row()).encode()[: 1 + number * 7])
            continue
        if what == "again":
            if model:
                assert writers[who].add(replace(model[-1], time=number)) == model[-1]
            continue
        more = {"before": text, "note": text.replace("\ud800", "")}
        if what == "edit":
            more["after"] = f"{text.replace(chr(0xD800), '')}13"
        if what == "undo":
            own = standing(model).get(f"label/1/{item}", {}).get(reviewer)
            if own is None:
                continue
            more["before"] = own.key
        made = decided(what, f"label/1/{item}", reviewer, f"{number}", **more)
        assert writers[who].add(made) == made
        model.append(made)
    assert ReviewLog(path).rows()[0] == model
    assert [one for one in writers[0].rows()[0] if one.key == "lost"] == []
    place = 0
    again = []
    while place < path.stat().st_size and len(again) < len(model):  # in pieces, as somebody who follows it
        found, place = writers[1].rows(place)
        again += found
    assert again == model


def test_threads_and_processes_lose_nothing_even_if_killed(tmp_path):
    path = tmp_path / "reviews.jsonl"
    path.touch()
    acknowledged, lock = [], threading.Lock()
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog\n"
        "log, name = ReviewLog(Path(sys.argv[1])), sys.argv[2]\n"
        "for n in range(10_000):\n"
        "    for _ in range(2):\n"
        "        log.add(Decision(f'label/1/{n}', 'approve', reviewer=name, time=0, key=f'{name}-{n}'))\n"
        "    print(f'{name}-{n}', flush=True)\n"
    )
    names = ["killed-a", "killed-b"]
    # -P keeps the working folder out of the path, as in these tests
    workers = [
        subprocess.Popen([sys.executable, "-P", "-c", script, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    shared = ReviewLog(path)

    def work(name):
        for number in range(20):
            one = shared.add(Decision(f"label/1/{number}", "reject", reviewer=name, time=0, key=f"{name}-{number}"))
            with lock:
                acknowledged.append(one.key)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("thread-a", "thread-b")]
    try:
        seen = [[worker.stdout.readline().strip() for _ in range(8)] for worker in workers]  # both are at work
        for thread in threads:
            thread.start()
        os.kill(workers[0].pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
        os.kill(workers[1].pid, signal.SIGKILL)
    finally:
        for worker in workers:
            worker.kill()
    for worker, lines in zip(workers, seen, strict=True):
        acknowledged += [*lines, *(line.strip() for line in worker.stdout if line.endswith("\n"))]
        worker.stdout.close()
        worker.wait()
    written = [one.key for one in shared.rows()[0]]
    assert set(acknowledged) <= set(written)
    assert len(written) == len(set(written))
    assert len(acknowledged) >= 40 + 16


def test_a_full_disk_leaves_the_file_as_it_was(log, monkeypatch):
    log.add(decided(key="1"))
    before = log.path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="space"):
            log.add(decided(key="2"))
    assert log.path.read_bytes() == before
    assert log.add(decided(key="2")).key == "2"
