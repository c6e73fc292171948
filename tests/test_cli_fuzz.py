"""A sample of what no command can use; all of it is benchmarks/fuzz_command_line.py."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[1] / "benchmarks" / "fuzz_command_line.py"


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("fuzz_command_line", FUZZ)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclass looks for itself
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def faults(found):
    return "\n".join(f"{fault.call}: {fault.what}" for fault in found if fault is not None)


def test_what_no_command_can_use_is_one_line(fuzz, tmp_path):
    assert faults(fuzz.fuzz(tmp_path, 40, seed=1, without=("warmup", "ablate"))) == ""


@pytest.mark.skipif(os.name != "posix", reason="a shell sets up the streams")
@pytest.mark.parametrize("around", [0, 1, 2, 4])
def test_streams_that_do_not_work_are_no_traceback(fuzz, around):
    assert faults([fuzz.try_process(("list", "verifiers"), fuzz.AROUND[around])]) == ""


def test_a_call_that_ends_badly_is_found(fuzz, monkeypatch):
    monkeypatch.setattr(fuzz, "main", lambda call: 1 / 0)
    assert "ZeroDivisionError" in fuzz.try_call(("list",)).what
    monkeypatch.setattr(fuzz, "main", lambda call: 3)
    assert "exit code 3" in fuzz.try_call(("list",)).what
    monkeypatch.setattr(fuzz, "main", lambda call: print("error: a\nb", file=sys.stderr) or 2)
    assert "not one line" in fuzz.try_call(("list",)).what
