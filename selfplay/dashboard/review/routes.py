"""The addresses of the review queue: what a browser may look at, and what it may send.

    GET  /run/RUN/review              the queue, filtered by kind, gate, round, and who decided
    GET  /run/RUN/review/item?id=…    one item, with its place among those that the filters let through
    GET  /run/RUN/review/reviewer     who reviews in this browser
    POST /run/RUN/review/reviewer     {"name": …}
    POST /run/RUN/review/decisions    {"key", "id", "decision", "reviewer", "after", "before", "note"}; repeated with
                                      one key it is one decision. 400 not understood, 404 no such item, 409 too late,
                                      503 not written, may work later

What is sent passes the gate of `security` first: token and Origin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ....core.errors import ConfigError, RunError
from ...reviews.checks import MOST_NAME
from ..pages import TABS, place_of
from ..render import page
from ..runs import RunPlace
from .bodies import answer, json_body, keep_name, read_name, refusal, reviewer_of
from .deciding import Refused, decide
from .pages import KEYS, item_values, queue_values
from .queue_index import QueueIndex

WRITERS = 4
"""Decisions that are written at once at most."""
FIELDS = {"key": None, "id": None, "decision": None, "reviewer": None, "after": None, "before": None, "note": ""}


def review_routes() -> list[Route]:
    """The routes that `create_app` includes."""
    base = "/run/{run}/review"
    return [
        Route(base, queue),
        Route(f"{base}/item", item),
        Route(f"{base}/reviewer", reviewer),
        Route(f"{base}/reviewer", answering(introduce), methods=["POST"]),
        Route(f"{base}/decisions", answering(decided), methods=["POST"]),
    ]


def answering(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose refusals are JSON: a script reads them, and shows the sentence."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except HTTPException as error:
            return refusal(error.status_code, error.detail)

    return answered


def queue(request: Request) -> Response:
    """The queue of a run."""
    return _shown(request, "review_queue.html.j2", queue_values)


def item(request: Request) -> Response:
    """One item of the queue."""
    return _shown(request, "review_item.html.j2", item_values)


def reviewer(request: Request) -> Response:
    """Who reviews in this browser, to change it."""
    place = place_of(request)
    return _ask_name(request, place, then=_base(place))


async def introduce(request: Request) -> Response:
    """Somebody says who reviews in this browser."""
    place_of(request)
    body = await json_body(request, {"name": None})
    try:
        name = read_name(body["name"])
    except ConfigError as error:
        return refusal(400, f"{error}.")
    response = answer({"name": name})
    keep_name(response, name)
    return response


async def decided(request: Request) -> Response:
    """Somebody decides; once this answers with 200, the decision is on the disk."""
    try:
        place, who = place_of(request), reviewer_of(request)
    except HTTPException as error:  # a dashboard of other runs took the port: the page keeps the decision
        return refusal(503, error.detail)
    if who is None:
        return refusal(400, "Nobody said who reviews in this browser; reload the page and say so.")
    body = await json_body(request, FIELDS)
    if body["reviewer"] not in (None, who):
        return refusal(
            409, f"This browser now reviews as {who}, no longer as {body['reviewer']!s:.80}; reload the page."
        )
    index = _index(request, place)
    try:
        loop = asyncio.get_running_loop()
        return answer({"said": await loop.run_in_executor(_writers(request), decide, index, who, body)})
    except Refused as error:
        return refusal(error.status, str(error))


def _writers(request: Request) -> ThreadPoolExecutor:
    """The threads that write decisions, and nothing else: a file that is kept locked holds up no page."""
    state = request.app.state
    if not hasattr(state, "writers"):
        state.writers = ThreadPoolExecutor(WRITERS, "write decisions")
    found: ThreadPoolExecutor = state.writers
    return found


def _index(request: Request, place: RunPlace) -> QueueIndex:
    """The queue of a run, read once by all requests."""
    state = request.app.state
    if not hasattr(state, "queues"):
        state.queues = {}
    known: dict[Path, QueueIndex] = state.queues
    return known.setdefault(place.path, QueueIndex(place.path))


def _base(place: RunPlace) -> str:
    return f"/run/{place.key}/review"


def _shown(request: Request, template: str, values: Callable[..., dict[str, Any] | None]) -> Response:
    """A page of the queue, or the question who is reading it.

    Raises:
        HTTPException: 404 if there is nothing to show, 500 if the files of the run cannot be read.
    """
    place, who = place_of(request), reviewer_of(request)
    if who is None:
        return _ask_name(request, place, then=_here(request))
    try:
        found = values(_index(request, place), _base(place), who, request.query_params)
    except (RunError, OSError) as error:
        raise HTTPException(500, f"The queue of this run cannot be read: {error}.") from None
    if found is None:
        raise HTTPException(404, "There is no such item in the queue of this run.")
    return _page(request, template, place, found)


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _ask_name(request: Request, place: RunPlace, *, then: str) -> Response:
    values = {"title": "Who is reviewing?", "most_name": MOST_NAME, "then": then}
    return _page(request, "review_name.html.j2", place, values)


def _page(request: Request, template: str, place: RunPlace, values: dict[str, Any]) -> Response:
    several = len(request.app.state.library.runs()) > 1
    header: dict[str, Any] = {"place": place, "tabs": TABS, "tab": "review", "several": several}
    return page(request, template, base=_base(place), reviewer=reviewer_of(request), keys=KEYS, **header, **values)
