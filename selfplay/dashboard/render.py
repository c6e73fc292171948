"""Pages of the dashboard from templates; everything that a template is given is escaped unless it is `Markup`."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..pages.html_page import code_shown
from ..pages.wording import counted, shown, with_per_cent
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
    made.filters |= {
        "shown": shown,
        "with_code": code_shown,
        "counted": counted,
        "percent": with_per_cent,
        "duration": duration,
        "figure": figure,
    }
    return made


def figure(value: float | None, digits: int = 3) -> str:
    """A number in few digits; a dash where there is none."""
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.{digits}g}"


def duration(seconds: float | None) -> str:
    """A length of time as people say it; a dash where it is not known."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = round(max(0.0, seconds))
    days, hours, minutes = whole // 86_400, whole // 3_600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min" if whole >= 600 else f"{minutes} min {whole % 60:02d} s" if minutes else f"{whole} s"
