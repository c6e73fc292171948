"""JSON over HTTP to a model server, with the standard library alone."""

from __future__ import annotations

import http.client
import json
import math
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ...core.errors import ConfigError, SelfPlayError
from .deadline import Deadline

Post = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
AnswerT = TypeVar("AnswerT")

PASSING = (408, 409, 429, 500, 502, 503, 504)
"""HTTP statuses after which another try may help."""
TOO_LONG = (400, 413, 422)
"""HTTP statuses with which servers refuse a prompt that is too long, among other things."""
_CONTEXT = re.compile(r"context[ _-]?(?:length|size|window)|(?:prompt|input).{0,40}too (?:long|large)", re.I)
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
"""`Retry-After` in seconds."""
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
        status: the HTTP status it refused with; `None` where it did not come to that.
    """

    too_long = False
    status: int | None = None


class JsonPost:
    """Posts JSON bodies and reads JSON objects back. Redirects are never followed.

    Args:
        key: sent as bearer token if given.
        timeout_s: seconds until one answer must be there to its last byte, in (0, `LONGEST_TIMEOUT_S`].
        tries: how often a request is sent when the server is busy or cannot be reached, ≥ 1.
        wait: sleeps for the given seconds between two tries; a fake in tests.
        in_all_s: seconds for all tries and pauses of a request together; `None` sets no bound.

    Raises:
        ConfigError: a time is out of range.
    """

    def __init__(
        self,
        key: str | None = None,
        *,
        timeout_s: float = 600.0,
        tries: int = 1,
        wait: Callable[[float], None] = time.sleep,
        in_all_s: float | None = None,
    ) -> None:
        self._key, self._timeout, self._tries, self._wait = key, check_seconds("timeout_s", timeout_s), tries, wait
        self._in_all = math.inf if in_all_s is None else check_seconds("in_all_s", in_all_s)
        self._under_way: set[Deadline] = set()

    def __call__(self, url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The server's answer.

        Raises:
            ServerError: no answer after all tries, a refusal, a redirect, or no JSON object.
        """
        return self._tried(url, body, _json_object)

    def get(self, url: str) -> Mapping[str, Any]:
        """The JSON object at an address; errors as of a post."""
        return self._tried(url, None, _json_object)

    def json(self, url: str, body: Mapping[str, Any]) -> Any:
        """Any JSON value that answers a post; errors as of a post."""
        return self._tried(url, body, lambda _, answer: json.loads(answer))

    def text(self, url: str, body: Mapping[str, Any]) -> str:
        """The server's answer as it stands, JSON or not; other errors as of a post."""
        return self._tried(url, body, lambda _, answer: answer.decode("utf-8", "replace"))

    def abort(self) -> None:
        """End what is under way in other threads; it fails there, and may be tried again."""
        for deadline in tuple(self._under_way):
            deadline.cut()

    def _tried(self, url: str, body: Mapping[str, Any] | None, read: Callable[[str, bytes], AnswerT]) -> AnswerT:
        end = time.monotonic() + self._in_all
        for left in reversed(range(self._tries)):
            try:
                return read(url, self._once(url, body, min(self._timeout, end - time.monotonic())))
            except _Refused as refused:
                error, asked = refused.error(url), refused.headers.get("Retry-After")
                again = refused.status in PASSING
            except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as failure:
                said = " ".join(str(failure).split())
                model = f", and does it serve {body['model']!r}" if body and "model" in body else ""
                error, asked, again = ServerError(f"{url}: {said}. Is the server running{model}?"), None, True
                error.__cause__ = failure
            pause = _pause(asked, self._tries - left)
            if not left or not again or time.monotonic() + pause >= end:
                raise error
            self._wait(pause)
        raise ConfigError(f"tries must be at least 1, got {self._tries!r}")

    def _once(self, url: str, body: Mapping[str, Any] | None, seconds: float) -> bytes:
        """The bytes of an answer with a good status."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers)
        deadline = Deadline(max(seconds, 0.001))
        self._under_way.add(deadline)
        try:
            with deadline:
                status, found, text = _answer(deadline, request, max(seconds, 0.001))
        except (OSError, http.client.HTTPException, ValueError) as error:
            if deadline.over:
                raise TimeoutError(f"no whole answer within {seconds:.3g} s") from error
            raise
        finally:
            self._under_way.discard(deadline)
        if deadline.over:  # what stands there may be cut short
            raise TimeoutError(f"no whole answer within {seconds:.3g} s")
        if status >= 300:
            raise _Refused(status, found, text.decode("utf-8", "replace"))
        if len(text) > LARGEST:
            raise ServerError(f"{url} answered more than {LARGEST:,} bytes")
        return text


class _Refused(Exception):
    """An answer with a status that is no success."""

    def __init__(self, status: int, headers: Message, text: str) -> None:
        super().__init__(status)
        self.status, self.headers, self.text = status, headers, text

    def error(self, url: str) -> ServerError:
        if 300 <= self.status < 400:
            error = ServerError(_redirected(url, self.status, self.headers))
        else:
            error = ServerError(f"{url} refused with status {self.status}: {' '.join(self.text.split())}")
            error.too_long = self.status in TOO_LONG and _CONTEXT.search(self.text) is not None
        error.status = self.status
        return error


def _answer(deadline: Deadline, request: urllib.request.Request, seconds: float) -> tuple[int, Message, bytes]:
    """Status, headers and text of an answer, whatever its status."""
    try:
        with deadline.opener().open(request, timeout=seconds) as reply:
            return reply.status, reply.headers, reply.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read(400)


def _json_object(url: str, text: bytes) -> Mapping[str, Any]:
    answer = json.loads(text)
    if not isinstance(answer, dict):
        raise ServerError(f"{url} answered {answer!r:.200}, expected a JSON object")
    return answer


def check_url(url: str) -> str:
    """The address without a trailing slash.

    Raises:
        ConfigError: it is not http or https, or nothing could be sent to it: no host, blanks, a port that is none.
    """
    wrong = "it is no text" if not isinstance(url, str) else _wrong_in(url)
    if wrong is not None:
        raise ConfigError(
            "the address of a server must start with http:// or https:// and name a host, "
            f"as in http://localhost:8000/v1; got {url!r}: {wrong}"
        )
    return url.rstrip("/")


def _wrong_in(url: str) -> str | None:
    """Why nothing can be sent to an address; `None` if something can."""
    if not url.startswith(("http://", "https://")):
        return "it starts with something else"
    if not url.isprintable() or " " in url:
        return "blanks and control characters are written as %20 and so on"
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError as error:
        return str(error)
    if not host:
        return "it names no host"
    if "@" in parts.netloc:
        return "a key is not part of the address: name its environment variable by key_env"
    if not (parts.path + parts.query).isascii():
        return "other letters than ASCII are written as %C3%A4 and so on"
    return None


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


def _redirected(url: str, status: int, headers: Message) -> str:
    try:
        host = urlsplit(headers.get("Location") or "").netloc.rpartition("@")[2]
    except ValueError:  # a port or an address in brackets that is none
        host = ""
    target = f"to {host!r}" if host else "to another path of the same host"
    return (
        f"{url} answered with a redirect (status {status}) {target}. It was not followed: the text would be lost, "
        "and the key sent to whoever is there. Give the address that answers itself, up to and including /v1"
    )


def _pause(asked: str | None, tried: int) -> float:
    """Seconds until the next try: what the server asks for in digits, else 1, 2, 4, …: dates are rare."""
    seconds = float(asked) if asked is not None and _SECONDS.fullmatch(asked) else 2.0 ** (tried - 1)
    return min(seconds, _LONGEST_WAIT_S)
