"""How an episode is shown: as text, or as HTML; the views decide what, and these files how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ....core.errors import ConfigError
from ....core.protocols import TurnGame
from ....core.records import Judgement, Question
from ...game.engine import Episode
from ...turns.play import Running
from . import markup, text

MODES = ("ansi", "human", "html")


class Drawing(Protocol):
    """What both `text` and `markup` can show; each gives a string."""

    def show_question(self, title: str, text: str) -> str:
        """A question that nobody has answered yet."""

    def show_attempts(self, title: str, question: Question, judgement: Judgement, attempts: Sequence[str] = ()) -> str:
        """A question, the attempts at it, and how they were judged."""

    def show_episode(self, title: str, one: Episode) -> str:
        """The same, and what the challenger earned."""

    def show_turns(self, title: str, game: TurnGame[Any], running: Running[Any], reader: str | None = None) -> str:
        """A game of several turns, so far, as the player `reader` may see it; `None` sees what all wrote and read."""

    def show_levels(self, title: str, rates: Sequence[tuple[float, float | None]], asked: int | None) -> str:
        """What a teacher knows of each level."""


TEXT: Drawing = text
HTML: Drawing = markup


def check_mode(render_mode: str | None, modes: Sequence[str] = MODES) -> None:
    """Refuse a render mode the view does not have."""
    if render_mode is not None and render_mode not in modes:
        raise ConfigError(f"render_mode must be one of {', '.join(modes)} or None, got {render_mode!r}")


def drawing_of(render_mode: str | None) -> Drawing | None:
    """What `render` draws with; `None` where it gives no string: "human" prints by itself, as text."""
    return {"ansi": TEXT, "html": HTML}.get(render_mode or "")
