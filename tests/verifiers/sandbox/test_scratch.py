"""Emptying a scratch folder that a hostile program filled."""

import os

from selfplay_gym.verifiers.sandbox.isolation.scratch import empty


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
        for number in range(1100):  # deeper than Python's recursion and any path may be
            os.mkdir("d", 0o700, dir_fd=here)
            if number % 100 == 0:
                os.mkdir(f"closed-{number}", 0, dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    empty(str(folder))
    assert os.listdir(folder) == []
    assert (outside / "kept").read_text() == "kept"
