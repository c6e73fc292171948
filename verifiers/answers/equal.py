"""`equal`: whether two answers mean the same. Correct, wrong, or undecided with a reason; never an exception."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ...core.records import Outcome
from .compare import Comparison, Decision
from .limits import TooLarge
from .policy import Policy
from .readings import Answer, read
from .tree import Node

FAILURE = "the checker failed"
"""The beginning of the reason when the checker itself failed, which should not happen."""


class Finding(NamedTuple):
    """The outcome of a comparison; true in a condition only if equal.

    Attributes:
        outcome: `CORRECT` (equal), `WRONG` (different) or `UNDECIDED`.
        reason: why, for people.
        unreadable: which side is not mathematics known here: "", "gold", "pred" or "both".
    """

    outcome: Outcome
    reason: str
    unreadable: str = ""

    def __bool__(self) -> bool:
        return self.outcome is Outcome.CORRECT


Oracle = Callable[[Node, Node], Decision]


def no_oracle(_a: Node, _b: Node) -> Decision:
    """The oracle that decides nothing: what needs algebra stays undecided."""
    return None


def equal(gold: str, pred: str, policy: Policy | None = None, timeout_s: float = 0.5) -> Finding:
    """Whether two answers mean the same.

    Args:
        gold: an answer, plain or LaTeX; not a whole solution (see `core.extraction` for those).
        pred: the other one. `equal(a, b)` and `equal(b, a)` have the same outcome.
        policy: what counts as equal, default `Policy()`.
        timeout_s: how long sympy may think, in its own process, about the few pairs that need it; 0 for never.
    """
    from .worker import shared_pool

    oracle = no_oracle if timeout_s <= 0 else shared_pool().oracle(timeout_s)
    return compare(gold, pred, policy or Policy(), oracle)


def compare(gold: str, pred: str, policy: Policy, oracle: Oracle) -> Finding:
    """`equal`, with the oracle as an argument."""
    if gold == pred or gold.split() == pred.split():
        return Finding(Outcome.CORRECT, "the same text")
    if not gold.strip() or not pred.strip():
        return Finding(Outcome.UNDECIDED, "an empty answer")
    try:
        a, b = read(gold, policy), read(pred, policy)
        decision = _any_reading(a, b, Comparison(policy, oracle))
    except TooLarge as error:
        return Finding(Outcome.UNDECIDED, f"too large: {error}")
    except RecursionError:
        return Finding(Outcome.UNDECIDED, "too large: nested too deeply")
    except Exception as error:  # noqa: BLE001 - a bug here must not stop a run; the fuzzer looks for it
        return Finding(Outcome.UNDECIDED, f"{FAILURE}: {type(error).__name__}: {error}")
    if decision:
        return Finding(Outcome.CORRECT, "equal")
    if a.unknown or b.unknown:
        return Finding(Outcome.UNDECIDED, f"an unknown command: {a.unknown or b.unknown}")
    if not (a.readable and b.readable):
        side = "both" if not (a.readable or b.readable) else "pred" if a.readable else "gold"
        return Finding(Outcome.UNDECIDED, "not readable as mathematics, and another text", side)
    if decision is None:
        return Finding(Outcome.UNDECIDED, "neither equality nor difference could be shown in time")
    return Finding(Outcome.WRONG, "different")


def _any_reading(a: Answer, b: Answer, comparison: Comparison) -> Decision:
    """The first reading of one against every reading of the other."""
    unsure = False
    shared = a.signs & b.signs
    if shared:  # 1 % is not 0.01 %: a sign that both have is not dropped
        rules = comparison.policy
        policy = replace(
            rules,
            percent="value" if "percent" in shared else rules.percent,
            degrees="value" if "degree" in shared else rules.degrees,
        )
        a, b, comparison = read(a.text, policy), read(b.text, policy), replace(comparison, policy=policy)
    first, second = a.forms[0], b.forms[0]
    names_count = comparison.policy.assignment != "dropped" and comparison.policy.variables == "named"
    if names_count and a.names and b.names and a.names != b.names:  # no reading drops names that disagree
        return comparison.same(first, second)
    pairs = [(first, form) for form in b.forms] + [(form, second) for form in a.forms[1:]]
    for index, (x, y) in enumerate(pairs):
        decision = comparison.same(x, y)
        if decision:
            return True
        unsure = unsure or (decision is None and (index == 0 or len(pairs) == 1))
    return None if unsure else False
