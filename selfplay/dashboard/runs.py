"""The runs in the folders that are watched, each under a key that is looked up and never becomes part of a path."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MARKS = ("config.toml", "state.json", "metrics.jsonl")
"""A folder that holds one of these is a run."""
DEEPEST = 4
"""How far below a given folder runs are looked for."""
MOST_RUNS = 2_000
"""Runs that are listed at most; the newest ones would be as good as any."""
FRESH_S = 2.0
"""How long a look at the folders holds at least."""
EFFORT = 50
"""A look that took t seconds holds for 50 t, so that looking takes 2 % of the time."""


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run is.

    Attributes:
        key: names it in addresses: letters, digits, dots and dashes.
        name: its path below the given folder, for people.
        path: its folder.
    """

    key: str
    name: str
    path: Path


class Library:
    """The runs below some folders, looked for anew every two seconds at most, and less often where that takes long.

    Args:
        folders: each a run, or a folder that holds runs at some depth.
        clock: seconds that only grow.
    """

    def __init__(self, folders: Sequence[Path], clock: Callable[[], float] = time.monotonic) -> None:
        self.folders = tuple(folders)
        self._clock, self._again = clock, float("-inf")
        self._runs: dict[str, RunPlace] = {}

    def runs(self) -> Mapping[str, RunPlace]:
        """All runs by their key, in the order of their names."""
        begun = self._clock()
        if begun >= self._again:
            found = sorted(self._found(), key=lambda place: _by_number(place.name))
            self._runs = {place.key: place for place in found}
            self._again = begun + max(FRESH_S, EFFORT * (self._clock() - begun))
        return self._runs

    def find(self, key: str) -> RunPlace | None:
        """The run of a key; `None` if there is none."""
        return self._runs.get(key) or self.runs().get(key)

    def _found(self) -> Iterator[RunPlace]:
        several = len(self.folders) > 1
        for folder in self.folders:
            if is_run(folder) or not folder.exists():  # one that is not there yet will be a run
                yield _place(folder, folder.resolve().name)
                continue
            for path in _below(folder):
                name = path.relative_to(folder).as_posix()
                yield _place(path, f"{folder.resolve().name}/{name}" if several else name)


def is_run(folder: Path) -> bool:
    """Whether a folder holds what a run writes; one that may not be entered is none."""
    try:
        return any((folder / name).is_file() for name in MARKS)
    except OSError:
        return False


def _below(folder: Path) -> Iterator[Path]:
    """The runs below a folder; links are not followed, and nothing is looked for inside a run."""
    waiting, count = [(folder, 0)], 0
    while waiting and count < MOST_RUNS:
        at, depth = waiting.pop()
        try:
            with os.scandir(at) as entries:
                inner = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # gone meanwhile, or not ours to read
        for path in inner:
            if is_run(path):
                count += 1
                yield path
            elif depth + 1 < DEEPEST:
                waiting.append((path, depth + 1))


def _place(path: Path, name: str) -> RunPlace:
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.")[-40:].lstrip("-.")
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:10]
    return RunPlace(f"{readable}-{digest}" if readable else digest, name, path)


def _by_number(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Names in the order in which people count: run-2 before run-10."""
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", name))
