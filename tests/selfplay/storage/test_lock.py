"""One process writes to a run folder; the next one is told which, and a dead one holds nothing."""

import os
import subprocess
import sys

import pytest

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.lock import LOCK, hold

HOLDER = """
import sys
from pathlib import Path
from selfplay_gym.selfplay.storage.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_process_is_told_who_holds_the_folder_until_that_one_dies(holder, tmp_path):
    with pytest.raises(RunError, match=rf"in use by process {holder.pid}: .*kill {holder.pid}"), hold(tmp_path):
        pass
    holder.kill()
    holder.wait()
    with hold(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
    assert (tmp_path / LOCK).read_text() == ""


def test_a_run_is_neither_begun_nor_resumed_where_another_process_writes(holder, tmp_path):
    config = preset("debug").replace({"stages": ["gate"], "exam.questions": 2, "guard.questions": 2})
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(RunError, match="in use by process"):
        train(config, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    holder.kill()
    holder.wait()
    train(config, tmp_path)
    with hold(tmp_path), pytest.raises(RunError, match="in use by this very process"):
        train(config, tmp_path, resume=True)
    train(config, tmp_path, resume=True)


def test_a_lock_is_no_way_to_another_file(tmp_path):
    (tmp_path / "precious").write_text("precious")
    for link in (os.symlink, os.link):
        link(tmp_path / "precious", tmp_path / LOCK)
        with pytest.raises(RunError, match=r"run\.lock is"), hold(tmp_path):
            pass
        (tmp_path / LOCK).unlink()
    assert (tmp_path / "precious").read_text() == "precious"


def test_whoever_reads_or_copies_a_held_folder_does_not_free_it(tmp_path):
    with hold(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
        second = subprocess.run(
            [sys.executable, "-c", HOLDER, str(tmp_path)], capture_output=True, text=True, check=False
        )
    assert "in use by process" in second.stderr
    assert second.stdout == ""
