"""JSON over HTTP to a model server, with the standard library alone."""

from __future__ import annotations

import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from typing import IO, Any
from urllib.parse import urlsplit

from ...core.errors import ConfigError, SelfPlayError

Post = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]

PASSING = (408, 409, 429, 500, 502, 503, 504)
"""HTTP statuses after which another try may help."""
TOO_LONG = (400, 413, 422)
"""HTTP statuses with which servers refuse a prompt that is too long, among other things."""
_CONTEXT = re.compile(r"context[ _-]?(?:length|size|window)|(?:prompt|input).{0,40}too (?:long|large)", re.I)
_LONGEST_WAIT_S = 60.0
LONGEST_TIMEOUT_S = 86_400
"""Seconds that may be waited for an answer at most."""
MOST_PARALLEL = 1024
LARGEST = 2**26
"""Bytes of an answer that are read at most."""


class ServerError(SelfPlayError):
    """A model server could not be reached, refused, or answered something else.

    Attributes:
        too_long: whether it refused because the prompt does not fit into the model's context.
    """

    too_long = False


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect an error: following one would send the key to another host, and most lose the body."""

    def http_error_302(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class JsonPost:
    """Posts JSON bodies and reads JSON objects back. Redirects are never followed.

    Args:
        key: sent as bearer token if given.
        timeout_s: seconds to wait for one answer, in (0, `LONGEST_TIMEOUT_S`].
        tries: how often a request is sent when the server is busy or cannot be reached, ≥ 1.
        wait: sleeps for the given seconds between two tries; a fake in tests.

    Raises:
        ConfigError: `timeout_s` is out of range.
    """

    def __init__(
        self,
        key: str | None = None,
        *,
        timeout_s: float = 600.0,
        tries: int = 1,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key, self._timeout, self._tries, self._wait = key, check_seconds("timeout_s", timeout_s), tries, wait
        self._open = urllib.request.build_opener(_NoRedirects).open

    def __call__(self, url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The server's answer.

        Raises:
            ServerError: no answer after all tries, a refusal, a redirect, or no JSON object.
        """
        for left in reversed(range(self._tries)):
            try:
                return self._once(url, body)
            except urllib.error.HTTPError as error:
                if 300 <= error.code < 400:
                    raise ServerError(_redirected(url, error)) from error
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
        with self._open(request, timeout=self._timeout) as reply:
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


def check_seconds(name: str, seconds: float) -> float:
    """A time to wait, as it was given.

    Raises:
        ConfigError: no number in (0, `LONGEST_TIMEOUT_S`].
    """
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not number or not 0 < seconds <= LONGEST_TIMEOUT_S:
        raise ConfigError(f"{name} must be a number of seconds in (0, {LONGEST_TIMEOUT_S}], got {seconds!r}")
    return seconds


def check_parallel(parallel: int) -> int:
    """A number of requests under way at once, as it was given.

    Raises:
        ConfigError: no integer in [1, `MOST_PARALLEL`].
    """
    if not isinstance(parallel, int) or isinstance(parallel, bool) or not 1 <= parallel <= MOST_PARALLEL:
        raise ConfigError(f"parallel must be an integer in [1, {MOST_PARALLEL}], got {parallel!r}")
    return parallel


def bearer_token(key_env: str) -> str | None:
    """The key in an environment variable; `None` if it is not set, or empty.

    Raises:
        ConfigError: no name of a variable.
    """
    if not isinstance(key_env, str) or not key_env or "=" in key_env or "\0" in key_env:
        raise ConfigError(f"key_env must name an environment variable, such as OPENAI_API_KEY; got {key_env!r}")
    return os.environ.get(key_env) or None


def _redirected(url: str, error: urllib.error.HTTPError) -> str:
    try:
        host = urlsplit(error.headers.get("Location") or "").netloc.rpartition("@")[2]
    except ValueError:  # a port or an address in brackets that is none
        host = ""
    target = f"to {host!r}" if host else "to another path of the same host"
    return (
        f"{url} answered with a redirect (status {error.code}) {target}. It was not followed: the text would be lost, "
        "and the key sent to whoever is there. Give the address that answers itself, up to and including /v1"
    )


def _pause(asked: str | None, tried: int) -> float:
    """Seconds until the next try: what the server asks for, else 1, 2, 4, ..."""
    try:
        seconds = float(asked) if asked is not None else 2.0 ** (tried - 1)
    except ValueError:  # a date: rare, and doubling will do
        seconds = 2.0 ** (tried - 1)
    return min(max(seconds, 0.0), _LONGEST_WAIT_S)
