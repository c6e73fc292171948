"""placeholder"""

from __future__ import annotations

import os

from .queue_index import Entry, QueueIndex


def why_closed(index: QueueIndex) -> str | None:
    return None if os.access(index.log.path, os.W_OK) else "read-only"


def why_too_late(index: QueueIndex, entry: Entry) -> str | None:
    return None
