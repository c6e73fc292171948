"""The parts of a run, such as warm-up, self-play and feedback: stages of their own, and a rule that ends each.

    [schedule.warm_up]                              [schedule.self_play]
    stages = ["warm_up(steps=60)", "evaluate"]      stages = ["train(challenger)", "generate", …]
    until = "rounds(1)"                             until = "plateau(rounds=3)"

Rules are asked at the end of a round. A run is over after its last part, or after `rounds` in all, whatever comes
first; without a schedule it has one part, which plays `stages` to the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....core.errors import ConfigError, RunError
from ....core.protocols import Stage
from ...settings.config import RunConfig
from ..stage import is_ours, make_stages, plays_before_training
from .endings import Ending, Never, endings

if TYPE_CHECKING:
    from ..machine.state_machine import Run


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a run: its name, what its rounds consist of, and what ends it."""

    name: str
    stages: Sequence[Stage]
    ending: Ending


class Schedule:
    """The parts of a run in order, and where it stands among them.

    Args:
        parts: at least one.

    Attributes:
        since: the first round of the present part.
        over: whether the last part has ended.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts, self._index, self.since, self.over = list(parts), 0, 1, False

    @classmethod
    def of(cls, config: RunConfig) -> Schedule:
        """The schedule of a run's settings.

        Raises:
            ConfigError: no such stage or rule, or a stage that reads what none before it in its part writes.
        """
        if not config.schedule:
            return cls.single(make_stages(config.stages))
        parts = []
        for name, row in config.schedule.items():
            try:
                part = Part(name, make_stages(row.stages), endings.make(row.until))
                _check_ending(part)
            except ConfigError as error:
                raise ConfigError(f"schedule.{name}: {error}") from None
            parts.append(part)
        return cls(parts)

    @classmethod
    def single(cls, stages: Sequence[Stage]) -> Schedule:
        """One part that plays these stages to the end of the run."""
        return cls([Part("", list(stages), Never())])

    @classmethod
    def resumed(cls, schedule: Schedule | Sequence[Stage], state: Mapping[str, Any]) -> Schedule:
        """A schedule, or the stages of one part, where a state says that the run stands."""
        found = schedule if isinstance(schedule, Schedule) else cls.single(schedule)
        found.load_state_dict(state)
        return found

    @property
    def part(self) -> Part:
        """The present part."""
        return self.parts[self._index]

    @property
    def stages(self) -> Sequence[Stage]:
        """What a round of the present part consists of."""
        return self.part.stages

    @property
    def all_stages(self) -> list[Stage]:
        """The stages of all parts."""
        return [stage for part in self.parts for stage in part.stages]

    def order(self, number: int) -> list[str]:
        """The stages of a round by name; before the first, those that look at the base, or none."""
        return [stage.name for stage in self.stages if number or plays_before_training(stage)]

    def position(self, number: int, stage: str, rounds: int) -> tuple[str, int, int]:
        """A stage of a round for people; stages done, and stages in all, as if every round were of the present part."""
        first, per_round = len(self.order(0)), len(self.stages)
        done = self.order(number).index(stage) + (first + per_round * (number - 1) if number else 0)
        where = " · ".join(word for word in (self.part.name, stage) if word)
        return f"round {number}/{rounds} · {where}", done, first + per_round * rounds

    def end_round(self, run: Run) -> str | None:
        """Ask the rule of the part at the end of a round; the name of the part that is over, `None` if it goes on."""
        if not self.part.ending.is_over(run, run.round - self.since + 1):
            return None
        ended, self.since = self.part.name, run.round + 1
        self.over = self._index == len(self.parts) - 1
        self._index += not self.over
        return ended

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on; empty for a run of one part without a name."""
        if not self.part.name:
            return {}
        return {"name": self.part.name, "since": self.since, "over": self.over}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Stand where a state says.

        Raises:
            RunError: the settings have no such part.
        """
        if not state:
            return
        names = [part.name for part in self.parts]
        if state.get("name") not in names:
            raise RunError(f"state.json stands in the part {state.get('name')!r}, and the schedule has {names}")
        self._index = names.index(state["name"])
        self.since, self.over = int(state["since"]), bool(state["over"])


def _check_ending(part: Part) -> None:
    """Refuse a rule that looks at what no stage of its part logs; a stage of somebody else may log anything."""
    needed = getattr(part.ending, "reads", None)
    if needed is None or not all(map(is_ours, part.stages)) or needed in [stage.name for stage in part.stages]:
        return
    raise ConfigError(
        f"the rule {type(part.ending).__name__.lower()!r} looks at what the stage {needed!r} logs: put it into the part"
    )
