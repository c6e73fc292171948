"""What a run knows of its earlier rounds, for rewards that depend on them; read from the logs, a round once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ....core.seeding import python_stream
from ....core.working.steps import structure_of
from ....envs.rewards.archive import MOST
from ....envs.rewards.nearest import NearestTexts

if TYPE_CHECKING:
    from ..run import SelfPlay


class RunPast:
    """The earlier rounds of a run; satisfies `envs.rewards.past.Past`.

    What was read is kept, so that a round reads the one before it and no more. A resumed run reads all of them, and
    knows the same.
    """

    def __init__(self, run: SelfPlay) -> None:
        self.run = run
        self._questions, self._questions_until = NearestTexts(), 1
        self._structures, self._structures_until = Counter[str](), 1

    @property
    def round(self) -> int:
        """See `Past`."""
        return self.run.round

    def sample(self) -> tuple[str, ...]:
        """See `Past`."""
        run = self.run
        rows = run.folder.rows("questions")
        texts = [row["text"] for row in rows if row["round"] < run.round and row["dropped"] is None]
        return tuple(python_stream(run.config.seed, "archive", run.round).sample(texts, min(MOST, len(texts))))

    def questions(self) -> NearestTexts:
        """See `Past`."""
        first, self._questions_until = self._questions_until, self.round
        self._questions.add(
            [row["text"] for row in rows_between(self.run, "questions", first) if row["dropped"] is None]
        )
        return self._questions

    def structures(self) -> Mapping[str, int]:
        """See `Past`."""
        first, self._structures_until = self._structures_until, self.round
        matches = {
            (row["round"], row["index"]): row["matches"]
            for row in rows_between(self.run, "labels", first)
            if row["valid"]
        }
        for row in rows_between(self.run, "attempts", first) if matches else ():
            marks = matches.get((row["round"], row["index"]), ())
            right = [text for text, match in zip(row["attempts"], marks, strict=False) if match]
            self._structures.update(structure for text in right if (structure := structure_of(text)) is not None)
        return self._structures


def labelled_earlier(run: SelfPlay) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The questions that were labelled in rounds before this one, oldest first: the row of each, and of its label."""
    for number, rows in run.folder.by_round("questions", "labels"):
        if number >= run.round:
            return
        labels = {row["index"]: row for row in rows["labels"]}
        for row in rows["questions"]:
            if (label := labels.get(row["index"])) is not None:
                yield row, label


def counts_before(run: SelfPlay, source: str) -> list[int]:
    """How many questions a source gave in each round before this one; rows of a run with one source name none."""
    counts = Counter[int](
        row["round"]
        for row in run.folder.rows("questions")
        if row["round"] < run.round and "author" in row and row.get("source", source) == source
    )
    return [counts[number] for number in range(1, run.round)]


def rows_between(run: SelfPlay, log: str, first: int) -> Iterator[dict[str, Any]]:
    """The rows of the rounds from `first` to the last one, newest first; no more is read."""
    for row in run.folder.rows_from_end(log):
        if row["round"] < first:
            return
        if row["round"] < run.round:
            yield row
