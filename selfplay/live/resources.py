"""What a run uses of the machine at this moment: processor, memory, GPU, disk. Read, never computed for.

`psutil` says it where it is installed, `/proc` on Linux, and otherwise nobody: then it is `None`.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

MB = 2**20
SIZE_EVERY = 5
"""Measurements from one look at the size of the run folder to the next."""


class Resources:
    """Measures this process, and the disk of a run folder.

    Args:
        folder: the run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last = time.perf_counter(), time.process_time()
        self._looks, self._size = 0, 0.0

    def measure(self) -> dict[str, Any]:
        """`cpu_percent` since the last call (100 is one core), `memory_mb`, `threads`, `gpu`, `disk_free_mb` and
        `run_mb`; `None` for what cannot be known."""
        now = time.perf_counter(), time.process_time()
        (wall, cpu), self._last = (now[0] - self._last[0], now[1] - self._last[1]), now
        memory, threads = _process()
        if self._looks % SIZE_EVERY == 0:
            self._size = _bytes_below(self.folder) / MB
        self._looks += 1
        return {
            "cpu_percent": round(100 * cpu / wall, 1) if wall > 0 else None,
            "memory_mb": memory,
            "threads": threads,
            "gpu": gpus(),
            "disk_free_mb": _free(self.folder),
            "run_mb": round(self._size, 1),
        }


def gpus() -> list[dict[str, Any]]:
    """The GPUs that torch uses in this process: `name`, `percent` busy, `memory_mb` in use, `total_mb`. Nothing is
    imported, and no device is woken up, to find out."""
    torch: Any = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    try:
        if cuda is None or not cuda.is_initialized():
            return []
        return [_gpu(cuda, number) for number in range(cuda.device_count())]
    except Exception:  # noqa: BLE001 - a driver that fails here is none of the run's business
        return []


def _gpu(cuda: Any, number: int) -> dict[str, Any]:
    properties = cuda.get_device_properties(number)
    try:
        percent, used = cuda.utilization(number), cuda.device_memory_used(number)
    except Exception:  # noqa: BLE001 - without pynvml, or where the driver does not tell: what torch itself holds
        percent, used = None, cuda.memory_reserved(number)
    return {
        "name": properties.name,
        "percent": percent,
        "memory_mb": round(used / MB),
        "total_mb": round(properties.total_memory / MB),
    }


def _process() -> tuple[float | None, int | None]:
    """Resident memory in MB, and threads, of this process."""
    try:
        import psutil
    except ImportError:
        return _proc()
    process = psutil.Process()
    return round(process.memory_info().rss / MB, 1), int(process.num_threads())


def _proc() -> tuple[float | None, int | None]:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        found = {name: words.split() for name, _, words in (line.partition(":") for line in lines)}
        return round(int(found["VmRSS"][0]) / 1024, 1), int(found["Threads"][0])
    except (OSError, KeyError, ValueError, IndexError):
        return None, None


def _free(folder: Path) -> float | None:
    try:
        return round(shutil.disk_usage(folder).free / MB)
    except OSError:
        return None


def _bytes_below(folder: Path) -> int:
    """Bytes of the files in a folder and below it; those that go meanwhile are left out."""
    total, waiting = 0, [str(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_size
    return total
