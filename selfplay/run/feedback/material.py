"""What decisions give to learn from: labels as references, pairs of attempts, and pairs of proposals.

    labels       questions whose label a person approved or edited, of all rounds so far: references, which no vote
                 replaces. A question that was asked in several rounds counts once, as it was decided last.
    preferences  pairs of attempts of which a person prefers one.
    proposals    a question of the challenger that was rejected, beside one that was approved in the same round: the
                 rejected one is what the challenger should not have written there.

What reviewers contradict each other about teaches nothing (`reviews.outcomes`), and neither does what belongs to the
exam. A share of the questions, found by a hash of what they ask, is set aside: neither they nor pairs of theirs train.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ....core.held_out import place
from ....core.protocols import unreadable
from ....core.records import NEAR, Question, Request, spec_of
from ....core.seeding import python_stream
from ....envs.game.domains import held_out, identity_of
from ....envs.game.screening import RULINGS
from ...reviews.checks import read_id
from ...reviews.decisions import Decision, standing
from ...reviews.outcomes import Outcome, decisions_in, outcomes
from ...settings.config import CHALLENGER, SOLVER
from ..question_log import question_of

if TYPE_CHECKING:
    from ....agents.training.preferences.objective import Preference
    from ..run import SelfPlay

T = TypeVar("T")
Row = Mapping[str, Any]
LOGS = ("questions", "attempts", "labels", "reviews")
HUMAN = "human"
"""Under which `Question.meta` says that a person vouches for the reference; also the `label_source` of such labels."""


@dataclass(frozen=True, slots=True)
class Split(Generic[T]):
    """Things to learn from, and those that are set aside to see whether that helps."""

    train: list[T] = field(default_factory=list)
    held_out: list[T] = field(default_factory=list)

    def add(self, one: T, aside: bool) -> None:
        """Add one to its side."""
        (self.held_out if aside else self.train).append(one)

    def counts(self) -> dict[str, int]:
        """How many there are on each side."""
        return {"train": len(self.train), "held_out": len(self.held_out)}


@dataclass(frozen=True, slots=True)
class Material:
    """What people decided about a run so far, ready to be learnt; see above."""

    labels: Split[Question] = field(default_factory=Split)
    preferences: Split[Preference] = field(default_factory=Split)
    proposals: Split[Preference] = field(default_factory=Split)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A question that people decided about: as it was written, its label in the log, and what became of it."""

    question: Question
    label: str | None
    outcome: Outcome

    @property
    def reference(self) -> Question | None:
        """The question with the label that a person vouches for; `None` without one."""
        outcome, label = self.outcome, self.outcome.label
        if not (outcome.trains and outcome.vouches):
            return None
        if label is None and outcome.question is None:
            label = self.label
        if label is None:
            return None
        text = self.question.text if outcome.question is None else outcome.question
        return replace(self.question, text=text, reference=label, meta={**self.question.meta, HUMAN: True})


def material_of(run: SelfPlay, share: float) -> Material:
    """What people decided in all rounds so far, as far as the run has adopted it.

    Args:
        share: of the questions to set aside.
    """
    found, references = Material(), dict[str, Question]()
    for number, logs in _rounds(run):
        reviewed = list(_reviewed(logs))
        for one in reviewed:
            reference = one.reference
            if reference is not None:
                references.pop(identity_of(reference), None)  # so that it stands where it was decided last
                references[identity_of(reference)] = reference
        _add_preferences(run, found.preferences, logs, share)
        _add_proposals(run, found.proposals, number, reviewed, share)
    readable = _readable(run, [one for one in references.values() if not held_out(one)])
    for question in readable:
        found.labels.add(question, is_set_aside(question, share))
    return found


def is_set_aside(question: Question, share: float) -> bool:
    """Whether a question is one of those that are never trained on; independent of whether it is the exam's."""
    return place(f"reviews {identity_of(question)}") < share


def set_aside(run: SelfPlay) -> set[str]:
    """What the questions ask, by identity, that people decided about and no stage of the run may train on.

    Empty where no stage sets any aside (`sets_aside`, a share).
    """
    share = max((getattr(stage, "sets_aside", 0.0) for stage in run.schedule.all_stages), default=0.0)
    found = set[str]()
    for _, logs in _rounds(run) if share else ():
        edited = {index: outcome.question for index, outcome in outcomes(logs["reviews"]).items()}
        decided = {row["index"] for row in logs["reviews"]}
        for row in logs["questions"]:
            if row["dropped"] is None and row["index"] in decided:
                question, text = question_of(dict(row)), edited.get(row["index"])
                both = [question] if text is None else [question, replace(question, text=text)]
                found |= {identity_of(one) for one in both if is_set_aside(one, share)}
    return found


def _rounds(run: SelfPlay) -> Iterable[tuple[int, dict[str, list[Row]]]]:
    """The logs of the rounds in which somebody decided something, in order."""
    logs: dict[int, dict[str, list[Row]]] = {}
    for row in run.folder.rows("reviews"):
        if row["round"] <= run.round:
            logs.setdefault(row["round"], {name: [] for name in LOGS})["reviews"].append(row)
    for name in LOGS[:3] if logs else ():
        for row in run.folder.rows(name):
            if row["round"] in logs:
                logs[row["round"]][name].append(row)
    return sorted(logs.items())


def _reviewed(logs: Mapping[str, Sequence[Row]]) -> Iterable[Reviewed]:
    labels = {row["index"]: row["label"] for row in logs["labels"]}
    became = outcomes(logs["reviews"])
    for row in logs["questions"]:
        if row["dropped"] is None and row["index"] in became:
            yield Reviewed(question_of(dict(row)), labels.get(row["index"]), became[row["index"]])


def _readable(run: SelfPlay, questions: Sequence[Question]) -> list[Question]:
    """Without those that do not fit into the solver's context."""
    if not questions or SOLVER not in run.roles:
        return []
    reasons = unreadable(run.roles[SOLVER].agent, run.game.ask(questions))
    return [question for question, reason in zip(questions, reasons, strict=True) if reason is None]


def _add_preferences(run: SelfPlay, found: Split[Preference], logs: Mapping[str, Sequence[Row]], share: float) -> None:
    from ....agents.training.preferences.objective import Preference

    questions = {row["index"]: question_of(dict(row)) for row in logs["questions"] if row["dropped"] is None}
    refused = defaultdict(tuple, {row["index"]: row.get(RULINGS) or () for row in logs["labels"]})
    attempts = {row["index"]: row["attempts"] for row in logs["attempts"]}
    for item, own in standing(decisions_in(logs["reviews"])).items():
        kind, _, index, pair = read_id(item)
        if kind != "pair" or index not in questions or max(pair) >= len(attempts.get(index, ())):
            continue
        preferred, question, reasons = _preferred(own), questions[index], refused[index]
        if preferred is None or held_out(question) or any(place < len(reasons) and reasons[place] for place in pair):
            continue  # nobody prefers either, or a policy refused one of them
        chosen, rejected = (attempts[index][one] for one in (preferred, sum(pair) - preferred))
        if chosen != rejected:
            one = Preference(run.game.ask([question])[0], chosen, rejected)
            found.add(one, is_set_aside(question, share))


def _preferred(own: Mapping[str, Decision]) -> int | None:
    """The attempt that all reviewers of a pair prefer; `None` where they differ, or none is better."""
    said = {(one.decision, one.after) for one in own.values()}
    ((decision, after), *others) = said
    return after if decision == "prefer" and not others else None


def _add_proposals(
    run: SelfPlay, found: Split[Preference], number: int, reviewed: Sequence[Reviewed], share: float
) -> None:
    """Each rejected proposal beside an approved one that was written to the same prompt and is on the same side."""
    from ....agents.training.preferences.objective import Preference

    approved: dict[tuple[str, bool], list[str]] = {}
    rejected: list[tuple[tuple[str, bool], str]] = []
    for one in reviewed:
        question = one.question
        if question.author != CHALLENGER or question.reference is None or held_out(question):
            continue
        key = run.game.instruct(_request_of(question)), is_set_aside(question, share)
        if one.outcome.trains and one.outcome.question is None:
            approved.setdefault(key, []).append(run.domain.write(question))
        elif one.outcome.decision == "reject":
            rejected.append((key, run.domain.write(question)))
    rng = python_stream(run.config.seed, "feedback proposals", number)
    for key, text in rejected:
        others = [other for other in approved.get(key, ()) if other != text]
        if others:
            found.add(Preference(key[0], rng.choice(others), text), key[1])


def _request_of(question: Question) -> Request | None:
    """What the challenger was asked for when it wrote the question; `None` for nothing in particular."""
    spec, near = spec_of(question), question.meta.get(NEAR)
    return None if spec is None and near is None else Request(spec, near)
