"""The application: which address shows what. Everything passes the gate of `security`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from .hub import Hub
from .listing import Listing
from .pages import ROUTES
from .render import HERE, page
from .review.routes import review_routes
from .runs import Library
from .security import LOCAL, Gate

PAGES_STATIC = HERE.parent / "pages" / "static"


class Dashboard(Starlette):
    """Starlette behind the gate: its own error pages pass it as well."""

    gate: Gate

    def build_middleware_stack(self) -> ASGIApp:
        """Everything Starlette builds, inside the gate."""
        self.gate.app = super().build_middleware_stack()
        return self.gate

    async def tell_end(self, why: str) -> None:
        """Show all who look the runs as they are now, and that the dashboard ends."""
        for channel in list(self.state.channels.values()):
            await channel.end(why)

    def close(self) -> None:
        """End what follows the runs, and every stream."""
        self.state.hub.close()


def create_app(folders: Sequence[Path], token: str, *, host: str = LOCAL[0]) -> Dashboard:
    """The dashboard of the runs in some folders.

    Args:
        folders: each a run, or a folder that holds runs.
        token: whoever knows it may look.
        host: what the server will be bound to.
    """
    static = [
        Mount("/static/pages", StaticFiles(directory=PAGES_STATIC)),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    routes = [*static, *review_routes(), *ROUTES]
    app = Dashboard(routes=routes, exception_handlers={HTTPException: refused, Exception: failed})
    app.gate = Gate(app, token=token, host=host)
    library = Library(folders)
    app.state.library, app.state.listing = library, Listing(library)
    app.state.hub, app.state.channels = Hub(), {}
    return app


def refused(request: Request, error: Exception) -> Response:
    """An address that leads nowhere, or a request that cannot be understood."""
    assert isinstance(error, HTTPException)
    return page(request, "error.html.j2", error.status_code, title="Not here", message=error.detail)


def failed(request: Request, error: Exception) -> Response:
    """A mistake of ours; the traceback goes to the terminal."""
    return PlainTextResponse("Something went wrong here; the terminal of selfplay-gym watch says what.", 500)
