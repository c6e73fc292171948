"""What a run cost: tokens, processor time and wall time per stage, over all rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..storage.run_folder import RunFolder

HEADER = [
    "stage",
    "tokens sampled",
    "trained",
    "counted",
    "of all",
    "read",
    "in exams",
    "CPU s",
    "wall s",
    "counted by role",
]


@dataclass(slots=True)
class StageCost:
    """One stage, or all of them.

    Attributes:
        phase: its name.
        tokens: sums of `tokens_*` of `metrics.jsonl`, by the rest of the name; none where nothing was counted.
        counted_by: counted tokens by role.
        cpu_s: processor time; `None` where the version that played the run did not measure it.
        seconds: wall time.
    """

    phase: str
    tokens: dict[str, int] = field(default_factory=dict)
    counted_by: dict[str, int] = field(default_factory=dict)
    cpu_s: float | None = None
    seconds: float = 0.0

    def add(self, other: StageCost) -> None:
        """Add what another one cost."""
        for mine, theirs in ((self.tokens, other.tokens), (self.counted_by, other.counted_by)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        if other.cpu_s is not None:
            self.cpu_s = (self.cpu_s or 0.0) + other.cpu_s
        self.seconds += other.seconds


def read_costs(folder: RunFolder) -> list[StageCost]:
    """What each stage of a run cost over all rounds, in the order in which they were played first."""
    found: dict[str, StageCost] = {}
    for row in folder.rows("timings"):
        cost = StageCost(row["phase"], cpu_s=row.get("cpu_s"), seconds=row["seconds"])
        found.setdefault(row["phase"], StageCost(row["phase"])).add(cost)
    for row in folder.rows("metrics"):
        if "tokens_counted" in row:
            tokens = {name.removeprefix("tokens_"): n for name, n in row.items() if name.startswith("tokens_")}
            by = {role: one["counted"] for role, one in row["by_role"].items()}
            found.setdefault(row["phase"], StageCost(row["phase"])).add(StageCost(row["phase"], tokens, by))
    return list(found.values())


def cost_table(costs: Sequence[StageCost]) -> tuple[list[str], list[list[str]]]:
    """Header and cells: a row per stage, and their sum."""
    whole = StageCost("all stages")
    for cost in costs:
        whole.add(cost)
    return HEADER, [_cells(cost, whole.tokens.get("counted", 0)) for cost in [*costs, whole]]


def _cells(cost: StageCost, counted: int) -> list[str]:
    share = f"{100 * cost.tokens.get('counted', 0) / counted:.0f} %" if counted and cost.tokens else "–"
    by_role = ", ".join(f"{role} {count:,}" for role, count in sorted(cost.counted_by.items()) if count)
    return [
        cost.phase.replace("_", " "),
        *(_count(cost, name) for name in ("sampled", "trained", "counted")),
        share,
        *(_count(cost, name) for name in ("read", "examined")),
        "–" if cost.cpu_s is None else f"{cost.cpu_s:.1f}",
        f"{cost.seconds:.1f}",
        by_role or "–",
    ]


def _count(cost: StageCost, name: str) -> str:
    return f"{cost.tokens[name]:,}" if name in cost.tokens else "–"
