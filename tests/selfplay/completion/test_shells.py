"""Tab is pressed in a real bash and a real zsh, and the line they then hold is read."""

import contextlib
import os
import pty
import select
import shutil
import signal
import subprocess
import sys

import pytest

TAB, DUMP = "\t", "\x18"
PREPARE = {
    "bash": """
        bind 'set bell-style none'
        dump() { printf '%%s\\n' "$READLINE_LINE" > '{out}'; READLINE_LINE=; }
        bind -x '"\\C-x": dump'
    """,
    "zsh": """
        autoload -U compinit && compinit -u -d '{folder}/zcompdump'
        setopt no_beep no_always_last_prompt
        dump() { print -r -- "$BUFFER" > '{out}'; BUFFER=; }
        zle -N dump
        bindkey -e
        bindkey '^X' dump
    """,
}
START = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.out = folder / "lines"
        os.mkfifo(self.out)
        prepare = PREPARE[name].replace("{out}", str(self.out)).replace("{folder}", str(folder)).replace("%%", "%")
        (folder / "prepare").write_text(f'{prepare}\neval "$(selfplay-gym completion {name})"\n')
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.environ.update(PATH=f"{folder / 'bin'}:{os.environ['PATH']}", TERM="dumb", PS1="> ", HOME=str(folder))
            os.execvp(START[name][0], START[name])
        self.reader = os.open(self.out, os.O_RDWR | os.O_NONBLOCK)  # a writer of its own: never at its end
        self.shown = b""
        self.type(f". '{folder / 'prepare'}'\n{DUMP}")
        self.line()

    def type(self, text):
        os.write(self.terminal, text.encode())

    def line(self):
        """What stood on the line when it was asked for."""
        found = b""
        while not found.endswith(b"\n"):
            ready, _, _ = select.select([self.reader, self.terminal], [], [], 60)
            assert ready, f"the shell says nothing more:\n{self.shown.decode(errors='replace')[-3000:]}"
            if self.terminal in ready:
                self.shown += os.read(self.terminal, 65536)
            if self.reader in ready:
                found += os.read(self.reader, 65536)
        return found.decode().rstrip("\n")

    def completed(self, text):
        """A line after Tab."""
        self.type(text + TAB + DUMP)
        return self.line()

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.reader)
        os.close(self.terminal)


@pytest.fixture(scope="module", params=START)
def shell(request, tmp_path_factory):
    if shutil.which(request.param) is None:
        assert "CI" not in os.environ, f"continuous integration has no {request.param}: see .ci/zsh"
        pytest.skip(f"no {request.param}")
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "bin").mkdir()
    command = folder / "bin/selfplay-gym"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from selfplay_gym.cli import run; run()' \"$@\"\n")
    command.chmod(0o755)
    for name in ("runs/mine", "runs/second run", "odd/it's", "odd/*star", "odd/a!b", 'odd/say "$x"', "odd/b=c:d"):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.toml").touch()
    started = Shell(request.param, folder)
    yield started
    started.close()


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("selfplay-gym doc", "selfplay-gym doctor "),
        ("selfplay-gym exam ora", "selfplay-gym exam oracle "),
        ("selfplay-gym bench tiny --suite mixed,knig", "selfplay-gym bench tiny --suite mixed,knights "),
        ("selfplay-gym train --preset fro", "selfplay-gym train --preset frontier "),
        ("selfplay-gym train --preset=fro", "selfplay-gym train --preset=frontier "),
        ("selfplay-gym train --set roun", "selfplay-gym train --set rounds="),
        ("selfplay-gym train --set labels.source=symp", "selfplay-gym train --set labels.source=sympy "),
        ("selfplay-gym train --set 'roles.*.grpo.loss", "selfplay-gym train --set 'roles.*.grpo.loss_type="),
        ("selfplay-gym report runs/mi", "selfplay-gym report runs/mine "),
        ("selfplay-gym report runs/se", r"selfplay-gym report runs/second\ run "),
        ("selfplay-gym report no-such-", "selfplay-gym report no-such-"),
    ],
)
def test_tab_completes(shell, typed, line):
    found = shell.completed(typed).rstrip()
    assert found.removesuffix("'") == line.rstrip()  # bash closes a quotation, and one may write on behind it


@pytest.mark.parametrize(
    ("typed", "folder"),
    [
        (r"runs/second\ ", "runs/second run"),
        ('"runs/second ', "runs/second run"),
        ("'runs/second ", "runs/second run"),
        ("runs/'second ", "runs/second run"),
        ("odd/it", "odd/it's"),
        ("'odd/it", "odd/it's"),
        ('"odd/it', "odd/it's"),
        ("odd/\\*", "odd/*star"),
        ("odd/a", "odd/a!b"),
        ("'odd/a", "odd/a!b"),
        ("odd/say", 'odd/say "$x"'),
        ('"odd/say', 'odd/say "$x"'),
        ("odd/b", "odd/b=c:d"),
        ("'odd/b=", "odd/b=c:d"),
    ],
)
def test_what_tab_writes_is_read_as_the_folder(shell, typed, folder):
    """The shell itself is asked what the command would get."""
    found = shell.completed(f"selfplay-gym report {typed}")
    got = subprocess.run(
        [shell.name, "-c", found.replace("selfplay-gym report", "printf '%s|'", 1)],
        capture_output=True,
        text=True,
        cwd=shell.folder,
        check=False,
    )
    assert got.stdout == f"{folder}|", found
