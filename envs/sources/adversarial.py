"""`adversarial`: the questions of another source, perturbed every k rounds; the right answers stay known.

It draws from streams of its own, for the other source as well: with it or without it, every other source of a run
writes the same. For that reason no curriculum observes how its questions went.

What belongs to the exam is handed on as it is, and so is dropped: by its text, a perturbed one would not be recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...core.errors import ConfigError
from ...core.perturbed import perturbation_of
from ...core.protocols import Draw, QuestionSource, Rng
from ...core.records import GIVEN, Question
from ...core.registries import make_source
from ...core.seeding import integer_seed, python_stream, weighted_draw
from ..game.domains import held_out
from ..game.perturbations.adversary import BANDIT, CHOICES, kind_weights
from ..game.perturbations.perturb import AUTHOR, KINDS, checked_kinds, perturb
from .mixing import drawn


class AdversarialSource:
    """The questions of another source, perturbed so that their right answers stay known.

    Args:
        of: the other source, with options as `name(key=value)`.
        kinds: the perturbations that are used, as [injected, changed]; each question gets one that applies to it.
        every: k, perturbs in every k-th round only and hands on what it drew in the others, ≥ 1.
        choose: how kinds are chosen: "even", or "bandit", which prefers those that the solver fails at.
    """

    def __init__(
        self,
        of: str | QuestionSource = "procedural",
        *,
        kinds: str | Sequence[str] = KINDS,
        every: int = 1,
        choose: str = "even",
    ) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ConfigError(f"adversarial needs every >= 1, a whole number of rounds, got {every!r}")
        if choose not in CHOICES:
            raise ConfigError(f"adversarial chooses kinds by {' or '.join(CHOICES)}, got choose={choose!r}")
        self.source, self.kinds, self.every, self.choose = make_source(of), checked_kinds(kinds), every, choose

        self.asks_again = getattr(self.source, "asks_again", False)

    def draw(self, n: int, draw: Draw) -> list[Question]:
        seed = integer_seed(draw.seed, AUTHOR)
        questions = drawn(self.source, n, replace(draw, seed=seed))
        if draw.round % self.every:
            return questions
        rng = python_stream(seed, "perturb", draw.round)
        failures = draw.failures() if self.choose == BANDIT else ()
        weights = kind_weights(self.kinds, failures, self.choose)
        return [self._perturbed(question, weights, rng) for question in questions]

    def _perturbed(self, question: Question, weights: Sequence[float], rng: Rng) -> Question:
        """A question perturbed in the first way that applies to it, in an order drawn by the weights."""
        if perturbation_of(question) is not None or held_out(question):
            return question
        for kind in weighted_draw(self.kinds, weights, len(self.kinds), rng):
            found = perturb(kind, question, rng)
            if found is not None:
                return replace(found, meta={**found.meta, GIVEN: True}) if found.author == AUTHOR else found
        return question
