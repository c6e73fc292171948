"""Lattice paths: in how many ways can one go through a grid, right or up, past the blocked cells?

One path is planted and its cells stay free, so that there is always a way; the count is the usual sum over cells.

    level            0 … 1/12   1/12 … 2/12   …   11/12 … 1
    columns + rows      11           12               22        columns and rows differ by at most one;
    blocked cells        4            5               15        none on the planted path
"""

from __future__ import annotations

from ....core.protocols import Rng
from ....core.records import Question, TaskSpec
from ..draws import sample, size

SIDES = (11, 22)
FEWEST_BLOCKED = 4


class GridPathGenerator:
    """Writes grids with a way through."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        sides = size(spec.level, *SIDES)
        columns = sides // 2 + (sides % 2 if rng.random() < 0.5 else 0)
        rows = sides - columns
        kept = _planted_path(columns, rows, rng)
        others = [(x, y) for x in range(1, columns + 1) for y in range(1, rows + 1) if (x, y) not in kept]
        blocked = sorted(sample(others, FEWEST_BLOCKED + sides - SIDES[0], rng))
        text = (
            f"A grid has {columns} columns and {rows} rows; (x, y) is the cell in column x and row y. These cells are "
            f"blocked: {', '.join(map(str, blocked))}. A step goes from (x, y) to (x+1, y) or to (x, y+1), and never "
            f"to a blocked cell. How many different paths lead from (1, 1) to ({columns}, {rows})?"
        )
        answer = _count(columns, rows, frozenset(blocked))
        return Question(text, str(answer), "math", spec.level, "grid-paths", {"kind": "grid-paths"})


def _planted_path(columns: int, rows: int, rng: Rng) -> set[tuple[int, int]]:
    steps = sample([(1, 0)] * (columns - 1) + [(0, 1)] * (rows - 1), columns + rows - 2, rng)
    x, y = 1, 1
    path = {(x, y)}
    for right, up in steps:
        x, y = x + right, y + up
        path.add((x, y))
    return path


def _count(columns: int, rows: int, blocked: frozenset[tuple[int, int]]) -> int:
    """Paths to the last cell: to each cell there are those to its left neighbour and those to its lower one."""
    ways = [0] * (columns + 1)
    ways[1] = 1
    for y in range(1, rows + 1):
        for x in range(1, columns + 1):
            ways[x] = 0 if (x, y) in blocked else ways[x] + (ways[x - 1] if x > 1 else 0)
    return ways[columns]
