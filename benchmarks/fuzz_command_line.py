"""Every command and every option with what it cannot use: is the answer always one line, and never a traceback?

    python benchmarks/fuzz_command_line.py [--most 5000] [--seed 0] [--processes 20]

In this process, by `cli.main`: each option and argument of each command gets each value of `VALUES`, and every place
for a file gets each of `files` (missing, empty, binary, a folder, a full disk, a path under a file, too long a name,
brackets that look like markup …), one at a time; the rest of the call is small and right. Then a sample of right calls
in processes of their own, with closed and full output, and an output of another encoding.

What is looked for: an exception that reaches the caller; an exit code other than 0 and 2, or 1 for `verify`, which so
tells of lines that it could not read; an error that is not exactly one line; a call that takes longer than `SECONDS`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from selfplay_gym.cli import app, main
from selfplay_gym.core.seeding import python_stream

SECONDS = 60
LONG = {"warmup"}
"""Commands whose right call takes minutes: it is stopped, and that is no fault."""
VALUES = (
    *("", " ", "x", "-1", "0", "1.5", "1e400", "nan", "inf", "-inf", "999999999999999999999999", "٣", "0x10", "none"),
    *("[bold]x[/red]", "m[/x]", ":smile:", "\udcff\udcfe", "é\u0301", "a=b", "=", "a.b.c=1", "*", "**=1", "--", "-"),
    *("tiny(foo=1)", "tiny(", "noisy(accuracy=nan)", "oracle()", "a:b", ":", "os:system", "nothing.here:x"),
    *("openai:x@http://127.0.0.1:9", "mixed,,mixed", "jsonl:", "rg:", "env:", "env:CartPole-v1", "x" * 5000, "+", "a+"),
)
"""For options and arguments that are no files."""
SETTINGS = (
    *(
        "rounds=0",
        "rounds=1e400",
        "rounds=nan",
        "rounds=",
        "rounds=[1]",
        "seed=-1",
        "seed=9e99",
        "env=",
        "env=CartPole-v1",
    ),
    *("roles=1", "roles.x.steps=1", "roles.solver.model=", "roles.solver.model=/dev/null", "roles.solver.samples=1"),
    *("roles.*.grpo.learning_rate=nan", "roles.*.grpo.learning_rate=-inf", "roles.solver.l2_sp=inf", "stages=[]"),
    *(
        "roles.solver.device=cuda:7",
        "compute.device=mps",
        "compute.device=cuda",
        "compute.device=x",
        "compute.dtype=int8",
    ),
    *("compute.threads=-1", "compute.threads=99999", "labels.attempts=1", "labels.attempts=0", "labels.source=x"),
    *("questions.keep_band=[nan,1]", "questions.keep_band=[1,0]", "questions.sources={}", "questions.sources={x=1}"),
    *("questions.count=0", "exam.suites=jsonl:/dev/null", "exam.suites=jsonl:/", "guard.mode=x", "storage.keep=-1"),
    *("guard.thresholds.fall=nan", "guard.thresholds.factor=2", "template=x", "stages=gate,gate", "stages=train(x)"),
    *("x" * 3000, "a" + ".a" * 500 + "=1", "rounds=" + "[" * 3000, "rounds=" + "9" * 5000, "roles.solver.model=a\x07b"),
)
"""For `train --set`."""
SMALL = {
    "train": ("--preset debug --run-dir {new} --set stages=gate --set guard.questions=2 --set exam.questions=2"),
    "warmup": "--output {new} --steps 1",
    "play": "--solver oracle --challenger generator --attempts 2",
    "exam": "oracle --questions 2 --samples 1",
    "list": "verifiers",
    "report": "{run}",
    "review": "{run} --reviewer ann",
    "watch": "{run} --help",  # a right call would not end
    "bench": "oracle --limit 2 --samples 1 --cache {new}",
    "diagnose": "{run} --no-play",
    "ablate": "--preset debug --seeds 1 --variant nothing --folder {new}",
    "league": "{new} --player random-legal --player kuhn-equilibrium --game kuhn --games 2 --matches 1",
    "completion": "bash",
    "export": "math --format datasets --limit 2 --out {new}",
    "push": "{run} --dry-run",
    "leaderboard": "{results} --board {new}/board.jsonl",
    "verify": "{answers} {new}/out.jsonl",
    "doctor": "--help",
}
"""A call of each command that is right and quick; `{…}` stand for files made beforehand."""


@dataclass(frozen=True)
class Fault:
    """A call and what was wrong with its end."""

    call: tuple[str, ...]
    what: str


def files(room: Path) -> dict[str, str]:
    """What stands where a file belongs, by what it is."""
    made = {
        "empty": b"",
        "binary": bytes(range(256)) * 8,
        "utf-16": "{}\n".encode("utf-16"),
        "nested": b"[" * 100_000,
        "number": b"1\n",
        "list": b"[]\n",
        "null line": b"null\n",
        "nan": b'{"question": "x", "reference": NaN, "attempts": ["1"], "answer": Infinity}\n',
        "digits": b'{"question": "x", "attempts": ["1"], "reference": ' + b"9" * 5000 + b"}\n",
        "[bold]m[/red]": b"{}\n",
    }
    room.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (room / name.replace("/", "∕")).write_bytes(content)
    (room / "folder").mkdir(exist_ok=True)
    (room / "loop").symlink_to(room / "loop") if not (room / "loop").is_symlink() else None
    paths = {name: str(room / name.replace("/", "∕")) for name in made}
    return paths | {
        "folder": str(room / "folder"),
        "missing": str(room / "missing"),
        "below a file": str(room / "empty" / "x"),
        "a loop of links": str(room / "loop"),
        "no name": "",
        "too long": str(room / ("n" * 300)),
        "null": "/dev/null",
        "below null": "/dev/null/x/b.json",
        "full disk": "/dev/full",
        "in /proc": "/proc/x/y",
        "[/markup]": str(room / "[") + "/red]",
    }


def right_files(room: Path) -> dict[str, str]:
    """Files that the right calls name."""
    from selfplay_gym.selfplay.run.train import train
    from selfplay_gym.selfplay.settings.presets import preset

    room.mkdir(parents=True, exist_ok=True)
    if not (room / "run" / "state.json").exists():
        small = {"stages": ["generate", "attempt", "label", "evaluate"], "rounds": 1, "questions.count": 4}
        train(preset("debug").replace({**small, "exam.questions": 2, "guard.questions": 2}), room / "run")
    (room / "answers.jsonl").write_text('{"question": "1+1", "reference": "2", "attempts": ["2", "3"]}\n')
    (room / "results.json").write_text("{}")
    return {"run": str(room / "run"), "answers": str(room / "answers.jsonl"), "results": str(room / "results.json")}


def calls(room: Path) -> list[tuple[str, ...]]:
    """Every call that is tried: one thing wrong in each."""
    known, wrong = right_files(room / "right"), files(room / "wrong")
    found: list[tuple[str, ...]] = [(), ("--nothing",), ("",), ("x" * 5000,)]
    for name, command in app.commands.items():
        small = tuple(word.format(**known, new=str(room / "new" / name)) for word in SMALL[name].split())
        found += [(name,), (name, "--nothing"), (name, *small, "one", "two", "three")]
        for parameter in command.params:
            values = _values(parameter, wrong)
            for value in values:
                if isinstance(parameter, click.Option):
                    flag = max(parameter.opts, key=len)
                    found.append((name, *small, flag) if parameter.is_flag else (name, *small, flag, value))
                else:
                    found.append((name, *_with_argument(command, small, parameter, value)))
    return list(dict.fromkeys(found))


def _values(parameter: click.Parameter, wrong: dict[str, str]) -> list[str]:
    if isinstance(parameter.type, click.Path):
        return [*wrong.values(), "[bold]x[/red]"]
    if parameter.name == "settings":
        return [*SETTINGS, *VALUES]
    files_too = [wrong["folder"], wrong["empty"], wrong["missing"]]
    return [*VALUES, *files_too, f"jsonl:{wrong['binary']}", f"jsonl:{wrong['nested']}", f"jsonl:{wrong['folder']}"]


def _with_argument(
    command: click.Command, small: tuple[str, ...], parameter: click.Parameter, value: str
) -> tuple[str, ...]:
    """The small call with one of its arguments replaced."""
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    place = arguments.index(parameter)  # the small calls begin with their arguments
    return (*small[:place], value, *small[place + 1 :])


class TooLong(BaseException):
    """A call that does not come back."""


def _too_long(_: int, __: FrameType | None) -> NoReturn:
    raise TooLong


def try_call(call: tuple[str, ...]) -> Fault | None:
    """Call the command line in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    previous = signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(call))
    except TooLong:
        return None if call[0] in LONG else Fault(call, f"took more than {SECONDS} s")
    except BaseException:  # noqa: BLE001 - what is looked for
        return Fault(call, traceback.format_exc(limit=-4))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    err.flush()
    said = err.buffer.getvalue().decode("utf-8", "replace")  # type: ignore[attr-defined]
    return _judged(call, code, said)


def _judged(call: tuple[str, ...], code: int, said: str) -> Fault | None:
    if not _expected(call, code):
        return Fault(call, f"exit code {code}: {said[-300:]}")
    lines = [line for line in said.splitlines() if line.startswith("error: ")]
    if "Traceback" in said:
        return Fault(call, said[-600:])
    if code == 2 and call and (len(lines) != 1 or said.splitlines()[-1] != lines[0]):
        return Fault(call, f"not one line: {said[-600:]!r}")
    return None


def _expected(call: tuple[str, ...], code: int) -> bool:
    return code in (0, 2) or (code == 1 and call[:1] == ("verify",))


def try_process(call: tuple[str, ...], around: str, **options: Any) -> Fault | None:
    """Call it in a process of its own, with `around` set up by the shell: "{}" stands for the call."""
    import shlex

    line = around.format(shlex.join([sys.executable, "-m", "selfplay_gym.cli", *call]))
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=4 * SECONDS, check=False, **options)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    if "Traceback" in said or "Exception ignored" in said or not _expected(call, done.returncode):
        return Fault((around, *call), f"exit code {done.returncode}: {said[-600:]}")
    return None


AROUND = (
    "{} >&-",
    "{} >/dev/full",
    "{} | true",
    "{} 2>/dev/full >/dev/full; exit 2",
    "PYTHONIOENCODING=cp1252 {} >/dev/null",
    "PYTHONIOENCODING=ascii:strict {} >/dev/null",
    "{} <&-",
)
"""What a shell may do to a command's streams."""


def processes(room: Path, most: int, seed: int) -> Iterator[Fault | None]:
    """Right calls with streams that do not work, and in a folder that an ordinary user may only read."""
    known = right_files(room / "right")
    cheap = ("list", "report", "play", "exam", "verify", "bench")
    rights = [
        (name, *(word.format(**known, new=str(room / "processes" / name)) for word in SMALL[name].split()))
        for name in cheap
    ]
    pairs = [(call, around) for call in rights for around in AROUND]
    for call, around in python_stream(seed, "fuzz processes").sample(pairs, min(most, len(pairs))):
        yield try_process(call, around)
    yield from disks(room, known["answers"])


def disks(room: Path, answers: str) -> Iterator[Fault | None]:
    """Right calls that write to a full disk, and to one that can only be read; nothing where none may be mounted."""
    disk = room / "disk"
    disk.mkdir(exist_ok=True)
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        return
    train = ("train", *SMALL["train"].format(new=disk / "run").split())
    for options in ("size=16k", "ro"):
        around = f"unshare -m bash -c 'mount -t tmpfs -o {options} tmpfs {disk} && exec \"$@\"' - {{}}"
        for call in (("verify", answers, str(disk / "out.jsonl")), train):
            yield try_process(call, around)


def fuzz(room: Path, most: int, seed: int, without: Collection[str] = ()) -> Iterator[Fault | None]:
    """A sample of all calls in this process, of all commands but some."""
    found = [call for call in calls(room) if not call or call[0] not in without]
    rng = python_stream(seed, "fuzz command line")
    here = os.getcwd()
    (room / "here").mkdir(exist_ok=True)
    os.chdir(room / "here")
    try:
        for call in rng.sample(found, min(most, len(found))):
            yield try_call(call)
    finally:
        os.chdir(here)


def run() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=20)
    options = parser.parse_args()
    begun, tried, wrong = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        for part in (fuzz(room, options.most, options.seed), processes(room, options.processes, options.seed)):
            for fault in part:
                tried += 1
                if fault is not None:
                    wrong += 1
                    print(f"{[word[:80] for word in fault.call]}\n    {fault.what}", flush=True)
    print(f"{tried} calls, {wrong} answered wrongly; {(time.monotonic() - begun) / 60:.1f} minutes")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    run()
