"""Files of a run: read without following links, replaced whole or not at all, and sealed with a checksum of their own.

A run folder may come from somebody else. What is opened here is a plain file where it is expected to be: a link, a
folder, a pipe or a device in its place is refused before anything is read or written.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from ...core.errors import ConfigError, RunError
from ...core.options.json_rows import HALF

CHECKSUM = "checksum"
"""The key under which a sealed file keeps the SHA-256 of the rest of it."""
LARGEST = 256 * 2**20
"""Bytes of a JSON file read at most."""


class DamageError(RunError):
    """Something in a run folder is not as the run wrote it."""


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of a plain file; a new one can be read by everybody, as the user's umask says.

    Raises:
        DamageError: it is missing, a link, or anything else that is no plain file; or it is to be written and has
            another name elsewhere.
    """
    safe = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    if path.is_symlink():
        raise DamageError(f"{path} is a link; a run keeps plain files, so put the file itself there")
    try:
        descriptor = os.open(path, flags | safe, 0o666)
    except (FileNotFoundError, NotADirectoryError) as error:
        if flags & os.O_CREAT:
            raise _unwritable(path, error) from None
        raise DamageError(f"{path} is missing; the run folder is incomplete") from None
    except IsADirectoryError:
        raise DamageError(f"{path} is a folder, where a file belongs") from None
    found = os.fstat(descriptor)
    wanted = "no plain file, where one belongs"
    if stat.S_ISREG(found.st_mode):
        if not flags & (os.O_WRONLY | os.O_RDWR) or found.st_nlink == 1:
            return descriptor
        wanted = f"one of {found.st_nlink} names of a file: writing there would change the others; put a copy there"
    os.close(descriptor)
    raise DamageError(f"{path} is {wanted}")


def make_folder(path: Path) -> None:
    """Make a folder to write into, with those above it, unless it is there.

    Raises:
        RunError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None


def check_writable(path: Path) -> None:
    """Whether a file or folder can be written at a path, before the work for it is done; nothing is left there.

    Raises:
        RunError: it cannot; says why.
    """
    try:
        if path.is_file():
            with path.open("r+b"):
                return
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        with tempfile.TemporaryFile(dir=there):
            return
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> RunError:
    return RunError(f"{path} cannot be written here ({error.strerror}); choose a place that can be written to")


def read_bytes(path: Path) -> bytes:
    """The content of a plain file.

    Raises:
        DamageError: see `open_file`; or it is far larger than anything a run writes there.
    """
    with open(open_file(path), "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DamageError(f"{path} has more than {LARGEST} bytes; no run writes such a file")
    return content


def read_given(path: Path) -> str:
    """The text of a file that somebody named, which may be a link; a byte order mark is no part of it.

    Raises:
        ConfigError: no such file, no plain file, far too large, or not UTF-8.
    """
    if not path.is_file():
        there = "\0" not in str(path) and os.path.lexists(path)
        raise ConfigError(f"{'no plain file' if there else 'no such file'}: {str(path)!r}")
    if path.stat().st_size > LARGEST:
        raise ConfigError(f"{str(path)!r} has more than {LARGEST} bytes, far more than such a file holds")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{str(path)!r} is not UTF-8 text: byte {error.start}") from None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DamageError: the file is missing, no plain file, or holds something else.
    """
    return json_object(read_bytes(path), str(path))


def json_object(content: bytes, where: str) -> dict[str, Any]:
    """One JSON object; `where` names it in errors.

    Raises:
        DamageError: it is something else; names the byte.
    """
    try:
        value = _decoded(content)
    except json.JSONDecodeError as error:
        raise DamageError(
            f"{where} is not valid JSON at byte {error.pos} ({error.msg}); the run folder is damaged"
        ) from None
    except (ValueError, RecursionError) as error:
        raise DamageError(f"{where} is not valid JSON ({error}); the run folder is damaged") from None
    if not isinstance(value, dict):
        raise DamageError(f"{where} should hold a JSON object, got {type(value).__name__}; the run folder is damaged")
    return value


def _decoded(content: bytes) -> Any:
    """As the standard library reads it, and five times as fast: long logs take as long to read as to parse."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # what it refuses may be JSON of older versions
        return json.loads(content, parse_constant=_no_number)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def as_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as JSON lines that every reader takes: valid Unicode throughout."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode("utf-8", "replace")


def json_line(row: Mapping[str, Any]) -> str:
    """A row as one line of JSON in valid Unicode: half a surrogate pair, which a model may write, as its escape.

    Raises:
        TypeError, ValueError, RecursionError: the row is no JSON.
    """
    text = json.dumps(row, ensure_ascii=False, allow_nan=False)
    return HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text) + "\n"


def write_sealed(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON file atomically; it ends in a checksum of itself."""
    write_text(path, sealed(value))


def read_sealed(path: Path) -> dict[str, Any]:
    """A JSON object without its checksum. A file of a version that wrote none is read as it is: see `is_sealed`.

    Raises:
        DamageError: as `read_json`; or a byte of it was changed.
    """
    content = read_bytes(path)
    value = json_object(content, str(path))
    if CHECKSUM in value:
        del value[CHECKSUM]
        if sealed(value).encode("utf-8", "surrogatepass") != content:
            raise DamageError(f"{path} does not match its own checksum; the run folder is damaged")
    return value


def is_sealed(path: Path) -> bool:
    """Whether a JSON file has a checksum of itself."""
    return CHECKSUM in read_json(path)


def sealed(value: Mapping[str, Any]) -> str:
    """The text of a JSON file with its checksum at the end."""
    return _text({**value, CHECKSUM: sha256(_text(value).encode("utf-8", "surrogatepass")).hexdigest()})


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON file atomically; see `write_text`."""
    write_text(path, _text(value))


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically: readers see the old file or the new one, never a part. Links are not followed."""
    draft = path.with_name(path.name + ".draft")
    remove(draft)  # a killed process may have left it; a link there is removed, not followed
    with open(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(text.encode("utf-8", "surrogatepass"))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove whatever stands there; nothing if there is none. A link is not followed, and a pipe is not opened."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a rename survives a power cut (POSIX only; elsewhere a no-op)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
