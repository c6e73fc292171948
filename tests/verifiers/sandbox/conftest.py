"""What the sandbox tests share: which levels can be had, and another user to run as."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

import selfplay_gym
from selfplay_gym.verifiers.sandbox import close, probe

NOBODY = 65534
PACKAGE = pathlib.Path(selfplay_gym.__file__).parent


@pytest.fixture(scope="session", autouse=True)
def _end_servers():
    yield
    close()


@pytest.fixture
def at_level() -> Callable[[str], str]:
    """Gives back a level that can be had here, skips the test where it cannot."""

    def needed(level: str) -> str:
        refusal = probe(level).refusal
        if refusal is not None:
            pytest.skip(refusal)
        return level

    return needed


def _readable_interpreter() -> str | None:
    """A Python of this version that an ordinary user can start."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if os.path.exists(candidate) and _as_nobody([candidate, "-c", "import ctypes"]).returncode == 0:
            return candidate
    return None


def _as_nobody(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
            **options,
        )
    except PermissionError as error:
        return subprocess.CompletedProcess(command, 126, "", str(error))


@pytest.fixture(scope="session")
def run_script() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script with arguments as "root" (whoever tests) or "ordinary" user, importing this checkout."""
    interpreter: list[str | None] = []

    def run(who: str, script: str, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        if who == "me" or os.geteuid() != 0:
            command = [sys.executable, script, *arguments]
            return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
        if not interpreter:
            interpreter.append(_readable_interpreter())
        if interpreter[0] is None:
            pytest.skip("no interpreter of this version that an ordinary user may execute (the one here is private)")
        packages = [path for path in sys.path if path.endswith("-packages")]
        boot = "import site, sys, runpy; [site.addsitedir(p) for p in sys.argv[1].split(':')]; sys.argv = sys.argv[2:]"
        command = [interpreter[0], "-c", f"{boot}; runpy.run_path(sys.argv[0], run_name='__main__')"]
        reachable = _as_nobody([interpreter[0], "-c", f"open({str(PACKAGE / '__init__.py')!r}); open({script!r})"])
        if reachable.returncode != 0:
            pytest.skip(f"an ordinary user cannot read this checkout: {reachable.stderr[-200:]}")
        return _as_nobody([*command, ":".join(packages), script, *arguments], timeout=timeout)

    return run
