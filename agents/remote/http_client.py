"""JSON over HTTP to a model server, with the standard library alone."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from ...core.errors import ConfigError, SelfPlayError

Post = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]

PASSING = (408, 409, 429, 500, 502, 503, 504)
"""HTTP statuses after which another try may help."""
TOO_LONG = (400, 413, 422)
"""HTTP statuses with which servers refuse a prompt that is too long, among other things."""
_CONTEXT = re.compile(r"context[ _-]?(?:length|size|window)|(?:prompt|input).{0,40}too (?:long|large)", re.I)
_LONGEST_WAIT_S = 60.0
LARGEST = 2**26
"""Bytes of an answer that are read at most."""


class ServerError(SelfPlayError):
    """A model server could not be reached, refused, or answered something else.

    Attributes:
        too_long: whether it refused because the prompt does not fit into the model's context.
    """

    too_long = False


class JsonPost:
    """Posts JSON bodies and reads JSON objects back.

    Args:
        key: sent as bearer token if given.
        timeout_s: seconds to wait for one answer.
        tries: how often a request is sent when the server is busy or cannot be reached, ≥ 1.
        wait: sleeps for the given seconds between two tries; a fake in tests.
    """

    def __init__(
        self,
        key: str | None = None,
        *,
        timeout_s: float = 600.0,
        tries: int = 1,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key, self._timeout, self._tries, self._wait = key, timeout_s, tries, wait

    def __call__(self, url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The server's answer.

        Raises:
            ServerError: no answer after all tries, a refusal, or no JSON object.
        """
        for left in reversed(range(self._tries)):
            try:
                return self._once(url, body)
            except urllib.error.HTTPError as error:
                message = error.read(400).decode("utf-8", "replace")
                if not left or error.code not in PASSING:
                    refusal = ServerError(f"{url} refused with status {error.code}: {message}")
                    refusal.too_long = error.code in TOO_LONG and _CONTEXT.search(message) is not None
                    raise refusal from error
                self._wait(_pause(error.headers.get("Retry-After"), self._tries - left))
            except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
                if not left:
                    model = body.get("model")
                    raise ServerError(f"{url}: {error}. Is the server running, and does it serve {model!r}?") from error
                self._wait(_pause(None, self._tries - left))
        raise ConfigError(f"tries must be at least 1, got {self._tries!r}")

    def _once(self, url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=self._timeout) as reply:
            text = reply.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ServerError(f"{url} answered more than {LARGEST:,} bytes")
        answer = json.loads(text)
        if not isinstance(answer, dict):
            raise ServerError(f"{url} answered {answer!r:.200}, expected a JSON object")
        return answer


def check_url(url: str) -> str:
    """The address without a trailing slash.

    Raises:
        ConfigError: it is not http or https.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"base_url must start with http:// or https://, got {url!r}")
    return url.rstrip("/")


def _pause(asked: str | None, tried: int) -> float:
    """Seconds until the next try: what the server asks for, else 1, 2, 4, ..."""
    try:
        seconds = float(asked) if asked is not None else 2.0 ** (tried - 1)
    except ValueError:  # a date: rare, and doubling will do
        seconds = 2.0 ** (tried - 1)
    return min(max(seconds, 0.0), _LONGEST_WAIT_S)
