"""`simulated_review`: a reviewer of known error rate decides about some of a round; see `reviews.simulated`.

What it looks at is drawn where people would be asked: labels with the smallest margin between the first and the second
answer first, or any of them; and of each question that was answered in two ways, an attempt of either as a pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from ....core.errors import ConfigError
from ....core.records import Outcome, Question
from ....core.registries import register_stage
from ....core.seeding import python_stream
from ...reviews.decisions import Decision
from ...reviews.simulated import Shown, SimulatedReviewer
from ...settings.checks import one_of
from ..labels import known_answers
from ..questions.references import Graded
from ..run import SelfPlay
from ..stage import check_counts

ORDERS = ("margin", "any")


@register_stage("simulated_review")
class SimulatedReview:
    """Decisions of a reviewer who knows what can be computed, and errs.

    Args:
        error: how often it errs, in [0, 1].
        labels: labels it looks at in each round, at most.
        pairs: pairs of attempts, at most; 0 for none.
        order: which labels come first: those of the smallest "margin", or "any".
        name: of the reviewer; two of different names err at different items.

    Raises:
        ConfigError: an option out of range.
    """

    def __init__(
        self, error: float = 0.0, labels: int = 32, pairs: int = 0, order: str = "margin", name: str = "simulated"
    ) -> None:
        check_counts("simulated_review", labels=labels)
        if isinstance(pairs, bool) or not isinstance(pairs, int) or pairs < 0:
            raise ConfigError(f"simulated_review needs pairs >= 0, a whole number, got {pairs!r}")
        one_of("simulated_review: order", order, ORDERS)
        self.name = "simulated_review" if name == "simulated" else f"simulated_review({name})"
        self.reviewer = SimulatedReviewer(error, name, known=known_answers, right=_right)
        self.labels, self.pairs, self.order = labels, pairs, order

    def run(self, run: SelfPlay) -> None:
        """Look at the labels and pairs of the round, and write the decisions down."""
        rng = python_stream(run.config.seed, self.name, run.round)
        items = [*self._label_items(run, rng), *self._pair_items(run, rng)]
        rows = []
        for item in items:
            decided = self.reviewer.decide(item, run.config.seed)
            if decided is not None:
                seen = item.label if item.kind == "label" else None
                key = f"{self.reviewer.name.replace(' ', '-')}/{item.id}"
                made = Decision(item.id, decided[0], self.reviewer.name, 0.0, key, before=seen, after=decided[1])
                rows.append(made.row())
        run.log("reviews", rows)

    def _label_items(self, run: SelfPlay, rng: Random) -> list[Shown]:
        rows = {row["index"]: row for row in run.rows("labels") if row["label"] is not None}
        attempts = {row["index"]: row["attempts"] for row in run.rows("attempts")}
        asked = [(index, question) for index, question in run.asked() if index in rows]
        rng.shuffle(asked)
        if self.order == "margin":
            asked.sort(key=lambda one: _margin(rows[one[0]]["answers"]))
        return [
            Shown(f"label/{run.round}/{index}", "label", question, rows[index]["label"], attempts[index])
            for index, question in asked[: self.labels]
        ]

    def _pair_items(self, run: SelfPlay, rng: Random) -> list[Shown]:
        if not self.pairs:
            return []
        attempts = {row["index"]: row["attempts"] for row in run.rows("attempts")}
        answers = {row["index"]: row["answers"] for row in run.rows("labels")}
        found = []
        for index, question in run.asked():
            pair = _two_answers(answers.get(index, ()), rng)
            if pair is not None:
                name = f"pair/{run.round}/{index}/{pair[0]}-{pair[1]}"
                found.append(Shown(name, "pair", question, None, attempts[index]))
        return rng.sample(found, min(self.pairs, len(found)))


def _margin(answers: Sequence[Any]) -> float:
    """Difference between the shares of the first and the second answer."""
    counts = [count for _, count in Counter(one for one in answers if one is not None).most_common(2)] + [0, 0]
    return (counts[0] - counts[1]) / max(1, len(answers))


def _two_answers(answers: Sequence[Any], rng: Random) -> tuple[int, int] | None:
    """The places of two attempts of different answers; `None` where all are alike."""
    places: dict[Any, list[int]] = {}
    for place, answer in enumerate(answers):
        if answer is not None:
            places.setdefault(answer, []).append(place)
    if len(places) < 2:
        return None
    one, other = (rng.choice(places[answer]) for answer in rng.sample(sorted(places), 2))
    return min(one, other), max(one, other)


def _right(question: Question, texts: Sequence[str]) -> list[bool]:
    """By the grader of the question's own domain."""
    return [one.outcome is Outcome.CORRECT for one in Graded().judge(question, list(texts)).verdicts]
