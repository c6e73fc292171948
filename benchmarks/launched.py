"""A script that measures itself, in one process or in several: each writes RANK.json, and the worst of them counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def worst(
    script: str,
    arguments: Sequence[str],
    processes: int,
    folder: Path,
    names: Sequence[str],
    environment: Mapping[str, str],
    *,
    quiet: bool = False,
) -> dict[str, list[float]]:
    """Run a script, by torchrun in more than one process; of each name the pair that any process wrote, at its most.

    Args:
        folder: where the script leaves `{name: [first, second]}`, a file per process.
        environment: set besides what is there.
        quiet: whether what it says to stderr is dropped.
    """
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    errors = subprocess.DEVNULL if quiet else None
    subprocess.run([*launcher, script, *arguments], check=True, env={**os.environ, **environment}, stderr=errors)
    found = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return {name: [max(each[name][i] for each in found) for i in (0, 1)] for name in names}
