"""How much a program may use."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...core.errors import ConfigError

MOST = {
    "wall_s": 86_400,
    "cpu_s": 86_400,
    "memory_mb": 1 << 20,
    "threads": 1 << 12,
    "open_files": 1 << 16,
    "file_mb": 1 << 20,
    "scratch_mb": 1 << 20,
    "files": 1 << 20,
    "output_kb": 1 << 16,
    "result_kb": 1 << 16,
}
"""The largest value of each bound. Output and results are held in our own memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run. All are enforced from outside the program; none can be raised or caught from inside.

    Raises:
        ConfigError: a bound is not a positive number (a whole one where the type is int), or larger than anything that
            can be meant by it, see `MOST`.
    """

    wall_s: float = 5.0
    """Seconds by the clock; with `call_many`, for each input."""
    cpu_s: float = 4.0
    """Seconds of processor time, all threads together; with `call_many`, times the number of inputs."""
    memory_mb: float = 256.0
    """Address space on top of the bare interpreter's, in MiB."""
    threads: int = 16
    """Threads alive at once, the first included. Other processes cannot be started at all."""
    open_files: int = 32
    """Descriptors open at once."""
    file_mb: float = 8.0
    """Size of any one file, in MiB. At level "landlock" at most `scratch_mb / open_files` (0.5 MiB): no mount counts
    for us there, and files that are open can have been removed."""
    scratch_mb: float = 16.0
    """All of the scratch folder, in MiB."""
    files: int = 256
    """Files and folders in the scratch folder."""
    output_kb: float = 256.0
    """Standard output, and standard error, each, in KiB."""
    result_kb: float = 1024.0
    """One returned value, encoded, in KiB."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            whole = field.type == "int"
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
                raise ConfigError(f"Limits.{field.name} must be a {field.type}, got {value!r}")
            if not 0 < value <= MOST[field.name]:
                raise ConfigError(f"Limits.{field.name} must be in (0, {MOST[field.name]}], got {value!r}")
