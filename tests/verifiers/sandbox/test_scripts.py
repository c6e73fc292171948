"""`run_python`: what a program prints, how it ends, and how that is reported."""

import numpy as np
import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.verifiers.sandbox import SAFE, Limits, call_many, run_python

QUICK = Limits(wall_s=0.4, cpu_s=0.4)


def test_output_exit_code_and_level():
    result = run_python("import sys\nprint(input()[::-1])\nprint('oops', file=sys.stderr)", stdin="abc\n")
    assert (result.status, result.stdout, result.stderr, result.exit_code) == ("ok", "cba\n", "oops\n", 0)
    assert result.detail["isolation"] in SAFE
    assert 0 < result.wall_s < 5
    assert result.memory_mb > 1


def test_an_error_names_its_line():
    result = run_python("def f(x):\n    return 1 / x\n\nprint(f(2))\nf(0)")
    assert (result.status, result.stdout, result.exit_code) == ("error", "0.5\n", 1)
    assert result.detail["line"] == 2
    assert result.detail["error"] == "ZeroDivisionError: division by zero"
    assert "return 1 / x" in result.stderr
    assert "server.py" not in result.stderr, "the traceback shows the program only"


@pytest.mark.parametrize(
    ("code", "status", "exit_code"),
    [
        ("import sys; sys.exit(0)", "ok", 0),
        ("raise SystemExit(7)", "error", 7),
        ("raise SystemExit('words')", "error", 1),
        ("import os; os._exit(3)", "error", 3),
        ("while True: pass", "timeout", None),
        ("import os; os.abort()", "killed", None),
        ("x = bytearray(1 << 32)", "memory", 1),
        ("x = [bytearray(1 << 20) for _ in range(10**6)]", "memory", 1),
        ("print('x' * 300000)", "output_limit", 0),
        ("def f(:", "error", 1),
    ],
)
def test_how_it_ended(code, status, exit_code):
    result = run_python(code, limits=QUICK if status == "timeout" else Limits())
    assert (result.status, result.exit_code) == (status, exit_code), result


def test_a_syntax_error_names_its_line():
    assert run_python("x = 1\ny = = 2").detail["line"] == 2


def test_output_is_cut_at_its_limit_exactly():
    result = run_python("print('x' * 5000, end='')", limits=Limits(output_kb=2))
    assert (result.status, len(result.stdout)) == ("output_limit", 2048)
    assert run_python("print('x' * 2048, end='')", limits=Limits(output_kb=2)).status == "ok"


def test_memory_limit_is_on_top_of_the_interpreter():
    code = "x = bytearray(100 << 20); print(len(x))"
    assert run_python(code, limits=Limits(memory_mb=128)).status == "ok"
    assert run_python(code, limits=Limits(memory_mb=64)).status == "memory"


def test_thread_limit():
    code = "import threading, time\nt = [threading.Thread(target=time.sleep, args=(.05,)) for _ in range(6)]\n"
    code += "[x.start() for x in t]; [x.join() for x in t]; print('all')"
    assert run_python(code, limits=Limits(threads=8)).stdout == "all\n"
    assert run_python(code, limits=Limits(threads=4)).status in ("error", "killed")


def test_scratch_is_empty_at_the_start_of_every_run():
    look = "import os; print(os.listdir('.')); open('left', 'w').write('x'); os.makedirs('a/b/c')"
    assert [run_python(look).stdout for _ in range(3)] == ["[]\n"] * 3


def test_runs_do_not_see_each_other_in_memory():
    run_python("import math, builtins; math.pi = 3; builtins.len = None")
    assert run_python("import math; print(math.pi > 3.1, len('ab'))").stdout == "True 2\n"


def test_random_differs_from_run_to_run_and_hashes_do_not():
    draws = {run_python("import random; print(random.random())").stdout for _ in range(3)}
    assert len(draws) == 3
    assert len({run_python("print(hash('text'))").stdout for _ in range(3)}) == 1


def test_unreadable_output_and_input_pass_through_as_text():
    assert run_python("import sys; sys.stdout.buffer.write(b'a\\xffb')").stdout == "a�b"
    assert run_python("print(len(input()))", stdin="é中\n").stdout == "2\n"
    assert run_python("print(ascii(input()))", stdin="\ud800").status in ("ok", "error")


def test_an_error_is_reported_whatever_the_limits():
    result = run_python("x = 1\n1 / 0", limits=Limits(output_kb=0.1, file_mb=0.0001, result_kb=0.1))
    assert (result.detail["line"], result.detail["error"]) == (2, "ZeroDivisionError: division by zero")


def test_random_is_seeded_afresh_whatever_the_text_says():
    hidden = "import importlib; print(importlib.import_module('ran' + 'dom').random())"
    assert len({run_python(hidden).stdout for _ in range(3)}) == 3


@pytest.mark.parametrize("code", [None, b"print(1)", np.str_("print(1)"), 7])
def test_code_and_input_are_text(code):
    for call in (lambda: run_python(code), lambda: run_python("", stdin=code), lambda: call_many(code, "f", [])):
        with pytest.raises(ConfigError, match="must be a str"):
            call()


@pytest.mark.parametrize(
    "wrong",
    [{"output_kb": 1e12}, {"result_kb": 1e9}, {"wall_s": 1e9}, {"threads": 10**6}, {"memory_mb": float("nan")}],
)
def test_a_limit_beyond_all_sense_is_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Limits(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"wall_s": 0}, {"memory_mb": -1}, {"files": 2.5}, {"cpu_s": float("inf")}, {"threads": True}]
)
def test_limits_are_checked_at_the_door(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Limits(**wrong)
