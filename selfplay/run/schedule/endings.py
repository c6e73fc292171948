"""Rules that end a part of a run, asked at the end of each round: rounds, a budget, a plateau."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ....core.errors import ConfigError, RunError
from ....core.registry import Registry

if TYPE_CHECKING:
    from ..machine.state_machine import Run


@runtime_checkable
class Ending(Protocol):
    """A rule that ends a part of a run. One that goes by what a stage logs names that in an attribute `reads`."""

    def is_over(self, run: Run, rounds: int) -> bool:
        """Whether the part is over.

        Args:
            run: at the end of a round; what it logged is there to be read, and all that a rule may go by.
            rounds: of the part so far.
        """
        ...


endings: Registry[Ending] = Registry("rule", "selfplay_gym.endings", Ending)


@endings.register("never")
class Never:
    """The part lasts to the end of the run."""

    def is_over(self, run: Run, rounds: int) -> bool:
        return False


@endings.register("rounds")
class Rounds:
    """After so many rounds.

    Args:
        n: rounds of the part.
    """

    def __init__(self, n: int = 1) -> None:
        if n < 1:
            raise ConfigError(f"rounds(n) needs n >= 1, got {n!r}")
        self.n = n

    def is_over(self, run: Run, rounds: int) -> bool:
        return rounds >= self.n


@endings.register("tokens")
class Tokens:
    """After so many counted tokens of the part: a budget.

    Args:
        n: tokens, see `run.compute`.
    """

    def __init__(self, n: int) -> None:
        if n < 1:
            raise ConfigError(f"tokens(n) needs n >= 1, got {n!r}")
        self.n = n

    def is_over(self, run: Run, rounds: int) -> bool:
        since = run.schedule.since
        rows = (row for row in run.folder.rows("metrics") if row["round"] >= since)
        counted: int = sum(row.get("tokens_counted", 0) for row in rows)
        return counted >= self.n


@endings.register("plateau")
class Plateau:
    """When the validation has not gained for some rounds: the best of them is no better than the best before.

    Its part needs the stage `evaluate`.

    Args:
        rounds: how many without a gain.
        gain: what counts as one, in points of accuracy.
    """

    reads = "evaluate"

    def __init__(self, rounds: int = 2, gain: float = 1.0) -> None:
        if rounds < 1 or not gain >= 0.0:
            raise ConfigError(f"plateau needs rounds >= 1 and gain >= 0, got {rounds!r} and {gain!r}")
        self.rounds, self.gain = rounds, gain

    def is_over(self, run: Run, rounds: int) -> bool:
        if rounds <= self.rounds:
            return False
        first = run.schedule.since
        found: list[float] = [
            row["validation_accuracy"]
            for row in run.folder.rows("metrics")
            if "validation_accuracy" in row and row["round"] >= first
        ]
        if len(found) < rounds:
            raise RunError("the rule plateau looks at validations: put the stage 'evaluate' into its part")
        return max(found[-self.rounds :]) < max(found[: -self.rounds]) + self.gain / 100
