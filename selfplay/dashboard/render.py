"""Pages of the dashboard from templates; everything that a template is given is escaped unless it is `Markup`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from .visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The answer to a request: a template of `templates/` that fills `layout.html.j2`."""
    return HTMLResponse(render(template, here=request.url.path, **values), status)


def render(template: str, **values: Any) -> str:
    """A template as text that can be sent; a name that the template needs and nobody gave raises."""
    return environment().get_template(template).render(**values).encode("utf-8", "replace").decode("utf-8")


@cache
def environment() -> Environment:
    """Where templates are found, and what they may call."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["visible"] = visible
    return made
