"""An episode as a piece of HTML that stands alone: the render mode "html", and what a notebook shows.

No script, no style sheet, nothing from a network; every text is escaped, and its characters that cannot be seen are
replaced. Colours come from the page around it, so it is readable on dark ones. A notebook is told to leave formulas
in it alone: what a model wrote is shown as it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ....core.protocols import TurnGame
from ....core.records import Judgement, Outcome, Question, Verdict
from ...game.engine import Episode, solver_reward
from ...turns.play import Running
from .pieces import bar, with_code
from .text import fate, faults, next_turn, shown_state

LONGEST, MOST = 4_000, 64
"""Characters of a text, and attempts or turns, that are shown."""
_BOX = (
    "border:1px solid rgba(128,128,128,.45);border-radius:6px;padding:.6em .9em;margin:.4em 0;max-width:56em;"
    "overflow:auto;line-height:1.4;text-align:left"
)
_CELL_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere"
_TEXT = f"{_CELL_TEXT};margin:.4em 0"
_CODE = (
    f"{_CELL_TEXT};margin:.3em 0;padding:.4em .6em;background:rgba(128,128,128,.12);border-radius:4px;"
    "color:inherit;font:.92em/1.4 monospace"
)
_CELL = "padding:.15em .7em .15em 0;vertical-align:top;text-align:left"
_MARKS = {
    Outcome.CORRECT: ("✓", "#2a9d5c", "correct"),
    Outcome.WRONG: ("✗", "#d1495b", "wrong"),
    Outcome.UNDECIDED: ("?", "#b8860b", "undecided"),
}


def show_question(title: str, text: str) -> str:
    """See `Drawing`."""
    return _box(title, _paragraph(text))


def show_attempts(title: str, question: Question, judgement: Judgement, attempts: Sequence[str] = ()) -> str:
    """See `Drawing`."""
    return _box(title, *_asked(question, judgement, attempts))


def show_episode(title: str, one: Episode) -> str:
    """See `Drawing`."""
    earned = _facts({"challenger": f"{one.reward.value:+.2f}", **{n: f"{v:+.2f}" for n, v in one.reward.terms.items()}})
    question = one.proposal.question
    if question is None or one.judgement is None:
        return _box(
            title, _paragraph(fate(one.proposal.reason)), _folded("what was written", one.proposal.text), earned
        )
    return _box(title, *_asked(question, one.judgement, one.attempts), earned)


def show_turns(title: str, game: TurnGame[Any], running: Running[Any], reader: str | None = None) -> str:
    """See `Drawing`."""
    seen = running.seen_by(game, reader)
    rows = [(_shown(player), f"<div style='{_CELL_TEXT}'>{_written(text)}</div>") for player, text in seen]
    table = _table(("player", "move"), rows) if rows else ""
    following = next_turn(game, running.state, reader)
    if following is not None:
        return _box(title, table, _paragraph(following))
    rewards, reason = game.result(running.state)
    earned = _facts({player: f"{rewards[player]:+.2f}" for player in game.players})
    return _box(title, table, _state(shown_state(game, running.state)), _paragraph(reason), earned)


def show_levels(title: str, rates: Sequence[tuple[float, float | None]], asked: int | None) -> str:
    """See `Drawing`."""
    rows = [
        (
            f"{level:.2f}",
            "not asked yet" if rate is None else f"{bar(rate)} {rate:.2f}",
            "asked" if at == asked else "",
        )
        for at, (level, rate) in enumerate(rates)
    ]
    return _box(title, _table(("level", "solve rate", ""), rows))


def _asked(question: Question, judgement: Judgement, attempts: Sequence[str]) -> Iterable[str]:
    yield _paragraph(question.text)
    written = [*attempts, *[None] * (len(judgement.verdicts) - len(attempts))]
    rows = [_attempt(verdict, text) for verdict, text in zip(judgement.verdicts, written, strict=True)]
    yield _table(("", "answer", "reward", "why", "attempt"), rows)
    wrong = "\n".join(faults(judgement)).strip()
    if wrong:
        yield f"<pre style='{_TEXT}'>{_shown(wrong)}</pre>"
    label = "none" if judgement.label is None else judgement.label
    rate = f"{judgement.correct_count} of {len(judgement.verdicts)}"
    source = f"{judgement.label_source}{'' if judgement.valid else ', invalid'}"
    yield f"{_facts({'label': label, 'from': source, 'solve rate': rate})}{bar(judgement.solve_rate)}"


def _attempt(verdict: Verdict, text: str | None) -> tuple[str, ...]:
    mark, colour, name = _MARKS[verdict.outcome]
    answer = (
        "<i>no answer</i>" if verdict.answer is None else f"<code style='{_CELL_TEXT}'>{_shown(verdict.answer)}</code>"
    )
    shown = f"<b style='color:{colour}' title='{name}'>{mark}</b>"
    written = "" if text is None else _folded("show", text)
    return shown, answer, f"{solver_reward(verdict):.2f}", _shown(verdict.reason), written


def _box(title: str, *parts: str) -> str:
    head = f"<div style='font-weight:600;opacity:.75'>{_shown(title)}</div>"
    return f"<div class='selfplay-episode tex2jax_ignore mathjax_ignore' style='{_BOX}'>{head}{''.join(parts)}</div>"


def _paragraph(text: str) -> str:
    return f"<div style='{_TEXT}'>{_written(text) or '(empty)'}</div>"


def _state(text: str) -> str:
    """A board keeps its columns."""
    return f"<pre style='{_CODE}'>{_shown(text)}</pre>" if text else ""


def _folded(name: str, text: str) -> str:
    return f"<details><summary>{_shown(name)}</summary><div style='{_TEXT}'>{_written(text)}</div></details>"


def _facts(facts: Mapping[str, str]) -> str:
    shown = " · ".join(f"{_shown(name)} <b style='{_CELL_TEXT}'>{_shown(value)}</b>" for name, value in facts.items())
    return f"<div style='margin:.3em 0'>{shown}</div>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML already."""
    names = "".join(f"<th style='{_CELL};opacity:.75'>{name}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td style={_CELL!r}>{cell}</td>' for cell in row)}</tr>" for row in rows[:MOST])
    more = f"<div>… and {len(rows) - MOST} more</div>" if len(rows) > MOST else ""
    return f"<table style='border-collapse:collapse;margin:.3em 0'><tr>{names}</tr>{body}</table>{more}"


def _written(text: str) -> str:
    """A text that somebody wrote, its fenced code as code."""
    return with_code(_seen(text), _CODE) + _rest(text)


def _shown(text: str) -> str:
    """A text that can only be read: escaped, and without what cannot be seen."""
    return escape(_seen(text)) + _rest(text)


def _seen(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text[:LONGEST])


def _rest(text: str) -> str:
    return f" … {len(text) - LONGEST:,} more characters" if len(text) > LONGEST else ""
