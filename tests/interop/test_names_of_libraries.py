"""A library that has the name of one of our folders is not looked for in the checkout, however pytest is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).resolve().parent


@pytest.mark.parametrize("before", [[], ["."]], ids=["python -m pytest", "PYTHONPATH=."])
def test_our_folder_is_not_taken_for_the_library(before):
    places = [*before, *(place for place in sys.path if place)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--collect-only",
        "tests/interop/verifiers",
    ]
    found = subprocess.run(
        command,
        env={**environment, "PYTHONPATH": os.pathsep.join(places)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert found.returncode in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED), found.stdout
    assert "relative import" not in found.stdout
