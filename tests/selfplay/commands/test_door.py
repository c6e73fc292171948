"""Whatever ends a command badly outside this package is one line and an exit code; our own mistakes are not hidden."""

import errno
import io
import os
import signal
import subprocess
import sys

import click
import pytest
from safetensors import SafetensorError

from selfplay_gym.cli import app, main
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.interrupts import Stopped, answer_while_importing
from selfplay_gym.selfplay.commands.door import Carried, leave
from selfplay_gym.selfplay.terminal import Terminal


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConfigError("rounds must be >= 1,\n got 0"), "rounds must be >= 1, got 0"),
        (OSError(errno.ENOSPC, "No space left on device", "/runs/x"), "'/runs/x': No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "'/x': Permission denied; is it yours"),
        (Carried(), "Traceback"),
        (ModuleNotFoundError("No module named 'torch'", name="torch.nn"), "pip install selfplay-gym\n"),
        (ModuleNotFoundError("", name="stable_baselines3"), "pip install selfplay-gym\n"),
        (ModuleNotFoundError("", name="of_a_plugin.part"), "pip install of-a-plugin\n"),
        (SafetensorError("header too large"), "weights cannot be read or written: header too large"),
        (UnicodeEncodeError("charmap", "∑", 0, 1, "no"), "text that cannot be read or written"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), "text that cannot be read or written"),
        (MemoryError(), "not enough memory"),
        (RecursionError(), "nested too deeply"),
        (click.UsageError("no such option"), "no such option"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_of_the_outside_is_one_line_and_exit_code_two(error, says, capsys):
    if isinstance(error, Carried):
        with pytest.raises(Carried):
            leave(raising(error))
        return
    assert leave(raising(error)) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert shown.count("\n") == 1
    assert says in shown


@pytest.mark.parametrize("error", [KeyError("x"), AttributeError("x"), ImportError("no name")])
def test_a_mistake_of_ours_shows_its_traceback(error):
    with pytest.raises(type(error)):
        leave(raising(error))


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (click.Abort(), 130, "interrupted\n"),
        (Stopped(signal.SIGINT), 130, "interrupted\n"),
        (Stopped(signal.SIGTERM), 143, "terminated\n"),
    ],
)
def test_an_interrupt_is_one_line_and_its_own_exit_code(error, code, says, capsys):
    assert leave(raising(error)) == code
    assert capsys.readouterr().err == says


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_that_comes_out_of_a_library_as_something_else_is_one(number, code, capsys):
    def command():
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            raise ImportError("initialisation failed") from None

    before = signal.getsignal(number)
    assert leave(command) == code
    assert signal.getsignal(number) is before
    assert capsys.readouterr().err.count("\n") == 1


def test_an_interrupt_inside_a_command_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(app.commands["doctor"], "callback", raising(KeyboardInterrupt()))
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_terminal_shows_brackets_and_colons_as_they_are(capsys):
    Terminal().print("run m[/red]x [bold]y :smile:", soft_wrap=True)
    assert capsys.readouterr().out == "run m[/red]x [bold]y :smile:\n"


@pytest.mark.skipif(os.name != "posix", reason="pipes as in a shell")
def test_a_reader_who_leaves_ends_nothing():
    program = (
        "import time\nfrom selfplay_gym.selfplay.terminal import Terminal\nconsole = Terminal()\n"
        "for _ in range(2000): console.print('x' * 70)\nimport sys; sys.stderr.write('done')"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"done")


@pytest.mark.parametrize(
    ("arguments", "ours"),
    [
        (["python", "-m", "selfplay_gym.cli", "list"], True),
        (["python", "/usr/bin/selfplay-gym", "list"], True),
        (["python", "-m", "pytest"], False),
        (["python", "-c", "import selfplay_gym"], False),
    ],
)
def test_only_our_own_process_answers_while_importing(arguments, ours, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    try:
        answer_while_importing(arguments)
        assert (signal.getsignal(signal.SIGINT) is not before) is ours
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("columns", ["0", "-3", "x", "", "²", "1e3", "9" * 50])
def test_a_width_that_no_terminal_has_is_none(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", columns)
    Terminal().print("shown")
    assert capsys.readouterr().out == "shown\n"
    monkeypatch.setenv("COLUMNS", "33")
    assert Terminal().width == 33


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_a_character_that_the_output_does_not_have_becomes_a_question_mark(errors, monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", errors=errors))
    assert leave(lambda: print("✓ \ud800")) == 0
    assert raw.getvalue() == b"? ?\n"


@pytest.mark.parametrize("library", ["numpy", "gymnasium", "click"])
def test_without_what_everything_needs_there_is_one_line(library, tmp_path):
    hide = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == {library!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    (tmp_path / "sitecustomize.py").write_text(hide)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(
        [sys.executable, "-m", "selfplay_gym.cli", "list"], capture_output=True, text=True, env=environment,
        cwd=tmp_path, check=False, timeout=120,
    )  # fmt: skip
    wanted = f"error: selfplay_gym needs {library!r}, which is not installed: pip install selfplay-gym\n"
    assert (done.returncode, done.stderr) == (2, wanted)
