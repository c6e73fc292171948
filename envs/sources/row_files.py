"""Rows of questions that lie in a file, in a folder, or on the Hub, as objects.

The path itself is looked at first. A file is read by its ending: `.jsonl`, `.json` and `.csv` with the standard
library, `.parquet` with pyarrow. A folder with such files in it goes to `datasets.load_dataset`. What is no path here
and does not look like one is the name of a data set on the Hub; nothing is downloaded for anything else.
"""

from __future__ import annotations

import csv
import io
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, MissingExtraError
from ...core.options.json_rows import is_csv, strict_value
from .hub import from_cache, unreachable

Row = Mapping[str, Any]


def read_rows(source: str, split: str = "test") -> Iterator[tuple[str, Row]]:
    """The rows of a local file or folder, or of a data set on the Hub.

    Args:
        source: a path, or a name as in "openai/gsm8k@main".
        split: of a folder or of a data set on the Hub; a file has no splits.

    Yields:
        where the row stands ("line 3", "row 3"), and the row.

    Raises:
        ConfigError: nothing that can be read is there; says what is.
        MissingExtraError: a Parquet file, a folder or a name on the Hub without the extra `datasets`.
    """
    path, config = Path(source), ""
    mode = _mode(path)
    if mode is None and "@" in source:
        name, _, config = source.partition("@")
        path, mode = Path(name), _mode(Path(name))
    if mode is None:
        if path.suffix.lower() in READERS or source.startswith(("/", "./", "../", "~")) or "\0" in source:
            raise ConfigError(f"no such file: {source!r}; give the path of a file with one row per question: {ENDINGS}")
        return _from_library(f"the data set {source!r}", FROM_HUB, str(path), config, split)
    if stat.S_ISDIR(mode):
        if not _holds_rows(path):
            raise ConfigError(f"{source!r} is a folder without rows of questions; give a file: {ENDINGS}")
        return _from_library(f"the folder {source!r}", "Give a file of it.", str(path), config, split)
    if not stat.S_ISREG(mode):
        raise ConfigError(f"{source!r} is no plain file; give one with a row per question: {ENDINGS}")
    if path.suffix.lower() not in READERS:
        raise ConfigError(f"{source!r} cannot be read by its ending, {path.suffix!r}; {ENDINGS}")
    return READERS[path.suffix.lower()](path)


def _mode(path: Path) -> int | None:
    """What stands at a path, links followed; `None` for nothing.

    Raises:
        ConfigError: that cannot be found out.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a ValueError for characters that no path has
        return None
    except OSError as error:
        raise ConfigError(f"cannot look at {str(path)!r:.200}: {error.strerror}") from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {str(path)!r}: {error.strerror}") from None


def _read_lines(path: Path) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(_content(path).splitlines(), start=1):
        if line.strip():
            where = f"line {number}"
            place = f"{where} of {str(path)!r}"
            yield where, _object(_parsed(line, place, first=number == 1), place)


def _read_list(path: Path) -> Iterator[tuple[str, Row]]:
    rows = _parsed(_content(path), repr(str(path)))
    if not isinstance(rows, list):
        raise ConfigError(f"{str(path)!r} holds {type(rows).__name__}, expected a list of objects, one per question")
    for number, row in enumerate(rows, start=1):
        yield f"row {number}", _object(row, f"row {number} of {str(path)!r}")


def _read_csv(path: Path) -> Iterator[tuple[str, Row]]:
    """Rows below a line of names; all values are texts, as they stand there, and an empty one is none."""
    try:
        text = _content(path).decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        names = next(lines, [])
        if len(set(names)) < len(names):
            raise ValueError("its first line, the names of the columns, has one twice")
        for number, values in enumerate(filter(None, lines), start=1):
            if len(values) != len(names):
                raise ValueError(f"row {number} has {len(values)} values for {len(names)} columns")
            yield f"row {number}", {name: value for name, value in zip(names, values, strict=True) if value}
    except (ValueError, csv.Error) as error:
        raise ConfigError(f"{str(path)!r} is not CSV that can be read: {error}") from None


def _read_parquet(path: Path) -> Iterator[tuple[str, Row]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "datasets", f"the file {str(path)!r}") from None
    try:
        rows = parquet.read_table(io.BytesIO(_content(path))).to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        raise ConfigError(f"{str(path)!r} is not Parquet that can be read: {error}") from None
    for number, row in enumerate(rows, start=1):
        yield f"row {number}", row


READERS: dict[str, Callable[[Path], Iterator[tuple[str, Row]]]] = {
    ".jsonl": _read_lines,
    ".json": _read_list,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
"""How a file is read, by its ending."""
FROM_HUB = (
    "Without a network, download the file elsewhere and give its path, as in gsm8k:FILE.jsonl; with one, check the "
    "name, as in openai/gsm8k@main."
)
ENDINGS = f"files are read that end in {', '.join(READERS)}"


def _parsed(raw: bytes, where: str, *, first: bool = True) -> Any:
    try:
        return strict_value(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # also numbers of more digits than Python reads
        csv_too = "it looks like CSV, which is read from a file whose name ends in .csv"
        remedy = csv_too if first and is_csv(raw.decode("utf-8", "replace")) else "mend or remove it"
        raise ConfigError(f"{where} is not JSON that can be read: {error}; {remedy}") from None


def _object(row: Any, where: str) -> Row:
    if not isinstance(row, dict):
        raise ConfigError(f"{where} is {row!r:.80}, expected an object with the fields of one question")
    return row


def _holds_rows(folder: Path) -> bool:
    """Whether files of rows lie where a data set has them; without, the library would look through all of `/`."""
    try:
        return any(file.suffix.lower() in READERS for place in ("*", "data/*") for file in folder.glob(place))
    except OSError as error:
        raise ConfigError(f"cannot look into {str(folder)!r}: {error.strerror}") from None


def _from_library(what: str, remedy: str, name: str, config: str, split: str) -> Iterator[tuple[str, Row]]:
    try:
        from datasets import config as settings
        from datasets import load_dataset
        from huggingface_hub import constants
    except ImportError:
        raise MissingExtraError("datasets", "datasets", what) from None
    if Path(name).exists():
        silent = ""
    elif settings.HF_HUB_OFFLINE:
        silent = "HF_HUB_OFFLINE is set"
    elif silent := unreachable(settings.HF_ENDPOINT):
        silent = f"{settings.HF_ENDPOINT} does not answer ({silent})"
    try:
        with from_cache(settings, constants) if silent else nullcontext():
            loaded: Iterable[Row] = load_dataset(name, config or None, split=split)
    except Exception as error:  # noqa: BLE001 - what others wrote is read by a library with errors of many kinds
        why = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        if silent and isinstance(error, ConnectionError):
            why = f"{silent}, and no copy was found here"
        raise ConfigError(f"cannot load {what} (split {split!r}): {why}. {remedy}") from None
    return ((f"row {number}", row) for number, row in enumerate(loaded, start=1))
