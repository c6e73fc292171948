"""Single files of a run folder: what is opened, what is refused, seals, logs and the lock."""

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError, PluginError, RunError
from selfplay_gym.selfplay.storage import files, lock, log
from selfplay_gym.selfplay.storage.files import (
    CHECKSUM,
    DamageError,
    check_writable,
    is_sealed,
    json_object,
    make_folder,
    open_file,
    read_bytes,
    read_given,
    read_json,
    read_sealed,
    sealed,
    write_json,
    write_sealed,
)
from selfplay_gym.selfplay.storage.lock import LOCK, hold
from selfplay_gym.selfplay.storage.log import Log
from selfplay_gym.selfplay.storage.state import FOLDERS_OWN, LOGS, check_state

# --- plain files ---


def test_only_plain_files_are_opened(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"held")
    assert read_bytes(plain) == b"held"
    (tmp_path / "link").symlink_to(plain)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, said in (
        ("link", "is a link; a run keeps plain files"),
        ("nothing", "is missing; the run folder is incomplete"),
        ("folder", "is "),
        ("pipe", "is no plain file, where one belongs"),
    ):
        with pytest.raises(DamageError, match=rf"{name} {said}"):
            read_bytes(tmp_path / name)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
ROWS = st.dictionaries(
    st.text(), st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)


@settings(deadline=None)
@given(ROWS, st.text(st.characters(categories=["Cs", "Lu"])), st.booleans())
def test_a_row_is_read_as_the_standard_library_reads_it(row, halves, escaped):
    row["half surrogate pairs"] = halves
    line = json.dumps(row, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert repr(json_object(line, "here")) == repr(json.loads(line))  # -0.0 is not 0.0, nor 1 True


@pytest.mark.parametrize("line", [b'{"a": 1e999}', b'\xef\xbb\xbf{"a": 1}', b'{"a": 1, "a": 2}', b' {"a":\t1}\r\n'])
def test_odd_json_is_read_as_ever(line):
    assert json_object(line, "here") == json.loads(line)


def test_a_file_with_two_names_is_read_and_not_written(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"held")
    os.link(one, other)
    assert read_bytes(one) == b"held"
    for flags in (os.O_WRONLY, os.O_RDWR):
        with pytest.raises(DamageError, match=r"one is one of 2 names of a file"):
            open_file(one, flags)
    other.unlink()
    os.close(open_file(one, os.O_WRONLY))


def test_a_new_file_can_be_read_as_the_umask_says(tmp_path):
    before = os.umask(0o022)
    try:
        os.close(open_file(tmp_path / "new", os.O_WRONLY | os.O_CREAT))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o644


def test_a_file_larger_than_any_of_a_run_is_refused(tmp_path, monkeypatch):
    assert files.LARGEST == 256 * 2**20
    monkeypatch.setattr(files, "LARGEST", 4)
    (tmp_path / "x").write_bytes(b"1234")
    assert read_bytes(tmp_path / "x") == b"1234"
    (tmp_path / "x").write_bytes(b"12345")
    with pytest.raises(DamageError, match=r"x has more than 4 bytes"):
        read_bytes(tmp_path / "x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": ]', "here is not valid JSON at byte 6 (Expecting value)"),
        (b'{"a": NaN}', "here is not valid JSON (NaN is no number)"),
        (b'{"a": -Infinity}', "here is not valid JSON (-Infinity is no number)"),
        (b"[1]", "here should hold a JSON object, got list; the run folder is damaged"),
        (b"\xff\xfe", "here is not valid JSON"),
        (b"[" * 100_000, "here is not valid JSON"),
    ],
)
def test_what_is_no_object_is_named_with_its_byte(content, said):
    with pytest.raises(DamageError, match=f"^{re.escape(said)}"):
        json_object(content, "here")


def test_a_seal_notices_any_byte(tmp_path):
    path, value = tmp_path / "x.json", {"a": "é\ud800", "b": [1, 2.5, None]}
    write_sealed(path, value)
    assert read_sealed(path) == value
    assert is_sealed(path)
    whole = path.read_bytes()
    assert whole == sealed(value).encode("utf-8", "surrogatepass")
    assert list(json.loads(whole))[-1] == CHECKSUM == "checksum"
    plain = json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert json.loads(whole)[CHECKSUM] == hashlib.sha256(plain).hexdigest()
    for changed in (whole.replace(b"2.5", b"2.6"), whole.replace(b"null", b" null"), whole + b"\n"):
        path.write_bytes(changed)
        with pytest.raises(DamageError, match="does not match its own checksum"):
            read_sealed(path)
    write_json(path, value)
    assert read_sealed(path) == read_json(path) == value
    assert not is_sealed(path)


def test_a_draft_that_a_killed_process_left_is_replaced_and_a_link_there_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "x.json.draft").symlink_to(victim)
    write_json(tmp_path / "x.json", {"a": 1})
    assert victim.read_text() == "mine"
    assert read_json(tmp_path / "x.json") == {"a": 1}


# --- logs ---


@pytest.fixture
def written(tmp_path):
    made = Log(tmp_path / "labels.jsonl")
    made.create()
    made.add([{"n": 1}, {"n": 2, "text": "é"}])
    made.append()
    return made


def reread(made, **changes):
    return Log(made.path, **{"length": made.length, "digest": made.digest, **changes})


def test_a_log_knows_its_length_and_checksum(written):
    text = b'{"n": 1}\n' + '{"n": 2, "text": "é"}\n'.encode()
    assert written.path.read_bytes() == text
    assert (written.length, written.digest) == (len(text), hashlib.sha256(text).hexdigest())
    written.append()
    written.add([{"n": 3}])
    assert written.path.read_bytes() == text
    written.append()
    assert written.digest == hashlib.sha256(text + b'{"n": 3}\n').hexdigest()
    assert [row["n"] for row in reread(written).rows()] == [1, 2, 3]
    assert [row["n"] for row in reread(written).rows_from_end()] == [3, 2, 1]
    assert [row["n"] for row in reread(written, length=len(text), digest=None).rows()] == [1, 2]
    assert list(Log(written.path).rows()) == list(Log(written.path).rows_from_end()) == []


def test_a_log_is_read_against_its_checksum_in_parts_of_any_size(written, monkeypatch):
    for size in (1, 7, 2**20):
        monkeypatch.setattr(log, "CHUNK", size)
        again = reread(written)
        again.check()
        assert again.digest == written.digest


def test_a_changed_log_is_named_with_the_line_that_cannot_be_read(written):
    text = written.path.read_bytes()
    written.path.write_bytes(text.replace(b"2", b"3", 1))
    with pytest.raises(
        DamageError, match=rf"is not as the run wrote it: its first {len(text)} bytes have the checksum"
    ):
        reread(written).check()
    written.path.write_bytes(text[:9] + b"\0" * (len(text) - 9))
    with pytest.raises(DamageError, match=r"\(line 2, byte 9, is not JSON\)"):
        list(reread(written).rows())
    written.path.write_bytes(text[:-1])
    with pytest.raises(DamageError, match=rf"has {len(text) - 1} bytes, but the run had written {len(text)}"):
        list(reread(written).rows_from_end())
    reread(written, length=0, digest=None).check()


def test_what_lies_beyond_is_cut(written):
    text = written.path.read_bytes()
    with open(written.path, "ab") as file:
        file.write(b"more")
    reread(written).cut()
    assert written.path.read_bytes() == text


def test_a_log_that_somebody_else_writes_to_is_refused(written):
    with open(written.path, "ab") as file:
        file.write(b"more")
    written.add([{"n": 3}])
    with pytest.raises(DamageError, match=rf"and this run wrote {written.length}: something else writes to it"):
        written.append()


def test_a_log_that_is_there_already_is_nobodys(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text("")
    Log(path).create()
    path.write_text("x")
    with pytest.raises(RunError, match="is there already, and no run is"):
        Log(path).create()
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="is there already, and no run is"):
        Log(path).create()


def test_a_row_that_is_no_json_is_named_with_its_log(written):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for row in ({"a": float("nan")}, {"a": object()}, {"a": deep}):
        with pytest.raises(PluginError, match="a row of the log 'labels' cannot be written as JSON: "):
            written.add([row])


# --- the lock ---


def test_a_folder_is_held_by_one_at_a_time_and_free_afterwards(tmp_path):
    assert LOCK == "run.lock"
    with hold(tmp_path):
        with pytest.raises(RunError, match=rf"is in use by this very process \({os.getpid()}\)"), hold(tmp_path):
            pass
        with hold(tmp_path, "other.lock"):
            pass
        code = (
            "import sys; from pathlib import Path; from selfplay_gym.selfplay.storage.lock import hold\n"
            "with hold(Path(sys.argv[1])): pass"
        )
        other = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
        assert f"is in use by process {os.getpid()}: wait for it, or end it with: kill {os.getpid()}" in other.stderr
    assert (tmp_path / LOCK).read_text() == ""
    with pytest.raises(KeyError), hold(tmp_path):
        raise KeyError
    with hold(tmp_path):
        pass


def test_the_process_that_holds_a_folder_is_named(tmp_path):
    code = (
        "import sys; from pathlib import Path; from selfplay_gym.selfplay.storage.lock import hold\n"
        "with hold(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        said = f"{tmp_path} is in use by process {other.pid}: wait for it, or end it with: kill {other.pid}"
        with pytest.raises(RunError, match=f"^{re.escape(said)}$"), hold(tmp_path):
            pass
        other.stdin.close()
    with hold(tmp_path):
        pass


# --- the schema of a state ---

STATE = {"logs": {"metrics": 0}, "settings": ["0" * 64]}
BEST = {"round": 1, "validation_accuracy": 0.5, "checkpoints": {"solver": "solver-01-001"}, "curriculum": {}}


def test_a_state_as_a_run_writes_it(tmp_path):
    assert FOLDERS_OWN == ("logs", "log_sha256", "settings")
    assert LOGS[:2] == ("metrics", "questions")
    for change in (
        {},
        {"best": BEST},
        {"best": {}},
        {"votes": ["1", None]},
        {"settings": ["a" * 64] * 2},
    ):
        check_state({**STATE, **change}, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"other": 1},
        {"logs": {"diary": 0}},
        {"logs": {"metrics": -1}},
        {"logs": {"metrics": 2**53}},
        {"settings": []},
        {"settings": ["0" * 64] * 3},
        {"settings": ["0" * 63]},
        {"settings": ["G" * 64]},
        {"round": -1},
        {"step": 1.5},
        {"phase": None},
        {"checkpoints": {"solver": "../solver-01-001"}},
        {"checkpoints": {"solver": "solver-1-001"}},
        {"checkpoints": {"solver": "x" * 200 + "-01-001"}},
        {"references": {"solver": 3}},
        {"rate_scale": -0.5},
        {"votes": [1]},
        {"hooks": {"guard": []}},
        {"saved": "solver-01-001"},
        {"kept": {"solver-01-001": "x"}},
        {"best": {"round": 1}},
        {"best": {**BEST, "checkpoints": {"solver": "x"}}},
    ],
)
def test_a_state_that_no_run_writes_is_named(tmp_path, change):
    with pytest.raises(DamageError, match=r"state\.json does not hold the state of a run \("):
        check_state({**STATE, **change}, tmp_path / "state.json")


# --- files that somebody names ---


def test_a_file_that_somebody_names_is_plain_and_bounded(tmp_path, monkeypatch):
    (tmp_path / "mine").write_bytes("\ufeffwords".encode())
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    assert read_given(tmp_path / "mine") == read_given(tmp_path / "link") == "words"
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("pipe", "no plain file"), ("nothing", "no such file"), ("a\0b", "no such file")):
        with pytest.raises(ConfigError, match=said):
            read_given(tmp_path / name)
    with pytest.raises(ConfigError, match="no plain file"):
        read_given(Path("/dev/zero"))
    monkeypatch.setattr("selfplay_gym.selfplay.storage.files.LARGEST", 3)
    with pytest.raises(ConfigError, match="more than 3 bytes"):
        read_given(tmp_path / "mine")


def test_a_lock_whose_file_was_removed_is_taken_on_the_new_file(tmp_path, monkeypatch):
    honest, calls = lock._lock, []

    def lock_late(descriptor, path):
        honest(descriptor, path)
        if not calls:  # whoever held it before removes it at this moment, and another process makes it anew
            path.unlink()
            path.write_text("")
        calls.append(path)

    monkeypatch.setattr(lock, "_lock", lock_late)
    with hold(tmp_path, "x.lock", lasting=False):
        assert len(calls) == 2
        assert (tmp_path / "x.lock").read_text() == f"{os.getpid()}\n"


def test_what_cannot_be_made_is_not_called_missing(tmp_path):
    with pytest.raises(RunError, match="cannot be written here"):
        open_file(tmp_path / "nowhere" / "run.lock", os.O_RDWR | os.O_CREAT)
    with pytest.raises(RunError, match="is missing"):
        open_file(tmp_path / "nowhere" / "run.lock", os.O_RDWR)
    (tmp_path / "file").touch()
    for refuse in (make_folder, check_writable):
        with pytest.raises(RunError, match="cannot be written here"):
            refuse(tmp_path / "file" / "below")


def test_looking_whether_something_can_be_written_leaves_nothing(tmp_path):
    (tmp_path / "old").write_text("kept")
    before = (tmp_path / "old").stat().st_mtime_ns
    for name in ("old", "new", "folder/new", "."):
        check_writable(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "kept"
    assert (tmp_path / "old").stat().st_mtime_ns == before
