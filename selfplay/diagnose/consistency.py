"""Logic consistency: does a second head, taught by the run's own labels alone, notice which labels are wrong?

A correctness head (`agents/models/correctness_head.py`) on the run's last solver learns which attempts match the label
of their question. Questions are dealt into two halves, and each half is scored by the head that learnt from the other,
so no label judges itself. The consistency of a label is the mean P(right) of the attempts behind it. Where answers can
be computed, an AUC measures it: the probability that a right label is scored above a wrong one; ½ is to know nothing.
Beside it stands the AUC of p̂, the share of attempts behind the label, which costs nothing: what the head must beat
(docs/roles.md says how it fares).

No computed answer reaches the head. So where none can be computed, the least consistent labels are those to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import RunError
from ...core.options.paths import path_of
from ...core.registries import make_reward, make_verifier
from ...core.seeding import python_stream
from ...envs.game.domains import domain_of
from ...envs.game.engine import Game
from ..run.question_log import question_of
from ..settings.config import SOLVER, RunConfig
from ..settings.files import stored_config
from ..storage.run_folder import RunFolder
from .players import load_player

if TYPE_CHECKING:
    from ...agents.models.llm import LLMAgent

HALVES = 2


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a run: its question, how consistent it is, p̂, and whether it is right (`None`: not computable)."""

    round: int
    text: str
    label: str
    consistency: float
    solve_rate: float
    right: bool | None


@dataclass(frozen=True, slots=True)
class Consistency:
    """All labels of a run that were looked at.

    Attributes:
        labels: by round, in the order of the questions.
    """

    labels: list[Label]

    def auc(self, score: str = "consistency") -> float | None:
        """AUC of "consistency" or "solve_rate" against computed correctness; `None` if all are right, or none."""
        known = [label for label in self.labels if label.right is not None]
        return auc([getattr(label, score) for label in known], [bool(label.right) for label in known])

    def as_dict(self) -> dict[str, Any]:
        """The AUCs by round, and the labels least believed."""
        rounds = sorted({label.round for label in self.labels})
        parts = {"all": self, **{str(number): self.of_round(number) for number in rounds}}
        return {
            "rounds": {
                name: {"labels": len(part.labels), "auc": part.auc(), "solve_rate_auc": part.auc("solve_rate")}
                for name, part in parts.items()
            },
            "doubted": [asdict(label) for label in self.doubted()],
        }

    def of_round(self, number: int) -> Consistency:
        return Consistency([label for label in self.labels if label.round == number])

    def doubted(self, count: int = 10) -> list[Label]:
        """The least consistent labels first."""
        return sorted(self.labels, key=lambda label: label.consistency)[:count]


def label_consistency(
    run: str | Path, *, agent: LLMAgent | None = None, questions: int = 256, attempts: int = 8, seed: int = 0
) -> Consistency:
    """Score the labels of a run by a head on its last solver.

    Args:
        agent: the model under the head; `None` for the run's last solver.
        questions: labelled questions looked at per round, drawn by the seed.
        attempts: at most this many of each.

    Raises:
        RunError: no run there, or too few labels in it.
    """
    from ...agents.models.correctness_head import CorrectnessHead

    folder = RunFolder.open(path_of("run", run, "runs/tiny"))
    config = stored_config(folder)
    base = agent or _last_solver(folder, config)
    game = Game(domain_of(config.env), make_verifier("majority"), make_reward("r-zero"), config.template)
    rows = _labelled(folder, questions, attempts, seed)
    if len(rows) < 2 * HALVES:
        raise RunError(f"{run} has {len(rows)} labelled questions, too few to learn from; let the run go on first")
    prompts = game.ask([question_of(row["question"]) for row in rows])
    scores: list[list[float]] = [[] for _ in rows]
    for half in range(HALVES):
        taught = [i for i in range(len(rows)) if i % HALVES != half]
        judged = [i for i in range(len(rows)) if i % HALVES == half]
        head = CorrectnessHead(base, seed=seed)
        head.fit(*_pairs(taught, prompts, rows), [float(m) for i in taught for m in rows[i]["matches"]])
        found = iter(head.correctness(*_pairs(judged, prompts, rows)))
        for i in judged:
            scores[i] = [next(found) for _ in rows[i]["attempts"]]
    return Consistency([_label(row, score) for row, score in zip(rows, scores, strict=True)])


def auc(scores: Sequence[float], right: Sequence[bool]) -> float | None:
    """Probability that a right one scores above a wrong one, ties counting half; `None` without both."""
    values, positive = np.asarray(scores, dtype=float), np.asarray(right, dtype=bool)
    if not positive.any() or positive.all():
        return None
    gaps = values[positive][:, None] - values[~positive][None, :]
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean())


def _label(row: dict[str, Any], scores: Sequence[float]) -> Label:
    behind = [score for score, matches in zip(scores, row["matches"], strict=True) if matches]
    consistency = float(np.mean(behind)) if behind else 0.0
    text, label = row["question"]["text"], row["label"]
    return Label(row["round"], text, label, consistency, row["solve_rate"], row["label_right"])


def _pairs(
    chosen: Sequence[int], prompts: Sequence[str], rows: Sequence[dict[str, Any]]
) -> tuple[list[str], list[str]]:
    """Prompts and attempts of some questions, attempt by attempt."""
    attempts = [text for i in chosen for text in rows[i]["attempts"]]
    return [prompts[i] for i in chosen for _ in rows[i]["attempts"]], attempts


def _labelled(folder: RunFolder, questions: int, attempts: int, seed: int) -> list[dict[str, Any]]:
    """Rows of `labels.jsonl` that hold a label, with question and attempts; at most `questions` per round."""
    chosen = []
    for number, rows in folder.by_round("questions", "attempts", "labels"):
        asked = {row["index"]: row for row in rows["questions"]}
        written = {row["index"]: row["attempts"] for row in rows["attempts"]}
        labels = [row for row in rows["labels"] if row["label"] is not None]
        picked = python_stream(seed, "consistency", number).sample(range(len(labels)), min(questions, len(labels)))
        for row in (labels[i] for i in sorted(picked)):
            more = {"question": asked[row["index"]], "attempts": written[row["index"]][:attempts]}
            chosen.append({**row, **more, "matches": row["matches"][:attempts]})
    return chosen


def _last_solver(folder: RunFolder, config: RunConfig) -> LLMAgent:
    name = folder.state.get("checkpoints", {}).get(SOLVER)
    if name is None:
        raise RunError(f"{folder.path} has no checkpoint of a solver yet; let the run go on first")
    return load_player(config, SOLVER, folder.path / "checkpoints" / name)
