"""What the guard saw and did, for people: validations with alarms and rollbacks on their line, and events in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..pages.figures import BAD, CHALLENGER, GOOD, MUTED, SOLVER, draw_svg, legend
from ..pages.wording import counted
from ..storage.run_folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {
    "alarm": "alarm",
    "rate": "learning rate",
    "rollback": "rollback",
    "damage": "damaged file",
}


@dataclass(frozen=True, slots=True)
class GuardEvent:
    """One thing that happened.

    Attributes:
        at: where on the line of evaluations: 2.0 at the third one, 2.5 between it and the next.
        kind: "alarm", "rate", "rollback" or "damage".
        where: round, phase and step, for people.
        numbers: what was measured and what it was held against, for people; "" if there is nothing to hold it against.
        scale: what learning rates are multiplied by from here on; `None` if the event leaves them alone.
    """

    at: float
    kind: str
    name: str
    role: str
    where: str
    why: str
    numbers: str
    scale: float | None


@dataclass(frozen=True, slots=True)
class GuardSummary:
    """The guard's part of a run; both are empty if it was off.

    Attributes:
        evaluations: rows of measures of `guard.jsonl`, in order.
        events: what happened, in order.
    """

    evaluations: Sequence[Mapping[str, Any]]
    events: Sequence[GuardEvent]

    def of(self, kind: str) -> list[GuardEvent]:
        """The events of one kind."""
        return [event for event in self.events if event.kind == kind]

    @property
    def sentence(self) -> str:
        """Alarms and rollbacks in a sentence; "" if there were none."""
        alarms, rollbacks = self.of("alarm"), self.of("rollback")
        parts = []
        if alarms:
            names = ", ".join(dict.fromkeys(event.name.replace("_", " ") for event in alarms))
            parts.append(f"raised {counted(len(alarms), 'alarm')} ({names})")
        if rollbacks:
            often = "once" if len(rollbacks) == 1 else f"{len(rollbacks)} times, last"
            parts.append(f"rolled back {often} in {rollbacks[-1].where}")
        ended = " The solver is the best one again." if self.at_best else ""
        return f"The guard {' and '.join(parts)}.{ended}" if parts else ""

    @property
    def at_best(self) -> bool:
        """Whether the run stands at its best checkpoint because nothing was evaluated since a rollback to it."""
        rollbacks = self.of("rollback")
        return bool(rollbacks) and rollbacks[-1].at >= len(self.evaluations) - 1


def read_guard(folder: RunFolder) -> GuardSummary:
    """Read what the guard wrote down."""
    evaluations: list[Mapping[str, Any]] = []
    events = []
    for row in folder.rows("guard"):
        if "event" in row:
            between = row["phase"] not in ("evaluate", "gate") and not _beside(evaluations, row)
            events.append(guard_event(row, len(evaluations) - 1 + (0.5 if between else 0.0)))
        else:
            evaluations.append(row)
    return GuardSummary(evaluations, events)


def guard_figures(summary: GuardSummary) -> list[str]:
    """Validation loss and learning rates over the evaluations; empty without any."""
    if not summary.evaluations:
        return []
    losses = ", ".join(f"{row['validation_loss']:.2f}" for row in summary.evaluations)
    marks = f"{counted(len(summary.of('alarm')), 'alarm')}, {counted(len(summary.of('rollback')), 'rollback')}"
    scales = ", ".join(f"{row['rate_scale']:g}" for row in summary.evaluations)
    return [
        draw_svg(lambda axes: _draw_losses(axes, summary), f"Validation loss per evaluation: {losses}; {marks}."),
        draw_svg(lambda axes: _draw_rates(axes, summary), f"Scale of the learning rates per evaluation: {scales}."),
    ]


def _beside(evaluations: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> bool:
    """Whether an event of a training phase came with an evaluation inside that phase."""
    if not evaluations or row["step"] is not None:
        return False
    last = evaluations[-1]
    return (last["round"], last["phase"]) == (row["round"], row["phase"])


def guard_event(row: Mapping[str, Any], at: float) -> GuardEvent:
    """A row of `guard.jsonl` that tells of an event."""
    step = "" if row["step"] is None else f", step {row['step'] + 1}"
    value, limit = row["value"], row["limit"]
    if row["event"] == "rate":
        numbers = f"× {limit:.3g} → × {value:.3g}"
    elif limit is None:
        numbers = ""
    else:
        numbers = f"{'not finite' if value is None else f'{value:.3g}'} against {limit:.3g}"
    where = f"round {row['round']}, {row['phase']}{step}"
    scale = value if row["event"] == "rate" else row.get("rate_scale")
    return GuardEvent(at, row["event"], row["name"], row["role"] or "", where, row["why"], numbers, scale)


def _draw_losses(axes: Axes, summary: GuardSummary) -> None:
    rows = summary.evaluations
    losses = [100 * row["validation_loss"] for row in rows]
    axes.plot(range(len(rows)), losses, "-o", color=SOLVER, label="validation loss")
    best = [100 * row["best_validation_loss"] for row in rows]
    axes.step(range(len(rows)), best, "--", where="post", color=GOOD, linewidth=1.2, label="least so far")
    for event in summary.of("rollback"):
        label = None if event is not summary.of("rollback")[0] else "rollback"
        axes.axvline(event.at, color=BAD, linewidth=1.4, linestyle=":", label=label)
    low, high = min(losses), max(losses)
    room = max(4.0, 0.12 * (high - low))
    axes.set_ylim(max(0.0, low - 2 * room), min(103.0, high + room))
    heights: dict[float, int] = {}
    for event in summary.of("alarm"):
        height = heights[event.at] = heights.get(event.at, -1) + 1
        if height < 5:
            label = None if event is not summary.of("alarm")[0] else "alarm"
            bottom, top = axes.get_ylim()
            axes.plot(
                [event.at],
                [bottom + (0.06 + 0.09 * height) * (top - bottom)],
                "^",
                color=CHALLENGER,
                markersize=6,
                label=label,
                linestyle="none",
            )
    axes.set_title("Validation loss, per cent of held-out samples")
    _evaluation_ticks(axes, rows)
    legend(axes, 4)


def _draw_rates(axes: Axes, summary: GuardSummary) -> None:
    measured = [(float(at), row["rate_scale"]) for at, row in enumerate(summary.evaluations)]
    changed = [(event.at, event.scale) for event in summary.events if event.scale is not None]
    scales = sorted(
        [*measured, *changed], key=lambda pair: pair[0]
    )  # stable: what follows an evaluation stands after it
    ends = [*scales, (len(summary.evaluations) - 0.5, scales[-1][1])]
    axes.step([at for at, _ in ends], [scale for _, scale in ends], where="post", color=MUTED)
    for event in summary.of("rollback"):
        axes.axvline(event.at, color=BAD, linewidth=1.4, linestyle=":")
    axes.set_yscale("log", base=2)
    least = min(scale for _, scale in scales)
    axes.set_ylim(min(0.4, least / 1.6), 1.6)
    ticks = [2.0**-power for power in range(13) if 2.0**-power >= least / 1.01][:: 1 if least > 0.05 else 3]
    axes.set_yticks(ticks, [f"× {tick:.2g}" for tick in ticks], minor=False)
    axes.minorticks_off()
    axes.set_title("Learning rates, against the settings")
    _evaluation_ticks(axes, summary.evaluations)


def _evaluation_ticks(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """A tick per evaluation at the end of a round; those inside a training phase stand between."""
    ends = [(at, row["round"]) for at, row in enumerate(rows) if row["phase"] == "evaluate"]
    every = max(1, -(-len(ends) // 14))
    shown = ends[::every]
    axes.set_xticks([at for at, _ in shown], ["base" if not number else str(number) for _, number in shown])
    axes.set_xlim(-0.4, len(rows) - 0.5)
    axes.set_xlabel("after round")
