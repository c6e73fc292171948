"""`review`: the run waits for people, and takes over what they decided about the questions and labels of the round."""

from __future__ import annotations

import shlex
import threading
import time
from collections import Counter
from typing import Any

from ....core.errors import ConfigError
from ....core.registries import register_stage
from ...pages.wording import counted
from ...reviews.adoption import adopt_decisions
from ...reviews.outcomes import outcome_of
from ...reviews.review_queue import REVIEWS, Queue, queue_of
from ...settings.gates import KINDS
from ..run import SelfPlay

BETWEEN_LOOKS = 0.5
"""Seconds between two looks at the length of the file of decisions: it may be written on another machine, so nothing
can tell when it grows."""


@register_stage("review")
class Review:
    """Wait until people have decided about what gates picked in this round, and take over their decisions.

    What nobody decided about trains as if it had not been picked.

    Args:
        at: waits only for what the gates at this stage picked, as in `review(generate)`; `None` waits for all so far.
        wait: whether to wait at all; else what is there by now is taken over.
        timeout_s: the longest wait in seconds, from when the stage is entered, or entered again; `None` has no end.
        skip: neither waits nor takes anything over.
    """

    def __init__(
        self, at: str | None = None, wait: bool = True, timeout_s: float | None = None, skip: bool = False
    ) -> None:
        if at is not None and at not in KINDS:
            raise ConfigError(f"review waits for gates at {', '.join(KINDS)}, got {at!r}")
        for name, value in (("wait", wait), ("skip", skip)):
            if not isinstance(value, bool):
                raise ConfigError(f"review needs {name}=true or {name}=false, got {value!r}")
        if timeout_s is not None and (
            isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0 <= timeout_s <= 10**9
        ):
            raise ConfigError(f"review needs timeout_s >= 0, in seconds, got {timeout_s!r}")
        self.name = "review" if at is None else f"review({at})"
        self.at, self.wait, self.timeout_s, self.skip = at, wait, timeout_s, skip

    def check(self, run: SelfPlay) -> None:
        """Refuse to wait for what nobody picks."""
        gates = [gate for gate in run.config.review_gates if self.at in (None, gate.at)]
        if self.wait and not self.skip and not gates:
            where = "" if self.at is None else f" with at={self.at!r}"
            raise ConfigError(f"the stage {self.name!r} waits for what gates pick: set a gate{where}, or wait=false")

    def run(self, run: SelfPlay) -> None:
        """Wait as told; the commit of the stage makes the decisions part of the run."""
        if self.skip:
            return
        if self.wait:
            self._wait(run)
        rows = adopt_decisions(run.folder, run.round, run.warn)
        run.log("metrics", [_measures(self._queue(run), len(rows))])

    def _queue(self, run: SelfPlay) -> Queue:
        return queue_of(run.folder).of_round(run.round, self.at)

    def _wait(self, run: SelfPlay) -> None:
        """Until all is decided, the time is over, or somebody stops the run."""
        path, end = run.folder.log_path(REVIEWS), None if self.timeout_s is None else time.monotonic() + self.timeout_s
        seen = path.stat().st_size  # before the look: what comes meanwhile is noticed
        queue, announced = self._queue(run), False
        while queue.undecided:
            run.count(len(queue.items) - len(queue.undecided), len(queue.items))
            if not announced:
                for hook in run.hooks:
                    hook.ask(run, len(queue.undecided), _where(run, len(queue.undecided)))
                announced = True
            while path.stat().st_size == seen:
                run.stop_if_asked()
                if end is not None and time.monotonic() >= end:
                    left = counted(len(queue.undecided), "item")
                    were = "was" if len(queue.undecided) == 1 else "were"
                    run.warn(f"round {run.round}: {left} {were} not decided in time; the run goes on")
                    return
                _pause(BETWEEN_LOOKS if end is None else min(BETWEEN_LOOKS, max(0.0, end - time.monotonic())))
            seen = path.stat().st_size
            queue = self._queue(run)


def _pause(seconds: float) -> None:
    """A signal ends it."""
    threading.Event().wait(seconds)


def _where(run: SelfPlay, waiting: int) -> str:
    path = shlex.quote(str(run.folder.path))
    return (
        f"round {run.round}: {counted(waiting, 'item')} to review. In a terminal: selfplay-gym review {path} · in a "
        f"browser: selfplay-gym watch {path} · the run waits; Ctrl-C stops it, and --resume goes on from here"
    )


def _measures(queue: Queue, adopted: int) -> dict[str, Any]:
    """What `metrics.jsonl` says of the stage."""
    decided = {item: own for item in queue.items if (own := queue.decided.get(item))}
    counts = Counter(outcome_of(own).decision for own in decided.values())
    several = sum(len(own) > 1 for own in decided.values())
    return {
        "review": {
            "picked": len(queue.items),
            "decided": len(decided),
            "disputed": counts.pop("disputed", 0),
            "decided_twice": several,
            "too_few": len(queue.undecided) - (len(queue.items) - len(decided)),
            "by_outcome": dict(sorted(counts.items())),
            "adopted_rows": adopted,
        }
    }
