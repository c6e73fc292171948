"""The frame of every page: one file of HTML with its style inside, readable anywhere, without a network or a script.

A page opens with its headline. It is a template that fills `page.html.j2`, or a list of sections whose parts are HTML
already. What a template is given is escaped unless it is `Markup`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...envs.views.rendering.pieces import with_code
from .palette import STATIC
from .wording import counted, short_name, shown

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from .headline import Headline

FRAME = "page.html.j2"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page with a heading: `title` is text, `parts` are HTML already."""

    title: str
    parts: Sequence[str] = field(default_factory=list)


def page(
    title: str,
    headline: Headline,
    sections: Sequence[Section],
    *,
    facts: str = "",
    notes: Sequence[str] = (),
    origin: str = "",
) -> str:
    """A whole page from its sections, with a list of them at the top.

    Args:
        facts: one line below the title.
        notes: sentences a reader must not miss.
        origin: where the numbers come from, at the end.
    """
    from markupsafe import Markup

    in_order = [
        (anchor, short_name(one.title, 80) or "–", Markup("\n".join(one.parts))) for anchor, one in _anchored(sections)
    ]
    values = {"facts": shown(facts), "origin": shown(origin), "notes": [shown(note) for note in notes if note.strip()]}
    return render(FRAME, title=short_name(title, 120), headline=headline, sections=in_order, **values)


def _anchored(sections: Sequence[Section]) -> list[tuple[str, Section]]:
    """Sections with ids, of which no two are alike."""
    found: dict[str, Section] = {}
    for one in sections:
        name = re.sub(r"[^a-z0-9]+", "-", one.title.lower()).strip("-")[:40] or "section"
        count = 1
        while (anchor := name if count == 1 else f"{name}-{count}") in found:
            count += 1
        found[anchor] = one
    return list(found.items())


def render(template: str, filters: Mapping[str, Callable[..., Any]] | None = None, /, **values: Any) -> str:
    """A whole page from a template of this folder; equal values give equal bytes.

    Args:
        filters: further functions that the template calls by name.
        values: everything the template names; a name that is missing raises.
    """
    environment = _environment().overlay()
    environment.filters = {**environment.filters, **(filters or {})}
    return environment.get_template(template).render(**values)


def paragraph(text: str, kind: str = "") -> str:
    """A text as a part of a page; `kind` is a class of the style."""
    styled = f' class="{kind}"' if kind else ""
    return f"<p{styled}>{escape(shown(text))}</p>"


def code_shown(text: str) -> Markup:
    """The filter `with_code` of all templates: a text that was made fit to be shown, its fenced code in blocks."""
    from markupsafe import Markup

    return Markup(with_code(text))


def figures(drawn: Sequence[str]) -> str:
    """SVG elements side by side as one part of a page; they wrap where the window is narrow."""
    return f'<div class="figures">{"".join(f"<figure>{svg}</figure>" for svg in drawn)}</div>' if drawn else ""


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([_TEMPLATES, STATIC]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"counted": counted, "shown": shown, "with_code": code_shown}
    return made
