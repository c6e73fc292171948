"""`selfplay-gym push`: a model of a run with its card, or its questions, to a hub; or what would go there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from ...core.errors import ConfigError, MissingExtraError, RunError, short
from ..storage.run_folder import RunFolder
from ..trackers.redact import redacted
from .outgoing import Outgoing, in_order, model_files, total
from .questions import question_files

PACKAGE = __name__.partition(".")[0]
LEAST_S, SLOWEST = 60.0, 2**18
"""How long a push may take: so many seconds, and what its files need at so many bytes a second."""
LONGEST = 96
"""Characters in the name of a repository, or of its owner."""
MODEL, DATASET = "model", "dataset"


def push(
    run_dir: Path,
    *,
    repo: str | None = None,
    private: bool = False,
    checkpoint: str = "best",
    questions: bool = False,
    dry_run: bool = False,
    timeout: float | None = None,
    console: Console,
) -> str | None:
    """Send a checkpoint of a run, or its questions, to the hub; the address of the repository.

    Args:
        repo: "NAME" of the user who is logged in, or "OWNER/NAME"; left out, the name of the folder.
        private: whether only its owner can read it; one that is there already and public is refused.
        checkpoint: "best", "last" or a name.
        questions: send the questions as a data set, and no model.
        dry_run: only show the files; asks nobody, and returns `None`.
        timeout: seconds after which it is given up; `None` is a minute, and what the files need at 256 KiB a second.

    Raises:
        ConfigError: no such checkpoint, or a name that no repository can have.
        MissingExtraError: `huggingface_hub` is not there.
        RunError: the folder is damaged, or the hub did not take the files; nothing was committed there.
    """
    folder, name = RunFolder.open(run_dir), _repository(repo, run_dir, questions)
    with tempfile.TemporaryDirectory(prefix="selfplay-push-") as place:
        found = question_files(folder, Path(place)) if questions else model_files(folder, checkpoint)
        job = {"repo": name, "type": DATASET if questions else MODEL, "private": private}
        return _pushed(job, list(in_order(found)), dry_run, timeout, console)


def _pushed(
    job: dict[str, Any], files: Sequence[Outgoing], dry_run: bool, timeout: float | None, console: Console
) -> str | None:
    """Show the files, and send them."""
    for one in files:
        console.print(f"{_size(one.size):>10}  {one.name}", soft_wrap=True)
    where = f"the {'private ' if job['private'] else ''}{job['type']} repository {job['repo']}"
    console.print(f"{_size(total(files)):>10}  {'would go' if dry_run else 'going'} to {where}", soft_wrap=True)
    if dry_run:
        return None
    if find_spec("huggingface_hub") is None:
        raise MissingExtraError("huggingface_hub", None, "pushing to a hub")
    deadline = LEAST_S + total(files) / SLOWEST if timeout is None else timeout
    url = _sent({**job, "message": "A run of selfplay-gym", "files": [_as_json(one) for one in files]}, deadline)
    console.print(f"Pushed: {url}", soft_wrap=True)
    return url


def _sent(job: dict[str, Any], deadline: float) -> str:
    """Have another process send the files, and end it if that takes too long; see `upload`."""
    environment = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-m", f"{PACKAGE}.selfplay.sharing.upload"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env=environment, start_new_session=True,
    ) as sender:  # fmt: skip
        try:
            answer, complaints = sender.communicate(json.dumps(job), timeout=deadline)
        except subprocess.TimeoutExpired:
            raise RunError(
                f"the hub had not taken the files after {deadline:.0f} seconds: push again, or give it more --timeout"
            ) from None
        finally:
            sender.kill()
    try:
        said = json.loads(answer)
    except json.JSONDecodeError:
        last = ([line for line in complaints.splitlines() if line.strip()] or ["it said nothing"])[-1]
        raise RunError(f"pushing failed: {redacted(last.strip())}") from None
    if "url" not in said:
        raise RunError(f"pushing failed: {said.get('error')}")
    return str(said["url"])


def _as_json(one: Outgoing) -> dict[str, str]:
    if isinstance(one.content, Path):
        return {"name": one.name, "path": str(one.content.absolute())}
    return {"name": one.name, "text": one.content.decode()}


def _repository(repo: str | None, run_dir: Path, questions: bool) -> str:
    """The name of the repository.

    Raises:
        ConfigError: no repository can have it.
    """
    if repo is None:
        own = re.sub(r"[^A-Za-z0-9._-]+|\.\.+|--+", "-", run_dir.resolve().name).strip("-._")
        return f"{own[:80] or 'selfplay-run'}{'-questions' if questions else ''}"
    why = _broken_rule(repo)
    if why is not None:
        raise ConfigError(f"--repo {why}, got {short(repo)}")
    return repo


def _broken_rule(repo: str) -> str | None:
    """Which rule for the names of repositories a name breaks; `None` for none."""
    owner, slash, name = repo.rpartition("/")
    if "/" in owner or (slash and not (owner and name)) or not name:
        return "is NAME or OWNER/NAME"
    if not re.fullmatch(r"[\w.-]+", owner + name, re.ASCII):
        return "is NAME or OWNER/NAME of the letters a to z and A to Z, digits, '-', '_' and '.'"
    if max(len(owner), len(name)) > LONGEST:
        return f"has at most {LONGEST} characters on each side of '/'"
    for mark in ("--", ".."):
        if mark in repo:
            return f"must not have {mark!r} in it"
    if repo.endswith(".git"):
        return "must not end in '.git'"
    if any(part[0] in "-." or part[-1] in "-." for part in (owner, name) if part):
        return "must not have '-' or '.' at the beginning or end of a name"
    return None


def _size(count: int) -> str:
    """Bytes, for people."""
    shown = float(count)
    for unit in ("B", "KiB", "MiB"):
        if shown < 1024:
            return f"{shown:.0f} {unit}" if unit == "B" else f"{shown:.1f} {unit}"
        shown /= 1024
    return f"{shown:.1f} GiB"
