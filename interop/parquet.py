"""What writes Parquet files: `pyarrow`, which comes with `datasets`."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..core.errors import MissingExtraError


class PyArrow(NamedTuple):
    """The library, and its part for Parquet."""

    pyarrow: Any
    parquet: Any


def pyarrow_for(form: str) -> PyArrow:
    """`pyarrow` for an export format that is called like the extra which brings it.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("pyarrow", form, f"selfplay-gym export --format {form}") from None
    return PyArrow(pyarrow, parquet)
