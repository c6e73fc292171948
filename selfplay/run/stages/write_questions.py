"""`generate`: this round's questions are written; repeated and held-out ones are not asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ....core.held_out import is_held_out
from ....core.protocols import unreadable
from ....core.records import Question
from ....core.registries import make_source, register_stage
from ....envs.game.domains import identity_of
from ....envs.game.question_sources import drawn, mix
from ...settings.config import SOLVER
from ..conditions import check_condition, draw_of
from ..question_log import question_row
from ..run import SelfPlay


@register_stage("generate")
class WriteQuestions:
    """Each source writes its share; what cannot be asked is logged with the reason."""

    name = "generate"

    def check(self, run: SelfPlay) -> None:
        """Refuse a source or a condition that nobody knows."""
        check_condition(run)
        for name in run.config.questions.sources:
            make_source(name)

    def run(self, run: SelfPlay) -> None:
        """Draw and log the questions of the round."""
        seen: set[str] = set()
        rows: list[dict[str, Any]] = []
        rejected: list[dict[str, Any]] = []
        found = [*self._drawn(run, rejected)]
        too_long = unreadable(run.roles[SOLVER].agent, run.game.ask([question for _, question in found]))
        for (source, question), reason in zip(found, too_long, strict=True):
            identity = identity_of(question)  # as the exam has it, whatever the run plays
            why = "held out" if is_held_out(identity) else "repeated" if identity in seen else None
            why = f"malformed: {reason}" if why is None and reason is not None else why
            seen.add(identity)
            rows.append({**question_row(question), **source, "dropped": why})
        run.log("questions", [{**row, "index": index} for index, row in enumerate([*rows, *rejected])])

    def _drawn(self, run: SelfPlay, rejected: list[dict[str, Any]]) -> Iterator[tuple[dict[str, str], Question]]:
        """Questions with what is logged of their source: its name, where there are several."""
        shares = run.config.questions.sources
        draw = draw_of(run)
        for name, count in mix(shares, run.config.questions.count).items():
            own = replace(draw, rejected=[])
            source = {"source": name} if len(shares) > 1 else {}
            questions = drawn(make_source(name), count, own) if count else []
            yield from ((source, question) for question in questions)
            rejected += [{"text": text, **source, "dropped": f"malformed: {reason}"} for text, reason in own.rejected]
