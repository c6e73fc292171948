"""A run read back from its folder, round by round: what the table at the end and the report show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..evaluation import compare
from ..exams.result import ExamResult
from ..pages.headline import Headline, difference, tone_of
from ..pages.wording import counted
from ..run.refusals import Counts
from ..run.train import resume_position
from ..settings.config import RunConfig
from ..settings.files import stored_config
from ..stats import Paired
from ..storage.run_folder import RunFolder
from .feedback import FEEDBACK, add_review, decided

Row = Mapping[str, Any]


@dataclass(slots=True)
class RoundSummary:
    """What one round left in `metrics.jsonl`; parts the run has not reached are `None` or empty.

    Attributes:
        number: 0 is the base model before any training.
        exam: the held-out exam at the end of the round.
        pass_exam: some of its questions with many samples, for pass@k; base and last round only, where asked for.
        labelling: the measures of the stage `label`, see `run.metrics.label_measures`.
        steps: per role the measures of its training steps, in order.
        robustness: per perturbation what the stage `robustness` measured; `None` where it did not.
        policy: per role how many texts its policy looked at and refused, and with which codes, over all stages.
        adaptation: what the stage `adapt` measured on its held-out family; `None` where it did not.
        review: by stage, what `review` logged of the decisions about what gates of the round picked.
        feedback: what the stage `feedback` logged: its decisions, then steps and looks, in order.
    """

    number: int
    exam: ExamResult | None = None
    pass_exam: ExamResult | None = None
    labelling: Row | None = None
    steps: dict[str, list[Row]] = field(default_factory=lambda: {"challenger": [], "solver": []})
    robustness: Row | None = None
    policy: dict[str, Counts] = field(default_factory=dict)
    adaptation: Row | None = None
    feedback: list[Row] = field(default_factory=list)
    review: dict[str, Row] = field(default_factory=dict)

    def first_and_last(self, role: str, name: str) -> tuple[float, float] | None:
        """A measure at the first and the last training step of the round; `None` if the role did not train."""
        steps = self.steps.get(role, [])
        return (float(steps[0][name]), float(steps[-1][name])) if steps else None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A whole run, finished or not.

    Attributes:
        folder: where it was read.
        config: the settings, as stored.
        rounds: every round that left a trace, in order.
        best_round: the round whose solver did best in the validation exam; `None` before the first gate.
        left_behind: the round whose solver a finished run left behind, if the guard went back; `None` means the last.
        parts_over: the parts of a schedule that are over, each with its last round, in order.
    """

    folder: RunFolder
    config: RunConfig
    rounds: Sequence[RoundSummary]
    best_round: int | None
    left_behind: int | None = None
    parts_over: Sequence[tuple[str, int]] = ()

    @property
    def finished(self) -> bool:
        return self.folder.state.get("phase") == "done"

    @property
    def position(self) -> str:
        """Where the run stands, for people."""
        return "finished" if self.finished else f"stopped at {resume_position(self.folder)}"

    @property
    def exams(self) -> list[tuple[int, ExamResult]]:
        """The exams held, with their rounds."""
        return [(row.number, row.exam) for row in self.rounds if row.exam is not None]

    @property
    def pass_exams(self) -> list[tuple[int, ExamResult]]:
        """The exams with many samples, with their rounds."""
        return [(row.number, row.pass_exam) for row in self.rounds if row.pass_exam is not None]

    @property
    def labellings(self) -> list[tuple[int, Row]]:
        """The measures of labelling, with their rounds."""
        return [(row.number, row.labelling) for row in self.rounds if row.labelling is not None]

    @property
    def robustness(self) -> list[tuple[int, Row]]:
        """The measures under perturbations, with their rounds."""
        return [(row.number, row.robustness) for row in self.rounds if row.robustness]

    @property
    def adaptation(self) -> list[tuple[int, Row]]:
        """The measures on the held-out family of the stage `adapt`, with their rounds."""
        return [(row.number, row.adaptation) for row in self.rounds if row.adaptation]

    @property
    def feedback(self) -> list[tuple[int, list[Row]]]:
        """What the stage `feedback` logged, with its rounds."""
        return [(row.number, row.feedback) for row in self.rounds if row.feedback]

    @property
    def decided(self) -> list[str]:
        """A sentence on what was decided about what gates picked; none where they picked nothing."""
        return decided((row.review for row in self.rounds), self.config.stages)

    @property
    def resting(self) -> list[str]:
        """A sentence for every role that does not train in each round."""
        rows = self.config.roles.items()
        return [
            f"The {name} trains once in {row.every} rounds, in the first of them."
            for name, row in rows
            if row.every > 1
        ]

    @property
    def refusals(self) -> list[str]:
        """A sentence for every role of which a policy refused something, or could not look at it."""
        whole: dict[str, Counts] = {}
        for row in self.rounds:
            for role, counts in row.policy.items():
                whole.setdefault(role, Counts()).add(counts)
        return [
            f"Policies refused {counts.refused:,} of {counts.checked:,} texts of the {role}: {counts.shown_codes}."
            for role, counts in sorted(whole.items())
            if counts.codes
        ]

    @property
    def outcome(self) -> tuple[int, ExamResult] | None:
        """The round whose solver the run left behind, or the last one examined, and its exam."""
        left = [(number, exam) for number, exam in self.exams if self.left_behind in (None, number)]
        return left[-1] if left else None

    @property
    def change(self) -> Paired | None:
        """Outcome against the base, sampled accuracy, paired by question; `None` until two exams were held."""
        return compare(self.exams[0][1], self.outcome[1]) if self.outcome and len(self.exams) > 1 else None

    def steps(self, role: str) -> list[Row]:
        """All training steps of a role, over all rounds."""
        return [step for row in self.rounds for step in row.steps.get(role, [])]


def read_run_summary(folder: RunFolder) -> RunSummary:
    """Read the metrics of a run."""
    rounds: dict[int, RoundSummary] = {}
    best: int | None = None
    parts_over = []
    for row in folder.rows("metrics"):
        own = rounds.setdefault(row["round"], RoundSummary(row["round"]))
        if "tokens_counted" in row:
            continue  # for `report.cost`
        if "part_over" in row:
            parts_over.append((row["part_over"], row["round"]))
            continue
        if "policy" in row:
            for role, counts in row["policy"].items():
                own.policy.setdefault(role, Counts()).add(Counts(**counts))
            continue
        if "review" in row:
            add_review(own.review, row["phase"], row["review"])
        elif row["phase"] == FEEDBACK:
            own.feedback.append(row)
        elif "role" in row:
            own.steps.setdefault(row["role"], []).append(row)
        elif row["phase"] == "label":
            own.labelling = row
        elif "exam" in row:
            own.exam = ExamResult.from_dict(row["exam"])
            own.pass_exam = ExamResult.from_dict(row["pass_exam"]) if "pass_exam" in row else None
        elif "robustness" in row:
            own.robustness = row["robustness"]
        elif "adaptation" in row:
            own.adaptation = row["adaptation"]
        elif row["phase"] == "gate":
            best = row["best_round"]
    in_order = [rounds[number] for number in sorted(rounds)]
    config = stored_config(folder)
    back = _left_behind(folder.state) if config.guard.mode == "on" else None
    return RunSummary(folder, config, in_order, best, back, parts_over)


def _left_behind(state: Row) -> int | None:
    """The round of the best solver, if a finished run went back to it."""
    best = state.get("best", {})
    back = state.get("phase") == "done" and best and best["round"] < state["round"]
    return best["round"] if back and best["checkpoints"] == state["checkpoints"] else None


def headline(summary: RunSummary) -> Headline:
    """Say what came out, and no more than interval and test allow."""
    exams, change, outcome = summary.exams, summary.change, summary.outcome
    if outcome is None:
        return _adapted(summary) or Headline("open", "No exam has been held yet.")
    (_, before), (last, after) = exams[0], outcome
    asked = counted(len(before.keys), "held-out question")
    start, end = (f"{100 * exam.accuracy.value:.1f} %" for exam in (before, after))
    if change is None:
        return Headline("open", f"Only the base model has been examined so far: it answers {start} of {asked}.")
    if last == 0:
        return Headline("open", f"The guard went back to the base, which answers {start} of {asked}.")
    rounds = f"After {_played(summary, last)} the solver answers {end} of {asked}"
    compared = "Last exam"
    if summary.left_behind is not None:
        compared = f"Exam of round {last}"
        rounds = f"The guard went back to the solver of round {last}, which answers {end} of {asked}"
    detail = f"{compared} − base, paired by question: {difference(change)}."
    tone = tone_of(change)
    if tone == "open":
        return Headline(tone, f"{rounds}; before, it was {start}. The difference may be chance.", detail)
    return Headline(tone, f"{rounds}, {'up' if tone == 'better' else 'down'} from {start}.", detail)


def _played(summary: RunSummary, last: int) -> str:
    """The rounds up to one: of self-play, or of the parts of the schedule, each with its own."""
    names, over = list(summary.config.schedule), dict(summary.parts_over)
    if not names:
        return f"{counted(last, 'round')} of self-play"
    said, begun = [], 0
    for name in names:
        own = min(last, over.get(name, last)) - begun
        if own > 0:
            said.append(f"{own} of {name}")
            begun += own
    return f"{counted(last, 'round')} ({', '.join(said)})"


def _adapted(summary: RunSummary) -> Headline | None:
    """What came of a run that only adapts, and holds no exam; `None` where it did not."""
    if not summary.adaptation:
        return None
    number, row = summary.adaptation[-1]
    said = [
        f"{100 * measured['accuracy']['value']:.1f} % after {counted(int(updates), 'update')}"
        for updates, measured in row["by_updates"].items()
    ]
    trained = f"after {counted(number, 'round')} of {row['method']}" if number else "before any training"
    asked = counted(row["questions"], "question")
    return Headline(
        "open", f"On {asked} of the family {row['held_out']}, {trained}, the solver reaches {', '.join(said)}."
    )
