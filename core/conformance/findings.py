"""Runs checks by name and gathers what fails."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable

import numpy as np

from ..errors import PluginError


class Findings:
    """Runs checks by name and gathers what fails."""

    def __init__(self, what: str, skip: Collection[str]) -> None:
        self.what, self.skip = what, skip
        self.passed: list[str] = []
        self.failed: list[str] = []

    def check(self, name: str, run: Callable[[], Iterable[str]]) -> None:
        if name in self.skip:
            return
        try:
            problems = list(run())
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is a finding
            problems = [f"raised {type(error).__name__}: {error}"]
        if problems:
            self.failed += [f"{name}: {problem}" for problem in problems[:3]]
        else:
            self.passed.append(name)

    def report(self) -> list[str]:
        if self.failed:
            raise PluginError(f"{self.what} does not conform:\n  " + "\n  ".join(self.failed))
        return self.passed


def global_randomness_problems(run: Callable[[], object]) -> Iterable[str]:
    """Whether `run` draws from the global generators or seeds them; their states are put back afterwards."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - to see that nobody touched it
    try:
        random.random()  # whoever seeds with a constant has done so in an earlier check: move on, to see it again
        np.random.random()  # noqa: NPY002
        before, numpy_before = random.getstate(), np.random.get_state()  # noqa: NPY002
        run()
        after, numpy_after = random.getstate(), np.random.get_state()  # noqa: NPY002
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
    if after != before:
        yield "the global state of `random` was changed"
    if any(np.any(a != b) for a, b in zip(numpy_before, numpy_after, strict=True)):
        yield "the global state of `numpy.random` was changed"
