"""What every curriculum must do."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from ..errors import PluginError, with_article
from ..protocols import Curriculum
from ..records import TaskSpec
from .findings import Findings, global_randomness_problems


def check_curriculum(curriculum: Curriculum, *, rounds: int = 200, skip: Collection[str] = ()) -> list[str]:
    """Check a curriculum: levels in range, equal draws for equal states, state that survives JSON.

    The curriculum is used up: it is sampled and observes made-up solve rates.

    Args:
        rounds: how often it is sampled and told.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    found = Findings(f"curriculum {type(curriculum).__name__}", skip)
    if not isinstance(curriculum, Curriculum):
        raise PluginError(
            f"{type(curriculum).__name__} is not a curriculum: it needs sample, observe and (load_)state_dict"
        )
    found.check("state", lambda: _state_problems(curriculum, rounds))  # first, before levels come to rest at an end
    found.check("samples", lambda: _sample_problems(curriculum, rounds))
    found.check("generators", lambda: _sample_problems(curriculum, 20, np.random.default_rng(0)))
    found.check("randomness", lambda: global_randomness_problems(lambda: curriculum.sample(random.Random(0))))
    return found.report()


def _sample_problems(curriculum: Curriculum, rounds: int, rng: Any = None) -> Iterable[str]:
    rng = rng or random.Random(0)
    for count in range(rounds):
        spec = curriculum.sample(rng)
        if not isinstance(spec, TaskSpec):
            yield f"sample returned {with_article(type(spec).__name__)}, expected a TaskSpec"
            return
        curriculum.observe(spec, (0.0, 1.0, 0.5, rng.random())[count % 4])


def _draws(curriculum: Curriculum, count: int) -> list[TaskSpec]:
    rng = random.Random(7)
    drawn = []
    for _ in range(count):
        drawn.append(curriculum.sample(rng))
        curriculum.observe(drawn[-1], 0.6)
    return drawn


def _state_problems(curriculum: Curriculum, rounds: int) -> Iterable[str]:
    state = json.loads(json.dumps(curriculum.state_dict()))
    first = _draws(curriculum, rounds)
    curriculum.load_state_dict(state)
    if json.loads(json.dumps(curriculum.state_dict())) != state:
        yield "the state read back differs from the state loaded"
    if _draws(curriculum, rounds) != first:
        yield "after load_state_dict the same random stream draws other tasks"
