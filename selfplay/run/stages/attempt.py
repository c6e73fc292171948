"""`attempt`: the solver tries every question of the round m times, but for those that the pool has attempts of."""

from __future__ import annotations

from collections.abc import Sequence

from ....core.records import Question
from ....core.registries import register_stage
from ..questions.hearing import AttemptsAsMade
from ..questions.pool import pooled
from ..run import SelfPlay


@register_stage("attempt")
class Attempt:
    """All questions in one call, so that how they are batched is the sampler's business."""

    name = "attempt"

    def run(self, run: SelfPlay) -> None:
        """Let the solver answer what is asked and has no attempts yet, and log the attempts at everything."""
        asked = run.asked()
        pool = pooled(run.rows, asked)
        attempts = {index: row["attempts"] for index, row in pool.items()}
        fresh = [(index, question) for index, question in asked if index not in attempts]
        prompts = run.game.ask([question for _, question in fresh])
        hears = AttemptsAsMade(run, fresh, run.config.labels.attempts)
        groups = self._made(run, fresh, prompts, hears) if prompts else []
        attempts |= {index: list(group) for (index, _), group in zip(fresh, groups, strict=True)}
        written = {row["index"]: row["text"] for row in run.rows("questions")}
        rows = []
        for index, question in asked:
            edited = {} if question.text == written[index] else {"question": question.text}
            policies = {"policies": hears.policies[index]} if index in hears.policies else {}
            rows.append({"index": index, "attempts": attempts[index], **policies, **edited})
        run.log("attempts", rows)

    def _made(
        self,
        run: SelfPlay,
        asked: Sequence[tuple[int, Question]],
        prompts: Sequence[str],
        hears: AttemptsAsMade,
    ) -> list[list[str]]:
        made = run.attempt(prompts, run.seed("attempt"), hears=hears)
        if run.talk is not None:
            run.log("trajectories", run.talk.rows([index for index, _ in asked], run.config.labels.attempts))
        return made
