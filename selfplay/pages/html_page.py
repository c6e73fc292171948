"""The frame of every page: one file of HTML with its style inside, readable anywhere, without a network or a script.

A page is a template that fills `page.html.j2`, or a list of parts that are HTML already. What a template is given is
escaped unless it is `Markup`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

FRAME = "page.html.j2"
_HERE = Path(__file__).parent


def page(title: str, body: Sequence[str]) -> str:
    """A whole page from its parts, which are HTML already; the title stands above them."""
    from markupsafe import Markup

    return render(FRAME, title=title, parts=[Markup(part) for part in body])


def render(template: str, filters: Mapping[str, Callable[..., Any]] | None = None, /, **values: Any) -> str:
    """A whole page from a template of this folder; equal values give equal bytes.

    Args:
        filters: further functions that the template calls by name.
        values: everything the template names; a name that is missing raises.
    """
    environment = _environment().overlay()
    environment.filters = {**environment.filters, **(filters or {})}
    return environment.get_template(template).render(**values)


def warnings(notes: Sequence[str]) -> list[str]:
    """Sentences a reader must not miss, as parts of a page."""
    return [f'<p class="warning">{escape(note)}</p>' for note in notes]


def figures(drawn: Sequence[str]) -> str:
    """SVG elements side by side as one part of a page; they wrap where the window is narrow."""
    return f'<div class="figures">{"".join(f"<figure>{svg}</figure>" for svg in drawn)}</div>'


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader([_HERE / "templates", _HERE / "static"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
