"""Two roles in one game: how good a challenger's questions are with a certain solver, measured from outside.

The game rewards a challenger for questions the solver's vote is unsure of. It also rewards questions that nobody can
answer: ambiguous, ill-posed, outside the language. Two checks tell these apart without trusting the vote:

- *readable*: the answer can be computed from the text (`core.language`), so the label can be checked;
- *stability*: do two halves of the attempts elect the same answer? A hard question with one answer keeps its majority,
  an ambiguous one tosses a coin. Needs no reference, so it works for any question.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import ConfigError
from ...core.math_language import answer
from ...core.protocols import Agent, Verifier, unreadable
from ...core.protocols.completions import completions_of
from ...core.records import Question
from ...core.registries import make_reward, make_verifier
from ...core.seeding import integer_seed
from ...envs.game.domains import find_domain
from ...envs.game.engine import Episode, Game
from ...envs.rewards import distinct_clusters, uncertainty
from ..pages.figures import MANY, colour, legend
from ..pages.headline import Headline
from ..pages.wording import counted, name_in_figure, percent, short_name
from ..run.labels import labels_right
from ..run.metrics import histogram
from ..stats import Estimate, mean, mean_rate
from .result_table import ResultTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Pairs: labels by vote, checked where the answer can be computed; per cent"

UNSURE = (0.5, 0.75)
"""Below, a vote of few attempts is a coin toss whatever was asked; above, it is sure."""


@dataclass(frozen=True, slots=True)
class PairResult:
    """One challenger against one solver. Lists have one entry per well-formed question.

    Attributes:
        proposals: texts the challenger wrote; the well-formed ones are `questions`.
        solve_rates: p̂ by the vote.
        label_right: whether the vote's label is the computed answer; `None` if no answer can be computed.
        solver_right: share of the attempts that are right; `None` likewise.
        stable: whether both halves of the attempts elect the same answer.
        clusters: number of distinct clusters among the questions.
    """

    challenger: str
    solver: str
    proposals: int
    questions: list[str]
    solve_rates: list[float]
    label_right: list[bool | None]
    solver_right: list[float | None]
    stable: list[bool]
    clusters: int

    @property
    def well_formed_share(self) -> float:
        """Share of the proposals that are questions at all."""
        return len(self.questions) / max(1, self.proposals)

    @property
    def readable_share(self) -> float:
        """Share of the questions whose answer can be computed."""
        return mean([right is not None for right in self.label_right])

    @property
    def solve_rate(self) -> Estimate:
        return mean_rate(self.solve_rates)

    @property
    def uncertainty(self) -> float:
        """Mean 1 − 2|p̂ − ½|: the challenger's reward before any penalty, in [0, 1]."""
        return mean([uncertainty(p) for p in self.solve_rates])

    @property
    def label_accuracy(self) -> Estimate:
        """Share of right labels among readable questions."""
        return mean_rate([float(right) for right in self.label_right if right is not None])

    @property
    def solver_accuracy(self) -> Estimate:
        """Share of right attempts at readable questions: a low one means hard questions."""
        return mean_rate([share for share in self.solver_right if share is not None])

    @property
    def reward_accuracy(self) -> float:
        """Share of the challenger's reward earned with questions whose label is known to be right."""
        rewards = [uncertainty(p) for p in self.solve_rates]
        earned = sum(value for value, right in zip(rewards, self.label_right, strict=True) if right)
        return earned / sum(rewards) if sum(rewards) else 0.0

    @property
    def stability(self) -> float:
        """Share of questions, among those with ½ ≤ p̂ ≤ ¾, whose vote repeats itself; 1.0 if there are none."""
        unsure = [s for s, p in zip(self.stable, self.solve_rates, strict=True) if UNSURE[0] <= p <= UNSURE[1]]
        return mean(unsure) if unsure else 1.0

    def warnings(self) -> list[str]:
        """What is wrong with this challenger, in sentences."""
        notes = []
        if self.proposals and self.well_formed_share < 0.5:
            notes.append(f"{100 * (1 - self.well_formed_share):.0f} % of the proposals are malformed")
        if self.questions and self.readable_share < 0.5:
            notes.append(f"{100 * (1 - self.readable_share):.0f} % of the questions have no computable answer")
        if self.stability < 0.7:
            notes.append(
                f"the vote repeats itself on only {100 * self.stability:.0f} % of the questions it wins narrowly: they "
                "are ambiguous rather than hard, and their labels are coin tosses"
            )
        return notes

    def as_dict(self) -> dict[str, Any]:
        summary = {
            "well_formed_share": self.well_formed_share,
            "readable_share": self.readable_share,
            "solve_rate": self.solve_rate.as_dict(),
            "uncertainty": self.uncertainty,
            "label_accuracy": self.label_accuracy.as_dict(),
            "solver_accuracy": self.solver_accuracy.as_dict(),
            "reward_accuracy": self.reward_accuracy,
            "stability": self.stability,
            "warnings": self.warnings(),
        }
        return {"summary": summary, "counts": asdict(self)}


def play_pair(
    challenger: Agent,
    solver: Agent,
    *,
    proposals: int = 128,
    attempts: int = 16,
    template: str = "plain",
    seed: int = 0,
    names: tuple[str, str] = ("challenger", "solver"),
) -> PairResult:
    """Let a challenger write `proposals` questions and a solver answer each `attempts` times, labels by vote.

    Raises:
        ConfigError: fewer than one proposal, or fewer than two attempts (a vote needs halves to compare).
    """
    if proposals < 1 or attempts < 2:
        raise ConfigError(f"a pair needs proposals >= 1 and attempts >= 2, got {proposals} and {attempts}")
    voter = make_verifier("majority")
    game = Game(find_domain("math"), voter, make_reward("r-zero", repetition=0.0), template)
    texts = completions_of(challenger, [game.instruct()], n=proposals, seed=integer_seed(seed, "pair", "propose"))[0]
    answering = integer_seed(seed, "pair", "answer")
    answers = partial(solver.act, n=attempts, seed=answering)
    rounds = game.play(texts, answers, partial(unreadable, solver))
    played = [r for r in rounds if r.judgement is not None]
    questions = [r.proposal.question for r in played if r.proposal.question is not None]
    judgements = [r.judgement for r in played if r.judgement is not None]
    return PairResult(
        challenger=names[0],
        solver=names[1],
        proposals=proposals,
        questions=[question.text for question in questions],
        solve_rates=[judgement.solve_rate for judgement in judgements],
        label_right=labels_right(questions, [judgement.label for judgement in judgements]),
        solver_right=_shares_right(questions, played),
        stable=_stable(voter, questions, [r.attempts for r in played]),
        clusters=distinct_clusters([question.text for question in questions]),
    )


def pair_table(results: Sequence[PairResult], seed: int) -> ResultTable:
    """The pairs as one table, with a histogram of p̂."""
    header = [
        "pair",
        "well-formed",
        "readable",
        "p̂",
        "reward",
        "asked labels right",
        "reward acc.",
        "solver acc.",
        "stable",
    ]
    cells = [
        [
            f"{r.challenger}+{r.solver}",
            *(f"{100 * share:.0f}" for share in (r.well_formed_share, r.readable_share, r.solve_rate.value)),
            f"{r.uncertainty:.2f}",
            percent(r.label_accuracy),
            f"{100 * r.reward_accuracy:.0f}",
            percent(r.solver_accuracy),
            f"{100 * r.stability:.0f}",
        ]
        for r in results
    ]

    def draw(axes: Axes) -> None:
        for row, r in enumerate(results[:MANY]):
            shares = 100 * np.array(histogram(r.solve_rates)) / max(1, len(r.solve_rates))
            name = name_in_figure(f"{r.challenger}+{r.solver}")
            axes.plot((np.arange(10) + 0.5) / 10, shares, "o-", color=colour(row), label=name)
        axes.set(xlim=(0, 1), ylim=(0, None), xlabel="share of the vote p̂", ylabel="questions, %")
        axes.set_title("How undecided the votes are")
        legend(axes, 2)

    notes = [f"{r.challenger}+{r.solver}: {note}" for r in results for note in r.warnings()]
    found = {"seed": seed, "pairs": [result.as_dict() for result in results]}
    return ResultTable(TITLE, _headline(results), header, cells, notes, found, draw)


def _headline(results: Sequence[PairResult]) -> Headline:
    """Of which pair the labels are right most often."""
    known = [r for r in results if not math.isnan(r.label_accuracy.value)]
    if not known:
        return Headline("open", "No label could be checked: no question has an answer that can be computed.")
    best = max(known, key=lambda r: r.label_accuracy.value)
    pair, labels = f"{short_name(best.challenger)} with {short_name(best.solver)}", percent(best.label_accuracy)
    of = "" if len(results) == 1 else f", the most of {counted(len(results), 'pair')}"
    detail = f"{100 * best.well_formed_share:.0f} % of its {counted(best.proposals, 'proposal')} are questions, and the"
    detail += f" solver is right in {percent(best.solver_accuracy)} per cent of its attempts at those of known answer."
    return Headline("open", f"{pair}: {labels} per cent of the labels are right{of}.", detail)


def _shares_right(questions: Sequence[Question], played: Sequence[Episode]) -> list[float | None]:
    truths = [answer(question.text) for question in questions]
    known = [i for i, truth in enumerate(truths) if truth is not None]
    judged = make_verifier("sympy").judge_many(
        [Question(questions[i].text, truths[i]) for i in known], [played[i].attempts for i in known]
    )
    shares: list[float | None] = [None] * len(questions)
    for i, judgement in zip(known, judged, strict=True):
        shares[i] = judgement.solve_rate
    return shares


def _stable(voter: Verifier, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[bool]:
    """Whether the even and the odd attempts elect the same answer."""
    even = voter.judge_many(questions, [group[::2] for group in groups])
    labels = [judgement.label for judgement in even]
    odd = voter.judge_many(questions, [group[1::2] for group in groups])
    same = make_verifier("sympy").judge_many(
        [Question(q.text, label or "") for q, label in zip(questions, labels, strict=True)],
        [[] if judgement.label is None else [rf"\boxed{{{judgement.label}}}"] for judgement in odd],
    )
    return [label is not None and j.correct_count == 1 for label, j in zip(labels, same, strict=True)]
