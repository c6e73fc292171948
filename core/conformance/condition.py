"""What every condition of a challenger must do."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable

from ..errors import PluginError
from ..protocols import Condition, Curriculum, Draw, RewardRule
from ..records import Question, Request
from .findings import Findings, global_randomness_problems
from .reward import check_reward

UNSOLVED = (Question("What is 12+7*3?"), Question("Solve 3x+4=19."))


def check_condition(
    condition: Condition, rule: RewardRule, *, curriculum: Curriculum | None = None, skip: Collection[str] = ()
) -> list[str]:
    """Check a condition: as many requests as asked for, equal ones for equal streams, and a reward rule that conforms.

    Args:
        rule: a reward that the condition can work with, such as `make_reward("r-zero")`.
        curriculum: for a condition that follows one.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(condition, Condition):
        raise PluginError(f"{type(condition).__name__} is not a condition: it needs requests and rewarded")
    found = Findings(f"condition {type(condition).__name__}", skip)
    first, later = Draw(0, curriculum=curriculum), Draw(0, round=2, curriculum=curriculum, unsolved=UNSOLVED)
    for name, draw in (("requests", first), ("requests with unsolved questions", later)):
        found.check(name, lambda draw=draw: _request_problems(condition, draw))  # type: ignore[misc]
    found.check("randomness", lambda: global_randomness_problems(lambda: _requests(condition, later, 3)))
    found.check("reward", lambda: _reward_problems(condition, rule))
    return found.report()


def _requests(condition: Condition, draw: Draw, n: int) -> list[Request | None]:
    return condition.requests(n, draw, random.Random(7))


def _request_problems(condition: Condition, draw: Draw) -> Iterable[str]:
    for n in (0, 1, 16):
        given: object = _requests(condition, draw, n)
        if not isinstance(given, list) or len(given) != n:
            yield f"gave {given!r:.80}, expected a list of {n}"
        elif any(one is not None and not isinstance(one, Request) for one in given):
            yield f"gave {given!r:.80}, expected requests or None"
        elif given != _requests(condition, draw, n):
            yield "equal streams give different requests"


def _reward_problems(condition: Condition, rule: RewardRule) -> Iterable[str]:
    try:
        check_reward(condition.rewarded(rule))
    except PluginError as error:
        yield str(error)
