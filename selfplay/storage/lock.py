"""One process at a time: a folder that is written to is held from the first write to the last.

The lock is the kernel's (`flock`): it is gone as soon as its process is, however that ended. It belongs to the open
file and not to the process, as a POSIX record lock would, so no other look at the file can drop it, and a second
attempt in the same process is refused as well.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...core.errors import RunError
from .files import open_file

try:
    import fcntl
except ImportError:  # Windows: two processes are not kept apart there
    fcntl = None  # type: ignore[assignment]

LOCK = "run.lock"
"""The file in a held folder; it holds the process id of the holder, and nothing when nobody holds it."""


@contextmanager
def hold(folder: Path, name: str = LOCK, *, lasting: bool = True) -> Iterator[None]:
    """Keep every other process out of `folder` for as long as the context lasts.

    Args:
        name: of the file that is locked, and stays there unless not `lasting`: then it goes with the lock.

    Raises:
        RunError: somebody else holds it; names the process.
    """
    path = folder.resolve() / name
    descriptor = _locked(path)
    try:
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
            yield
        finally:
            os.ftruncate(descriptor, 0)
            if not lasting:
                path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    """A descriptor of the locked file. Whoever held it before may have removed it meanwhile: then another is made."""
    while True:
        descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
        try:
            _lock(descriptor, path)
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        held = path.parent if path.name == LOCK else path.with_suffix("")
        if holder == str(os.getpid()):
            raise RunError(f"{held} is in use by this very process ({holder}); let that end first") from None
        raise RunError(f"{held} is in use by process {holder}: wait for it, or end it with: kill {holder}") from None
