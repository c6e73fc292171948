"""`attempt`: the solver tries every question of the round m times."""

from __future__ import annotations

from ....core.registries import register_stage
from ..run import SelfPlay


@register_stage("attempt")
class Attempt:
    """All questions in one call, so that how they are batched is the sampler's business."""

    name = "attempt"

    def run(self, run: SelfPlay) -> None:
        """Let the solver answer what is asked, and log the attempts."""
        asked = run.asked()
        prompts = run.game.ask([question for _, question in asked])
        groups = run.attempt(prompts, run.seed("attempt")) if prompts else []
        rows = zip(asked, groups, strict=True)
        run.log("attempts", [{"index": index, "attempts": list(group)} for (index, _), group in rows])
