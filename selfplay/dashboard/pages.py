"""The pages of runs, and the streams that keep them at what the runs have written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from .channel import Channel, Page
from .hub import Hub
from .listing import Listing
from .reading.run_reader import RunReader
from .reading.run_state import LOGS
from .render import page
from .runs import Library, RunPlace
from .views.compare import MOST, compare
from .views.curves import curves
from .views.labels import labels
from .views.now import now
from .views.outputs import outputs
from .views.parts import Part
from .views.reading import reading
from .views.resources import resources

PAGES = {
    "now": ("Now", now, LOGS),
    "curves": ("Curves", curves, ("metrics",)),
    "outputs": ("Outputs", outputs, ("metrics", "guard", "labels", "questions", "attempts")),
    "labels": ("Labels", labels, ("metrics", "labels")),
    "resources": ("Resources", resources, ("live", "metrics", "timings")),
}
"""The name in the address → title, what makes the parts, and the logs that it reads."""
TABS = [*((name, title) for name, (title, _, _) in PAGES.items()), ("review", "Review")]
"""What stands in the navigation of a run: the end of the address, and the title."""


def place_of(request: Request) -> RunPlace:
    """The run that an address names.

    Raises:
        HTTPException: there is none (404).
    """
    library: Library = request.app.state.library
    place = library.find(request.path_params["run"])
    if place is None:
        raise HTTPException(404, "There is no such run in the watched folders.")
    return place


def index(request: Request) -> Response:
    """All runs; where there is one only, that run."""
    places = list(request.app.state.library.runs().values())
    if len(places) == 1:
        return RedirectResponse(f"/run/{places[0].key}/now", 303)
    listing: Listing = request.app.state.listing
    address = f"/events?{urlencode({'from': listing.version([])})}"
    return page(request, "index.html.j2", title="Runs", parts=listing.parts([]), events=address, most=MOST)


def overview(request: Request) -> Response:
    """A run leads to its first page."""
    return RedirectResponse(f"/run/{place_of(request).key}/now", 303)


def run_page(request: Request) -> Response:
    """One page of one run."""
    place, name = place_of(request), request.path_params["page"]
    shown = _page(name)
    reader = _hub(request).reader(place)
    version = shown.version([reader])
    address = f"/run/{place.key}/{name}/events?{urlencode({'from': version})}"
    several = len(request.app.state.library.runs()) > 1
    return page(
        request,
        "run.html.j2",
        title=f"{PAGES[name][0]} · {place.name}",
        parts=shown.parts([reader]),
        events=address,
        place=place,
        tabs=TABS,
        tab=name,
        several=several,
    )


def compare_page(request: Request) -> Response:
    """Several runs side by side."""
    chosen, shown = _compared(request)
    readers = [_hub(request).reader(place) for place in chosen]
    query = [("run", place.key) for place in chosen]
    address = f"/compare/events?{urlencode([*query, ('from', shown.version(readers))])}"
    return page(
        request,
        "compare.html.j2",
        title="Compare",
        parts=shown.parts(readers) if readers else [],
        events=address,
        places=list(request.app.state.library.runs().values()),
        chosen={place.key for place in chosen},
        most=MOST,
    )


async def index_events(request: Request) -> Response:
    """The stream of the list of runs."""
    return _stream(request, ("index",), request.app.state.listing, [])


async def run_events(request: Request) -> Response:
    """The stream of one page of one run."""
    name = request.path_params["page"]
    return _stream(request, (name,), _page(name), [place_of(request)])


async def compare_events(request: Request) -> Response:
    """The stream of a comparison."""
    chosen, shown = await asyncio.to_thread(_compared, request)
    return _stream(request, ("compare",), shown, chosen)


def _stream(request: Request, name: tuple[str, ...], shown: Page | Listing, places: Sequence[RunPlace]) -> Response:
    channels: dict[tuple[str, ...], Channel] = request.app.state.channels
    key = (*name, *(place.key for place in places))
    channel = channels.get(key)
    if channel is None:
        if len(channels) > 200:
            channels.clear()
        channel = channels[key] = Channel(_hub(request), shown, places)
    seen = request.headers.get("last-event-id") or request.query_params.get("from", "")
    return StreamingResponse(channel.listen(seen), media_type="text/event-stream")


def _page(name: str) -> Page:
    if name not in PAGES:
        raise HTTPException(404, "A run has no such page.")
    _, view, logs = PAGES[name]

    def parts(readers: Sequence[RunReader]) -> list[Part]:
        (reader,) = readers
        return [*reading(reader), *view(reader)]

    return Page(parts, logs, ticks=name == "now")


def _compared(request: Request) -> tuple[list[RunPlace], Page]:
    """The chosen runs, or where none is named all, in the order of their names, and the page that shows them."""
    library: Library = request.app.state.library
    keys = set(request.query_params.getlist("run"))
    chosen = [place for place in library.runs().values() if place.key in keys or not keys][:MOST]
    names = [place.name for place in chosen]

    def parts(readers: Sequence[RunReader]) -> list[Part]:
        return compare(list(zip(names, readers, strict=True)))

    return chosen, Page(parts, ("metrics", "timings"))


def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


ROUTES = [
    Route("/", index),
    Route("/events", index_events),
    Route("/compare", compare_page),
    Route("/compare/events", compare_events),
    Route("/run/{run}", overview),
    Route("/run/{run}/{page}", run_page),
    Route("/run/{run}/{page}/events", run_events),
]
