"""The gates of a run as a hook: after a stage, what they pick goes into the queue, with the commit of that stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...core.seeding import python_stream
from ...envs.game.screening import RULINGS, without_refused
from ..hooks import Hook
from ..settings.gates import GateConfig
from .items import Candidate
from .outcomes import same_answer
from .picking import pick
from .rules import Round

if TYPE_CHECKING:
    from ..run.run import SelfPlay

QUEUE = "queue"
"""The log of what people are asked to look at."""


class ReviewGates(Hook):
    """Picks after each stage that has a gate.

    Args:
        gates: in order; what one has picked, later ones leave.
    """

    name = "review-gates"

    def __init__(self, gates: Sequence[GateConfig]) -> None:
        self.gates = gates

    def after_stage(self, run: SelfPlay) -> None:
        """Fill the queue."""
        here = [(number, gate) for number, gate in enumerate(self.gates) if gate.at == run.phase]
        if not here:
            return
        candidates = self._candidates(run)
        taken = {row["id"] for row in _logged(run, QUEUE)}
        alarms = [row["name"] for row in _logged(run, "guard") if row.get("event") == "alarm"]
        for number, gate in here:
            rng = python_stream(run.config.seed, "gate", number, run.round)
            items = pick(gate, candidates, Round(alarms, run.past.questions), rng, taken)
            taken |= {item.id for item in items}
            run.log(QUEUE, [item.row() for item in items])

    def _candidates(self, run: SelfPlay) -> list[Candidate]:
        """What can be picked: what is asked; after training only what was trained on."""
        rows = {row["index"]: row for row in _logged(run, "questions")}
        if run.phase == "generate":
            return [Candidate(row) for row in rows.values() if row["dropped"] is None]
        labels = {row["index"]: row for row in _logged(run, "labels")}
        attempts = {row["index"]: row["attempts"] for row in _logged(run, "attempts")}
        trained = None if run.phase == "label" else {index: str(question.reference) for index, question in run.kept()}
        found = []
        for index, question in run.asked():
            label = labels.get(index)
            if label is not None and (trained is None or index in trained):
                label = label if trained is None else _as_trained(label, trained[index])
                shown = list(without_refused(attempts[index], label.get(RULINGS)))
                found.append(Candidate({**rows[index], "text": question.text}, label, shown))
        return found


def _as_trained(row: dict[str, Any], label: str) -> dict[str, Any]:
    """The row of a label that a person may have edited."""
    if label == row["label"]:
        return row
    right = [answer is not None and same_answer(answer, label) for answer in row["answers"]]
    return {**row, "label": label, "label_source": "human", "matches": right}


def _logged(run: SelfPlay, name: str) -> list[dict[str, Any]]:
    """This round's rows of a log, also those that the present stage has yet to commit."""
    return [*run.rows(name), *(row for row in run.folder.pending(name) if row["round"] == run.round)]
