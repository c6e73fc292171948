"""The application: which address shows what. Everything passes the gate of `security`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from .render import HERE, page
from .review.routes import review_routes
from .runs import Library, RunPlace
from .security import LOCAL, Gate

PAGES_STATIC = HERE.parent / "pages" / "static"


class Dashboard(Starlette):
    """Starlette behind the gate: its own error pages pass it as well."""

    gate: Gate

    def build_middleware_stack(self) -> ASGIApp:
        """Everything Starlette builds, inside the gate."""
        self.gate.app = super().build_middleware_stack()
        return self.gate


def create_app(folders: Sequence[Path], token: str, *, host: str = LOCAL[0]) -> Dashboard:
    """The dashboard of the runs in some folders.

    Args:
        folders: each a run, or a folder that holds runs.
        token: whoever knows it may look.
        host: what the server will be bound to.
    """
    app = Dashboard(
        routes=[
            Route("/", index),
            Route("/run/{run}", overview),
            *review_routes(),
            Mount("/static/pages", StaticFiles(directory=PAGES_STATIC, check_dir=False)),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={HTTPException: refused, Exception: failed},
    )
    app.gate = Gate(app, token=token, host=host)
    app.state.library = Library(folders)
    return app


def found(request: Request) -> RunPlace:
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
        return RedirectResponse(f"/run/{places[0].key}", 303)
    return page(request, "index.html.j2", title="Runs", places=places)


def overview(request: Request) -> Response:
    """One run."""
    place = found(request)
    return page(request, "run.html.j2", title=place.name, place=place)


def refused(request: Request, error: Exception) -> Response:
    """An address that leads nowhere, or a request that cannot be understood."""
    assert isinstance(error, HTTPException)
    return page(request, "error.html.j2", error.status_code, title=error.detail, message=error.detail)


def failed(request: Request, error: Exception) -> Response:
    """A mistake of ours; the traceback goes to the terminal."""
    return PlainTextResponse("Something went wrong here; the terminal of selfplay-gym watch says what.", 500)
