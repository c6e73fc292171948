"""How far attempts at one question agree in the steps that they write.

    agreement(i) = 1/|S_i| · Σ_{s ∈ S_i} (share of the other attempts that write s)

S_i is the set of steps of attempt i, as written. Whether a step holds is not computed: nothing here knows an answer.
The idea, that right solutions go the same way and wrong ones each another, is that of CoVo (arXiv 2506.08745), which
asks a model how far each state of a solution leads to its answer; here the states are the equalities written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .steps import written_steps


def agreements(attempts: Sequence[str]) -> list[float | None]:
    """The agreement of each attempt with the others, in [0, 1]; `None` for one without steps, or without others."""
    steps = [set(written_steps(attempt)) for attempt in attempts]
    writers = Counter(step for own in steps for step in own)
    others = len(attempts) - 1
    return [sum(writers[step] - 1 for step in own) / (len(own) * others) if own and others else None for own in steps]
