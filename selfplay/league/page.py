"""The standings of a league for a terminal, as Markdown, JSON and a page of HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ..pages.figures import svg_file
from ..pages.headline import Headline
from ..pages.html_page import Section, figures, page, paragraph
from ..pages.tables import finite, html_table, markdown_table
from ..pages.wording import counted, in_per_cent, short_name
from ..stats import Estimate
from ..storage.files import write_text
from .figures import cross_play_of, league_figures
from .standings import Standing, Standings

HOW = (
    "Ratings are Bradley–Terry strengths in points (400 are odds of 10 to 1; the mean of all players is 0) with "
    "95 % bootstrap intervals; a draw is half a win, and every player has a prior of one drawn game. They "
    "depend on counts of games alone, not on their order."
)
QUESTIONS = (
    "A game is one text of a challenger: the solver wins if it answers right, and where there is no question, one that "
    "was asked before, or one whose answer is not known."
)
WORST = "Worst score: share of the points of a snapshot against the opponent that it scores least against."


def header(found: Standings) -> list[str]:
    """Names of the columns; what is told of texts in a league of questions is the reward in a turn game."""
    own = "checked, %" if len(set(found.sides)) > 1 or not found.table else "reward"
    return ["player", "pool", "rating", "score, %", "games", "matches", own, "round"]


def cells(found: Standings) -> list[list[str]]:
    """The table, the best player first."""
    return [_cells(one) for one in found.table]


def headline(found: Standings) -> Headline:
    """Who is first in every pool, and whether that is more than chance."""
    if not found.matches:
        return Headline("open", "No match was played yet.")
    best = [found.of_pool(pool)[:2] for pool in dict.fromkeys(reversed(found.sides))]
    text = "; ".join(_first(pool) for pool in best if pool)
    return Headline("open", f"{text[:1].upper()}{text[1:]}.")


def write_standings(found: Standings, folder: Path) -> list[Path]:
    """Write `standings.json`, `.md` and `.html`, and `.svg`, cross-play, once there was a match; their paths.

    Equal standings give equal bytes.
    """
    written = []
    for ending, render in FORMATS.items():
        path = folder / f"standings.{ending}"
        write_text(path, render(found).encode("utf-8", "replace").decode("utf-8"))
        written.append(path)
    if found.matches:
        write_text(written[0].with_suffix(".svg"), svg_file(cross_play_of(found)))
        written.append(written[0].with_suffix(".svg"))
    return written


def to_json(found: Standings) -> str:
    return json.dumps(finite(found.as_dict()), ensure_ascii=False, indent=1) + "\n"


def to_markdown(found: Standings) -> str:
    opening = headline(found)
    lines = [f"**{opening.text}** {_settings(found)}", "", *markdown_table(header(found), cells(found)), "", HOW]
    if found.trend:
        lines += ["", *markdown_table(*_trend(found)), "", WORST]
    return "\n".join([*lines, *(f"\n- Note: {note}" for note in found.notes)]) + "\n"


def to_html(found: Standings) -> str:
    shown = [html_table(header(found), cells(found), names=2, label="Standings"), figures(league_figures(found))]
    sections = [Section("Standings", shown)]
    if found.matches:
        sections.append(Section("Cross-play", [cross_play_of(found)]))
    if found.trend:
        sections.append(Section("Trend", [html_table(*_trend(found), names=2, label="Worst scores"), paragraph(WORST)]))
    about = [paragraph(HOW), *([paragraph(QUESTIONS)] if len(set(found.sides)) > 1 else [])]
    sections.append(Section("How it is counted", about))
    return page("League", headline(found), sections, facts=_settings(found), notes=found.notes)


FORMATS: dict[str, Callable[[Standings], str]] = {"json": to_json, "md": to_markdown, "html": to_html}


def _cells(one: Standing) -> list[str]:
    record = one.record
    return [
        short_name(one.player.name),
        one.player.pool,
        points_of(one.rating),
        in_per_cent(record.score),
        str(record.games),
        str(one.matches),
        in_per_cent(one.checked_share, 0) if one.reward is None else f"{one.reward:+.3f}",
        f"{one.player.round if one.player.line else '–'}{'' if one.player.left is None else ' (left)'}",
    ]


def points_of(rating: Estimate) -> str:
    """ "+120 [+80, +160]"."""
    return f"{rating.value:+.0f} [{rating.low:+.0f}, {rating.high:+.0f}]"


def _first(best: Sequence[Standing]) -> str:
    first, *rest = best
    said = f"first {first.player.pool}: {short_name(first.player.name)}, {points_of(first.rating)}"
    if rest and rest[0].rating.high >= first.rating.low:
        said += f", whose interval reaches into that of {short_name(rest[0].player.name)}"
    return said


def _trend(found: Standings) -> tuple[list[str], list[list[str]]]:
    return ["snapshots", "against", "round", "worst score, %"], [
        [
            short_name(one.line),
            short_name(one.against.partition("/")[2]),
            str(one.round),
            f"{100 * one.score.value:.1f} [{100 * one.score.low:.1f}, {100 * one.score.high:.1f}]",
        ]
        for one in found.trend
    ]


def _settings(found: Standings) -> str:
    settings = found.settings
    return (
        f"{settings['game']}, labels {settings['labels']}, matchmaking {settings['matchmaking']}, "
        f"{found.matches} match{'' if found.matches == 1 else 'es'} of {counted(settings['games'], 'game')}, "
        f"seed {settings['seed']}"
    )
