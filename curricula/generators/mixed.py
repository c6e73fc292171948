"""Mixtures of other generators, drawn per question by weight: any parts, school sums, or the families of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from ...core.errors import ConfigError
from ...core.protocols import Generator, Rng
from ...core.records import Question, TaskSpec
from ...core.registries import make_generator
from ...core.sums import finite_total
from .draws import pick

DEFAULT_PARTS: Mapping[str, float] = {"arithmetic": 0.5, "equation": 0.3, "composed": 0.2}
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "easy": ("arithmetic", "equation", "units", "sequences"),
    "hard": ("knights", "ordering", "clauses", "subset-sums", "grid-paths", "quantifiers"),
}


class MixedGenerator:
    """Draws one of several generators for every question.

    Args:
        parts: generator name → weight > 0, of a finite sum. `TaskSpec.kind`, when set, names the part to use instead.

    Raises:
        ConfigError: no parts, a weight that is not positive, or a `kind` that is not among the parts.
    """

    def __init__(self, parts: Mapping[str, float] | None = None) -> None:
        parts = DEFAULT_PARTS if parts is None else parts
        total = finite_total(parts.values())
        if not parts or total is None or any(weight <= 0 for weight in parts.values()):
            raise ConfigError(f"mixed needs parts with positive weights and a finite sum, got {dict(parts)!r}")
        self._generators: dict[str, Generator] = {name: make_generator(name) for name in parts}
        self._edges = list(accumulate(weight / total for weight in parts.values()))
        self._names = list(parts)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What `TaskSpec.kind` can name."""
        return tuple(self._names)

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        return self._choose(spec.kind, rng).generate(spec, rng)

    def _choose(self, kind: str | None, rng: Rng) -> Generator:
        if kind is not None:
            if kind not in self._generators:
                raise ConfigError(f"mixed has no part {kind!r}; its parts are {self._names}")
            return self._generators[kind]
        draw = rng.random()
        at = next((i for i, edge in enumerate(self._edges) if draw < edge), len(self._names) - 1)
        return self._generators[self._names[at]]


class SchoolGenerator(MixedGenerator):
    """First school sums for a small real model, a third each: arithmetic of one or two steps, word problems, and
    equations up to ax+b=c, x ≥ 0. The level runs over these alone: 1 is as hard as it says here.
    """

    REACH: Mapping[str, float] = {"arithmetic": 0.5, "equation": 0.5, "word-problem": 1.0}

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(self.REACH, 1.0))
        self._reach = {id(self._generators[name]): most for name, most in self.REACH.items()}

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        part = self._choose(spec.kind, rng)
        level = min(spec.level, 1 - 1e-9) * self._reach[id(part)]
        return replace(part.generate(replace(spec, level=level), rng), level=spec.level)


class FamilyGenerator(MixedGenerator):
    """Draws one of the task families, all alike; other weights are `mixed(parts={…})`.

    `TaskSpec.kind` names a family, or "easy" or "hard" for any of these.

    Args:
        only: "easy" or "hard" families; `None` is both.

    Raises:
        ConfigError: neither of them.
    """

    def __init__(self, only: str | None = None) -> None:
        if only is not None and only not in FAMILIES:
            raise ConfigError(f"families takes only=easy, only=hard or neither, got only={only!r}")
        names = FAMILIES["easy"] + FAMILIES["hard"] if only is None else FAMILIES[only]
        super().__init__(dict.fromkeys(names, 1.0))

    def _choose(self, kind: str | None, rng: Rng) -> Generator:
        if kind is not None and kind in FAMILIES and set(FAMILIES[kind]) <= set(self.kinds):
            kind = pick(FAMILIES[kind], rng)
        return super()._choose(kind, rng)
