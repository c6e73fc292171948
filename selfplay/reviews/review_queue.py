"""The queue of a run with what was decided about it: what is open, for whom, and where reviewers contradict each other.

Reads the run folder and nothing else, while the run goes on or afterwards. A decision counts here at once; for the run
it counts from the commit on that adopts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import ConfigError
from ..storage.run_folder import DamageError, RunFolder
from .decisions import Decision, ReviewLog, standing
from .gates import QUEUE
from .items import Item
from .outcomes import has_enough, outcome_of

REVIEWS = "reviews"


@dataclass(frozen=True, slots=True)
class Queue:
    """Items in the order they were picked.

    Attributes:
        items: by their id.
        decided: what stands, by item and reviewer; also on items that no gate picked.
    """

    items: Mapping[str, Item]
    decided: Mapping[str, Mapping[str, Decision]]

    def open_for(self, reviewer: str) -> list[Item]:
        """What a reviewer has not decided: what nobody has, what more people were asked about, and then second looks;
        of each, attempts to score at the end."""
        left = [item for item in self.items.values() if reviewer not in self.decided_by(item)]
        place = {item.id: (self.has_enough(item), bool(self.decided_by(item)), item.kind == "attempt") for item in left}
        return sorted(left, key=lambda item: place[item.id])

    @property
    def undecided(self) -> list[Item]:
        """What fewer people have decided than were asked."""
        return [item for item in self.items.values() if not self.has_enough(item)]

    def has_enough(self, item: Item) -> bool:
        """Whether as many have decided about an item as were asked."""
        return has_enough(self.decided_by(item), item.reviewers)

    def decided_by(self, item: Item) -> Mapping[str, Decision]:
        """What stands about an item, by reviewer."""
        return self.decided.get(item.id, {})

    @property
    def disputed(self) -> list[Item]:
        """What reviewers contradict each other about."""
        return [item for item in self.items.values() if self.is_disputed(item.id)]

    def is_disputed(self, item: str) -> bool:
        """Whether the standing decisions on an item contradict each other."""
        own = self.decided.get(item)
        return bool(own) and outcome_of(own or {}).decision == "disputed"

    def of_round(self, number: int, gate: str | None = None) -> Queue:
        """The part of one round, or of one stage's gates in it."""
        own = {
            name: item
            for name, item in self.items.items()
            if item.round == number and (gate is None or item.gate.startswith(f"{gate}: "))
        }
        return Queue(own, self.decided)


def asked_of(reviewers: int, decided: int) -> str:
    """How many people were asked about an item, and how many have decided; not what."""
    have = "nobody has" if not decided else "one has" if decided == 1 else f"{decided} have"
    return f"{reviewers} people are asked, {have} decided"


def queue_of(run: Path | RunFolder) -> Queue:
    """The queue of a run as it stands on the disk.

    Raises:
        RunError: no run there, or the queue or a decision is not as it was written.
    """
    folder = run if isinstance(run, RunFolder) else RunFolder.open(run)
    decisions, _ = ReviewLog(folder.log_path(REVIEWS)).rows()
    return Queue({item.id: item for item in items_of(folder)}, standing(decisions))


def open_items(run: Path | RunFolder, reviewer: str) -> list[Item]:
    """What is open for a reviewer; see `Queue.open_for`."""
    return queue_of(run).open_for(reviewer)


def items_of(folder: RunFolder) -> Iterable[Item]:
    """All items of a run, in the order they were picked.

    Raises:
        DamageError: a row is none.
    """
    for row in folder.rows(QUEUE):
        try:
            yield Item.of(row)
        except ConfigError as error:
            raise DamageError(f"{folder.log_path(QUEUE)}: {error}; the run folder is damaged") from None
