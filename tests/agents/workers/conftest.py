"""A function for workers that lives in a module which other processes can import as well."""

import importlib
import sys

import pytest

SQUARE = """
import os, signal

from selfplay_gym.core.errors import UnknownNameError

class Square:
    def __init__(self, log):
        self.log, self.count = log, 0

    def __call__(self, number):
        self.count += 1
        with open(self.log, "a") as log:
            log.write(f"{os.getpid()} {number} {self.count}\\n")
        if number == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == -1:
            raise UnknownNameError("number", "-1", ["1"])
        if number == -2:
            raise Unsendable(lambda: None)
        return number * number

class Unsendable(Exception):
    pass
"""
"""Squares numbers, and writes down who does; a worker keeps its count from one chunk to the next."""


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    """The class `Square`, in a module that other processes can import as well."""
    folder = tmp_path_factory.mktemp("module")
    (folder / "squaring.py").write_text(SQUARE)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("squaring").Square
    sys.path.remove(str(folder))
    del sys.modules["squaring"]
