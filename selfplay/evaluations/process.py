"""An evaluation in a process of its own, on copies of the weights, which the run may meanwhile overwrite or drop.

python -m selfplay_gym.selfplay.evaluations.process RUN NAME

It ends with the run, however that ends: its standard input is a pipe from the run, and the end of that is its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from ...core.errors import RunError
from ..settings.files import stored_config
from ..storage.files import write_text
from ..storage.run_folder import RunFolder
from .hold import FOLDER, Occasion, hold
from .page import write_page

ORDER = "order.json"
LOG = "log.txt"


def prepare(run: Path, occasion: Occasion) -> None:
    """Put what the process needs into `evaluations/NAME/`: links to the weights where the disk has links, and when."""
    folder = run / FOLDER / occasion.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for role, path in occasion.checkpoints.items():
        shutil.copytree(path, folder / role, copy_function=_link)
    order = {**asdict(occasion), "checkpoints": sorted(occasion.checkpoints)}
    write_text(folder / ORDER, json.dumps(order) + "\n")


def unfinished(run: Path) -> list[str]:
    """The names of evaluations that were prepared and not held to their end, in order."""
    return sorted(path.parent.name for path in (run / FOLDER).glob(f"*/{ORDER}"))


def start(run: Path, name: str) -> subprocess.Popen[bytes]:
    """Start one that was prepared; what it prints goes to `evaluations/NAME/log.txt`."""
    with (run / FOLDER / name / LOG).open("wb") as log:
        command = [sys.executable, "-m", __name__, str(run), name]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)


def finish(run: Path, name: str, process: subprocess.Popen[bytes]) -> None:
    """Wait for its end.

    Raises:
        RunError: it failed; says why, and what it left.
    """
    if _waited(process):
        log = run / FOLDER / name / LOG
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
        last = said[-1] if said else f"it ended with {process.returncode}"
        raise RunError(f"the evaluation {name} failed: {last}; see {log}, and resume the run to hold it again")


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it; what it was to do is prepared on disk, and a resumed run starts it again."""
    process.kill()
    _waited(process)


def _waited(process: subprocess.Popen[bytes]) -> int:
    code = process.wait()
    if process.stdin is not None:  # its end before that of the process would be the end of the process
        process.stdin.close()
    return code


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def _end_with_the_run() -> None:
    """Wait for the end of standard input; a resumed run holds the evaluation again."""
    os.read(sys.stdin.fileno(), 1)  # not by its buffer, whose lock the interpreter wants when it ends
    os._exit(1)


def main(run: Path, name: str) -> None:
    """Hold an evaluation that was prepared, and take away what it needed."""
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    import torch

    torch.set_num_threads(stored_config(RunFolder.found(run)).compute.threads or torch.get_num_threads())
    folder = run / FOLDER / name
    order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    hold(run, Occasion(**{**order, "checkpoints": {role: folder / role for role in order["checkpoints"]}}))
    write_page(run)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
