"""A run looked at from outside: are labels and rewards right, what got harder, better, forgotten, repeated?

Everything here comes from the run folder's logs alone; `frozen` and `play` add what needs the models (the difficulty of
each round's questions for the frozen base, cross-play). `docs/metrics.md` has the logs' own names.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import RunError
from ...core.math_language import key
from ...core.options.paths import path_of
from ...envs.rewards import bleu_matrix, clusters, distinct_clusters, uncertainty
from ..evaluation import ExamResult, compare
from ..exams.contamination import Contamination, check_contamination
from ..report.feedback import FEEDBACK
from ..report.turns.rounds import plays_turns
from ..reviews.review_queue import queue_of
from ..run.labels import known_answers
from ..run.metrics import histogram
from ..run.question_log import question_of
from ..stats import Paired
from ..storage.run_folder import RunFolder
from .consistency import Consistency
from .expert import ExpertScores, expert_scores
from .frozen import Difficulty
from .reasoning import Reasoning, answered_right, measure_reasoning

LARGEST = 512
"""Questions clustered at most per round, and kept from each round in the archive: all pairs are compared."""

KNOWN, FORGOTTEN = 0.75, 0.25
"""An exam question is forgotten if some earlier round solved it at ≥ ¾ and this one solves it at ≤ ¼."""

FRAGILE = 0.1
"""Share of accuracy that a perturbation must cost, by the whole interval, to be noted."""

CURVES = ("mean_reward", "entropy", "mean_length", "truncated_share", "zero_variance_share", "kl", "clip_share")


@dataclass(frozen=True, slots=True)
class Diversity:
    """How much the questions of a round repeat themselves and earlier rounds.

    Attributes:
        clusters: distinct BLEU clusters among (at most 512 of) the questions.
        new_clusters: of the clusters over archive and round together, those that hold no archived question.
        self_bleu: mean BLEU between two different questions of the round, in [0, 1].
        topic_entropy: entropy in bits of the questions' shapes, numbers blanked.
    """

    clusters: int
    new_clusters: int
    self_bleu: float
    topic_entropy: float


@dataclass(frozen=True, slots=True)
class RoundDiagnosis:
    """One self-play round. Accuracies are `None` where no answer could be computed.

    Attributes:
        asked: questions put to the solver.
        readable_share: share of these whose answer can be computed.
        label_accuracy: share of right labels among readable questions; `kept_…`: among those trained on.
        reward_accuracy: share of the challenger's reward (uncertainty) earned with rightly labelled readable questions.
        solver_accuracy: share of right attempts at readable questions.
        histogram: counts of p̂ in ten equal bins.
    """

    round: int
    asked: int
    readable_share: float
    label_accuracy: float | None
    kept_label_accuracy: float | None
    reward_accuracy: float | None
    solver_accuracy: float | None
    histogram: list[int]
    diversity: Diversity
    reasoning: Reasoning


@dataclass(frozen=True, slots=True)
class ExamDiagnosis:
    """The exam after one round, against the base and against everything known before.

    Attributes:
        against_base: paired difference to round 0; `None` for round 0.
        forgotten_share: share of questions some earlier round solved at ≥ ¾ that are now solved at ≤ ¼.
    """

    round: int
    exam: ExamResult
    against_base: Paired | None
    forgotten_share: float


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A whole run.

    Attributes:
        run: its folder's name.
        rounds: labels, rewards and questions of each round.
        exams: each exam, and how it compares with that of the base.
        curves: per role and measure, one value per training step of the run, in order.
        contamination: the exam's questions among those asked in training.
        difficulty: each round's questions for the frozen base; empty if the model was not asked.
        consistency: what a second head makes of the labels; `None` if it was not asked.
        robustness: per round and perturbation what the stage `robustness` logged; empty without it.
        expert: what people scored of the attempts, per round; empty without scores.
        notes: what a reader must know besides, in sentences.
    """

    run: str
    rounds: list[RoundDiagnosis]
    exams: list[ExamDiagnosis]
    curves: dict[str, dict[str, list[float]]]
    contamination: Contamination | None = None
    difficulty: list[Difficulty] = field(default_factory=list)
    consistency: Consistency | None = None
    robustness: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    expert: list[ExpertScores] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        exams = [
            {
                "round": e.round,
                "summary": e.exam.summary(),
                "against_base": e.against_base.as_dict() if e.against_base else None,
                "forgotten_share": e.forgotten_share,
            }
            for e in self.exams
        ]
        return {
            "run": self.run,
            "rounds": [asdict(r) for r in self.rounds],
            "exams": exams,
            "curves": self.curves,
            "contamination": self.contamination.as_dict() if self.contamination else None,
            "difficulty": [d.as_dict() for d in self.difficulty],
            "consistency": self.consistency.as_dict() if self.consistency else None,
            "robustness": [{"round": number, "kinds": kinds} for number, kinds in self.robustness],
            "expert": [one.as_dict() for one in self.expert],
            "notes": self.notes,
        }


def diagnose(run: str | Path) -> Diagnosis:
    """Read a run folder and measure it.

    Raises:
        RunError: no run there, or nothing in it yet.
    """
    folder = RunFolder.open(path_of("run", run, "runs/tiny"))
    if plays_turns(folder):
        raise RunError(
            f"{run} is a run on a turn game, which has no questions or labels to diagnose: selfplay-gym report {run} "
            "shows its exams and steps"
        )
    metrics = list(folder.rows("metrics"))
    rounds = _rounds(folder)
    exams = _exams(metrics)
    if not rounds and not exams:
        raise RunError(f"{run} has neither a finished exam nor a labelled round; let the run go on first")
    contamination = _contamination(folder, exams)
    diagnosis = Diagnosis(Path(run).name, rounds, exams, _curves(metrics), contamination)
    measured = [(int(row["round"]), row["robustness"]) for row in metrics if row.get("robustness")]
    diagnosis.robustness.extend(measured)
    decided = queue_of(folder).decided
    diagnosis.expert.extend(expert_scores(decided, folder.rows("questions"), folder.rows("attempts")))
    diagnosis.notes.extend(_notes(diagnosis))
    return diagnosis


def diversity(texts: Sequence[str], archive: Sequence[str] = ()) -> Diversity:
    """Diversity of a round's questions against an archive of earlier ones."""
    shown, old = list(texts[:LARGEST]), list(archive[-2 * LARGEST :])
    numbers = clusters(old + shown)
    known = set(numbers[: len(old)].tolist())
    new = set(numbers[len(old) :].tolist()) - known
    return Diversity(distinct_clusters(shown), len(new) if shown else 0, _self_bleu(shown), topic_entropy(texts))


def topic_entropy(texts: Sequence[str]) -> float:
    """Shannon entropy, in bits, of the shapes of texts: `What is n+n*n?` whatever the numbers."""
    if not texts:
        return 0.0
    counts = np.array(list(Counter(re.sub(r"\d+", "n", text) for text in texts).values()), dtype=float)
    shares = counts / counts.sum()
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def _rounds(folder: RunFolder) -> list[RoundDiagnosis]:
    found: list[RoundDiagnosis] = []
    archive: list[str] = []
    methods: set[str] = set()
    for number, logs in folder.by_round("questions", "attempts", "labels"):
        if not (labels := logs["labels"]):
            continue
        written = {row["index"]: question_of(row) for row in logs["questions"]}
        attempts = {row["index"]: row["attempts"] for row in logs["attempts"]}
        asked = [written[row["index"]].text for row in labels]
        groups = [attempts.get(row["index"], []) for row in labels]
        truths = known_answers([written[row["index"]] for row in labels])
        right = [[answered_right(a, truth) for a in group] for group, truth in zip(groups, truths, strict=True)]
        reasoning, used = measure_reasoning(asked, groups, right, methods)
        readable = [marks for marks, truth in zip(right, truths, strict=True) if truth is not None and marks]
        found.append(
            RoundDiagnosis(
                round=number,
                asked=len(labels),
                readable_share=sum(row["label_right"] is not None for row in labels) / max(1, len(labels)),
                label_accuracy=_share_right(labels),
                kept_label_accuracy=_share_right([row for row in labels if row["kept"]]),
                reward_accuracy=_reward_accuracy(labels),
                solver_accuracy=float(np.mean([np.mean(marks) for marks in readable])) if readable else None,
                histogram=histogram([row["solve_rate"] for row in labels]),
                diversity=diversity(asked, archive),
                reasoning=reasoning,
            )
        )
        archive = [*archive, *asked[:LARGEST]][-2 * LARGEST :]
        methods |= used
    return found


def _exams(metrics: Sequence[dict[str, Any]]) -> list[ExamDiagnosis]:
    found: list[ExamDiagnosis] = []
    best: np.ndarray[Any, Any] | None = None
    for row in metrics:
        if "exam" not in row:
            continue
        exam = ExamResult.from_dict(row["exam"])
        rates = np.array(exam.correct) / exam.samples
        forgotten = 0.0 if best is None else float(np.mean((best >= KNOWN) & (rates <= FORGOTTEN)))
        best = rates if best is None else np.maximum(best, rates)
        base = compare(found[0].exam, exam) if found else None
        found.append(ExamDiagnosis(int(row["round"]), exam, base, forgotten))
    return found


def _curves(metrics: Sequence[dict[str, Any]]) -> dict[str, dict[str, list[float]]]:
    curves: dict[str, dict[str, list[float]]] = {}
    for row in metrics:
        if "role" not in row or row.get("phase") == FEEDBACK:
            continue
        for name in CURVES:
            if isinstance(value := row.get(name), int | float):
                curves.setdefault(str(row["role"]), {}).setdefault(name, []).append(float(value))
    return curves


def _contamination(folder: RunFolder, exams: Sequence[ExamDiagnosis]) -> Contamination | None:
    """By keys, which are all an exam result keeps of its questions, and what the held-out split goes by."""
    if not exams:
        return None
    asked = (key(row["text"]) for row in folder.rows("questions") if not row.get("dropped"))
    return check_contamination(exams[0].exam.keys, asked, near=False)


def _notes(diagnosis: Diagnosis) -> list[str]:
    """What a person should look at, in sentences."""
    notes = []
    for r in diagnosis.rounds:
        if r.label_accuracy is not None and r.label_accuracy < 0.5:
            notes.append(f"round {r.round}: fewer than half of the labels are right ({100 * r.label_accuracy:.0f} %)")
        if r.readable_share < 0.5 and r.asked:
            notes.append(f"round {r.round}: {100 * (1 - r.readable_share):.0f} % of the questions cannot be computed")
    for e in diagnosis.exams:
        if e.forgotten_share > 0.05:
            notes.append(f"round {e.round}: {100 * e.forgotten_share:.1f} % of the exam was known before and is lost")
        if e.against_base is not None and e.against_base.high < 0:
            notes.append(f"round {e.round}: the solver is worse than the base ({e.against_base})")
    for number, kinds in diagnosis.robustness[-1:]:
        for kind, row in kinds.items():
            if row["lost"]["low"] > FRAGILE:
                lost = 100 * row["lost"]["value"]
                notes.append(f"round {number}: questions perturbed by {kind!r} lose {lost:.0f} points of accuracy")
    if diagnosis.contamination is not None and not diagnosis.contamination.clean:
        notes.append(f"exam questions were asked in training: {diagnosis.contamination}")
    return notes


def _self_bleu(texts: Sequence[str]) -> float:
    n = len(texts)
    if n < 2:
        return 0.0
    matrix = bleu_matrix(texts)
    return float((matrix.sum() - np.trace(matrix)) / (n * (n - 1)))


def _share_right(labels: Sequence[dict[str, Any]]) -> float | None:
    known = [row["label_right"] for row in labels if row["label_right"] is not None]
    return sum(known) / len(known) if known else None


def _reward_accuracy(labels: Sequence[dict[str, Any]]) -> float | None:
    rewards = [uncertainty(row["solve_rate"]) for row in labels]
    earned = math.fsum(value for value, row in zip(rewards, labels, strict=True) if row["label_right"])
    total = math.fsum(rewards)
    return earned / total if total else None
