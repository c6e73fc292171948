"""Emptying a scratch folder that a hostile program filled."""

import contextlib
import os
import subprocess
import sys
import time

import pytest

from selfplay_gym.verifiers.sandbox import Limits, run_python, server
from selfplay_gym.verifiers.sandbox.connection import Server
from selfplay_gym.verifiers.sandbox.isolation import scratch as scratch_module
from selfplay_gym.verifiers.sandbox.isolation.scratch import FolderScratch, empty, holds_more
from selfplay_gym.verifiers.sandbox.levels import LEVELS
from selfplay_gym.verifiers.sandbox.protocol.channel import ChannelReader
from selfplay_gym.verifiers.sandbox.protocol.request import request_for, task_file


def test_anything_is_removed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "lifted-1").mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "broken").symlink_to(folder / "nowhere")
    here = os.open(folder, os.O_RDONLY)
    try:
        for number in range(400):  # deeper than any path may be
            os.mkdir("d" * 20, 0o700, dir_fd=here)
            if number % 100 == 0:
                os.mkdir(f"closed-{number}", 0, dir_fd=here)
            below = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    empty(str(folder))
    assert os.listdir(folder) == []
    assert (outside / "kept").read_text() == "kept"


def nested(folder, levels):
    """The innermost of folders whose path is too long to be opened."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("n" * 200, dir_fd=here)
        below = os.open("n" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    return here


def test_what_is_deep_below_is_counted(tmp_path):
    here = nested(tmp_path, 40)
    for name in "abc":
        os.write(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=here), b"x" * 1000)
    os.close(here)
    assert not holds_more(str(tmp_path), 43, 10**9)
    assert holds_more(str(tmp_path), 42, 10**9)
    assert holds_more(str(tmp_path), 99, 2999)


def test_blocks_beyond_the_end_of_a_file_count(tmp_path):
    with open(tmp_path / "f", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 1 << 20)
        os.ftruncate(file.fileno(), 1 << 20)
    assert holds_more(str(tmp_path), 9, 1 << 19)


CLOSED = """
import os, sys
from selfplay_gym.verifiers.sandbox.isolation.scratch import holds_more
os.mkdir(sys.argv[1] + "/closed", 0o300)
print(holds_more(sys.argv[1], 99, 10**9))
os.rmdir(sys.argv[1] + "/closed")
"""


def test_a_folder_that_cannot_be_listed_counts_as_full(tmp_path, run_script):
    script = tmp_path / "closed.py"
    script.write_text(CLOSED)
    folder = tmp_path / "scratch"
    folder.mkdir()
    for each in (folder, *folder.parents[:3]):
        each.chmod(0o777)
    done = run_script("ordinary", str(script), str(folder))
    if os.geteuid() == 0 and "Permission" in done.stderr:
        pytest.skip("an ordinary user cannot reach the folder of this test")
    assert done.stdout == "True\n", done.stderr


def test_a_growing_file_system_is_looked_at_with_the_program_held_still():
    scratch = FolderScratch(None)
    looks, still = [], True

    @contextlib.contextmanager
    def stopped():
        looks.append("stopped")
        yield still

    try:
        limits = {"files": 9, "scratch_mb": 1}
        scratch.fresh(limits)
        assert not scratch.overfull(limits, stopped)
        assert looks == []
        size, count = scratch._least
        for least in ((size - (2 << 20), count), (size, count - 10)):  # others may have written, too
            scratch._least = least
            assert not scratch.overfull(limits, stopped)
        assert looks == ["stopped"] * 2
        still = False
        assert scratch.overfull(limits, stopped)
    finally:
        scratch.close()


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_stop_is_waited_for_but_not_for_ever(sleeper, monkeypatch):
    watch = server._Watch(sleeper.pid, None, None, {"wall_total_s": 60}, time.monotonic())
    with watch._stopped() as still:
        assert still
        assert os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG)
    monkeypatch.setattr(server.os, "waitid", lambda *asked: None)  # as if it went on after every stop
    with watch._stopped() as still:
        assert not still


def test_others_that_clear_up_make_no_room(monkeypatch):
    scratch, used = FolderScratch(None), [(9 << 20, 90), (1 << 20, 10), (3 << 20, 10), (1 << 20, 20)]
    try:
        monkeypatch.setattr(scratch_module, "_used", lambda folder: used.pop(0))
        scratch.fresh({})
        assert [scratch._grown(9, 1 << 20) for _ in range(3)] == [False, True, True]
    finally:
        scratch.close()


@pytest.mark.parametrize("replacement", [None, "link", "file"])
def test_a_folder_moved_away_while_it_is_counted_is_missed(tmp_path, monkeypatch, replacement):
    (tmp_path / "a").mkdir()

    class Moving:
        """Is moved away between the look at it and its opening."""

        name = "a"

        def stat(self, follow_symlinks):
            status = os.stat(tmp_path / "a")
            os.rename(tmp_path / "a", tmp_path / "b")
            if replacement == "link":
                (tmp_path / "a").symlink_to(tmp_path / "b")
            elif replacement == "file":
                (tmp_path / "a").touch()
            return status

    monkeypatch.setattr(scratch_module.os, "scandir", lambda here: contextlib.nullcontext([Moving()]))
    assert holds_more(str(tmp_path), 9, 10**9) is None


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    outside = tmp_path / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "kept").write_text("kept")
    folder = tmp_path / "scratch"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "link").symlink_to(outside)
    assert not holds_more(str(folder), 2, 10**6)
    empty(str(folder))
    assert sorted(os.listdir(outside)) == ["inner", "kept"]


def test_at_level_landlock_open_files_hold_no_more_than_the_scratch_folder(at_level):
    level = at_level("landlock")
    code = (
        "import os\nkept, total = [], 0\ntry:\n    while True:\n"
        "        kept.append(os.open('f', os.O_CREAT | os.O_RDWR)); os.unlink('f')\n"
        "        try:\n            while True: total += os.write(kept[-1], b'x' * 65536)\n"
        "        except OSError: pass\nexcept OSError: pass\nprint(total)"
    )
    result = run_python(code, isolation=level, limits=Limits(scratch_mb=4, output_kb=64))
    assert 0 < int(result.stdout) <= 4 << 20


def test_a_killed_server_leaves_no_folder_though_a_program_fills_it(at_level):
    """The child dies by the kernel's hand a moment after its server; it must not write into what is being emptied."""
    level = at_level("landlock")
    code = "import os\nn = 0\nwhile True:\n    os.mkdir(f'd{n}'); os.rmdir(f'd{n}'); n += 1"

    def interrupted():
        raise KeyboardInterrupt

    server = Server(LEVELS[level])
    folder = server.facts["scratch"]
    request = request_for(Limits(), runs=1, channel=1 << 14)
    with contextlib.ExitStack() as files:
        channel = ChannelReader(1 << 14)
        files.callback(channel.close)
        task = task_file({"mode": "script", "code": code})
        files.callback(os.close, task)
        nothing = os.open(os.devnull, os.O_RDWR)
        files.callback(os.close, nothing)
        with pytest.raises(KeyboardInterrupt):
            server.run(request, [task, channel.descriptor, nothing, nothing, nothing], interrupted)
        server.kill()
    assert not os.path.exists(folder)
