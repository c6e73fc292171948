"""Whether the Hub answers, before the library `datasets` asks it: the library tries six times, for half a minute.

Without an answer it looks into its cache alone, as with `HF_HUB_OFFLINE=1`. What the Hub answers is the library's
business, and so is a certificate or an address that is wrong.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from types import ModuleType
from urllib.error import HTTPError, URLError
from urllib.request import Request, getproxies, urlopen

PATIENCE_S = 10.0
"""How long an answer is waited for: as long as the library waits for one of its own requests."""


def unreachable(endpoint: str) -> str:
    """Why nothing answers at an address; "" if something does, or if that cannot be known from here."""
    if "all" in getproxies():  # which the standard library does not ask
        return ""
    try:
        with urlopen(Request(endpoint, method="HEAD"), timeout=PATIENCE_S):
            return ""
    except (HTTPError, HTTPException, ValueError):  # an answer, or no address
        return ""
    except OSError as error:
        reason = error.reason if isinstance(error, URLError) else error
        return "" if isinstance(reason, ssl.SSLError) else str(getattr(reason, "strerror", None) or reason)


@contextmanager
def from_cache(*settings: ModuleType) -> Iterator[None]:
    """Within it libraries read their caches and ask nobody.

    Args:
        settings: the modules of theirs that have `HF_HUB_OFFLINE`.
    """
    before = [module.HF_HUB_OFFLINE for module in settings]
    try:
        for module in settings:
            module.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
        yield
    finally:
        for module, value in zip(settings, before, strict=True):
            module.HF_HUB_OFFLINE = value  # type: ignore[attr-defined]
