"""A gate: a rule that picks what people are asked to look at, after a stage of a round.

gates = [{at = "label", sample = 0.02, least = 20, on = "disagreement"}]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from .checks import at_least, check_types, hints, one_of

KINDS = {
    "generate": ("question",),
    "label": ("label", "pair", "attempt"),
    "train(solver)": ("label", "pair", "attempt"),
    "sft(solver)": ("label", "pair", "attempt"),
}
"""The stages after which something can be picked, and what; after training, of what was trained on."""
RULES = ("alarm", "disagreement", "low-margin", "novel", "random", "unchecked")
"""What a gate can go by; see `reviews.rules`."""
MOST_REVIEWERS = 9
"""People who can be asked about one item."""
WITHOUT_LABELS = ("alarm", "novel", "random")
"""Those that need no labels."""


@dataclass(frozen=True, slots=True)
class GateConfig:
    """What one gate picks."""

    at: str = "label"
    """The stage after which it picks: "generate", "label", "train(solver)" or "sft(solver)"."""
    on: str = "random"
    """What it goes by: "random", "novel", "alarm", and, where there are labels, "low-margin", "unchecked",
    "disagreement"."""
    kind: str = ""
    """What it asks about: "question" (after generate), "label" (the default elsewhere), "pair" or "attempt"."""
    sample: float = 0.02
    """The share of the round's questions that it picks."""
    least: int = 20
    """How many it picks at least, if there are so many."""
    reviewers: int = 1
    """How many people decide about each: until so many have, it stays open."""

    def __post_init__(self) -> None:
        check_types(self)
        one_of("at", self.at, KINDS)
        one_of("on", self.on, RULES)
        object.__setattr__(self, "kind", self.kind or KINDS[self.at][0])
        one_of("kind", self.kind, KINDS[self.at])
        at_least(self, 0, "sample", most=1)
        at_least(self, 0, "least")
        at_least(self, 1, "reviewers", most=MOST_REVIEWERS)
        if self.kind == "question" and self.on not in WITHOUT_LABELS:
            allowed = ", ".join(map(repr, WITHOUT_LABELS))
            raise ConfigError(f"on={self.on!r} goes by labels, and at='generate' there are none yet: use {allowed}")
        if not self.sample and not self.least:
            raise ConfigError("a gate with sample=0 and least=0 picks nothing: leave it out")

    @property
    def name(self) -> str:
        """What the queue calls it: "label: disagreement"."""
        return f"{self.at}: {self.on}"


def gates_of(given: tuple[Mapping[str, Any], ...], stages: list[str]) -> tuple[GateConfig, ...]:
    """The gates of a run's settings.

    Args:
        given: a table for each.
        stages: names of all stages of the run.

    Raises:
        ConfigError: names the gate and what is wrong with it.
    """
    found = []
    for number, table in enumerate(given):
        where = f"gates[{number}]"
        for name in table:
            if name not in hints(GateConfig):
                raise UnknownNameError(f"setting {where}", str(name), hints(GateConfig))
        try:
            gate = GateConfig(**table)
        except UnknownNameError as error:
            raise UnknownNameError(f"{where}.{error.kind}", error.name, error.known) from None
        except ConfigError as error:
            raise ConfigError(f"{where}.{error}") from None
        if gate.at not in stages:
            raise ConfigError(f"{where}.at={gate.at!r} is a stage that this run does not have: {', '.join(stages)}")
        found.append(gate)
    return tuple(found)
