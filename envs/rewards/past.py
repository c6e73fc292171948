"""What a reward may know of earlier rounds, and how it is given that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from ...core.protocols import RewardRule
from .nearest import NearestTexts


class Past(Protocol):
    """Earlier rounds of a run, each part read when it is first asked for."""

    @property
    def round(self) -> int:
        """The present round, from 1."""
        ...

    def sample(self) -> Sequence[str]:
        """At most `archive.MOST` questions that were asked in earlier rounds, drawn by seed and round."""
        ...

    def questions(self) -> NearestTexts:
        """All questions that were asked in earlier rounds."""
        ...

    def structures(self) -> Mapping[str, int]:
        """How many right attempts of earlier rounds have each structure (`core.working.steps.structure_of`)."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A reward rule that depends on earlier rounds. Nothing is known of them outside of a run."""

    def knowing(self, past: Past) -> RewardRule:
        """The rule as it is in a round; this object stays as it is."""
        ...


def knowing(rule: RewardRule, past: Past) -> RewardRule:
    """A rule as it is in a round; one that does not remember as it is."""
    return rule.knowing(past) if isinstance(rule, Remembering) else rule
