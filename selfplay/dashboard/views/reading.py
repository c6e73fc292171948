"""What of a run has been read, where that is not all of it, and what could not be."""

from __future__ import annotations

from ..reading.run_reader import RunReader
from .parts import Part, part

MB = 2**20


def reading(run: RunReader) -> list[Part]:
    """One part; empty where there is nothing to say."""
    size = sum(reader.size for reader in run.readers.values())
    return [part("reading", share=run.progress, size_mb=size / MB, damaged=run.damaged, failed=run.failed)]
