"""What is kept of a log while its rows go by: curves, counts by round, and the last few rows; all of it is bounded."""

from __future__ import annotations

from collections import deque
from typing import Protocol, TypeVar

import msgspec

from ...league.opponents import records_of
from ...league.ratings.bradley_terry import Record
from ...report.cost import StageCost
from ...report.curves import OF_THE_UPDATE, reward_parts, reward_rest
from ...report.feedback import FEEDBACK
from ...settings.config import SOLVER
from . import rows
from .series import ByNumber, Frequent, Lengths, Series

STEP_MEASURES = (
    *("mean_reward", "reward_std", "uncertainty", "repetition", "band_share", "valid_share", "solve_rate", "clusters"),
    *("kl", "entropy", "zero_variance_share", "truncated_share", "mean_length", "loss", "grad_norm", "update_norm"),
    *("clip_share", "distinct_questions", "learning_rate", "margin", "preferred_share"),
)
LOOKED_AT = ("held_out_loss", "held_out_accuracy")
"""What the stage `feedback` measures between its steps, on what is set aside."""
MOST_PARTS = 8
"""Parts of the stage `feedback` that are told apart at most; it has three."""
MOST_NAMES = 24
"""Roles, reward terms, kinds and sources that are told apart at most; a folder of a stranger may have any number."""
MOST_GAMES = 2_000
"""Pairs of players whose games are counted at most."""
LATEST = 24
"""Questions with their attempts that are kept to be shown."""
LONGEST_TEXT = 2_000
"""Characters of a text that are kept."""
SHOWN_ATTEMPTS = 8
"""Attempts at a question that are kept."""


Taken = TypeVar("Taken", bound=msgspec.Struct, contravariant=True)


class Tally(Protocol[Taken]):
    """Takes the rows of one log in their order."""

    def add(self, row: Taken) -> None:
        """Take one more row."""


class RoleSteps:
    """The training steps of one role, or of one part of the stage `feedback`.

    Attributes:
        count: steps.
        starts: the round that begins at a step.
        curves: measures over the steps, by name.
        terms: what the parts of the reward added, by name.
        rest: what the mean reward is besides them.
        leaves: whether that was ever anything but 0.
    """

    def __init__(self) -> None:
        self.count = 0
        self.round: int | None = None
        self.starts: ByNumber[int] = ByNumber()
        self.curves: dict[str, Series] = {}
        self.terms: dict[str, Series] = {}
        self.rest, self.leaves = Series(), False

    def add(self, row: rows.Metrics) -> None:
        """Take one more step."""
        if row.round != self.round:
            self.round = row.round
            self.starts.set(self.count, row.round)
        for name in STEP_MEASURES:
            value = getattr(row, name)
            if value is not None and (row.rows_trained or name not in OF_THE_UPDATE):
                self._series(self.curves, name).add(self.count, value)
        parts = reward_parts(row.role, row.reward_terms)
        for name, value in parts.items():
            if name in self.terms or len(self.terms) < MOST_NAMES:
                self._series(self.terms, name[:LONGEST_TEXT]).add(self.count, value)
        if parts and row.mean_reward is not None:
            self.rest.add(self.count, rest := reward_rest(row.mean_reward, parts))
            self.leaves |= rest != 0.0
        self.count += 1

    def look(self, row: rows.Metrics) -> None:
        """Take what was measured on what is set aside, after the steps so far."""
        for name in LOOKED_AT:
            self._series(self.curves, name).add(self.count, getattr(row, name))

    @staticmethod
    def _series(of: dict[str, Series], name: str) -> Series:
        found = of.get(name)
        if found is None:
            found = of[name] = Series()
        return found


class MetricsTally:
    """`metrics.jsonl`.

    Attributes:
        roles: training steps, by role, but for those of the stage `feedback`.
        feedback: its steps, by part: they learn something else, and some by another loss.
        labellings: by round.
        exams: by round.
        costs: by stage.
        tokens: counted tokens so far; `None` where no stage says any.
        games: of learners with their leagues, as `league.opponents.records_of` has them.
    """

    def __init__(self) -> None:
        self.games: dict[tuple[str, str], Record] = {}
        self.roles: dict[str, RoleSteps] = {}
        self.feedback: dict[str, RoleSteps] = {}
        self.labellings: ByNumber[rows.Metrics] = ByNumber()
        self.exams: ByNumber[rows.ExamSummary] = ByNumber()
        self.costs: dict[str, StageCost] = {}
        self.tokens: int | None = None
        self.best_round: int | None = None

    def add(self, row: rows.Metrics) -> None:
        """Take one more row."""
        if row.league:
            played = {name[:80]: msgspec.to_builtins(one) for name, one in [*row.league.items()][:MOST_NAMES]}
            found = records_of([{"role": row.role or SOLVER, "round": row.round, "league": played}])
            for pair, record in found.items():
                if pair in self.games or len(self.games) < MOST_GAMES:
                    self.games[pair] = self.games.get(pair, Record()) + record
        if row.tokens_counted is not None:
            names = ("read", "sampled", "trained", "examined", "counted")
            tokens = {name: getattr(row, f"tokens_{name}") for name in names}
            by_role = {role: one.get("counted", 0) for role, one in row.by_role.items()}
            add_cost(self.costs, StageCost(row.phase, tokens, by_role))
            self.tokens = (self.tokens or 0) + row.tokens_counted
        elif row.part is not None and row.phase == FEEDBACK:
            self._add_feedback(row.part, row)
        elif row.role is not None:
            if row.role in self.roles or len(self.roles) < MOST_NAMES:
                self.roles.setdefault(row.role, RoleSteps()).add(row)
        elif row.written is not None:
            self.labellings.set(row.round, row)
        elif row.exam is not None:
            self.exams.set(row.round, row.exam.summary)
        elif row.best_round is not None:
            self.best_round = row.best_round

    def _add_feedback(self, part: str, row: rows.Metrics) -> None:
        """A step of a part, or a look at what is set aside for it."""
        if part not in self.feedback and len(self.feedback) >= MOST_PARTS:
            return
        steps = self.feedback.setdefault(part, RoleSteps())
        if row.taken_back is not None:  # which every look says, and no step
            steps.look(row)
        else:
            steps.add(row)


def add_cost(costs: dict[str, StageCost], cost: StageCost) -> None:
    """Add what a stage cost to the costs by stage."""
    if cost.phase in costs or len(costs) < MOST_NAMES:
        costs.setdefault(cost.phase, StageCost(cost.phase)).add(cost)


class GuardTally:
    """`guard.jsonl`.

    Attributes:
        curves: measures over the evaluations, by name.
        events: the last ones.
        counts: events of each kind.
    """

    MEASURES = (
        *("validation_loss", "best_validation_loss", "rate_scale", "unanswered_share", "consistency"),
        *("challenger_drift", "solver_drift"),
    )

    def __init__(self) -> None:
        self.count = 0
        self.starts: ByNumber[int] = ByNumber()
        self.curves = {name: Series() for name in self.MEASURES}
        self.events: deque[rows.Guard] = deque(maxlen=50)
        self.counts: dict[str, int] = {}

    def add(self, row: rows.Guard) -> None:
        """Take one more row."""
        if row.event is not None:
            self.events.append(row)
            if row.event in self.counts or len(self.counts) < MOST_NAMES:
                self.counts[row.event] = self.counts.get(row.event, 0) + 1
            return
        self.starts.set(self.count, row.round)
        for name, series in self.curves.items():
            series.add(self.count, getattr(row, name))
        self.count += 1


class TimingTally:
    """`timings.jsonl`.

    Attributes:
        costs: by stage.
        stages: how many ended.
        recent: the last ones.
        busy: processor time as a share of one core, per cent, over the stages.
    """

    def __init__(self) -> None:
        self.costs: dict[str, StageCost] = {}
        self.stages, self.seconds = 0, 0.0
        self.recent: deque[rows.Timing] = deque(maxlen=120)
        self.busy = Series()

    def add(self, row: rows.Timing) -> None:
        """Take one more row."""
        add_cost(self.costs, StageCost(row.phase, cpu_s=row.cpu_s, seconds=row.seconds))
        self.recent.append(row)
        self.seconds += row.seconds
        if row.cpu_s is not None and row.seconds > 0:
            self.busy.add(self.stages, 100 * row.cpu_s / row.seconds)
        self.stages += 1

    def mean_seconds(self, phase: str) -> float | None:
        """How long a stage took lately; `None` where it has not been yet."""
        found = [row.seconds for row in self.recent if row.phase == phase][-5:]
        return sum(found) / len(found) if found else None


class QuestionTally:
    """`questions.jsonl`.

    Attributes:
        lengths: characters of the questions, by round.
        sources: questions by source, or by author where no source is named.
        dropped: what became of those that were not asked, by the word before the colon.
        latest: the last ones.
    """

    def __init__(self) -> None:
        self.count = 0
        self.lengths: ByNumber[Lengths] = ByNumber(120)
        self.sources: dict[str, int] = {}
        self.dropped: dict[str, int] = {}
        self.latest: deque[rows.Written] = deque(maxlen=LATEST)

    def add(self, row: rows.Written) -> None:
        """Take one more row."""
        self.count += 1
        _length_of(self.lengths, row.round).add(len(row.text))
        _count(self.sources, row.source or row.author or "unknown")
        if row.dropped is not None:
            _count(self.dropped, row.dropped.partition(":")[0])
        row.text = row.text[:LONGEST_TEXT]
        self.latest.append(row)


class AttemptTally:
    """`attempts.jsonl`.

    Attributes:
        lengths: characters of the attempts, by round.
        latest: the last questions' attempts.
    """

    def __init__(self) -> None:
        self.count = 0
        self.lengths: ByNumber[Lengths] = ByNumber(120)
        self.latest: deque[rows.Attempts] = deque(maxlen=LATEST)

    def add(self, row: rows.Attempts) -> None:
        """Take one more row."""
        lengths = _length_of(self.lengths, row.round)
        for text in row.attempts:
            lengths.add(len(text))
        self.count += len(row.attempts)
        row.attempts = [text[:LONGEST_TEXT] for text in row.attempts[:SHOWN_ATTEMPTS]]
        self.latest.append(row)


class LabelTally:
    """`labels.jsonl`.

    Attributes:
        rates: labels by tenth of the solve rate: [all, known, right, checked, confirmed].
        different: questions by the number of different answers that were given.
        answers: the most frequent labels.
        latest: the last ones.
    """

    def __init__(self) -> None:
        self.count = self.known = self.right = self.checked = self.confirmed = self.kept = 0
        self.rates = {tenth: [0, 0, 0, 0, 0] for tenth in range(11)}
        self.different: dict[int, int] = {}
        self.answers = Frequent()
        self.given = self.unanswered = 0
        self.latest: deque[rows.Labelled] = deque(maxlen=LATEST)

    def add(self, row: rows.Labelled) -> None:
        """Take one more row."""
        agrees = row.check.agrees if row.check is not None else None
        known, checked = row.label_right is not None, agrees is not None
        tenth = min(10, max(0, round(10 * row.solve_rate)))
        counts = self.rates[tenth]
        for i, one in enumerate((True, known, bool(row.label_right), checked, bool(agrees))):
            counts[i] += one
        self.count += 1
        self.kept += row.kept
        self.known += known
        self.right += bool(row.label_right)
        self.checked += checked
        self.confirmed += bool(agrees)
        answers = set(row.answers)
        number = min(20, len(answers - {None}))
        self.different[number] = self.different.get(number, 0) + 1
        self.given += len(row.answers)
        self.unanswered += row.answers.count(None)
        if row.label is not None:
            self.answers.add(row.label)
        row.answers = [None if text is None else text[:LONGEST_TEXT] for text in row.answers[:256]]
        row.label = None if row.label is None else row.label[:LONGEST_TEXT]
        self.latest.append(row)


def _length_of(lengths: ByNumber[Lengths], number: int) -> Lengths:
    found = lengths.get(number)
    if found is None:
        found = Lengths()
        lengths.set(number, found)
    return found


def _count(counts: dict[str, int], name: str) -> None:
    name = name[:80]
    if name in counts or len(counts) < MOST_NAMES:
        counts[name] = counts.get(name, 0) + 1
