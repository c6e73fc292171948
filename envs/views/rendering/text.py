"""An episode as text a person enjoys reading: the render modes "ansi" and "human"."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from ....core.protocols import ShowsState, TurnGame
from ....core.records import Judgement, Outcome, Question, Verdict
from ...game.engine import UNREADABLE, Episode
from ...turns.play import Running

WIDTH = 78
_BAR = 20
_ROWS = 8
_FAULTS = 3
_MARK = {Outcome.CORRECT: "✓", Outcome.WRONG: "✗", Outcome.UNDECIDED: "?"}


def show_episode(title: str, one: Episode) -> str:
    """Question, attempts grouped by answer, label, solve rate, and what the challenger earned."""
    question = one.proposal.question
    if question is None or one.judgement is None:
        lines = [fate(one.proposal.reason), *_wrap(one.proposal.text)]
    else:
        lines = _asked(question, one.judgement)
    return frame(title, [*lines, "", _earned(one.reward.value, one.reward.terms)])


def show_attempts(title: str, question: Question, judgement: Judgement, attempts: Sequence[str] = ()) -> str:
    """The same without a challenger who is rewarded; what was written is not shown."""
    return frame(title, _asked(question, judgement))


def show_question(title: str, text: str) -> str:
    """A question that nobody has answered yet."""
    return frame(title, _wrap(text))


def show_turns(title: str, game: TurnGame[Any], running: Running[Any], reader: str | None = None) -> str:
    """A turn game: who wrote what, then what the next player reads, or how it ended."""
    wide = max(map(len, game.players)) + 2
    seen = running.seen_by(game, reader)
    lines = [f"{player:<{wide}}{_short(text, WIDTH - wide - 4) or '(nothing)'}" for player, text in seen]
    if lines:
        lines.append("")
    following = next_turn(game, running.state, reader)
    if following is not None:
        return frame(title, [*lines, *_wrap(following)])
    rewards, reason = game.result(running.state)
    earned = " ".join(f"{player} {rewards[player]:+.2f}" for player in game.players)
    state = shown_state(game, running.state)
    return frame(title, [*lines, *(_wrap(state) if state else ()), *_wrap(reason), earned])


def next_turn(game: TurnGame[Any], state: Any, reader: str | None) -> str | None:
    """The prompt of the next move, or whose it is if a `reader` may not read that; `None` once the game is over."""
    mover = game.to_move(state)
    if mover is None:
        return None
    return game.prompt(state) if reader in (None, mover) else f"{mover} is to move"


def shown_state(game: TurnGame[Any], state: Any) -> str:
    """The board, the cards or the table as the rules write them; "" where they do not."""
    return game.show(state) if isinstance(game, ShowsState) else ""


def show_levels(title: str, rates: Sequence[tuple[float, float | None]], asked: int | None) -> str:
    """A teacher's knowledge: level and measured solve rate, `None` for one that was never asked; which is asked now."""
    rows = []
    for at, (level, rate) in enumerate(rates):
        shown = "not asked yet" if rate is None else f"{bar(rate)} {rate:.2f}"
        rows.append(f"level {level:.2f}  {shown}{'  ← asked' if at == asked else ''}")
    return frame(title, rows)


def _asked(question: Question, judgement: Judgement) -> list[str]:
    label = "none" if judgement.label is None else judgement.label
    rate = judgement.solve_rate
    lines = [*_wrap(question.text), "", *_answers(judgement.verdicts), "", *faults(judgement)]
    lines.append(
        f"{'label':<12}{_short(label, 40)}  ({judgement.label_source}{'' if judgement.valid else ', invalid'})"
    )
    lines.append(f"{'solve rate':<12}{bar(rate)} {judgement.correct_count}/{len(judgement.verdicts)} = {rate:.2f}")
    return lines


def _answers(verdicts: Sequence[Verdict]) -> list[str]:
    """One row per distinct answer, most frequent first."""
    groups: dict[tuple[str | None, Outcome], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.answer, verdict.outcome), []).append(verdict)
    ranked = sorted(groups.items(), key=lambda group: -len(group[1]))
    rows = []
    for (answer, outcome), members in ranked[:_ROWS]:
        shown = "(no answer)" if answer is None else _short(answer, 24)
        share = bar(len(members) / len(verdicts))
        rows.append(f"{_MARK[outcome]} {shown:<24} {share} {len(members):>3}  {_short(members[0].reason, 20)}".rstrip())
    if len(ranked) > _ROWS:
        others = len(ranked) - _ROWS
        rows.append(f"  … and {others} other answer{'' if others == 1 else 's'}")
    return rows


def fate(why: str) -> str:
    """What became of a proposal that was not played, and why."""
    return f"{'not asked' if why.startswith(UNREADABLE) else 'malformed proposal'}: {why}"


def faults(judgement: Judgement) -> list[str]:
    """Where wrong programs fail: evidence of the verifier `code`, one block per distinct fault."""
    rows: list[str] = []
    shown: set[str] = set()
    for fault in judgement.evidence.get("failing", ()):
        symptom = f"{fault['input']} gave {fault['actual']}, expected {fault['expected']}"
        line = "" if fault["line"] is None else f"line {fault['line']}: {fault['code']}"
        if line and fault["symptom"] not in (None, fault["line"]):
            line += f"   ({fault['how']} at line {fault['symptom']})"
        if symptom + line not in shown and len(shown) < _FAULTS:
            shown.add(symptom + line)
            rows += [f"✗ {_short(symptom, WIDTH - 6)}", *([f"  → {_short(line, WIDTH - 8)}"] if line else [])]
    return [*rows, ""] if rows else []


def _earned(value: float, terms: dict[str, float]) -> str:
    parts = " ".join(f"{name} {term:+.2f}" for name, term in terms.items())
    return f"{'challenger':<12}{value:+.2f}  ({parts})"


def bar(share: float) -> str:
    """A share in [0, 1] as twenty blocks."""
    full = round(share * _BAR)
    return "█" * full + "░" * (_BAR - full)


def _wrap(text: str) -> list[str]:
    shown = _printable(text[:2_000])
    return [part for line in shown.splitlines() for part in textwrap.wrap(line, WIDTH - 4) or [""]] or ["(empty)"]


def _short(text: str, width: int) -> str:
    line = " ".join(_printable(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _printable(text: str) -> str:
    """Control characters of a model must not reach a person's terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def frame(title: str, lines: Sequence[str]) -> str:
    """Lines in a box with a title."""
    head = f"╭─ {title} "
    body = [f"│ {line}".rstrip() for line in lines]
    return "\n".join([head + "─" * max(0, WIDTH - len(head)), *body, "╰" + "─" * (WIDTH - 1)])
