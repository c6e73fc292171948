"""Games are played as they were: the text of each playthrough equals the file that a person has read."""

import difflib
import importlib.util
from pathlib import Path

import pytest

from selfplay_gym.verifiers.sandbox import probe

FOLDER = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("golden_rewrite", FOLDER / "rewrite.py")
rewrite = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rewrite)


@pytest.mark.parametrize("name", sorted(rewrite.GAMES))
def test_a_game_is_played_as_it_was(name):
    if name.startswith("code") and probe().refusal is not None:
        pytest.skip(f"no sandbox here: {probe().refusal}")
    written = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    played = rewrite.playthrough(name)
    changes = difflib.unified_diff(written.splitlines(), played.splitlines(), "written", "played", lineterm="", n=2)
    assert played == written, "\n".join(
        [*changes, f"If the game should be played like this now, run: {rewrite.COMMAND} {name}"]
    )


def test_every_file_is_of_a_game():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(rewrite.GAMES)
