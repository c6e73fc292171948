"""`generate`: this round's questions are written; repeated and held-out ones are not asked.

With `questions.pool` the share of the source "challenger" is filled first with what the challenger asked in its
training of the round; it writes only what is missing. Other sources keep their shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ....core.errors import ConfigError, asked_by
from ....core.held_out import is_held_out
from ....core.protocols import Agent, Draw, unreadable
from ....core.records import REFUSED, Question, TaskSpec
from ....core.registries import make_source, register_stage
from ....core.seeding import python_stream
from ....envs.game.domains import identity_of
from ....envs.sources.mixing import drawn, mix, weights_at
from ...settings.config import CHALLENGER, SOLVER
from ..question_log import question_of, question_row
from ..questions.conditions import check_condition, draw_of
from ..questions.hearing import ProposalsAsWritten, heard
from ..questions.past import counts_before
from ..questions.pool import POOL, usable
from ..run import SelfPlay


@register_stage("generate")
class WriteQuestions:
    """Each source writes its share; what cannot be asked is logged with the reason."""

    name = "generate"

    def check(self, run: SelfPlay) -> None:
        """Refuse a source or a condition that nobody knows, and kinds that the generator does not write."""
        check_condition(run)
        again = []
        for name, weight in run.config.questions.sources.items():
            with asked_by("questions.sources", name):
                source = make_source(name)
            if any(weight) if isinstance(weight, Sequence) else weight:
                again.append(getattr(source, "asks_again", False))
        if again and all(again):
            raise ConfigError(
                f"questions.sources = {dict(run.config.questions.sources)} only asks questions of earlier rounds "
                "again, and there are none; add a source that writes some, such as procedural or challenger"
            )
        _check_kinds(run)

    def run(self, run: SelfPlay) -> None:
        """Draw and log the questions of the round."""
        seen: set[str] = set()
        counts = mix(weights_at(run.config.questions.sources, run.round), run.config.questions.count)
        rows = self._pooled(run, counts.get(CHALLENGER, 0), seen) if run.config.questions.pool else []
        if rows:
            counts[CHALLENGER] -= sum(row["dropped"] is None for row in rows)
        rejected: list[dict[str, Any]] = []
        found = [*self._drawn(run, counts, rejected)]
        questions = [question for _, question in found]
        too_long = unreadable(run.roles[SOLVER].agent, run.game.ask(questions))
        for (source, question), refused, reason in zip(found, _refused(run, questions), too_long, strict=True):
            why = refused or _not_asked(question, seen)
            why = f"malformed: {reason}" if why is None and reason is not None else why
            rows.append({**question_row(question), **source, "dropped": why})
        run.log("questions", [{**row, "index": index} for index, row in enumerate([*rows, *rejected])])

    def _pooled(self, run: SelfPlay, room: int, seen: set[str]) -> list[dict[str, Any]]:
        """Rows of the pool, until so many of them can be asked."""
        rows: list[dict[str, Any]] = []
        for number, row in usable(run):
            if not room:
                break
            question = question_of(row)
            why = _not_asked(question, seen)
            room -= why is None
            rows.append({**question_row(question), "source": POOL, POOL: number, "dropped": why})
        return rows

    def _drawn(
        self, run: SelfPlay, counts: Mapping[str, int], rejected: list[dict[str, Any]]
    ) -> Iterator[tuple[dict[str, str], Question]]:
        """Questions with what is logged of their source: its name, where there are several."""
        several = len(counts) > 1 or run.config.questions.pool
        draw = draw_of(run)
        for name, count in counts.items():
            listener = ProposalsAsWritten(run, name, count)
            agents = {**draw.agents, **_heard(draw, listener)}
            own = replace(draw, rejected=[], agents=agents, counts=partial(counts_before, run, name))
            source = {"source": name} if several else {}
            questions = drawn(make_source(name), count, own) if count else []
            yield from ((source, question) for question in questions)
            rejected += [{"text": text, **source, "dropped": _rejected(reason)} for text, reason in own.rejected]


def _check_kinds(run: SelfPlay) -> None:
    """Have one question written of each kind that the curriculum may ask for."""
    rng = python_stream(run.config.seed, "kinds check")
    for kind in getattr(run.curriculum, "kinds", ()):
        try:
            run.generator.generate(TaskSpec(0.5, kind), rng)
        except ConfigError as error:
            raise ConfigError(f"questions.curriculum asks for the kind {kind!r}: {error}") from None


def _refused(run: SelfPlay, questions: Sequence[Question]) -> list[str | None]:
    """Why the policy refuses questions; what a challenger wrote was looked at when it was read."""
    others = [question.text for question in questions if question.author != CHALLENGER]
    found = iter(run.game.refusals(others) if others else [])
    return [None if question.author == CHALLENGER else next(found) for question in questions]


def _heard(draw: Draw, listener: ProposalsAsWritten) -> dict[str, Agent]:
    """The challenger, if there is one, telling of what it writes."""
    return {CHALLENGER: heard(draw.agents[CHALLENGER], listener)} if CHALLENGER in draw.agents else {}


def _rejected(reason: str) -> str:
    return reason if reason.startswith(f"{REFUSED}: ") else f"malformed: {reason}"


def _not_asked(question: Question, seen: set[str]) -> str | None:
    """Why a question is not asked, `None` if it is; from now on it is seen."""
    identity = identity_of(question)  # as the exam has it, whatever the run plays
    why = "held out" if is_held_out(identity) else "repeated" if identity in seen else None
    seen.add(identity)
    return why
