"""What a browser sends: a small JSON object, and the reviewer's name in a cookie; both are checked before use."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, NoReturn
from urllib.parse import quote, unquote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ....core.errors import ConfigError, with_article
from ...reviews.checks import check_reviewer

MOST_BODY = 2**19
"""Bytes of a request: an edited question and its label as long as a field holds, and a note."""
COOKIE = "selfplay_gym_reviewer"
A_YEAR_S = 365 * 24 * 3600


def refusal(status: int, error: str) -> JSONResponse:
    """Why a request is not done; the page shows the sentence."""
    return answer({"error": error}, status)


def answer(said: dict[str, str], status: int = 200) -> JSONResponse:
    """An answer that may repeat what was sent: half of a pair of surrogates, which UTF-8 does not have, becomes "?"."""
    return JSONResponse({name: text.encode("utf-8", "replace").decode() for name, text in said.items()}, status)


async def json_body(request: Request, fields: dict[str, Any]) -> dict[str, Any]:
    """The object in a request, with what is missing filled in.

    Args:
        fields: those it may have, each with what stands for it where it is missing.

    Raises:
        HTTPException: 415 if it does not say that it is JSON, 413 if it is too large, 400 if it is something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, f"A request has the type application/json here, not {kind!r:.80}.")
    content = b""
    try:
        async for part in request.stream():
            content += part
            if len(content) > MOST_BODY:
                raise HTTPException(413, f"A request has at most {MOST_BODY:,} bytes here; shorten the text.")
    except ClientDisconnect:  # or it took too long, see `dashboard.connection`; nobody is there to be told
        raise HTTPException(400, "The request broke off.") from None
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"The request is not JSON: {error!s:.200}.") from None
    if not isinstance(value, dict):
        raise HTTPException(400, f"The request is {with_article(type(value).__name__)}, where an object belongs.")
    if unknown := sorted(set(value) - set(fields)):
        raise HTTPException(400, f"The request has {unknown[0]!r:.80}; it may have {', '.join(fields)}.")
    return {**fields, **value}


def reviewer_of(request: Request) -> str | None:
    """Who reviews in this browser; `None` if nobody said so, or if the cookie holds no name."""
    try:
        name = unquote(request.cookies.get(COOKIE, ""), errors="strict")
        check_reviewer(name)
    except (UnicodeDecodeError, ConfigError):
        return None
    return name


def read_name(name: Any) -> str:
    """A name that somebody typed, without blanks around it and in composed characters.

    Raises:
        ConfigError: it cannot be anybody's.
    """
    if isinstance(name, str):
        name = unicodedata.normalize("NFC", " ".join(name.split()))
    check_reviewer(name)
    return str(name)


def keep_name(response: Response, name: str) -> None:
    """Let the browser remember who reviews in it."""
    response.set_cookie(COOKIE, quote(name, safe=""), max_age=A_YEAR_S, httponly=True, samesite="strict", path="/")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
